"""The database's time, and waiting for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from quintet_server.store.clock import CHANNEL, Clock
from quintet_server.store.notify import NotifyBus

# Looked at again this often: a jump may have been announced while nobody listened.
_LONGEST_SLEEP_SECONDS = 5.0


class Timer:
    """Tells the time, and wakes whoever waits when it has come or the clock was moved."""

    def __init__(self, clock: Clock, bus: NotifyBus) -> None:
        self._clock = clock
        self._sleepers: set[asyncio.Event] = set()
        # After the clock's own subscription, so that it knows the new time when we look.
        self._unsubscribe = bus.subscribe(CHANNEL, lambda _: self._wake())

    def close(self) -> None:
        """Hear of no more jumps."""
        self._unsubscribe()

    def now(self) -> datetime:
        """Return the database's time within a few milliseconds."""
        return datetime.fromtimestamp(self._clock.now(), UTC)

    async def wait_until(self, instant: datetime) -> None:
        """Return once :meth:`now` has reached an instant."""
        woken = asyncio.Event()
        self._sleepers.add(woken)
        try:
            while (left := instant.timestamp() - self._clock.now()) > 0:
                woken.clear()
                try:
                    async with asyncio.timeout(min(left, _LONGEST_SLEEP_SECONDS)):
                        await woken.wait()
                except TimeoutError:
                    pass
        finally:
            self._sleepers.discard(woken)

    def _wake(self) -> None:
        for sleeper in self._sleepers:
            sleeper.set()
