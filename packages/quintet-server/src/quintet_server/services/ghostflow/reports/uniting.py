"""How many different numbers are in sets of them, in room that does not grow with the sets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Uniting"]

_WIDEST = 64
"""Marking is quicker than sorting, but for so much more room than there are numbers."""
_PIECE = 1 << 18
"""Numbers that are marked at once."""


class Uniting:
    """Counts what is in all sets together, and in those of each key."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._key: str | None = None
        self._of_key = _Union()
        self._all = _Union()

    def add(self, sets: Iterable[tuple[str | None, bytes]]) -> None:
        """Add sets, written as int4send() does. Those of a key must come one after the other."""
        for key, numbers in sets:
            if key != self._key:
                self._finish()
                self._key, self._of_key = key, _Union()
            self._of_key.add(numbers)

    def result(self) -> tuple[int, dict[str, int]]:
        """The numbers in all sets, and in those of each key that is not None."""
        self._finish()
        return self._all.size(), self._counts

    def _finish(self) -> None:
        if self._key is not None:
            self._counts[self._key] = self._of_key.size()
        self._all.take_over(self._of_key)


class _Union:
    """A set of numbers that grows: marks from `_low` on; a list of them as long as they are few."""

    def __init__(self) -> None:
        self._few: list[NDArray[np.int32]] = []
        self._count = 0
        self._low = self._high = 0
        self._marks: NDArray[np.bool_] | None = None

    def add(self, packed: bytes) -> None:
        """Add numbers, four bytes each."""
        import numpy as np  # here: a server that makes no reports need not load it

        numbers = np.frombuffer(packed, ">i4")
        if numbers.size:
            self._add(numbers)

    def _add(self, numbers: NDArray[np.int32]) -> None:
        low, high = int(numbers.min()), int(numbers.max())
        if self._marks is not None:
            self._widen(low, high)
            self._mark(numbers)
            return
        self._low = min(low, self._low) if self._few else low
        self._high = max(high, self._high) if self._few else high
        self._few.append(numbers)
        self._count += numbers.size
        if self._high - self._low < _WIDEST * self._count:
            self._mark_few()

    def take_over(self, other: _Union) -> None:
        """Add all of another one, which is of no use then."""
        if other._marks is None:
            for numbers in other._few:
                self._add(numbers)
        elif self._marks is None and not self._few:
            self._low, self._high, self._marks = other._low, other._high, other._marks
        else:
            self._mark_few()
            self._widen(other._low, other._high)
            assert self._marks is not None
            start = other._low - self._low
            self._marks[start : start + other._marks.size] |= other._marks

    def size(self) -> int:
        """How many different ones there are."""
        import numpy as np

        if self._marks is not None:
            return int(np.count_nonzero(self._marks))
        return int(np.unique(np.concatenate(self._few)).size) if self._few else 0

    def _mark_few(self) -> None:
        import numpy as np

        if self._marks is None:
            self._marks = np.zeros(self._high - self._low + 1, np.bool_)
            for numbers in self._few:
                self._mark(numbers)
            self._few = []

    def _widen(self, low: int, high: int) -> None:
        """Have room for these; more than that, so that it need not be done for every set."""
        import numpy as np

        marks = self._marks
        assert marks is not None
        if self._low <= low and high <= self._high:
            return
        spare = marks.size // 2
        new_low = self._low if self._low <= low else min(low, self._low - spare)
        self._high = self._high if high <= self._high else max(high, self._high + spare)
        wider = np.zeros(self._high - new_low + 1, np.bool_)
        start = self._low - new_low
        wider[start : start + marks.size] = marks
        self._low, self._marks = new_low, wider

    def _mark(self, numbers: NDArray[np.int32]) -> None:
        import numpy as np

        assert self._marks is not None
        # Piece by piece: as places they take several times the room that they take as numbers.
        for start in range(0, numbers.size, _PIECE):
            self._marks[numbers[start : start + _PIECE].astype(np.int64) - self._low] = True
