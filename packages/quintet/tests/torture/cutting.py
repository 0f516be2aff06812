"""Cancel a coroutine at the n-th moment in which it waits, for every n there is.

A task can be cancelled in two ways at such a moment: while what it waits for is still to come, and
after that has come but before the task has run on.  Both are done here exactly as ``asyncio`` does
them, without the chance that cancelling by time depends on.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any

__all__ = ["Cut", "cut"]


class Cut:
    """What became of a coroutine that was to be cancelled.

    Attributes:
        reached: Whether it waited often enough to be cancelled.
        result: What it returned, if it came to its end.
    """

    def __init__(self) -> None:
        self.reached = False
        self.result: Any = None


async def cut(work: Coroutine[Any, Any, Any], at: int, *, late: bool) -> Cut:
    """Run ``work`` and cancel it at its wait number ``at``, counted from 0.

    Args:
        work: What to run.
        at: Which of its waits.
        late: Cancel when what it waits for has come.
    """
    seen = Cut()
    try:
        seen.result = await _cut(work, at, late, seen)
    except asyncio.CancelledError:
        if not seen.reached:
            raise
    return seen


@types.coroutine
def _cut(
    work: Coroutine[Any, Any, Any], at: int, late: bool, seen: Cut
) -> Generator[Any, Any, Any]:
    waits = 0
    try:
        awaited = work.send(None)
        while True:
            cancel = waits == at
            if cancel and not late:
                seen.reached = True
                if awaited is not None:
                    awaited._asyncio_future_blocking = False
                    awaited.cancel()
                awaited = work.throw(asyncio.CancelledError())
            else:
                try:
                    value = yield awaited
                except BaseException as failure:
                    seen.reached = seen.reached or cancel
                    awaited = work.throw(asyncio.CancelledError() if cancel else failure)
                else:
                    if cancel:
                        seen.reached = True
                        awaited = work.throw(asyncio.CancelledError())
                    else:
                        awaited = work.send(value)
            waits += 1
    except StopIteration as stop:
        return stop.value
