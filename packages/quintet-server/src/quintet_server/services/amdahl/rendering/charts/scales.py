"""From values to pixels: linear scales whose ticks are round numbers, and bands for categories."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Linear:
    """`low` is at pixel `start`, `high` at `end`; ticks lie in between, `step` apart."""

    low: float
    high: float
    start: float
    end: float
    step: float
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        """The pixel of a value; one beyond the scale is at its edge."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + max(0.0, min(1.0, share)) * (self.end - self.start)

    @property
    def base(self) -> float:
        """The pixel where bars begin: of zero, or of what is nearest to it."""
        return self(max(self.low, min(self.high, 0.0)))


def linear(
    values: Iterable[float], start: float, end: float, *, zero: bool = True, ticks_count: int = 5
) -> Linear:
    """A scale that holds all values, from tick to tick. `zero`: it holds zero as well.

    Without values it goes from 0 to 1; where all are alike it makes room around them. Where all
    are whole numbers, so are the ticks: half a call is none.
    """
    found = list(values)
    is_whole = bool(found) and all(float(value).is_integer() for value in found)
    if zero or not found:
        found.append(0.0)
    low, high = min(found), max(found)
    if high - low <= max(abs(low), abs(high)) * 1e-9:
        low, high = (0.0, 1.0) if low == high == 0 else (low - abs(low) / 2, high + abs(high) / 2)
        if zero:
            low, high = min(low, 0.0), max(high, 0.0)
    step = round_step((high - low) / max(1, ticks_count))
    if is_whole and not step.is_integer():
        step = 1.0 if step < 1 else 5.0  # the one in between is 2.5
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(index * step for index in range(first, last + 1))
    return Linear(ticks[0], ticks[-1], start, end, step, ticks)


def round_step(rough: float) -> float:
    """The next of 1, 2, 2.5, 5 or 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(each for each in _ROUND if each * power >= rough * (1 - 1e-9))


@dataclass(frozen=True, slots=True)
class Band:
    """Places for categories, side by side from pixel `start` to `end`."""

    count: int
    start: float
    end: float

    @property
    def step(self) -> float:
        """From one to the next."""
        return (self.end - self.start) / max(1, self.count)

    def middle(self, index: float) -> float:
        """The middle of the n-th."""
        return self.start + (index + 0.5) * self.step
