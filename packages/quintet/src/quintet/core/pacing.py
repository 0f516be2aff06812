"""Client-side pacing: slow down before the server has to say 429.  Off unless asked for.

Two holds, the longer counts: an even spacing of requests, and a stop until the window frees up
when the server says that nothing is left.  The spacing follows what the answers say: none while the
allowance is ample, then the rest of the window divided by what remains.
"""

from __future__ import annotations

from quintet.core.rate_limit import RateLimit
from quintet.errors import ConfigurationError

__all__ = ["Pacer"]


class Pacer:
    """Says how long to hold back the next request; one per client; threads may share it.

    Args:
        rate: Most requests per second, known beforehand; None to learn from answers only.
        ample: Share of the limit above which no spacing is needed, 0 to 1.
        max_wait: Longest hold in seconds.  A reset hours away should reach the caller as an error
            of the server's and not as a call that hangs.

    Raises:
        ConfigurationError: A number is out of range.
    """

    def __init__(
        self, rate: float | None = None, *, ample: float = 0.2, max_wait: float = 60.0
    ) -> None:
        if (rate is not None and rate <= 0) or not 0 <= ample <= 1 or max_wait < 0:
            raise ConfigurationError("pacing needs rate > 0, 0 <= ample <= 1 and max_wait >= 0")
        self._least = 0.0 if rate is None else 1 / rate
        self._ample = ample
        self._max_wait = max_wait
        self._spacing = self._least
        self._next = float("-inf")
        self._closed_until = float("-inf")

    def before(self, now: float) -> float:
        """Reserve the next turn and return the seconds until it, 0.0 for "at once".

        Args:
            now: Seconds of any clock that does not jump, the same as in ``observe``.
        """
        # No lock, so that a fork cannot leave one held: two threads in the same microsecond may
        # take the same turn, which the spacing of the turns after them makes up for.
        turn = min(max(now, self._next, self._closed_until), now + self._max_wait)
        self._next = turn + self._spacing
        return turn - now

    def observe(self, limit: RateLimit | None, now: float) -> None:
        """Learn from an answer; None (no such headers) changes nothing."""
        if limit is None:
            return
        if limit.retry_after is not None:
            self._closed_until = max(self._closed_until, now + limit.retry_after)
        if limit.remaining is None or limit.reset_after is None:
            return
        if limit.remaining == 0:
            self._closed_until = max(self._closed_until, now + limit.reset_after)
            self._spacing = self._least
        elif limit.limit is not None and limit.remaining > self._ample * limit.limit:
            self._spacing = self._least
        else:
            self._spacing = max(self._least, limit.reset_after / limit.remaining)
