"""Content codings: from the bytes of the wire to the bytes that were meant, within a bound.

The bound counts decoded bytes while they are made.  Inflating stops one byte after it, so a bomb
costs the bound and not what it would expand to.
"""

from __future__ import annotations

import zlib

from quintet.errors import BodyTooLarge, DecodeError

__all__ = ["ACCEPT_ENCODING", "BodyDecoder"]

ACCEPT_ENCODING = "gzip, deflate"
"""What a request may ask for, since this module can read it."""

_MAX_CODINGS = 2
_PIECE_BYTES = 64 * 1024
_GZIP_BITS = zlib.MAX_WBITS | 16
# Compressing twice makes data that does not compress slightly larger, so the bytes between two
# codings may exceed the bound of the result by that little.
_BETWEEN_SLACK = 4096


class _Inflater:
    """One coding: gzip (members may follow each other) or deflate (zlib or raw)."""

    __slots__ = ("_coding", "_head", "_inflate", "_made", "_max", "finished")

    def __init__(self, coding: str, most: int | None) -> None:
        self._coding = coding
        self._max = most
        self._made = 0
        self._head = b""
        self._inflate = zlib.decompressobj(_GZIP_BITS) if coding == "gzip" else None
        self.finished = False

    def feed(self, data: bytes) -> tuple[list[bytes], bool]:
        """Return decoded pieces, and True if there is more than the bound allows."""
        pieces: list[bytes] = []
        # zlib may hold output back after it took the last of its input: go on while it is full.
        full = False
        while data or full:
            if self._inflate is None:
                # Two bytes tell zlib from raw deflate.
                data = self._head + data
                self._head = b""
                if len(data) < 2:
                    self._head = data
                    break
                self._inflate = zlib.decompressobj(_window_bits(data))
            if self.finished:
                data = self._next_member(data)
                if not data:
                    break
            data, full = self._run(self._inflate, data, pieces)
            if self._max is not None and self._made > self._max:
                return pieces, True
        return pieces, False

    def _run(
        self, inflate: zlib._Decompress, data: bytes, pieces: list[bytes]
    ) -> tuple[bytes, bool]:
        """Inflate one piece; return the input that is left, and True if there may be more."""
        room = _PIECE_BYTES
        if self._max is not None:
            room = min(room, self._max - self._made + 1)
        try:
            piece = inflate.decompress(data, room)
        except zlib.error as error:
            raise DecodeError(f"the body is not valid {self._coding}") from error
        if piece:
            pieces.append(piece)
            self._made += len(piece)
        self.finished = inflate.eof
        if inflate.eof:
            return inflate.unused_data, False
        return inflate.unconsumed_tail, len(piece) == room

    def _next_member(self, data: bytes) -> bytes:
        """Prepare for what follows the end of a stream; zero bytes are padding and skipped."""
        data = data.lstrip(b"\0")
        if data:
            if self._coding != "gzip":
                raise DecodeError("there is data after the end of the deflate stream")
            self._inflate = zlib.decompressobj(_GZIP_BITS)
        return data


def _window_bits(head: bytes) -> int:
    """Tell zlib from raw deflate: RFC 9110 means zlib, but both are in use."""
    is_zlib = head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS


class BodyDecoder:
    """Decodes one body piece by piece; how it is cut into pieces does not matter.

    Args:
        content_encoding: The header's value; None and ``identity`` mean "as it is".
        limit: Most decoded bytes to let through; None for no bound.

    Raises:
        DecodeError: A coding that is not gzip or deflate, or more than two of them.
    """

    __slots__ = ("_chain", "_count", "_limit")

    def __init__(self, content_encoding: str | None, limit: int | None) -> None:
        self._limit = limit
        self._count = 0
        self._chain = [] if content_encoding is None else _chain(content_encoding, limit)

    def feed(self, raw: bytes) -> bytes:
        """Return what the next bytes of the wire decode to, perhaps nothing yet.

        Raises:
            BodyTooLarge: The body has more decoded bytes than ``limit``.
            DecodeError: The bytes are not what the coding says.
        """
        if not self._chain:
            self._count += len(raw)
            if self._limit is not None and self._count > self._limit:
                raise _too_large(self._limit)
            return raw
        self._count += len(raw)
        pieces = [raw]
        for inflater in self._chain:
            decoded: list[bytes] = []
            for piece in pieces:
                made, too_much = inflater.feed(piece)
                if too_much:
                    raise _too_large(self._limit or 0)
                decoded += made
            pieces = decoded
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def finish(self) -> bytes:
        """Check that the body is complete; returns what was still held back, always ``b""``.

        Raises:
            DecodeError: The compressed data ended in the middle.
        """
        # A body of no bytes at all is empty whatever its coding says: answers to HEAD and
        # careless 204s look like that.
        if self._count and not all(inflater.finished for inflater in self._chain):
            raise DecodeError("the compressed body ended before it was complete")
        return b""


def _chain(content_encoding: str, limit: int | None) -> list[_Inflater]:
    """Return the inflaters in the order of decoding: the coding applied last comes off first."""
    codings = [word.strip().lower() for word in content_encoding.split(",")]
    codings = [word for word in codings if word not in {"", "identity"}]
    if len(codings) > _MAX_CODINGS:
        raise DecodeError(f"the body has more than {_MAX_CODINGS} content codings")
    chain: list[_Inflater] = []
    for at, coding in enumerate(codings):
        name = "gzip" if coding == "x-gzip" else coding
        if name not in {"gzip", "deflate"}:
            raise DecodeError(
                f"the body has the content coding {coding[:40]!r}, not gzip or deflate"
            )
        most = limit if at == 0 or limit is None else limit + limit // 512 + _BETWEEN_SLACK
        chain.append(_Inflater(name, most))
    chain.reverse()
    return chain


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"the response body has more than {limit} bytes; raise max_response_bytes to accept it",
        limit=limit,
    )
