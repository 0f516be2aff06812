"""Time and chance as one parameter.

Nothing else in the runtime reads a clock, waits, draws a random number or mints an id, so a test
that passes its own ``Clock`` controls all of them.
"""

from __future__ import annotations

import os
import time as _time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """What a call may ask of the outside world besides the network."""

    def monotonic(self) -> float:
        """Return seconds that never go backwards; only differences mean anything."""
        ...

    def time(self) -> float:
        """Return seconds since the epoch, UTC."""
        ...

    def random(self) -> float:
        """Return a number in [0, 1)."""
        ...

    def new_id(self) -> str:
        """Return a fresh id of 32 hexadecimal digits."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass in the calling thread."""
        ...

    async def asleep(self, seconds: float) -> None:
        """Let so many seconds pass in the running task."""
        ...


class SystemClock:
    """The real clock, and the system's random numbers, for waits and for ids of 16 bytes."""

    monotonic = staticmethod(_time.monotonic)
    time = staticmethod(_time.time)

    def random(self) -> float:
        """Return a number in [0, 1)."""
        # From the system and not by the module of that name, which would have to be imported for
        # the first repeat: that may come of having no more files to open.
        return (int.from_bytes(os.urandom(7), "big") >> 3) / (1 << 53)

    def new_id(self) -> str:
        """Return a fresh id of 32 hexadecimal digits."""
        # Not a uuid.uuid4, which costs as much as encoding a small body and is just as random.
        return os.urandom(16).hex()

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass in the calling thread."""
        _time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Let so many seconds pass in the running task."""
        # Imported here: the blocking clients must not pay for asyncio.
        import asyncio

        await asyncio.sleep(seconds)
