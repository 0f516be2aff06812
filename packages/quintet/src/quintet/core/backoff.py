"""How long to wait before the next attempt when nobody said."""

from __future__ import annotations

import math

from quintet.core.record import Record
from quintet.errors import ConfigurationError

__all__ = ["Backoff"]


class Backoff(Record):
    """Exponential backoff with full jitter.

    The wait is drawn evenly from 0 to ``min(cap, base * factor ** (attempt - 1))``.  Full jitter
    spreads clients that failed together better than any jitter around a fixed wait.

    Attributes:
        base: Upper bound of the first wait, in seconds.
        cap: Upper bound of every wait, in seconds.
        factor: Growth from wait to wait, at least 1.
    """

    __slots__ = _fields = ("base", "cap", "factor")
    base: float
    cap: float
    factor: float

    def __init__(self, base: float, cap: float, factor: float = 2.0) -> None:
        self._fill(base, cap, factor)
        for name, value, least in (("base", base, 0), ("cap", cap, 0), ("factor", factor, 1)):
            if not (math.isfinite(value) and value >= least):
                raise ConfigurationError(
                    f"backoff {name} must be a finite number of at least {least}"
                )

    def ceiling(self, attempt: int) -> float:
        """Return the longest wait after the given attempt (1 = the first), in seconds."""
        try:
            return min(self.cap, self.base * self.factor ** max(0, attempt - 1))
        except OverflowError:
            return self.cap if self.base > 0 else 0.0

    def delay(self, attempt: int, random: float) -> float:
        """Return the wait after the given attempt; ``random`` is drawn from [0, 1)."""
        return random * self.ceiling(attempt)
