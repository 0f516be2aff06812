"""How often one address may call what needs no key."""

from __future__ import annotations

__all__ = ["AddressLimit"]

_REMEMBERED_MAX_COUNT = 10_000


class AddressLimit:
    """So many calls in any minute by each name; steady ones may go on for ever.

    A level rises by one with each call and drains at the pace allowed. Counts are this process's.
    """

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._drain = per_minute / 60
        self._levels: dict[str, tuple[float, float]] = {}

    def seconds_to_wait(self, name: str, now: float) -> float:
        """Count a call; 0, or how long to wait before the next one if this may not pass."""
        level = self._level(name, now)
        if level + 1 > self._most:
            return (level + 1 - self._most) / self._drain
        if len(self._levels) >= _REMEMBERED_MAX_COUNT:
            self._forget(now)
        self._levels[name] = (level + 1, now)
        return 0.0

    def _level(self, name: str, now: float) -> float:
        level, at = self._levels.get(name, (0.0, now))
        return max(0.0, level - max(0.0, now - at) * self._drain)

    def _forget(self, now: float) -> None:
        """Keep the busier half at most: what has drained is the same as unknown."""
        levels = {name: self._level(name, now) for name in self._levels}
        busy = sorted((name for name in levels if levels[name] > 0), key=lambda name: -levels[name])
        kept = busy[: _REMEMBERED_MAX_COUNT // 2]
        self._levels = {name: (levels[name], now) for name in kept}
