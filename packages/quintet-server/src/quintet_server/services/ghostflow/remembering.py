"""What is read from the database under a name, remembered in the process until anything changes.

Nothing is remembered while notifications of changes do not arrive.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from quintet_server.services.ghostflow.teams import CHANNEL
from quintet_server.store.notify import NotifyBus
from quintet_server.store.shared_reads import SharedReads

__all__ = ["Memory"]

_REMEMBERED = 10_000

Found = TypeVar("Found")


class Memory(Generic[Found]):
    """What has been read, until something changes.

    What is not there is remembered apart: a flood of guesses must not push out what is there.

    Args:
        bus: Tells when something has changed.
        shape: Of names; nothing has any other.
        read: Looks a name up in the database.
        wait_seconds: How long that may take; None: as long as the database allows.
    """

    def __init__(
        self,
        bus: NotifyBus,
        shape: re.Pattern[str],
        read: Callable[[str], Awaitable[Found | None]],
        wait_seconds: float | None = None,
    ) -> None:
        self._known: dict[str, Found] = {}
        self._missing: set[str] = set()
        self._bus = bus
        self._shape = shape
        self._read = read
        self._wait_seconds = wait_seconds
        self._reads = SharedReads(self._look)
        self._generation = 0
        self.stop = bus.subscribe(CHANNEL, self.forget)

    async def get(self, name: str) -> Found | None:
        """What has this name, if there is anything.

        Raises:
            TimeoutError: It could not be read in time.
        """
        if self._bus.is_connected:
            found = self._known.get(name)
            if found is not None or name in self._missing:
                return found
        if self._shape.fullmatch(name) is None:
            return None
        async with asyncio.timeout(self._wait_seconds):
            return await self._reads.get(name)

    async def _look(self, name: str) -> Found | None:
        generation = self._generation
        found = await self._read(name)
        # Else changes would go unheard, or it may have been read before one.
        if self._bus.is_connected and generation == self._generation:
            self._remember(name, found)
        return found

    def _remember(self, name: str, found: Found | None) -> None:
        kept: dict[str, Found] | set[str] = self._missing if found is None else self._known
        if len(kept) >= _REMEMBERED:
            kept.clear()
        if found is None:
            self._missing.add(name)
        else:
            self._known[name] = found

    def forget(self, _payload: str | None = None) -> None:
        """Something has changed, or may have."""
        self._generation += 1
        self._known.clear()
        self._missing.clear()
        self._reads.forget()
