"""Who may generate now, who waits, who is turned away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quintet_server.engines.chat.model import ChatBusy

__all__ = ["Admission"]


class Admission:
    """So many turns at once, so many waiting in the order they came, nobody beyond."""

    def __init__(self, running_count: int, waiting_count: int):
        self._turns = asyncio.Semaphore(running_count)
        self._running_count = running_count
        self._waiting_count = waiting_count
        self.running = 0
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it; raises ChatBusy at once when too many wait already."""
        if self._turns.locked() and self.waiting >= self._waiting_count:
            raise ChatBusy(
                f"The language model is busy: {self.running} answers are being generated and "
                f"{self.waiting} requests wait; no more may wait (QUINTET_AI_WAITING_COUNT)."
            )
        self.waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self.waiting -= 1
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._turns.release()
