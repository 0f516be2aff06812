"""The pairs behave alike in both worlds."""

from __future__ import annotations

import asyncio
import threading

import pytest

from quintet import _acompat
from quintet._acompat import PAIRS, ajoin, aspawn, await_event, join, spawn, wait_event


def test_both_names_of_every_pair_exist_and_are_listed() -> None:
    for name in [*PAIRS, *PAIRS.values()]:
        assert hasattr(_acompat, name)
        assert name in _acompat.__all__


async def test_spawned_work_can_be_joined_within_a_time() -> None:
    gate, released = threading.Event(), asyncio.Event()

    async def work(number: int) -> None:
        assert number == 7
        await released.wait()

    thread = spawn(lambda number: gate.wait(60), 7, name="worker")
    task = aspawn(work, 7, name="worker")
    assert thread.name == task.get_name() == "worker"
    assert not join(thread, 0.01)
    assert not await ajoin(task, 0.01)
    gate.set()
    released.set()
    assert join(thread, 5)
    assert await ajoin(task, 5)
    assert thread.done()
    assert thread.exception() is task.exception() is None


async def test_failure_of_spawned_work_is_kept() -> None:
    async def fail() -> None:
        raise KeyError("async")

    def fail_too() -> None:
        raise KeyError("sync")

    thread, task = spawn(fail_too, name="t"), aspawn(fail, name="t")
    assert join(thread)
    assert await ajoin(task)
    assert isinstance(thread.exception(), KeyError)
    assert isinstance(task.exception(), KeyError)


@pytest.mark.parametrize("timeout", [0, 0.01])
async def test_waiting_for_an_event_ends_at_its_time(timeout: float) -> None:
    event, aevent = threading.Event(), asyncio.Event()
    assert not wait_event(event, timeout)
    assert not await await_event(aevent, timeout)
    event.set()
    aevent.set()
    assert wait_event(event, timeout)
    assert await await_event(aevent, timeout)


async def test_waiting_for_an_event_ends_when_it_is_set() -> None:
    aevent = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, aevent.set)
    assert await await_event(aevent, 5)


@pytest.mark.parametrize("turns", [0, 1, 2])
async def test_cancellation_that_comes_with_the_event_is_not_lost(turns: int) -> None:
    event = asyncio.Event()

    async def work() -> None:
        await await_event(event, 300.0)
        await asyncio.get_running_loop().create_future()  # what comes next

    working = asyncio.ensure_future(work())
    for _ in range(5):
        await asyncio.sleep(0)
    event.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    working.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert working.cancelled()
