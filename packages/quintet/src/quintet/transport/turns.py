"""A bounded number of exchanges at the same time; the others wait in the order they came.

Taking and giving back never leaves a turn behind, also if the waiting thread or task is
interrupted in the very moment in which its turn comes.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from quintet.transport.watch import PoolTimeout, Watch

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncTurns", "Turns"]

MAX_CONNECTIONS = 100


class Turns:
    """Turns of threads."""

    def __init__(self) -> None:
        self._free = MAX_CONNECTIONS
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def take(self, watch: Watch) -> None:
        """Wait for a turn.

        Raises:
            PoolTimeout: None came in time.
        """
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return
            turn = threading.Event()
            self._waiting.append(turn)
        try:
            come = turn.wait(watch.left(PoolTimeout))
        except BaseException:
            self._leave(turn, keep=False)
            raise
        if not come and not self._leave(turn, keep=True):
            raise PoolTimeout

    def _leave(self, turn: threading.Event, *, keep: bool) -> bool:
        """Stop waiting; tell whether the turn had come just now, and is kept."""
        with self._lock:
            if not turn.is_set():
                self._waiting.remove(turn)
                return False
        if not keep:
            self.give()
        return keep

    def give(self) -> None:
        """Give a turn back, to whoever has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


class AsyncTurns:
    """Turns of the tasks of one event loop."""

    def __init__(self) -> None:
        self._free = MAX_CONNECTIONS
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, watch: Watch) -> None:
        """Wait for a turn.

        Raises:
            PoolTimeout: None came in time.
        """
        if self._free and not self._waiting:
            self._free -= 1
            return
        # Imported here: blocking clients have no use for asyncio.
        import asyncio

        loop = asyncio.get_running_loop()
        left = watch.left(PoolTimeout)
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        timer = None if left is None else loop.call_later(left, _too_late, turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def give(self) -> None:
        """Give a turn back, to whoever has waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


def _too_late(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(PoolTimeout())
