"""How often one address may do what anybody could do: call without a key, or with a wrong one."""

from __future__ import annotations

import math

from quintet_server.http.rate_limit import Headers, limit_headers

__all__ = ["AddressLimit"]

_REMEMBERED_MAX_COUNT = 10_000


class AddressLimit:
    """So many calls in any minute (or `window_seconds`) by each name; steady ones may go on.

    A level rises by one with each call and drains at the pace allowed. Counts are this process's.
    """

    def __init__(self, most: int, *, window_seconds: float = 60.0) -> None:
        self._most = most
        self._drain = most / window_seconds
        self._levels: dict[str, tuple[float, float]] = {}

    def seconds_to_wait(self, name: str, now: float) -> float:
        """Count a call; 0, or how long to wait before the next one if this may not pass."""
        wait = self.seconds_until_room(name, now)
        if wait == 0.0:
            self.count(name, now)
        return wait

    def seconds_until_room(self, name: str, now: float) -> float:
        """The same without counting."""
        over = self._level(name, now) + 1 - self._most
        return over / self._drain if over > 0 else 0.0

    def count(self, name: str, now: float) -> None:
        """Count a call, or whatever else is limited; the level stops where it is full."""
        level = min(self._level(name, now) + 1, float(self._most))
        if name not in self._levels and len(self._levels) >= _REMEMBERED_MAX_COUNT:
            self._forget(now)
        self._levels[name] = (level, now)

    def forget(self, name: str) -> None:
        """Begin anew with a name."""
        self._levels.pop(name, None)

    def headers(self, name: str, now: float) -> Headers:
        """What an answer tells of the limit."""
        level = self._level(name, now)
        left = str(math.floor(self._most - level)).encode()
        return limit_headers(str(self._most).encode(), left, now + level / self._drain)

    def _level(self, name: str, now: float) -> float:
        level, at = self._levels.get(name, (0.0, now))
        return max(0.0, level - max(0.0, now - at) * self._drain)

    def _forget(self, now: float) -> None:
        """Keep the busier half at most: what has drained is the same as unknown."""
        levels = {name: self._level(name, now) for name in self._levels}
        busy = sorted((name for name in levels if levels[name] > 0), key=lambda name: -levels[name])
        kept = busy[: _REMEMBERED_MAX_COUNT // 2]
        self._levels = {name: (levels[name], now) for name in kept}
