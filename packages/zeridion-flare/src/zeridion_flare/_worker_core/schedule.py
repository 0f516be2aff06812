"""One timetable for everything that is due some time: beats, deadlines, retries, phases.

Two timer threads per job is what this replaces: however many jobs run, there is one heap, and the
driver sleeps until its earliest entry.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Schedule(Generic[K]):
    """Instants (monotonic seconds) by key; setting a key again moves it.

    A moved or dropped entry stays in the heap as a husk and is skipped when it surfaces, so every
    operation costs a logarithm and nothing is searched.
    """

    __slots__ = ("_heap", "_serial", "_times")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, K]] = []
        self._times: dict[K, tuple[float, int]] = {}
        self._serial = 0

    def set(self, key: K, at: float) -> None:
        """Make ``key`` due at ``at``, replacing an earlier or later instant."""
        self._serial += 1
        self._times[key] = (at, self._serial)
        heapq.heappush(self._heap, (at, self._serial, key))

    def sooner(self, key: K, at: float) -> None:
        """Like :meth:`set`, but an instant that is already earlier stays."""
        known = self._times.get(key)
        if known is None or at < known[0]:
            self.set(key, at)

    def drop(self, key: K) -> None:
        """Forget ``key``; unknown keys are fine."""
        self._times.pop(key, None)

    def at(self, key: K) -> float | None:
        """Return when ``key`` is due, or ``None``."""
        known = self._times.get(key)
        return known[0] if known else None

    def next_at(self) -> float | None:
        """Return the earliest instant, or ``None`` when the timetable is empty."""
        self._skip_husks()
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[K]:
        """Yield and remove every key whose instant has come, earliest first."""
        while True:
            self._skip_husks()
            if not self._heap or self._heap[0][0] > now:
                return
            key = heapq.heappop(self._heap)[2]
            del self._times[key]
            yield key

    def _skip_husks(self) -> None:
        heap = self._heap
        while heap and self._times.get(heap[0][2]) != heap[0][:2]:
            heapq.heappop(heap)

    def __len__(self) -> int:
        return len(self._times)
