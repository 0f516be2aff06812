"""Deltas become rollups: whole batches, once, whoever rolls."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg
import pytest

from quintet_server.services.ghostflow.reports import rolling
from quintet_server.services.ghostflow.reports.rolling import Roller, roll
from quintet_server.services.ghostflow.reports.rollups import SEALED, SUBJECTS
from quintet_server.services.ghostflow.reports.sealing import seal
from quintet_server.store.database import Database

TOTAL = """
SELECT (SELECT coalesce(sum(clicks), 0) FROM ghostflow_totals_day),
    (SELECT coalesce(sum(clicks), 0) FROM ghostflow_routes_hour),
    (SELECT coalesce(sum(clicks), 0) FROM ghostflow_deltas)
"""
ADD = """
INSERT INTO ghostflow_clicks (id, team_id, campaign_id, at, visitor_id, is_unique, is_bot, device,
    cost_currency, destination)
SELECT gen_random_uuid(), %s, %s, '2025-01-01T12:00Z'::timestamptz + n * interval '7 min',
    gen_random_uuid(), true, false, 'other', 'USD', '' FROM generate_series(1, %s) n
"""

WAITING = """
SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
KILL = f"SELECT pg_terminate_backend(pid) FROM ({WAITING}) AS waiting"

PROGRAM = """
import asyncio, sys
from datetime import timedelta
from quintet_server.services.ghostflow.reports import rolling
from quintet_server.services.ghostflow.reports.rolling import roll
from quintet_server.services.ghostflow.reports.sealing import seal
from quintet_server.store.database import Database

async def main():
    db = await Database.open(sys.argv[1], application_name="killed")
    await (roll(db) if sys.argv[2] == "roll" else seal(db, settle=timedelta(0)))

asyncio.run(main())
"""


async def team_of(db: Database) -> UUID:
    async with db.connection() as conn:
        await conn.execute(
            "INSERT INTO projects (id, service, name) VALUES ('p', 'ghostflow', 'P')"
        )
        row = await (await conn.execute("SELECT id FROM ghostflow_teams")).fetchone()
    assert row is not None
    id: UUID = row[0]
    return id


async def sums(db: Database) -> tuple[int, ...]:
    async with db.connection() as conn:
        row = await (await conn.execute(TOTAL)).fetchone()
    assert row is not None
    return tuple(map(int, row))


async def test_rollers_at_the_same_time_fold_every_delta_once(db: Database) -> None:
    team = await team_of(db)
    async with db.connection() as conn:
        await conn.execute(ADD, (team, uuid4(), 100))
    assert await roll(db, batch=7) == 7
    while any(await asyncio.gather(*(roll(db, batch=7) for _ in range(3)))):
        pass
    assert await sums(db) == (100, 100, 0)


async def seals(db: Database) -> tuple[int, ...]:
    """Sealed buckets, visitors in their sets, and visitors that have a number."""
    sets = " UNION ALL ".join(
        f"SELECT length(visitors) / 4 AS size FROM ghostflow_seen_totals_{grain}"
        for grain in SEALED
    )
    statement = f"""
        SELECT (SELECT count(*) FROM ghostflow_seals WHERE is_sealed),
            (SELECT coalesce(sum(size), 0) FROM ({sets}) AS sets),
            (SELECT count(*) FROM ghostflow_visitors)
    """
    async with db.connection() as conn:
        row = await (await conn.execute(statement.encode())).fetchone()
    assert row is not None
    return tuple(map(int, row))


@asynccontextmanager
async def standing_still(db: Database, team: UUID, campaign: UUID) -> AsyncIterator[None]:
    """Whoever rolls meanwhile stops when the deltas are taken, at a row that is being written."""
    async with await psycopg.AsyncConnection.connect(db.url) as blocking:
        await blocking.execute(
            "INSERT INTO ghostflow_routes_day (team_id, at, campaign_id, currency, kind, is_bot) "
            "VALUES (%s, '2025-01-01T00:00Z', %s, 'USD', 0, false)",
            (team, campaign),
        )
        yield
        await blocking.rollback()


async def waiting(db: Database, statement: str = WAITING) -> None:
    """Until somebody stands still."""
    async with await psycopg.AsyncConnection.connect(db.url, autocommit=True) as conn:
        while not await (await conn.execute(statement)).fetchall():
            await asyncio.sleep(0.01)


async def test_process_that_is_killed_in_the_middle_of_a_roll_has_done_nothing(
    db: Database,
) -> None:
    team, campaign = await team_of(db), uuid4()
    async with db.connection() as conn:
        await conn.execute(ADD, (team, campaign, 10))
    async with standing_still(db, team, campaign):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, db.url, "roll"
        )
        await waiting(db)
        assert await sums(db) == (0, 0, 10)
        # One rolls at a time, and the others do not wait for it.
        assert await roll(db) == 0
        process.kill()
        assert await process.wait() == -signal.SIGKILL
    # The database finds out when it has come to the end of the statement.
    while not await roll(db):
        assert await sums(db) == (0, 0, 10)
        await asyncio.sleep(0.01)
    assert await sums(db) == (10, 10, 0)


async def test_process_that_is_killed_in_the_middle_of_a_seal_has_done_nothing(
    db: Database,
) -> None:
    team = await team_of(db)
    async with db.connection() as conn:
        await conn.execute(ADD, (team, uuid4(), 3))
    await roll(db)
    async with await psycopg.AsyncConnection.connect(db.url) as blocking:
        # What is written last; the numbers are there, for nobody else to see.
        await blocking.execute("LOCK TABLE ghostflow_seen_routes_hour IN SHARE MODE")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, db.url, "seal"
        )
        await waiting(db)
        process.kill()
        assert await process.wait() == -signal.SIGKILL
        assert await seals(db) == (0, 0, 0)
        await blocking.rollback()
    # The hour and the day; the database finds out about the dead when its statement is over.
    while (await seals(db))[0] < 2:
        assert await seals(db) in [(0, 0, 0), (1, 3, 3)]
        await seal(db, settle=timedelta(0))
        await asyncio.sleep(0.01)
    assert await seals(db) == (2, 6, 3)


async def test_roller_whose_connection_is_ended_rolls_again(db: Database) -> None:
    team, campaign = await team_of(db), uuid4()
    async with db.connection() as conn:
        await conn.execute(ADD, (team, campaign, 10))
    victim = await Database.open(db.url, application_name="victim")
    roller = Roller(victim, period_seconds=0.01)
    async with standing_still(db, team, campaign):
        roller.start()
        await waiting(db, KILL)
    while (await sums(db))[2]:
        await asyncio.sleep(0.01)
    await roller.stop()
    await victim.close()
    assert await sums(db) == (10, 10, 0)


async def test_roller_folds_on_while_a_seal_does_not_come_to_an_end(db: Database) -> None:
    team = await team_of(db)
    begun, never = asyncio.Event(), asyncio.Event()

    async def endless(_db: Database) -> bool:
        begun.set()
        return await never.wait()

    roller = Roller(db, period_seconds=0.01)
    with patch.object(rolling, "seal", endless):
        roller.start()
        await begun.wait()
        async with db.connection() as conn:
            await conn.execute(ADD, (team, uuid4(), 10))
        while (await sums(db))[2]:
            await asyncio.sleep(0.01)
        await roller.stop()
    assert await sums(db) == (10, 10, 0)


async def test_dimensions_of_a_click_cannot_be_changed(db: Database) -> None:
    team = await team_of(db)
    async with db.connection() as conn:
        await conn.execute(ADD, (team, uuid4(), 1))
        await conn.execute("UPDATE ghostflow_clicks SET cost = 1, extra = '{}'")
        columns = {name for subject in SUBJECTS for name in subject.columns}
        for name in sorted(columns | {"id", "team_id", "at", "visitor_id", "is_bot"}):
            with pytest.raises(psycopg.errors.RaiseException):
                await conn.execute(f"UPDATE ghostflow_clicks SET {name} = {name}".encode())


async def test_team_that_goes_takes_its_sums_along(db: Database) -> None:
    team = await team_of(db)
    async with db.connection() as conn:
        await conn.execute(ADD, (team, uuid4(), 5))
    await roll(db)
    while await seal(db, settle=timedelta(0)):
        pass
    tables = [subject.table(grain) for subject in SUBJECTS for grain in subject.grains]
    seen = [subject.seen(grain) for subject in SUBJECTS for grain in subject.grains]
    tables += [table for table in seen if not table.endswith("quarter")]
    tables += [f"ghostflow_{name}" for name in ("seals", "visitors", "visitor_counts")]
    async with db.connection() as conn:
        for table in tables:
            kept = await conn.execute(f"SELECT count(*) > 0 FROM {table}".encode())
            assert await kept.fetchone() == (True,), table
        await conn.execute(ADD, (team, uuid4(), 5))
        await conn.execute("DELETE FROM ghostflow_teams")
        for table in ("ghostflow_deltas", *tables):
            left = await conn.execute(f"SELECT count(*) FROM {table}".encode())
            assert await left.fetchone() == (0,), table
