"""How often to look at a run that is still going.

The service may hold a look until the run settles (``wait_ms``). Whether it does shows in the time
that the look took: then the next one follows at once. A service that answers at once is asked
again after a jittered wait that grows from 1 to 5 seconds.
"""

from __future__ import annotations

from quintet.clock import Clock
from quintet.core.deadline import Deadline
from quintet.core.polling import PollSchedule

FIRST_WAIT = 1.0
LONGEST_WAIT = 5.0
LONGEST_HOLD = 25.0
LAST_LOOK_SECONDS = 1.0
UNBOUNDED = 10**9
_GROWTH = 1.5
# What of a hold must have passed to count as held, and what of an attempt's time it may take.
_HELD = 0.5
_OF_ATTEMPT = 0.7


class LookSchedule(PollSchedule):
    """The waits between looks.

    Args:
        clock: Time and chance.
        limit: Seconds in all; ``None`` for ever.
        interval: Seconds between two looks, always the same; ``None`` for 1 to 5.
        attempt: Seconds that one attempt may take; ``None`` for no limit.
    """

    def __init__(
        self, clock: Clock, limit: float | None, interval: float | None, attempt: float | None
    ) -> None:
        self._clock = clock
        self.until = Deadline.after(limit, clock.monotonic())
        self._attempt = attempt
        self._fixed = interval is not None
        self._was_held = False
        self._asked = 0.0
        self._began = 0.0
        super().__init__(
            FIRST_WAIT if interval is None else interval,
            LONGEST_WAIT if interval is None else None,
            _GROWTH if interval is None else 1.0,
            self.until,
            5 if limit is None else UNBOUNDED,
            0.0 if limit is None else min(LAST_LOOK_SECONDS, limit / 10),
        )

    def left(self) -> float | None:
        """Return the seconds that are left, ``None`` without a limit."""
        return self.until.remaining(self._clock.monotonic())

    def hold(self) -> int:
        """Return the milliseconds to ask the service to hold the next look; note its beginning."""
        self._began = self._clock.monotonic()
        bounds = [LONGEST_HOLD]
        if self._attempt is not None:
            bounds.append(self._attempt * _OF_ATTEMPT)
        left = self.left()
        if left is not None:
            bounds.append(max(0.0, left - LAST_LOOK_SECONDS))
        self._asked = min(bounds)
        return int(self._asked * 1000)

    def looked(self) -> None:
        """Note a look that succeeded, and whether it was held."""
        super().looked()
        took = self._clock.monotonic() - self._began
        self._was_held = self._asked > 0 and took >= self._asked * _HELD

    def failed(self) -> bool:
        """Note a look that failed in passing; False if it was one too many."""
        self._was_held = False
        return super().failed()

    def wait(self, now: float, server_hint: float | None = None) -> float | None:
        """Return the seconds to wait before the next look, ``None`` if there is no time for one."""
        delay = super().wait(now, server_hint)
        if delay is None or self._fixed or server_hint is not None:
            return delay
        if self._was_held:
            self.changed()
            return 0.0
        # Between half and the whole, so that programs that began together do not stay together.
        return delay * (0.5 + self._clock.random() / 2)
