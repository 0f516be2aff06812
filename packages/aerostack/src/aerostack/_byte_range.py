"""A part of a file, cut out of the whole."""

from __future__ import annotations

from aerostack.errors import RequestValidationError

__all__ = ["Cut", "check_range"]


def check_range(byte_range: tuple[int, int | None] | None) -> tuple[int, int | None] | None:
    """Return a range of bytes if it is one: first and last byte, counted from 0.

    Raises:
        RequestValidationError: It is none, or ends before it begins.
    """
    if byte_range is None:
        return None
    try:
        first, last = byte_range
    except (TypeError, ValueError):
        raise RequestValidationError("byte_range must be (first, last), or (first, None)") from None
    good = _is_count(first) and (last is None or (_is_count(last) and last >= first))
    if not good:
        raise RequestValidationError(
            "byte_range must be (first, last): integers of at least 0, last not before first; "
            "None as last means to the end"
        )
    return first, last


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


class Cut:
    """Lets only the bytes of a range through."""

    def __init__(self, byte_range: tuple[int, int | None]) -> None:
        self._skip, last = byte_range
        self._left = None if last is None else last - byte_range[0] + 1

    @property
    def ended(self) -> bool:
        """Whether nothing more is wanted."""
        return self._left == 0

    def feed(self, piece: bytes) -> bytes:
        """Return what of the next piece is in the range."""
        skipped = min(self._skip, len(piece))
        self._skip -= skipped
        kept = piece[skipped:] if self._left is None else piece[skipped : skipped + self._left]
        if self._left is not None:
            self._left -= len(kept)
        return kept
