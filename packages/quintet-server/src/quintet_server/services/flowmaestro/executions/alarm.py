"""Being woken at an instant of database time, also when the clock is moved."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime

from quintet_server.store.clock import CHANNEL
from quintet_server.store.notify import NotifyBus


class Alarm:
    """One subscription for all executions of a process."""

    def __init__(self, bus: NotifyBus) -> None:
        self._sleepers: set[asyncio.Event] = set()
        self._unsubscribe = bus.subscribe(CHANNEL, self._moved)

    def close(self) -> None:
        """Follow the clock no longer."""
        self._unsubscribe()

    def _moved(self, _payload: str | None) -> None:
        for sleeper in self._sleepers:
            sleeper.set()

    @contextlib.contextmanager
    def rousing(self, sleeper: asyncio.Event) -> Iterator[None]:
        """Set an event whenever the clock is moved."""
        self._sleepers.add(sleeper)
        try:
            yield
        finally:
            self._sleepers.discard(sleeper)

    async def until(self, instant: datetime, now: Callable[[], datetime]) -> None:
        """Return once `now()` has passed an instant."""
        moved = asyncio.Event()
        with self.rousing(moved):
            while (left := (instant - now()).total_seconds()) > 0:
                moved.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await moved.wait()
