"""Sends request bodies on an event loop, at the pace of the peer, which may answer early."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

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
    # Left early, it is told to end at once: a thread may be reading ahead for it.
    async with _Feed(async_outgoing(body, watch), connection) as feed:
        while (chunk := await feed.take(until)) is not None:
            await _push(connection, http.data(chunk), until)
            if connection.closing() or _refused(connection):
                # What became of it is in the answer: a server may refuse a request, and close,
                # before it has read it.
                return await connection.answer(until)
        if feed.left:
            return await connection.answer(until)
    await _push(connection, http.end(), until)
    return await connection.answer(until)


class _Feed:
    """The chunks of a body, fetched by a task of their own.

    The source is the caller's, and may take its time.  Meanwhile the limit of the exchange counts,
    and a refusal is heard.  It is one chunk ahead at most: the next one is asked for when that
    before was taken in.

    Args:
        chunks: Gives them.
        connection: Where they go.

    Attributes:
        left: Whether it was given up because the connection has no more use for them.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None], connection: AsyncConnection) -> None:
        self._chunks = chunks
        self._connection = connection
        self._ready: list[bytes] = []
        self._asked: asyncio.Future[None] | None = None
        self._ended = False
        self.left = False

    async def __aenter__(self) -> _Feed:
        self._task = asyncio.get_running_loop().create_task(self._fetch())
        # However it ends, whoever waits for it looks.
        self._task.add_done_callback(lambda _: self._connection.nudge())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        task = self._task
        try:
            self._ended = True
            task.cancel()
            await asyncio.wait((task,))
            failure = None if task.cancelled() else task.exception()
            if failure is not None and kind is None:
                raise failure  # of a source that was told to end
        finally:
            # Else a failure and these frames hold each other.
            failure = None
            del self._task, task

    async def _fetch(self) -> None:
        async with contextlib.aclosing(self._chunks) as chunks:
            async for chunk in chunks:
                if self._ended:
                    return  # told to end, it gave one more
                self._ready.append(chunk)
                self._asked = asyncio.get_running_loop().create_future()
                self._connection.nudge()
                await self._asked

    async def take(self, until: float | None) -> bytes | None:
        """Return the next chunk; None at the end, and if the answer has come meanwhile."""
        connection = self._connection
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(None)
        while not self._ready:
            if self._task.done():
                self._task.result()
                return None
            if connection.closing() or _refused(connection):
                connection.spoilt = self.left = True  # half a request is on it
                return None
            connection.check(until, WriteTimeout)
            await connection.wait(until)
        return self._ready.pop()


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
