"""The group commit: nothing answered is lost, nothing is stored twice, nobody waits for ever."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
import pytest_asyncio

from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.services.ghostflow.redirects import writing
from quintet_server.services.ghostflow.redirects.caps import Cap
from quintet_server.services.ghostflow.redirects.writing import NotStored, Writer
from quintet_server.store.ids import new_uuid7

from ..conftest import Api
from .conftest import Links, a_click

NAME = "test-writer"


class Desk:
    """A campaign that exists nowhere, and writers of its clicks."""

    def __init__(self, api: Api, team_id: UUID, stack: AsyncExitStack) -> None:
        self.api = api
        self.campaign_id = new_uuid7()
        self.name = f"{NAME}-{uuid.uuid4().hex[:8]}"
        self._team_id = team_id
        self._stack = stack

    async def writer(self, **options: Any) -> Writer:
        patience = {"wait_seconds": 60.0, **options}
        writer = Writer(self.api.runtime.db.url, application_name=self.name, **patience)
        await writer.start()
        self._stack.push_async_callback(writer.stop)
        return writer

    def click(self, **fields: Any) -> Click:
        return a_click(
            self._team_id,
            self.campaign_id,
            **{"at": datetime.now(UTC), "visitor_id": uuid.uuid4(), **fields},
        )

    async def stored(self) -> set[UUID]:
        rows = await self.api.sql(
            "SELECT id FROM ghostflow_clicks WHERE campaign_id = %s", self.campaign_id
        )
        return {id for (id,) in rows}

    async def cut(self) -> None:
        """End the connections of the writers, as a restart of the database does."""
        await self.api.sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = %s AND datname = current_database()",
            self.name,
        )


@pytest_asyncio.fixture(loop_scope="session")
async def desk(api: Api) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield Desk(api, await api.team_id(), stack)


async def test_click_is_on_disk_when_the_call_returns(desk: Desk) -> None:
    writer = await desk.writer()
    for _ in range(3):
        click = desk.click()
        assert await writer.add(click, 24)
        assert click.id in await desk.stored()


async def test_clicks_that_come_together_are_one_transaction(desk: Desk) -> None:
    writer = await desk.writer()
    await asyncio.gather(*(writer.add(desk.click(), 24) for _ in range(100)))
    [[transactions]] = await desk.api.sql(
        "SELECT count(DISTINCT xmin::text) FROM ghostflow_clicks WHERE campaign_id = %s",
        desk.campaign_id,
    )
    assert len(await desk.stored()) == 100
    assert transactions <= 3


@pytest.mark.parametrize("bad", ["nul \0 character", "lone \ud800 surrogate"])
async def test_click_that_cannot_be_stored_spoils_only_itself(desk: Desk, bad: str) -> None:
    writer = await desk.writer()
    clicks = [desk.click() for _ in range(9)]
    clicks.insert(4, desk.click(sub1=bad))
    outcomes = await asyncio.gather(
        *(writer.add(click, 24) for click in clicks), return_exceptions=True
    )
    failed = outcomes.pop(4)
    assert isinstance(failed, Exception)
    assert not isinstance(failed, NotStored)
    assert outcomes == [True] * 9
    assert await desk.stored() == {click.id for click in clicks} - {clicks[4].id}


async def test_lost_connection_is_made_again_and_the_click_stored(desk: Desk) -> None:
    writer = await desk.writer()
    await writer.add(desk.click(), 24)
    await desk.cut()
    assert await asyncio.gather(*(writer.add(desk.click(), 24) for _ in range(5))) == [True] * 5
    assert len(await desk.stored()) == 6


Store = Callable[..., Awaitable[None]]


async def test_answer_of_the_database_lost_after_the_commit_stores_nothing_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: committed, and the connection breaks before the answer is read."""
    stored: Store = writing.store
    losses = iter([True, True, False])

    async def lose(conn: Any, *arguments: Any) -> None:
        await stored(conn, *arguments)
        if next(losses, False):
            await conn.close()
            raise psycopg.OperationalError("the connection is closed")

    monkeypatch.setattr(writing, "store", lose)
    writer = await desk.writer()
    clicks = [desk.click(visitor_id=UUID(int=n % 4)) for n in range(12)]
    assert await asyncio.gather(*(writer.add(click, 24) for click in clicks)) == [True] * 12
    assert await desk.stored() == {click.id for click in clicks}
    [[uniques]] = await desk.api.sql(
        "SELECT count(*) FROM ghostflow_clicks WHERE campaign_id = %s AND is_unique",
        desk.campaign_id,
    )
    assert uniques == 4


async def test_commit_whose_answer_is_lost_takes_no_second_place(
    desk: Desk, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = UUID(await links.offer())
    cap = Cap(offer, 1, 6, "total", counts_conversions=False, zone=ZoneInfo("UTC"))
    written: Any = Writer._write_under_caps
    losses = iter([True])
    real_settle = writing._Waiting.settle

    async def lose(self: Writer, conn: Any, batch: Any) -> None:
        if not next(losses, False):
            await written(self, conn, batch)
            return
        monkeypatch.setattr(writing._Waiting, "settle", lambda *_, **__: None)
        await written(self, conn, batch)
        monkeypatch.setattr(writing._Waiting, "settle", real_settle)
        await conn.close()
        raise psycopg.OperationalError("the connection is closed")

    monkeypatch.setattr(Writer, "_write_under_caps", lose)
    writer = await desk.writer()
    clicks = [desk.click(offer_id=offer) for _ in range(4)]
    first = await asyncio.gather(*(writer.add(click, 24, cap) for click in clicks))
    assert first == [True] * 4
    later = [await writer.add(desk.click(offer_id=offer), 24, cap) for _ in range(3)]
    assert later == [True, True, False]
    assert len(await desk.stored()) == 6


async def test_database_that_does_not_answer_is_waited_for_only_so_long(
    desk: Desk, api: Api
) -> None:
    writer = await desk.writer(wait_seconds=0.3)
    async with api.runtime.db.transaction() as conn:
        await conn.execute("LOCK ghostflow_clicks IN ACCESS EXCLUSIVE MODE")
        outcomes = await asyncio.gather(
            *(writer.add(desk.click(), 24) for _ in range(5)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [NotStored] * 5
    while True:
        try:
            assert await writer.add(desk.click(), 24)
        except NotStored:  # a busy machine may need longer than that to connect anew
            continue
        break


async def test_more_than_may_wait_are_refused_at_once(desk: Desk, api: Api) -> None:
    writer = await desk.writer(most_waiting=3)
    async with api.runtime.db.transaction() as conn:
        await conn.execute("LOCK ghostflow_clicks IN ACCESS EXCLUSIVE MODE")
        tasks = [asyncio.create_task(writer.add(desk.click(), 24)) for _ in range(3)]
        await api.until(lambda: writer.waiting_count == 3)
        with pytest.raises(NotStored):
            await writer.add(desk.click(), 24)
    assert await asyncio.gather(*tasks) == [True] * 3


async def test_who_goes_away_holds_nobody_up(desk: Desk, api: Api) -> None:
    writer = await desk.writer()
    async with api.runtime.db.transaction() as conn:
        await conn.execute("LOCK ghostflow_clicks IN ACCESS EXCLUSIVE MODE")
        tasks = [asyncio.create_task(writer.add(desk.click(), 24)) for _ in range(4)]
        await api.until(lambda: writer.waiting_count == 4)
        tasks[0].cancel()
        tasks[3].cancel()
    assert await asyncio.gather(*tasks[1:3]) == [True, True]
    assert await writer.add(desk.click(), 24)


async def test_stop_writes_what_waits(desk: Desk) -> None:
    writer = await desk.writer()
    tasks = [asyncio.create_task(writer.add(desk.click(), 24)) for _ in range(20)]
    await asyncio.sleep(0)
    await writer.stop()
    assert await asyncio.gather(*tasks) == [True] * 20
    with pytest.raises(NotStored):
        await writer.add(desk.click(), 24)


async def test_link_answers_503_while_clicks_cannot_be_stored(
    links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = await links.campaign()

    async def refuse(self: Writer, *_: Any) -> bool:
        raise NotStored("away")

    monkeypatch.setattr(Writer, "add", refuse)
    answer = await links.follow(campaign)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "location" not in answer.headers
    assert await links.count(campaign) == 0
