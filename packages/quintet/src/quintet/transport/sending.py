"""Sends requests at the pace of the peer, which may answer early, and reads heads of answers."""

from __future__ import annotations

from collections.abc import Iterable

from quintet.core.body import Body
from quintet.core.request import Request
from quintet.transport.http11 import Head
from quintet.transport.pool import Connection
from quintet.transport.uploads import outgoing
from quintet.transport.watch import Watch, WriteError

__all__ = ["read_head", "write_request"]

# So much of an early answer is taken in while its request is sent; behind that the server waits.
_EARLY_BYTES = 256 * 1024


def write_request(
    connection: Connection,
    request: Request,
    path: bytes,
    lines: list[tuple[bytes, bytes]],
    watch: Watch,
) -> Head | None:
    """Send the request; return the head of the answer if it came before the end of that."""
    body = request.body
    if isinstance(body, Body):
        head = connection.http.streamed(request.method, path, lines)
        parts: Iterable[bytes] = _framed(connection, outgoing(body, watch))
    else:
        head, *parts = connection.http.request(request.method, path, lines, body)
    # Before the first byte: whether the kernel took any is not known if this fails.
    watch.progress = 1
    try:
        try:
            connection.stream.write(head, watch)
        finally:
            del head  # it holds the credentials, and crash reports show what is in local variables
        return _upload(connection, parts, watch) if parts else None
    except WriteError:
        # A server may refuse a request before it has read it, and go: then its answer counts.
        connection.give_up()
        return None


def _framed(connection: Connection, chunks: Iterable[bytes]) -> Iterable[bytes]:
    for chunk in chunks:
        yield connection.http.data(chunk)
    yield connection.http.end()


def _upload(connection: Connection, parts: Iterable[bytes], watch: Watch) -> Head | None:
    """Send a body; return the head of the answer if it came meanwhile.

    What the peer refuses need not be sent to its end (RFC 9112 §9.5).
    """
    ear = _Ear(connection, watch)
    for part in parts:
        # Not behind the last part: then the request is complete, and the connection still good.
        if part and (ear.refused() or not connection.stream.write(part, watch, ear.refused)):
            connection.give_up()
            break
    return ear.early


class _Ear:
    """Hears an answer that comes before the end of its request.

    Attributes:
        early: Its head, once that is there.
    """

    def __init__(self, connection: Connection, watch: Watch) -> None:
        self._connection = connection
        self._watch = watch
        self._room = _EARLY_BYTES
        self.early: Head | None = None

    def refused(self) -> bool | None:
        """Tell whether the rest of the request is pointless; None if no more can be heard."""
        if self._room > 0:
            self._hear()
        if self.early is not None and self.early.status >= 400:
            return True
        return False if self._room > 0 else None

    def _hear(self) -> None:
        data = self._connection.stream.overhear()
        if data is None:
            return
        http = self._connection.http
        http.feed(data)
        if data:
            self._watch.progress = 2
        self.early = http.head()
        if not data:
            self._room = 0
        elif self.early is not None:
            # A server may answer while it reads, and would stop reading if nobody took that.
            self._room -= len(data)


def read_head(connection: Connection, watch: Watch) -> Head:
    """Return the head of the answer once it is there."""
    http, stream = connection.http, connection.stream
    while (head := http.head()) is None:
        data = stream.read(watch)
        if data:
            watch.progress = 2
        http.feed(data)
    return head
