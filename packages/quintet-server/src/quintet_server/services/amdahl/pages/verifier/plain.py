"""The bounds on a spec as JSON, before anything looks at its meaning.

Whatever passes here can be walked by recursion, stored, and written as JSON again.
"""

from __future__ import annotations

import math
from typing import Any

import orjson

__all__ = ["DEPTH_MAX_COUNT", "SIZE_MAX_BYTES", "VALUES_MAX_COUNT", "fault_of"]

SIZE_MAX_BYTES = 256 * 1024
# 20 nodes deep are 40 levels of JSON, and props have a few of their own.
DEPTH_MAX_COUNT = 64
# 500 nodes have some thousand. A list of empty lists has more than can be looked at in passing.
VALUES_MAX_COUNT = 20_000
_INT64 = 1 << 63

_Place = tuple[Any, "str | int"] | None


def fault_of(value: Any) -> tuple[list[str | int], str] | None:
    """Where a JSON value cannot be taken and why; None if it can."""
    if (size := _size(value)) > SIZE_MAX_BYTES:
        return [], f"is {size} bytes as JSON, and at most {SIZE_MAX_BYTES} are taken"
    # A place is where its parent is, and a step from there: paths are made for faults only.
    waiting: list[tuple[Any, int, _Place]] = [(value, 0, None)]
    count = 0
    while waiting:
        found, depth, place = waiting.pop()
        count += 1
        if count + len(waiting) > VALUES_MAX_COUNT:
            return [], f"holds more than {VALUES_MAX_COUNT} values"
        told = _fault_here(found, depth)
        if told is not None:
            return _path(place), told
        if isinstance(found, dict):
            waiting.extend((inner, depth + 1, (place, name)) for name, inner in found.items())
        elif isinstance(found, list):
            waiting.extend((inner, depth + 1, (place, at)) for at, inner in enumerate(found))
    return None


def _size(value: Any) -> int:
    """The bytes it takes as JSON; 0 if it cannot be written, which the walk explains."""
    try:
        return len(orjson.dumps(value))
    except TypeError:
        return 0


def _path(place: _Place) -> list[str | int]:
    steps = []
    while place is not None:
        place, step = place
        steps.append(step)
    return steps[::-1]


def _fault_here(value: Any, depth: int) -> str | None:
    if depth > DEPTH_MAX_COUNT:
        return f"is nested deeper than {DEPTH_MAX_COUNT} levels"
    if isinstance(value, str):
        return _fault_of_text(value)
    if isinstance(value, dict):
        return next((told for name in value if (told := _fault_of_text(name))), None)
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return "is a whole number of more than 64 bits"
    if isinstance(value, float) and not math.isfinite(value):
        return "is a number beyond all floats"
    return None


def _fault_of_text(text: str) -> str | None:
    if "\0" in text:
        return "contains the character NUL, which cannot be stored"
    # isascii() first: it is free, and most text is.
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "contains half of a surrogate pair"
    return None
