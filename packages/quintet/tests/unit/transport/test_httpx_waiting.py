"""Waiting for a foreign client: within a limit, and without losing a cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from quintet.transport.httpx import _aside, _within

Wait = Callable[[Awaitable[Any], float], Awaitable[Any]]
EITHER = pytest.mark.parametrize("wait", [_within, _aside])
LONG = 300.0


class Answer:
    """Says whether it was closed."""

    is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True


async def turn() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


@EITHER
async def test_result_and_failure_come_as_they_are(wait: Wait) -> None:
    async def fail() -> None:
        raise StopAsyncIteration

    assert await wait(asyncio.sleep(0, "x"), LONG) == "x"
    with pytest.raises(StopAsyncIteration):
        await wait(fail(), LONG)


@EITHER
@pytest.mark.parametrize("turns", [0, 1])
async def test_cancellation_that_comes_with_the_result_is_not_lost(wait: Wait, turns: int) -> None:
    result: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> int:
        return await result

    async def ask() -> None:
        await wait(work(), LONG)
        await asyncio.get_running_loop().create_future()  # what comes next

    waiting = asyncio.ensure_future(ask())
    await turn()
    result.set_result(1)
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    await turn()
    assert waiting.cancelled()


async def test_answer_that_nobody_gets_any_more_is_closed() -> None:
    answer, result = Answer(), asyncio.get_running_loop().create_future()

    async def work() -> Any:
        return await result

    waiting = asyncio.ensure_future(_aside(work(), LONG))
    await turn()
    result.set_result(answer)
    await asyncio.sleep(0)  # `work` has ended; who waits for it has not been woken yet
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert answer.is_closed


@EITHER
async def test_work_has_cleaned_up_when_it_was_called_off(wait: Wait) -> None:
    cleaned: list[bool] = []
    begun = asyncio.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    with pytest.raises(asyncio.TimeoutError):
        await wait(work(), 0.001)
    assert cleaned == [True]
    begun.clear()

    async def ask() -> None:
        await wait(work(), LONG)

    waiting = asyncio.ensure_future(ask())
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert cleaned == [True, True]
