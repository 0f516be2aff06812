"""The two worlds in pairs: what async code awaits, and what its generated twin blocks on.

Async sources never name asyncio or threading; they use the async name of a pair, and the
generator writes the other one into the twin.  ``PAIRS`` is the table it reads.  Where the two
worlds truly differ, a source branches on ``ASYNC``, and the twin keeps only the other branch.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = [
    "ASYNC",
    "PAIRS",
    "ACondition",
    "AEvent",
    "ALock",
    "AQueue",
    "ATask",
    "Condition",
    "Event",
    "Lock",
    "Queue",
    "Task",
    "ajoin",
    "asleep",
    "aspawn",
    "await_event",
    "join",
    "sleep",
    "spawn",
    "wait_event",
]


ASYNC = True
"""True in async sources; the generator drops the branches that are not for its side."""

PAIRS = {
    "ACondition": "Condition",
    "AEvent": "Event",
    "ALock": "Lock",
    "AQueue": "Queue",
    "ATask": "Task",
    "ajoin": "join",
    "asleep": "sleep",
    "aspawn": "spawn",
    "await_event": "wait_event",
}

ALock = asyncio.Lock
Lock = threading.Lock
AEvent = asyncio.Event
Event = threading.Event
ACondition = asyncio.Condition
Condition = threading.Condition
AQueue = asyncio.Queue
Queue = queue.Queue
asleep = asyncio.sleep
sleep = time.sleep
ATask = asyncio.Task


class Task(threading.Thread):
    """A daemon thread that keeps what its function returned or raised."""

    def __init__(self, function: Callable[[], Any], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._function = function
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            self._function()
        except BaseException as failure:
            self._failure = failure

    def done(self) -> bool:
        """Tell whether the function has ended."""
        return not self.is_alive()

    def exception(self) -> BaseException | None:
        """Return what the function raised, None if it ended well or still runs."""
        return self._failure


def aspawn(function: Callable[..., Coroutine[Any, Any, Any]], *args: Any, name: str) -> Any:
    """Run a coroutine function beside the caller, on the running loop."""
    return asyncio.get_running_loop().create_task(function(*args), name=name)


def spawn(function: Callable[..., Any], *args: Any, name: str) -> Task:
    """Run a function beside the caller, in a daemon thread."""
    task = Task(lambda: function(*args), name)
    task.start()
    return task


async def ajoin(task: Any, timeout: float | None = None) -> bool:
    """Wait up to ``timeout`` seconds for a task to end; tell whether it has."""
    await asyncio.wait({task}, timeout=timeout)
    return bool(task.done())


def join(task: Task, timeout: float | None = None) -> bool:
    """Wait up to ``timeout`` seconds for a task to end; tell whether it has."""
    task.join(timeout)
    return task.done()


async def await_event(event: asyncio.Event, timeout: float | None = None) -> bool:
    """Wait up to ``timeout`` seconds for an event; tell whether it is set."""
    if event.is_set() or timeout == 0:
        return event.is_set()
    # Not wait_for(), which loses a cancellation that comes with the event (Python 3.10 and 3.11).
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((waiting,), timeout=timeout)
    finally:
        waiting.cancel()
    return event.is_set()


def wait_event(event: threading.Event, timeout: float | None = None) -> bool:
    """Wait up to ``timeout`` seconds for an event; tell whether it is set."""
    return event.wait(timeout)
