"""Time as the database tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from quintet_server.store import clock
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus


async def ahead(db: Database) -> timedelta:
    async with db.connection() as conn:
        row = await (await conn.execute("SELECT quintet_now() - now()")).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


@pytest.fixture
async def bus(db: Database) -> AsyncIterator[NotifyBus]:
    bus = NotifyBus()
    await bus.start(db)
    yield bus
    await bus.stop()


async def test_jumps_add_up_and_can_be_taken_back(db: Database, advance: Any) -> None:
    assert await ahead(db) == timedelta(0)
    await advance(90)
    await advance(0.5)
    assert await ahead(db) == timedelta(seconds=90.5)
    assert await clock.reset(db) == 0.0
    assert await ahead(db) == timedelta(0)


async def test_open_connections_with_prepared_statements_see_the_jump(
    db: Database, advance: Any
) -> None:
    async with db.connection() as conn:
        for _ in range(10):  # psycopg prepares after the fifth
            await conn.execute("SELECT quintet_now() - now()")
        await advance(3600)
        row = await (await conn.execute("SELECT quintet_now() - now()")).fetchone()
    assert row == (timedelta(hours=1),)


@pytest.mark.parametrize("seconds", [0.0, 3600.0])
async def test_planner_sees_through_the_function_and_uses_indexes(
    db: Database, advance: Any, seconds: float
) -> None:
    if seconds:
        await advance(seconds)
    async with db.transaction() as conn:
        await conn.execute("SET LOCAL enable_seqscan = off")
        rows = await (
            await conn.execute(
                "EXPLAIN SELECT 1 FROM events WHERE created_at < quintet_now() - interval '1 day'"
            )
        ).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert "Index Cond: (created_at <" in plan
    assert "quintet_now" not in plan


async def test_process_follows_jumps_when_notified(db: Database, bus: NotifyBus) -> None:
    subject = Clock(db, bus)
    await subject.start()
    before = subject.now()
    moved = asyncio.Event()
    await clock.advance(db, 500)
    while subject.shift_seconds != 500:
        bus.subscribe("clock", lambda _: moved.set())
        await asyncio.wait_for(moved.wait(), 60)
    assert 500 <= subject.now() - before < 560


async def test_jump_told_of_while_the_time_is_read_is_not_forgotten(
    db: Database, bus: NotifyBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = Clock(db, bus)
    await subject.start()
    has_read, go_on = asyncio.Event(), asyncio.Event()
    read = subject._read

    async def slowly() -> tuple[float, float]:
        found = await read()
        has_read.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(subject, "_read", slowly)
    subject._moved(None)  # as after a new connection
    await has_read.wait()
    await clock.advance(db, 500)
    subject._moved("500")  # by the bus as well, whenever it comes
    go_on.set()
    assert subject._refreshing is not None
    await subject._refreshing
    assert subject.shift_seconds == 500


async def test_concurrent_jumps_all_count(db: Database) -> None:
    await asyncio.gather(*(clock.advance(db, 1) for _ in range(8)))
    assert await ahead(db) == timedelta(seconds=8)
