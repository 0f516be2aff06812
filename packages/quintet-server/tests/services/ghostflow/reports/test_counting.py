"""Whoever writes, folds and seals meanwhile: in one snapshot, sets say what the rows say."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest

from quintet_server.services.ghostflow.filters import Condition, Filters
from quintet_server.services.ghostflow.reports import sealing, seen
from quintet_server.services.ghostflow.reports.counting import count_visitors
from quintet_server.services.ghostflow.reports.grouping import Grouping, by_bucket, by_dimensions
from quintet_server.services.ghostflow.reports.periods import Period
from quintet_server.services.ghostflow.reports.questions import BOTS, Question
from quintet_server.services.ghostflow.reports.reading import Reader
from quintet_server.services.ghostflow.reports.rolling import roll
from quintet_server.services.ghostflow.reports.sealing import seal
from quintet_server.services.ghostflow.reports.uniting import Uniting
from quintet_server.services.ghostflow.reports.visitors import count_by_rows
from quintet_server.store.background import end
from quintet_server.store.database import Connection, Database

from .traffic import utc

FIRST = utc("2025-03-01T00:00")
DAY = timedelta(days=1)
QUARTERS = 2 * 24 * 4
IDS = [UUID(int=1), UUID(int=2)]
ZONES = ["UTC", "America/New_York", "Asia/Kolkata"]
DIMENSIONS = ["campaign", "offer", "domain", "country", "device", "os", "day", "hour", "weekday"]
FILTERS = [
    Filters(),
    Filters((("country", Condition(("DE",), ())),)),
    Filters((("campaignId", Condition((), (IDS[0],))), ("country", Condition((), (None,))))),
    Filters((("offerId", Condition((None,), ())),)),
    Filters((("os", Condition(("iOS",), ())),)),
]
ADD = """
INSERT INTO ghostflow_clicks (id, team_id, campaign_id, offer_id, domain_id, at, visitor_id,
    is_unique, is_bot, country, device, os, cost_currency, destination)
VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s, false, %s, %s, %s, %s, 'USD', '')
"""
SOME = """
WHERE id IN (SELECT id FROM ghostflow_clicks ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED)
"""
TRANSACTIONS = 8
STEPS = 40
FEW = 8
STOP = "SELECT pg_advisory_xact_lock(1)"
WAITING = """
SELECT FROM pg_locks
WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def add_some(
    conn: psycopg.AsyncConnection[object], team: UUID, count: int, quarters: int = QUARTERS
) -> None:
    pick = random.choice
    rows = [
        (
            *(team, pick(IDS), pick([None, *IDS]), pick([None, *IDS])),
            FIRST + timedelta(minutes=15) * random.randrange(quarters),
            UUID(int=random.randrange(40)),
            random.random() < 0.2,
            *(pick([None, "DE", "US"]), pick(["mobile", "desktop"]), pick([None, "iOS"])),
        )
        for _ in range(count)
    ]
    async with conn.cursor() as cursor:
        await cursor.executemany(ADD, rows)


async def write(url: str, team: UUID) -> None:
    """Clicks that come, change and go, a few in each transaction; some are undone."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        for _ in range(TRANSACTIONS):
            await add_some(conn, team, 2)
            await asyncio.sleep(0)
            await conn.execute(f"DELETE FROM ghostflow_clicks {SOME}".encode())
            await conn.execute(f"UPDATE ghostflow_clicks SET cost = cost + 1 {SOME}".encode())
            await (conn.rollback if random.random() < 0.2 else conn.commit)()


async def fold(db: Database) -> None:
    """What servers do beside us."""
    while True:
        await roll(db, batch=random.choice([1, 3, 1000]))


async def seal_up(db: Database) -> None:
    """What they do beside that."""
    while True:
        await seal(db, settle=timedelta(0))


@asynccontextmanager
async def others(url: str, team: UUID) -> AsyncIterator[Sequence[asyncio.Task[None]]]:
    """Yields who writes; in the end everybody has stopped, and nobody has failed."""
    servers = [await Database.open(url, application_name="another") for _ in range(2)]
    writers = [asyncio.create_task(write(url, team)) for _ in range(3)]
    tidiers = [asyncio.create_task(each(db)) for db in servers for each in (fold, seal_up)]
    try:
        yield writers
        await asyncio.gather(*writers)
        assert not any(task.done() for task in tidiers)
    finally:
        await end(*writers, *tidiers, patience_seconds=60)
        for db in servers:
            await db.close()


def question(team: UUID) -> Question:
    step = random.choice([1, 4, 96])
    low, high = sorted(random.sample(range(QUARTERS // step + 1), 2))
    zone = ZoneInfo(random.choice(ZONES))
    start, end = (FIRST + timedelta(minutes=15) * step * each for each in (low, high))
    return Question(
        team=team,
        period=Period(zone, start, end, None),
        timezone=zone.key,
        attribution="click",
        bots=random.choice(BOTS),
        currency="USD",
        filters=random.choice(FILTERS),
    )


def groupings(period: Period) -> Sequence[Grouping]:
    names = random.sample(DIMENSIONS, random.randint(1, 3))
    hours, days = by_bucket("hour", period), by_bucket("day", period)
    return Grouping(), hours, days, by_dimensions(names, period)


async def compare(conn: Connection, team: UUID, *, whole: bool = False) -> None:
    asked = question(team)
    if whole:
        asked = replace(asked, period=Period(asked.period.zone, FIRST, FIRST + DAY, None))
    for grouping in groupings(asked.period):
        by_rows = await count_by_rows(conn, asked, grouping)
        found = await count_visitors(conn, asked, grouping)
        assert found.total == by_rows.total, (asked, grouping)
        if grouping.names:  # else the one row is the total
            assert found.by_key == by_rows.by_key, (asked, grouping)


async def populated(db: Database, clicks: int, quarters: int = QUARTERS) -> UUID:
    """A team with so many clicks."""
    async with db.connection() as conn:
        await conn.execute(
            "INSERT INTO projects (id, service, name) VALUES ('p', 'ghostflow', 'P')"
        )
        row = await (await conn.execute("SELECT id FROM ghostflow_teams")).fetchone()
        assert row is not None
        team: UUID = row[0]
        await add_some(conn, team, clicks, quarters)
    return team


async def test_sets_and_rows_agree_in_any_snapshot_while_others_write_fold_and_seal(
    db: Database,
) -> None:
    team = await populated(db, 200)
    while await roll(db) or await seal(db, settle=timedelta(0)):
        pass
    reader = Reader(db, concurrency_count=2, timeout_seconds=60)
    # However few sets hold, they are worth a try here.
    with patch.object(seen, "_MOST_OF_ROWS", 1), patch.object(seen, "_PIECE", 64):
        async with others(db.url, team) as writers:
            while not all(task.done() for task in writers):
                async with reader.snapshot() as conn:
                    await compare(conn, team)
        while await roll(db) or await seal(db, settle=timedelta(0)):
            pass
        for _ in range(20):
            async with reader.snapshot() as conn:
                await compare(conn, team)


class Sealer:
    """Seals, and stands still where all is written and nothing committed, as long as we like."""

    def __init__(self, db: Database, gate: psycopg.AsyncConnection[object]) -> None:
        self._db = db
        self._gate = gate
        self._task: asyncio.Task[bool] | None = None

    async def begin_or_end(self) -> None:
        if self._task is not None:
            await self._gate.rollback()
            await self._task
            self._task = None
            return
        await self._gate.execute(STOP)
        self._task = asyncio.create_task(seal(self._db, settle=timedelta(0)))
        while not self._task.done():
            if await (await self._gate.execute(WAITING)).fetchall():
                return
            await asyncio.sleep(0)
        await self.begin_or_end()


async def history(db: Database, another: Database, team: UUID) -> None:
    """Anything between the steps of a seal that takes long."""
    reader = Reader(db, concurrency_count=1, timeout_seconds=300)
    sets = {grain: [*statements, STOP] for grain, statements in sealing._SETS.items()}
    async with await psycopg.AsyncConnection.connect(db.url) as gate:
        sealer = Sealer(another, gate)

        async def add() -> None:
            async with db.transaction() as conn:
                await add_some(conn, team, 2, FEW)

        async def remove() -> None:
            async with db.connection() as conn:
                await conn.execute(f"DELETE FROM ghostflow_clicks {SOME}".encode())

        async def fold_some() -> None:
            await roll(db, batch=random.choice([1, 2, 1000]))

        steps = [add, remove, fold_some, fold_some, *[sealer.begin_or_end] * 6]
        with patch.dict(sealing._SETS, sets):
            for _ in range(STEPS):
                await random.choice(steps)()
                async with reader.snapshot() as conn:
                    await compare(conn, team, whole=True)
            await gate.rollback()
            await sealer.begin_or_end()


async def test_sets_and_rows_agree_at_every_step_of_a_seal_that_takes_long(db: Database) -> None:
    team = await populated(db, 20, FEW)
    another = await Database.open(db.url, application_name="another", wait_seconds=300)
    try:
        with patch.object(seen, "_MOST_OF_ROWS", 1), patch.object(seen, "_PIECE", 8):
            await history(db, another, team)
    finally:
        await another.close()


async def test_report_that_is_given_up_in_the_middle_leaves_its_connection_usable(
    db: Database,
) -> None:
    team = await populated(db, 200)
    while await roll(db) or await seal(db, settle=timedelta(0)):
        pass
    period = Period(ZoneInfo("UTC"), FIRST, FIRST + timedelta(days=2), None)
    asked = Question(team, period, "UTC", "click", "include", "USD", Filters())
    hours = by_bucket("hour", period)
    begun = asyncio.Event()

    class Slow(Uniting):
        def add(self, sets: Iterable[tuple[str | None, bytes]]) -> None:
            loop.call_soon_threadsafe(begun.set)
            super().add(sets)

    loop = asyncio.get_running_loop()
    async with db.transaction() as conn:
        with patch.object(seen, "_PIECE", 8), patch.object(seen, "Uniting", Slow):
            task = asyncio.create_task(count_visitors(conn, asked, hours))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    async with db.transaction() as conn:
        assert await count_visitors(conn, asked, hours) == await count_by_rows(conn, asked, hours)
