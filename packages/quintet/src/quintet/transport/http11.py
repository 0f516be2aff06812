"""One HTTP/1.1 connection as h11 sees it: bytes in, bytes out, no socket.

h11 is strict: conflicting lengths, bad chunk sizes and the like are errors, and a connection on
which anything odd happened is never used again.  An answer that was there before its request is
one such oddity: the bytes may have been meant for someone else.

Heads, chunks and short bodies are h11's.  A long body of known length passes it by once its head
is understood: there is nothing to decide in it any more, and h11 copies every byte several times.
"""

from __future__ import annotations

from typing import Any

import h11

from quintet.core.headers import Headers

__all__ = ["MAX_HEAD_BYTES", "Head", "Http11", "ProxyAnswer"]

MAX_HEAD_BYTES = 100 * 1024
"""Largest status line with headers."""

_JOIN_BYTES = 64 * 1024
# Copying less than this costs less than a new h11 for the next exchange.
_LONG_BYTES = 256 * 1024
_NO_BODY = frozenset({204, 304})
_NO_REASON = ("Server disconnected without sending a response.",)


class Head:
    """Status line and headers of an answer."""

    __slots__ = ("headers", "http_version", "status")

    def __init__(self, event: h11.Response | h11.InformationalResponse) -> None:
        self.status: int = event.status_code
        self.http_version = f"HTTP/{event.http_version.decode()}"
        self.headers = Headers(
            [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in event.headers.raw_items()
            ]
        )


class Http11:
    """The protocol state of one connection over its exchanges in turn."""

    __slots__ = ("_h11", "_length", "_method", "_received", "_waiting")

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._method = ""
        # Of a body that passes h11 by: its length, the bytes received, those not handed out yet.
        self._length: int | None = None
        self._received = 0
        self._waiting = b""

    def request(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes | None
    ) -> list[bytes]:
        """Return what to write: the head, with a body of bytes if there is one."""
        head = self.streamed(method, target, headers)
        if body is None:
            return [head + self.end()]
        data = self.data(body) + self.end()
        # One packet for small requests, no second copy of large ones.
        return [head + data] if len(data) <= _JOIN_BYTES else [head, data]

    def streamed(self, method: str, target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Return the head of a request whose body follows by :meth:`data` and :meth:`end`."""
        self._method = method
        return self._send(h11.Request(method=method, target=target, headers=headers))

    def data(self, chunk: bytes) -> bytes:
        """Return a piece of the body as it goes on the wire."""
        return self._send(h11.Data(data=chunk))

    def end(self) -> bytes:
        """Return what ends the body on the wire."""
        return self._send(h11.EndOfMessage())

    def _send(self, event: Any) -> bytes:
        return self._h11.send(event) or b""

    def feed(self, data: bytes) -> None:
        """Take bytes of the peer, none of them at the end.

        Raises:
            h11.RemoteProtocolError: The peer went before its answer had begun, or in the middle of
                a body that passes h11 by.
        """
        if self._length is not None:
            self._pass_by(self._length, data)
            return
        if not data and self._h11.their_state is h11.SEND_RESPONSE:
            raise h11.RemoteProtocolError(*_NO_REASON)
        self._h11.receive_data(data)

    def head(self) -> Head | None:
        """Return the head of the answer, None if more bytes are needed."""
        while True:
            event = self._h11.next_event()
            if event is h11.NEED_DATA:
                return None
            if isinstance(event, h11.Response):
                head = Head(event)
                self._length = self._long_length(head)
                if self._length is not None:
                    self._pass_by(self._length, self._h11.trailing_data[0], begun=True)
                return head
            if isinstance(event, h11.InformationalResponse):
                if event.status_code == 101:
                    raise h11.RemoteProtocolError("101 switches to a protocol nobody asked for")
                continue
            raise h11.RemoteProtocolError("the answer ended before its head")

    def body(self) -> bytes | None:
        """Return the next piece of the body, ``b""`` at its end, None if more bytes are needed."""
        if self._length is not None:
            piece, self._waiting = self._waiting, b""
            return piece or (None if self._received < self._length else b"")
        while True:
            event = self._h11.next_event()
            if event is h11.NEED_DATA:
                return None
            if isinstance(event, h11.Data):
                if event.data:
                    return bytes(event.data)
                continue
            return b""

    def next_exchange(self) -> bool:
        """Prepare for the next exchange; False if the connection must not be used again."""
        state = self._h11
        if self._length is not None:
            # Had the peer announced to close, h11 would have left DONE.
            if state.our_state is not h11.DONE or self._received != self._length or self._waiting:
                return False
            self._start()
            return True
        if state.our_state is not h11.DONE or state.their_state is not h11.DONE:
            return False
        data, ended = state.trailing_data
        if data or ended:
            return False
        state.start_next_cycle()
        return True

    def _long_length(self, head: Head) -> int | None:
        """Return the length of a body that is to pass h11 by; None: it is not (RFC 9112 §6.3)."""
        if self._method == "HEAD" or head.status in _NO_BODY:
            return None
        if "transfer-encoding" in head.headers:
            return None
        # h11 has taken the head: it is one number, however often it is there.
        length = int(head.headers.get("content-length", "0").partition(",")[0])
        return length if length > _LONG_BYTES else None

    def _pass_by(self, length: int, data: bytes, *, begun: bool = False) -> None:
        if not data and not begun and self._received < length:
            raise h11.RemoteProtocolError(
                "peer closed connection without sending complete message body "
                f"(received {self._received} bytes, expected {length})"
            )
        left = length - self._received
        # What is too much makes the connection one that is not used again.
        self._received += len(data)
        self._waiting += data[:left] if len(data) > left else data


class ProxyAnswer:
    """A proxy's answer to CONNECT."""

    def __init__(self, target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        lines = [(b"Host", target), *headers]
        request = h11.Request(method="CONNECT", target=target, headers=lines)
        self.request = (self._h11.send(request) or b"") + (
            self._h11.send(h11.EndOfMessage()) or b""
        )

    def feed(self, data: bytes) -> str | None:
        """Take bytes; return ``""`` once the tunnel stands, why not, or None for "go on"."""
        if not data:
            return "it closed the connection"
        self._h11.receive_data(data)
        event = self._h11.next_event()
        while isinstance(event, h11.InformationalResponse):
            event = self._h11.next_event()
        if isinstance(event, h11.Response):
            reason = event.reason.decode("ascii", "replace")
            return "" if 200 <= event.status_code < 300 else f"{event.status_code} {reason}"
        return None
