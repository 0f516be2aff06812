"""A client that leaves while its statement runs, and one that does not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from quintet_server.services.aerostack.database import queries


class Client:
    """The other end of a request whose body has been read."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()
        self.is_watched = asyncio.Event()
        self.request = Request({"type": "http"}, self._receive)

    async def _receive(self) -> dict[str, Any]:
        self.is_watched.set()
        await self.leaves.wait()
        return {"type": "http.disconnect"}


class Statement:
    """One that runs until it is let go, and knows how it ended."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.was_cancelled = False

    async def run(self) -> str:
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return "done"


def watchers() -> set[asyncio.Task[Any]]:
    """The tasks that watch clients, of all that the event loop has: servers may share it."""
    return {task for task in asyncio.all_tasks() if task.get_name().startswith("watch-")}


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_PATIENCE_SECONDS", 0.0)


async def _carried_out(client: Client, statement: Statement) -> tuple[str, int]:
    """What came of it, and how many cancellations the task has open afterwards."""
    try:
        outcome = await queries._unless_gone(client.request, statement.run())
    except ClientDisconnect:
        outcome = "left"
    task = asyncio.current_task()
    assert task is not None
    return outcome, task.cancelling()


async def test_quick_statement_is_not_watched() -> None:
    client, statement = Client(), Statement()
    statement.go_on.set()
    assert await _carried_out(client, statement) == ("done", 0)
    assert not client.is_watched.is_set()


@pytest.mark.usefixtures("no_patience")
async def test_client_that_leaves_cancels_its_statement_and_nothing_else() -> None:
    client, statement = Client(), Statement()
    task = asyncio.create_task(_carried_out(client, statement))
    await client.is_watched.wait()
    client.leaves.set()
    assert await task == ("left", 0)
    assert statement.was_cancelled


@pytest.mark.usefixtures("no_patience")
async def test_client_that_stays_gets_the_result_and_is_watched_no_more() -> None:
    before = watchers()
    client, statement = Client(), Statement()
    task = asyncio.create_task(_carried_out(client, statement))
    await client.is_watched.wait()
    assert watchers() - before
    statement.go_on.set()
    assert await task == ("done", 0)
    assert not watchers() - before


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize("turns", range(8))
async def test_client_that_leaves_as_the_statement_ends_is_told_one_thing(turns: int) -> None:
    """Whichever comes first: so many turns of the event loop lie between the two."""
    before = watchers()
    client, statement = Client(), Statement()
    task = asyncio.create_task(_carried_out(client, statement))
    await client.is_watched.wait()
    client.leaves.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    statement.go_on.set()
    assert await task in [("left", 0), ("done", 0)]
    assert not watchers() - before


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize("client_leaves", [False, True])
async def test_cancellation_from_outside_stays_one(client_leaves: bool) -> None:
    client, statement = Client(), Statement()
    task = asyncio.create_task(_carried_out(client, statement))
    await client.is_watched.wait()
    if client_leaves:
        client.leaves.set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert statement.was_cancelled
