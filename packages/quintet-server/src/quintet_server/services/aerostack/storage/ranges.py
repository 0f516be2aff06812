"""The part of an object that a request asks for: RFC 9110 §14, single ranges of bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["ByteRange", "NotSatisfiable", "parse_range"]

# One range; what has a comma in it asks for several.
_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII | re.IGNORECASE)
# Python refuses to read numbers of thousands of digits; these are larger than any object anyway.
_DIGITS_MAX_COUNT = 18


class NotSatisfiable(Exception):
    """No byte of the range is there: 416."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from `start` up to `stop`, exclusive; never empty."""

    start: int
    stop: int


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The bytes asked for, of `size`; None means the whole object.

    Units other than bytes, several ranges, and what is no range at all are ignored, as the RFC has
    it. So is a suffix of an object without bytes: that is the object, and no 206 could say so.

    Raises:
        NotSatisfiable: it begins behind the end, or asks for the last 0 bytes.
    """
    match = _RANGE.fullmatch((header or "").strip(" \t"))
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(last, size)
    start = _number(first)
    stop = _number(last) + 1 if last else size
    if last and stop <= start:
        return None
    if start >= size:
        raise NotSatisfiable
    return ByteRange(start, min(stop, size))


def _suffix(length: str, size: int) -> ByteRange | None:
    if not length:
        return None
    if not _number(length):
        raise NotSatisfiable
    return ByteRange(max(0, size - _number(length)), size) if size else None


def _number(digits: str) -> int:
    kept = digits.lstrip("0")
    return int(kept or "0") if len(kept) <= _DIGITS_MAX_COUNT else 10**_DIGITS_MAX_COUNT
