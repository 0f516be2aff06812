"""Migrations: once each, whole, in order, and refusing what does not fit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from quintet_server.store import migrate as subject
from quintet_server.store.database import Database
from quintet_server.store.migrate import (
    Migration,
    MigrationError,
    list_migrations,
    migrate,
    pending_migrations,
)


@pytest.fixture
async def empty(empty_database_url: str) -> AsyncIterator[Database]:
    db = await Database.open(empty_database_url, application_name="test")
    yield db
    await db.close()


def use(monkeypatch: pytest.MonkeyPatch, *steps: tuple[str, str]) -> None:
    monkeypatch.setattr(subject, "list_migrations", lambda: [Migration(*step) for step in steps])


async def test_real_migrations_apply_once_in_order(empty: Database) -> None:
    names = [step.name for step in list_migrations()]
    assert names == sorted(names)
    assert await pending_migrations(empty) == names
    assert await migrate(empty) == names
    assert await migrate(empty) == []
    assert await pending_migrations(empty) == []


async def test_processes_that_start_at_once_apply_each_step_once(empty: Database) -> None:
    done = await asyncio.gather(*(migrate(empty) for _ in range(4)))
    assert sorted(done, key=len) == [[], [], [], [step.name for step in list_migrations()]]


async def test_failing_step_leaves_the_ones_before_it_and_nothing_of_itself(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, ("0001_a", "CREATE TABLE a ()"), ("0002_b", "CREATE TABLE b (); SELECT 1/0"))
    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(empty)
    assert await pending_migrations(empty) == ["0002_b"]
    async with empty.connection() as conn:
        row = await (await conn.execute("SELECT to_regclass('a'), to_regclass('b')")).fetchone()
    assert row == ("a", None)


async def test_changed_step_is_refused(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, ("0001_a", "CREATE TABLE a ()"))
    await migrate(empty)
    use(monkeypatch, ("0001_a", "CREATE TABLE a (n int)"), ("0002_b", "CREATE TABLE b ()"))
    with pytest.raises(MigrationError, match="0001_a"):
        await migrate(empty)


async def test_database_of_a_newer_version_is_refused(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, ("0001_a", "CREATE TABLE a ()"), ("0002_b", "CREATE TABLE b ()"))
    await migrate(empty)
    use(monkeypatch, ("0001_a", "CREATE TABLE a ()"))
    with pytest.raises(MigrationError, match="newer version"):
        await migrate(empty)
