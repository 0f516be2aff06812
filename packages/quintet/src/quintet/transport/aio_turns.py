"""A bounded number of exchanges on one event loop; the others wait in the order they came.

Taking and giving back never leaves a turn behind, also if the waiting task is cancelled in the very
moment in which its turn comes.  A turn that is given back goes straight to whoever has waited
longest: nobody who comes later can take it first.
"""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["AsyncTurns"]


class AsyncTurns:
    """Turns of the tasks of one event loop.

    Attributes:
        free: Turns that nobody has; only above zero while nobody waits.
    """

    __slots__ = ("_waiting", "free")

    def __init__(self, count: int) -> None:
        self.free = count
        self._waiting: deque[asyncio.Future[bool]] = deque()

    async def take(self, seconds: float | None) -> bool:
        """Wait for a turn, ``seconds`` at most; tell whether it came."""
        if self.free:
            self.free -= 1
            return True
        if seconds is not None and seconds <= 0:
            return False
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(turn)
        timer = None if seconds is None else loop.call_later(seconds, _give_up, turn)
        come = False
        try:
            come = await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.result():
                self.give()
            raise
        finally:
            if timer is not None:
                timer.cancel()
            if not come and turn in self._waiting:
                self._waiting.remove(turn)
        return come

    def give(self) -> None:
        """Give a turn back, to whoever has waited longest."""
        waiting = self._waiting
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(True)
                return
        self.free += 1


def _give_up(turn: asyncio.Future[bool]) -> None:
    if not turn.done():
        turn.set_result(False)
