"""One HTTP/1.1 connection: bytes in, bytes out, no socket.

Heads and chunks are llhttp's to judge (``http11_head.py``, ``http11_chunks.py``); how a body ends,
and whether the connection may go on, is decided here.  A connection on which anything odd happened
is never used again.  An answer that was there before its request is one such oddity: the bytes may
have been meant for someone else.
"""

from __future__ import annotations

from quintet.transport.http11_chunks import Chunks
from quintet.transport.http11_head import (
    MAX_HEAD_BYTES,
    MAX_HEADER_LINES,
    MAX_INTERIM,
    Head,
    HeadReader,
    HeadTooLarge,
    RemoteProtocolError,
    looks_like,
)
from quintet.transport.http11_request import LocalProtocolError, request_head

__all__ = [
    "MAX_HEADER_LINES",
    "MAX_HEAD_BYTES",
    "MAX_INTERIM",
    "UNASKED",
    "Head",
    "HeadTooLarge",
    "Http11",
    "LocalProtocolError",
    "ProxyAnswer",
    "RemoteProtocolError",
    "looks_like",
]

UNASKED = "an answer that nobody asked for"
"""What is wrong with bytes that come before the first request."""

_JOIN_BYTES = 64 * 1024
# What a proxy says may be as long as a head, and ends up in a message.
_MAX_REASON = 100


class Http11:
    """The protocol state of one connection over its exchanges in turn.

    Attributes:
        begun: Whether any byte of this answer has come.
        missing: Bytes of a body of known length that are still to come; 0 if that is not known.
    """

    __slots__ = (
        "_chunks",
        "_going_on",
        "_head",
        "_method",
        "_reader",
        "_to_send",
        "_until_close",
        "_waiting",
        "begun",
        "missing",
    )

    def __init__(self) -> None:
        self._reader = HeadReader()
        self._start()

    def _start(self) -> None:
        self._method = ""
        # Bytes of the request's body that are not sent yet; None if it goes out in chunks.
        self._to_send: int | None = 0
        self._going_on = True
        self._head: Head | None = None
        self._chunks: Chunks | None = None
        self._until_close = False
        # What of a body that is not in chunks has come and was not handed out.
        self._waiting = b""
        self.begun = False
        self.missing = 0

    def request(
        self, method: str, target: bytes, lines: list[tuple[bytes, bytes]], body: bytes | None
    ) -> list[bytes]:
        """Return what to write: the head, with a body of bytes if there is one.

        Raises:
            LocalProtocolError: It would not be one request in HTTP/1.1.
        """
        head = self.streamed(method, target, lines)
        if not body:
            end = self.end()
            return [head + end] if end else [head]
        data = self.data(body) + self.end()
        # One packet for small requests, no second copy of large ones.
        return [head + data] if len(data) <= _JOIN_BYTES else [head, data]

    def streamed(self, method: str, target: bytes, lines: list[tuple[bytes, bytes]]) -> bytes:
        """Return the head of a request whose body follows by :meth:`data` and :meth:`end`.

        Raises:
            LocalProtocolError: It would not be one request in HTTP/1.1.
        """
        raw, self._to_send, self._going_on = request_head(method, target, lines)
        self._method = method
        return raw

    def data(self, chunk: bytes) -> bytes:
        """Return a piece of the body as it goes on the wire.

        Raises:
            LocalProtocolError: The head announced less.
        """
        left = self._to_send
        if left is None:
            # An empty chunk would be the last one.
            return b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunk else b""
        if len(chunk) > left:
            raise LocalProtocolError("the body is longer than announced")
        self._to_send = left - len(chunk)
        return chunk

    def end(self) -> bytes:
        """Return what ends the body on the wire.

        Raises:
            LocalProtocolError: The head announced more.
        """
        left, self._to_send = self._to_send, 0
        if left is None:
            return b"0\r\n\r\n"
        if left:
            self._going_on = False
            raise LocalProtocolError("the body is shorter than announced")
        return b""

    def feed(self, data: bytes) -> None:
        """Take bytes of the peer, none of them at the end.

        Raises:
            RemoteProtocolError: No valid head begins like this, or the peer went before the end of
                its answer.
        """
        if self._head is None:
            self._feed_head(data)
        elif self._chunks is not None:
            self._chunks.feed(data)
        elif self.missing:
            self._feed_known(data)
        elif self._until_close:
            self._waiting += data
            self._until_close = bool(data)
        elif data:
            self._going_on = False

    def _feed_head(self, data: bytes) -> None:
        if not data:
            raise RemoteProtocolError(
                "peer closed connection in the middle of a head"
                if self.begun
                else "Server disconnected without sending a response."
            )
        if not self._method:
            raise RemoteProtocolError(looks_like(data, UNASKED))
        self.begun = True
        found = self._reader.feed(data, self._method)
        if found is None:
            return
        head, rest = found
        self._head = head
        if not head.persistent:
            self._going_on = False
        if head.length is not None:
            self.missing = head.length
        elif head.chunked:
            self._chunks = Chunks()
        else:
            self._until_close = True
            self._going_on = False
        if rest:
            self.feed(rest)

    def _feed_known(self, data: bytes) -> None:
        missing = self.missing
        if not data:
            raise RemoteProtocolError(
                f"peer closed connection with {missing} bytes of the body missing"
            )
        if len(data) > missing:
            data = data[:missing]
            self._going_on = False
        self.missing = missing - len(data)
        self._waiting += data

    def head(self) -> Head | None:
        """Return the head of the answer, None if more bytes are needed."""
        return self._head

    def body(self) -> bytes | None:
        """Return the next piece of the body, ``b""`` at its end, None if more bytes are needed.

        Raises:
            RemoteProtocolError: What follows is not the next chunk.
        """
        if self._chunks is not None:
            return self._chunks.take()
        piece, self._waiting = self._waiting, b""
        return piece or (None if self.missing or self._until_close else b"")

    def whole(self) -> bytes | None:
        """Return the body if all of it has come with the head, None if there is more to it."""
        chunks = self._chunks
        if self.missing or self._until_close or (chunks is not None and not chunks.ended):
            return None
        return self.body()

    def fill(self, count: int) -> None:
        """Note that the next ``count`` of the missing bytes were read past this object."""
        if not 0 <= count <= self.missing:
            raise ValueError(f"{self.missing} bytes are missing, not {count}")
        self.missing -= count

    def next_exchange(self) -> bool:
        """Prepare for the next exchange; False if the connection must not be used again."""
        if (
            self._head is None
            or not self._going_on
            or self._to_send != 0
            or self.missing
            or self._waiting
            or (self._chunks is not None and not self._chunks.exact)
        ):
            return False
        self._start()
        return True


class ProxyAnswer:
    """A proxy's answer to CONNECT.

    Raises:
        LocalProtocolError: The request would not be one in HTTP/1.1.
    """

    def __init__(self, target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        lines = [(b"Host", target), *headers]
        self._headers = headers
        self.request = b"CONNECT" + request_head("GET", target, lines)[0][3:]
        self._reader = HeadReader()

    def feed(self, data: bytes) -> str | None:
        """Take bytes; return ``""`` once the tunnel stands, why not, or None for "go on".

        Raises:
            RemoteProtocolError: No valid head begins like this.
        """
        if not data:
            return "it closed the connection"
        found = self._reader.feed(data, "HEAD")  # whatever the headers say, no body is read
        if found is None:
            return None
        head, rest = found
        if not 200 <= head.status < 300:
            return f"{head.status} {self._said(head.reason)}"
        # TLS begins with us: what is there already would be taken for the server's first word.
        return "it sent bytes behind its answer" if rest else ""

    def _said(self, reason: str) -> str:
        """Return the proxy's words without the user and password that it may echo."""
        # Imported here: few programs have a proxy, and fewer one that refuses.
        from quintet.core.redaction import clean_text, secrets_in

        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers]
        return clean_text(reason, secrets_in(sent))[:_MAX_REASON]
