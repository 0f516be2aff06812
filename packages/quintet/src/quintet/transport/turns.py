"""A line of threads for what there is not enough of: the first is served first.

What they wait for is not counted here.  Whoever is at the head of the line asks, when woken,
whether there is some; so an interrupt between any two steps (Ctrl-C) can lose a wake-up at worst
and never a turn.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Turns"]

T = TypeVar("T")

# How long a lost wake-up may hold up the line.
_LOOK_AGAIN_SECONDS = 1.0


class Turns:
    """A line of waiting threads.

    Args:
        lock: Held while somebody asks for what the line waits for.

    Attributes:
        waiting: One of these for each thread in the line.  They belong to the frames that wait, so
            that the place of one that was interrupted in the midst of leaving falls vacant.
    """

    __slots__ = ("_lock", "waiting")

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        # Not Events: a finalizer may wake at any moment, and they have a lock of their own inside.
        self.waiting: deque[weakref.ref[threading.Lock]] = deque()

    def wait(self, ask: Callable[[], T | None], left: Callable[[], float | None]) -> T:
        """Stand in line until ``ask`` returns something.

        Args:
            ask: Returns what is waited for, None if there is none; called with the lock held.
            left: Returns the seconds left, None for no limit; raises when there are none.
        """
        turn = threading.Lock()
        turn.acquire()
        place = weakref.ref(turn)
        try:
            with self._lock:
                self.waiting.append(place)
            while True:
                with self._lock:
                    if self._head() is turn and (found := ask()) is not None:
                        return found
                seconds = left()
                turn.acquire(
                    timeout=_LOOK_AGAIN_SECONDS
                    if seconds is None
                    else min(seconds, _LOOK_AGAIN_SECONDS)
                )
        finally:
            self._vacate(place)
            # There may be more than one of it, or this one did not take it.
            self.wake()

    def wake(self) -> None:
        """Have the first in line look; takes no lock, so finalizers may call it."""
        turn = self._head()
        if turn is not None:
            with contextlib.suppress(RuntimeError):  # it is awake already
                turn.release()

    def _head(self) -> threading.Lock | None:
        while self.waiting:
            with contextlib.suppress(IndexError):  # another thread was faster
                place = self.waiting[0]
                if (turn := place()) is not None:
                    return turn
                self._vacate(place)
        return None

    def _vacate(self, place: weakref.ref[threading.Lock]) -> None:
        with contextlib.suppress(ValueError, IndexError):  # gone already, or changed meanwhile
            self.waiting.remove(place)
