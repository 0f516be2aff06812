"""A body in chunks: the bytes without their framing, and exactly where it ends.

llhttp takes the chunks apart.  It gets a head of ours instead of the peer's, so its answer depends
on the chunks alone.  That head says ``close``, which makes every byte behind the last chunk an
error, but for line ends: those it passes over, and they are looked for here.
"""

from __future__ import annotations

from httptools import HttpParserCallbackError, HttpParserError, HttpResponseParser

from quintet.transport.http11_head import MAX_HEAD_BYTES, RemoteProtocolError

__all__ = ["Chunks"]

_HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
# Sizes, extensions and line ends may be so many times the body: one byte in a chunk of its own
# needs five at least.
_FRAMING_PER_BYTE = 16


class Chunks:
    """Takes the chunks of one body.

    Attributes:
        ended: Whether the body is complete.
    """

    __slots__ = (
        "_clean",
        "_failure",
        "_framing",
        "_parser",
        "_pieces",
        "_tail",
        "ended",
        "on_body",
    )

    def __init__(self) -> None:
        self.ended = False
        self._pieces: list[bytes] = []
        self.on_body = self._pieces.append  # llhttp calls it; a list's own method is the quickest
        self._failure: RemoteProtocolError | None = None
        self._clean = False
        self._framing = 0
        self._tail = b""
        self._parser = HttpResponseParser(self)
        self._parser.feed_data(_HEAD)

    def on_message_complete(self) -> None:
        """Note the end of the body; llhttp calls it."""
        self.ended = True

    @property
    def exact(self) -> bool:
        """Whether the body is complete, was taken, and nothing has come behind its end."""
        return self._clean and not self._pieces

    def feed(self, data: bytes) -> None:
        """Take bytes of the peer, none of them at the end; :meth:`take` raises what is wrong.

        The pieces before an error are good however the bytes were cut, so they are handed out.
        """
        if self.ended:
            self._clean = self._clean and not data
        elif self._failure is not None:
            return
        elif data:
            self._take_apart(data)
        else:
            self._failure = RemoteProtocolError("peer closed connection in the middle of a body")

    def _take_apart(self, data: bytes) -> None:
        pieces = self._pieces
        known = len(pieces)
        try:
            self._parser.feed_data(data)
        except HttpParserCallbackError as wrapped:
            # Ctrl-C met a callback: that is no fault of the peer's, and must get through.
            raise (wrapped.__context__ or wrapped) from None
        except HttpParserError as error:
            # Behind the end it is about bytes that nobody asked for, and the body is good.
            if not self.ended:
                self._failure = RemoteProtocolError(str(error))
            return
        body = sum(map(len, pieces[known:] if known else pieces))
        self._framing += len(data) - body * (1 + _FRAMING_PER_BYTE)
        if self._framing > MAX_HEAD_BYTES:
            self._failure = RemoteProtocolError("there is far more framing than body in its chunks")
            self.ended = False  # or the body would be good if its end came in the same piece
        tail = self._tail = (self._tail + data[-5:])[-5:]
        # The end is one empty line behind one that is not; a line end more moves that on.
        self._clean = self.ended and tail[0] not in b"\r\n"

    def take(self) -> bytes | None:
        """Return the next piece, ``b""`` at the end, None if more bytes are needed.

        Raises:
            RemoteProtocolError: What follows is not the next chunk.
        """
        pieces = self._pieces
        if pieces:
            piece = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
            return piece
        if self._failure is not None:
            raise self._failure
        return b"" if self.ended else None
