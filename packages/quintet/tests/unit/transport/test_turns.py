"""Turns come in order, and none is ever lost."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from quintet.transport.turns import AsyncTurns, Turns
from quintet.transport.watch import PoolTimeout, Watch


@pytest.fixture(autouse=True)
def two_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quintet.transport.turns.MAX_CONNECTIONS", 2)


def watch(seconds: float | None = None) -> Watch:
    until = None if seconds is None else time.monotonic() + seconds
    return Watch(until, seconds, time.monotonic)


def test_turns_are_taken_and_given_back() -> None:
    turns = Turns()
    for _ in range(3):
        turns.take(watch())
        turns.take(watch())
        turns.give()
        turns.give()
    assert turns._free == 2


def test_turn_that_does_not_come_is_a_timeout_and_leaves_nothing_behind() -> None:
    turns = Turns()
    turns.take(watch())
    turns.take(watch())
    with pytest.raises(PoolTimeout):
        turns.take(watch(0.02))
    with pytest.raises(PoolTimeout):
        turns.take(Watch(0.0, 1.0, time.monotonic))
    assert not turns._waiting
    turns.give()
    turns.give()
    assert turns._free == 2


def test_threads_get_their_turns_in_the_order_they_came() -> None:
    turns = Turns()
    turns.take(watch())
    turns.take(watch())
    order: list[int] = []

    def work(name: int) -> None:
        turns.take(watch(10))
        order.append(name)
        turns.give()

    threads = []
    for name in range(5):
        threads.append(threading.Thread(target=work, args=(name,)))
        threads[-1].start()
        while len(turns._waiting) <= name:
            time.sleep(0.001)
    turns.give()
    for thread in threads:
        thread.join(10)
    turns.give()
    assert order == [0, 1, 2, 3, 4]
    assert turns._free == 2


@pytest.mark.parametrize("come", [True, False])
def test_interrupted_wait_keeps_no_turn(come: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()
    turns.take(watch())
    turns.take(watch())

    def interrupted(self: Any, timeout: Any = None) -> bool:
        if come:
            turns.give()
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Event, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        turns.take(watch())
    monkeypatch.undo()
    assert not turns._waiting
    assert turns._free == int(come)


def test_turn_that_comes_in_the_moment_the_wait_ends_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = Turns()
    turns.take(watch())
    turns.take(watch())

    def late(self: Any, timeout: Any = None) -> bool:
        turns.give()
        return False

    monkeypatch.setattr(threading.Event, "wait", late)
    turns.take(watch(1.0))
    assert turns._free == 0


async def test_tasks_get_their_turns_in_the_order_they_came() -> None:
    turns = AsyncTurns()
    await turns.take(watch())
    await turns.take(watch())
    order: list[int] = []

    async def work(name: int) -> None:
        await turns.take(watch(10))
        order.append(name)
        turns.give()

    tasks = [asyncio.create_task(work(name)) for name in range(5)]
    await asyncio.sleep(0)
    turns.give()
    await asyncio.gather(*tasks)
    turns.give()
    assert order == [0, 1, 2, 3, 4]
    assert turns._free == 2


async def test_task_that_waits_too_long_leaves_the_queue() -> None:
    turns = AsyncTurns()
    await turns.take(watch())
    await turns.take(watch())
    with pytest.raises(PoolTimeout):
        await turns.take(watch(0.02))
    turns.give()
    assert turns._free == 1


@pytest.mark.parametrize("come", [True, False])
async def test_cancelled_task_keeps_no_turn(come: bool) -> None:
    turns = AsyncTurns()
    await turns.take(watch())
    await turns.take(watch())
    task = asyncio.create_task(turns.take(watch()))
    await asyncio.sleep(0)
    if come:
        turns.give()  # its turn comes, and in the same moment it is cancelled
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    if not come:
        turns.give()
    assert turns._free == 1
    assert not turns._waiting
