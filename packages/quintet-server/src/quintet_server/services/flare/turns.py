"""Taking turns: what must not happen twice at once in a process, told apart by name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable

# As long as the store of idempotency keys lets a duplicate wait for the first request.
_PATIENCE_SECONDS = 10.0


class Turns:
    """One at a time per name."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._wanted: dict[Hashable, int] = {}

    @contextlib.asynccontextmanager
    async def take(self, name: Hashable) -> AsyncIterator[None]:
        """Hold the turn. Raises TimeoutError when it does not come within the patience."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._wanted[name] = self._wanted.get(name, 0) + 1
        try:
            await asyncio.wait_for(lock.acquire(), _PATIENCE_SECONDS)
            try:
                yield
            finally:
                lock.release()
        finally:
            self._wanted[name] -= 1
            if not self._wanted[name]:
                del self._wanted[name], self._locks[name]
