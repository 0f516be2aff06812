from __future__ import annotations

import asyncio

import pytest

from quintet_server.engines.chat.admission import Admission
from quintet_server.engines.chat.model import ChatBusy


class Turns:
    """Takes turns that last until they are told to end."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.order: list[int] = []
        self.ends: dict[int, asyncio.Event] = {}

    async def start(self, number: int) -> asyncio.Task[None]:
        self.ends[number] = asyncio.Event()

        async def take() -> None:
            async with self.admission.turn():
                self.order.append(number)
                await self.ends[number].wait()

        task = asyncio.create_task(take())
        await self.settle()
        return task

    async def end(self, number: int) -> None:
        self.ends[number].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_turns_beyond_the_bound_wait_in_order_and_then_are_turned_away() -> None:
    turns = Turns(Admission(2, 2))
    tasks = [await turns.start(number) for number in range(4)]
    assert turns.order == [0, 1]
    with pytest.raises(ChatBusy):
        await (await turns.start(4))
    await turns.end(1)
    assert turns.order == [0, 1, 2]
    for number in (0, 2, 3):
        await turns.end(number)
    await asyncio.gather(*tasks)
    assert turns.order == [0, 1, 2, 3]
    assert (turns.admission.running, turns.admission.waiting) == (0, 0)


async def test_one_who_stops_waiting_leaves_the_queue() -> None:
    turns = Turns(Admission(1, 1))
    first, second = await turns.start(0), await turns.start(1)
    second.cancel()
    await turns.settle()
    third = await turns.start(2)
    await turns.end(0)
    assert turns.order == [0, 2]
    await turns.end(2)
    await asyncio.gather(first, third)


async def test_turn_that_fails_is_given_back() -> None:
    admission = Admission(1, 0)
    with pytest.raises(ZeroDivisionError):
        async with admission.turn():
            _ = 1 / 0
    async with admission.turn():
        assert admission.running == 1


async def test_nobody_may_wait_but_one_may_run() -> None:
    turns = Turns(Admission(1, 0))
    first = await turns.start(0)
    with pytest.raises(ChatBusy):
        await (await turns.start(1))
    await turns.end(0)
    await first
