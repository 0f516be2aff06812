"""Whoever writes, folds and seals meanwhile: in one snapshot, sets say what the rows say."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from unittest.mock import patch
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from quintet_server.services.ghostflow.filters import Condition, Filters
from quintet_server.services.ghostflow.reports import seen
from quintet_server.services.ghostflow.reports.counting import count_visitors
from quintet_server.services.ghostflow.reports.grouping import Grouping, by_bucket, by_dimensions
from quintet_server.services.ghostflow.reports.periods import Period
from quintet_server.services.ghostflow.reports.questions import BOTS, Question
from quintet_server.services.ghostflow.reports.reading import Reader
from quintet_server.services.ghostflow.reports.rolling import roll
from quintet_server.services.ghostflow.reports.sealing import seal
from quintet_server.services.ghostflow.reports.visitors import count_by_rows
from quintet_server.store.background import end
from quintet_server.store.database import Connection, Database

from .traffic import utc

FIRST = utc("2025-03-01T00:00")
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
TRANSACTIONS = 12


async def add_some(conn: psycopg.AsyncConnection[object], team: UUID, count: int) -> None:
    pick = random.choice
    rows = [
        (
            *(team, pick(IDS), pick([None, *IDS]), pick([None, *IDS])),
            FIRST + timedelta(minutes=15) * random.randrange(QUARTERS),
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


async def tidy(db: Database) -> None:
    """What servers do beside us."""
    while True:
        await roll(db, batch=random.choice([1, 3, 1000]))
        await seal(db, settle=timedelta(0))


@asynccontextmanager
async def others(url: str, team: UUID) -> AsyncIterator[Sequence[asyncio.Task[None]]]:
    """Yields who writes; in the end everybody has stopped, and nobody has failed."""
    servers = [await Database.open(url, application_name="another") for _ in range(2)]
    writers = [asyncio.create_task(write(url, team)) for _ in range(2)]
    tidiers = [asyncio.create_task(tidy(db)) for db in servers]
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


async def compare(conn: Connection, team: UUID) -> None:
    asked = question(team)
    for grouping in groupings(asked.period):
        by_rows = await count_by_rows(conn, asked, grouping)
        found = await count_visitors(conn, asked, grouping)
        assert found.total == by_rows.total, (asked, grouping)
        if grouping.names:  # else the one row is the total
            assert found.by_key == by_rows.by_key, (asked, grouping)


async def test_sets_and_rows_agree_in_any_snapshot_while_others_write_fold_and_seal(
    db: Database,
) -> None:
    async with db.connection() as conn:
        await conn.execute(
            "INSERT INTO projects (id, service, name) VALUES ('p', 'ghostflow', 'P')"
        )
        [[team]] = await (await conn.execute("SELECT id FROM ghostflow_teams")).fetchall()
        await add_some(conn, team, 200)
    while await roll(db) or await seal(db, settle=timedelta(0)):
        pass
    reader = Reader(db, concurrency_count=2, timeout_seconds=60)
    # However few sets hold, they are worth a try here.
    with patch.object(seen, "_MOST_OF_ROWS", 1):
        async with others(db.url, team) as writers:
            while not all(task.done() for task in writers):
                async with reader.snapshot() as conn:
                    await compare(conn, team)
        while await roll(db) or await seal(db, settle=timedelta(0)):
            pass
        for _ in range(20):
            async with reader.snapshot() as conn:
                await compare(conn, team)
