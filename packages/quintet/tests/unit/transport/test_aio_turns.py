"""Turns of tasks come in order, and none is ever lost."""

from __future__ import annotations

import asyncio

import pytest

from quintet.transport.aio_turns import AsyncTurns


async def taken(count: int) -> AsyncTurns:
    """Return turns of which none is free."""
    turns = AsyncTurns(count)
    for _ in range(count):
        assert await turns.take(None)
    return turns


async def test_turns_that_are_free_are_taken_without_waiting() -> None:
    turns = await taken(2)
    assert turns.free == 0
    turns.give()
    assert await turns.take(0.0)
    turns.give()
    turns.give()
    assert turns.free == 2


async def test_tasks_get_their_turns_in_the_order_they_came() -> None:
    turns = await taken(2)
    order: list[int] = []

    async def work(name: int) -> None:
        assert await turns.take(10.0)
        order.append(name)
        turns.give()

    tasks = [asyncio.create_task(work(name)) for name in range(5)]
    await asyncio.sleep(0)
    turns.give()
    await asyncio.gather(*tasks)
    turns.give()
    assert order == [0, 1, 2, 3, 4]
    assert turns.free == 2


async def test_turn_given_back_goes_to_who_waits_and_not_to_who_comes_later() -> None:
    turns = await taken(1)
    waiting = asyncio.create_task(turns.take(10.0))
    await asyncio.sleep(0)
    turns.give()
    assert turns.free == 0
    assert not await turns.take(0.0)
    assert await waiting


@pytest.mark.parametrize("seconds", [0.02, 0.0, -1.0])
async def test_task_that_waits_too_long_leaves_the_queue(seconds: float) -> None:
    turns = await taken(2)
    assert not await turns.take(seconds)
    assert not turns._waiting
    turns.give()
    assert turns.free == 1


@pytest.mark.parametrize("come", [True, False])
async def test_cancelled_task_keeps_no_turn(come: bool) -> None:
    turns = await taken(2)
    task = asyncio.create_task(turns.take(None))
    await asyncio.sleep(0)
    if come:
        turns.give()  # its turn comes, and in the same moment it is cancelled
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    if not come:
        turns.give()
    assert turns.free == 1
    assert not turns._waiting


async def test_cancelled_task_hands_its_turn_to_the_next() -> None:
    turns = await taken(1)
    first = asyncio.create_task(turns.take(None))
    second = asyncio.create_task(turns.take(None))
    await asyncio.sleep(0)
    turns.give()
    first.cancel()
    assert await second
    assert first.cancelled()
    assert turns.free == 0


async def test_cancelled_task_that_gave_up_in_the_same_moment_has_no_turn() -> None:
    turns = await taken(1)
    task = asyncio.create_task(turns.take(10.0))
    await asyncio.sleep(0)
    turns._waiting[0].set_result(False)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert turns.free == 0
    assert not turns._waiting
