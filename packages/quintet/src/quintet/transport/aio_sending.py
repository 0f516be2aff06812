"""Sends request bodies on an event loop, at the pace of the peer, which may answer early."""

from __future__ import annotations

import asyncio
import contextlib

from quintet.core.body import Body
from quintet.core.request import Request
from quintet.transport.aio_sockets import AsyncConnection
from quintet.transport.http11 import Head
from quintet.transport.uploads import async_outgoing
from quintet.transport.watch import Watch, WriteTimeout

__all__ = ["send_body"]

# A larger body is handed over in pieces, so that asyncio need not copy what the peer is not ready
# for, and an answer that refuses it is seen meanwhile.
_WRITE_BYTES = 256 * 1024


async def send_body(
    connection: AsyncConnection,
    request: Request,
    path: bytes,
    lines: list[tuple[bytes, bytes]],
    body: bytes | Body,
    watch: Watch,
) -> Head:
    """Send a request with a body; return the head of its answer."""
    http, until = connection.http, watch.until
    if not isinstance(body, Body):
        head, *rest = http.request(request.method, path, lines, body)
        watch.progress = 1
        connection.write(head)
        del head
        for part in rest:
            await _push(connection, part, until)
        return await connection.answer(until)
    head = http.streamed(request.method, path, lines)
    watch.progress = 1
    connection.write(head)
    del head
    # Closed at once if it is left early: a thread may be reading ahead for it.
    async with contextlib.aclosing(async_outgoing(body, watch)) as chunks:
        async for chunk in chunks:
            await _push(connection, http.data(chunk), until)
            # Neither a fast peer nor a body in memory may keep the loop from its other tasks.
            await asyncio.sleep(0)
            if connection.closing() or _refused(connection):
                # What became of it is in the answer: a server may refuse a request, and close,
                # before it has read it.
                return await connection.answer(until)
    await _push(connection, http.end(), until)
    return await connection.answer(until)


async def _push(connection: AsyncConnection, data: bytes, until: float | None) -> None:
    """Hand over all of ``data``, waiting while the peer is behind.

    Returns early, with nothing raised, if the connection broke or the request was refused: the
    answer tells.
    """
    view = memoryview(data)
    for at in range(0, len(data), _WRITE_BYTES):
        connection.check(until, WriteTimeout)
        if connection.closing() or _refused(connection):
            connection.spoilt = True  # half a request is on it
            return
        connection.write(view[at : at + _WRITE_BYTES])
        while connection.full and not connection.closing() and not _refused(connection):
            connection.check(until, WriteTimeout)
            await connection.wait(until)
    if connection.full:
        connection.spoilt = True  # its end may never be taken


def _refused(connection: AsyncConnection) -> bool:
    """Tell whether an answer came that makes the rest of the request pointless.

    RFC 9112 §9.5: what is refused need not be sent to its end.
    """
    return connection.head is not None and connection.head.status >= 400
