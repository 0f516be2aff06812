"""Loops in the background: what ends a round, what ends the loop, and how they are ended."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from psycopg_pool import PoolTimeout
from structlog.testing import capture_logs

from quintet_server.store.background import end, repeat


class Rounds:
    """An action that fails as it is told, and says when it has been taken so many times."""

    def __init__(self, *failures: Exception | None) -> None:
        self._failures = list(failures)
        self.all_taken = asyncio.Event()
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1
        if self.count > len(self._failures):
            self.all_taken.set()
            return
        if (failure := self._failures[self.count - 1]) is not None:
            raise failure


async def until(task: asyncio.Task[None], happened: asyncio.Event) -> None:
    waiting = asyncio.create_task(happened.wait())
    await asyncio.wait((task, waiting), timeout=60.0, return_when=asyncio.FIRST_COMPLETED)
    await end(waiting)
    await end(task)
    assert happened.is_set()


@pytest.mark.parametrize(
    "failure", [psycopg.OperationalError("gone\n"), PoolTimeout("gone\n"), KeyError("x")]
)
async def test_tolerated_failure_ends_the_round_and_not_the_loop(failure: Exception) -> None:
    rounds = Rounds(failure, None, failure)
    with capture_logs() as logs:
        loop = repeat(rounds, every_seconds=0.0, failure="it_failed", tolerate=(KeyError,))
        await until(asyncio.create_task(loop), rounds.all_taken)
    said = {"event": "it_failed", "log_level": "warning", "error": str(failure).strip()}
    assert logs == [said, said]


async def test_other_failure_ends_the_loop_and_is_raised() -> None:
    rounds = Rounds(None, ValueError("a mistake"))
    with pytest.raises(ValueError, match="a mistake"):
        await asyncio.wait_for(repeat(rounds, every_seconds=0.0, failure="it_failed"), 60.0)
    assert rounds.count == 2


async def test_first_round_is_at_once_and_the_next_only_after_the_pause() -> None:
    rounds = Rounds()
    task = asyncio.create_task(repeat(rounds, every_seconds=3600.0, failure="it_failed"))
    await until(task, rounds.all_taken)
    assert rounds.count == 1


async def test_end_cancels_again_what_swallowed_the_first_cancellation() -> None:
    swallowed, started = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await started.wait()
    await asyncio.wait_for(end(task, patience_seconds=0.0), 60.0)
    assert swallowed.is_set()
    assert task.cancelled()


async def test_end_raises_what_a_task_died_of() -> None:
    async def broken() -> None:
        raise ValueError("a mistake")

    task = asyncio.create_task(broken())
    await asyncio.wait((task,))
    with pytest.raises(ValueError, match="a mistake"):
        await end(task)
