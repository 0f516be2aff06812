"""Waiting for what happens in another process and cannot call us."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], seconds: float = 60.0, pause: float = 0.02) -> T:
    """Return the first true value of `look()`; fail when there is none for so many seconds."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still {seen!r} after {seconds:g} s")
        time.sleep(pause)
    return seen
