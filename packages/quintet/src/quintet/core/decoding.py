"""Content codings: from the bytes of the wire to the bytes that were meant, within a bound.

The bound counts decoded bytes while they are made.  Inflating stops one byte after it, so a bomb
costs the bound and not what it would expand to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from quintet.core.codings import Coding, make_coding
from quintet.errors import BodyTooLarge, DecodeError

__all__ = ["BodyDecoder"]

_MAX_CODINGS = 2
_PIECE_BYTES = 64 * 1024
# Compressing twice makes data that does not compress slightly larger, so the bytes between two
# codings may exceed the bound of the result by that little.
_BETWEEN_SLACK = 4096
_PADDED = frozenset({"gzip", "x-gzip", "deflate"})


class _Inflater:
    """One coding of a body: one stream, or several that follow each other.

    Args:
        name: The coding.
        most: Most bytes to make of it; None for no bound.
        too_large: The error for a body that exceeds its bound.
    """

    __slots__ = ("_made", "_max", "_name", "_stream", "_too_large")

    def __init__(self, name: str, most: int | None, too_large: Callable[[], BodyTooLarge]) -> None:
        self._name = name
        self._max = most
        self._too_large = too_large
        self._made = 0
        self._stream = make_coding(name)

    @property
    def finished(self) -> bool:
        return self._stream.finished

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what some bytes decode to, a bounded piece at a time."""
        more = False
        while data or more:
            if self._stream.finished:
                data = self._next_stream(data)
                if not data:
                    break
            piece, data, more = self._step(self._stream, data)
            if piece:
                self._made += len(piece)
                if self._max is not None and self._made > self._max:
                    raise self._too_large()
                yield piece

    def _step(self, stream: Coding, data: bytes) -> tuple[bytes, bytes, bool]:
        room = _PIECE_BYTES
        if self._max is not None:
            room = min(room, self._max - self._made + 1)
        try:
            return stream.step(data, room)
        except MemoryError:
            raise
        except Exception as error:  # each library has a class of its own
            raise DecodeError(f"the body is not valid {self._name}") from error

    def _next_stream(self, data: bytes) -> bytes:
        """Prepare for what follows the end of a stream; zero bytes may be padding."""
        if self._name in _PADDED:
            data = data.lstrip(b"\0")
        if data:
            if not self._stream.several:
                raise DecodeError(f"there is data after the end of the {self._name} stream")
            self._stream = make_coding(self._name)
        return data


class BodyDecoder:
    """Decodes one body piece by piece; how it is cut into pieces does not matter.

    Args:
        content_encoding: The header's value; None and ``identity`` mean "as it is".
        limit: Most decoded bytes to let through; None for no bound.
        bound: The option that sets the limit, for the error.

    Raises:
        DecodeError: A coding that cannot be read here, or more than two of them.
    """

    __slots__ = ("_bound", "_chain", "_count", "_limit")

    def __init__(
        self, content_encoding: str | None, limit: int | None, bound: str = "max_response_bytes"
    ) -> None:
        self._limit = limit
        self._bound = bound
        self._count = 0
        self._chain = [] if content_encoding is None else _chain(content_encoding, limit, bound)

    def feed(self, raw: bytes) -> bytes:
        """Return what the next bytes of the wire decode to, perhaps nothing yet.

        Raises:
            BodyTooLarge: The body has more decoded bytes than ``limit``.
            DecodeError: The bytes are not what the coding says.
        """
        if self._chain:
            return b"".join(self.pieces(raw))
        self._count += len(raw)
        if self._limit is not None and self._count > self._limit:
            raise _too_large(self._limit, self._bound)
        return raw

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Yield the same in pieces, each of some 64 KiB at most where it was compressed.

        So a body without a limit needs no more memory than that, whatever it expands to.
        """
        if self._chain:
            self._count += len(raw)
            yield from self._through(0, raw)
        elif raw:
            yield self.feed(raw)

    def _through(self, at: int, data: bytes) -> Iterator[bytes]:
        if at == len(self._chain):
            yield data
            return
        for piece in self._chain[at].pieces(data):
            yield from self._through(at + 1, piece)

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


def _chain(content_encoding: str, limit: int | None, bound: str) -> list[_Inflater]:
    """Return the inflaters in the order of decoding: the coding applied last comes off first."""
    codings = [word.strip().lower() for word in content_encoding.split(",")]
    codings = [word for word in codings if word not in {"", "identity"}]
    if len(codings) > _MAX_CODINGS:
        raise DecodeError(f"the body has more than {_MAX_CODINGS} content codings")
    chain: list[_Inflater] = []
    for at, coding in enumerate(codings):
        most = limit if at == 0 or limit is None else limit + limit // 512 + _BETWEEN_SLACK
        chain.append(_Inflater(coding, most, partial(_too_large, limit or 0, bound)))
    chain.reverse()
    return chain


def _too_large(limit: int, bound: str) -> BodyTooLarge:
    return BodyTooLarge(
        f"the response body has more than {limit} bytes; raise {bound} to accept it",
        bound=bound,
        limit=limit,
    )
