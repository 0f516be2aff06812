"""The pool: JSON, transactions, dead connections, and what cannot be reached."""

from __future__ import annotations

import socket

import psycopg
import pytest
from psycopg.types.json import Jsonb

from quintet_server.store import database
from quintet_server.store.database import Database, DatabaseTooOld, DatabaseUnreachable


async def test_json_travels_both_ways(db: Database) -> None:
    value = {"a": [1, 2.5, None, "ü"], "1": True}
    async with db.connection() as conn:
        row = await (
            await conn.execute("SELECT %s::jsonb, %s::json", (Jsonb(value), Jsonb(value)))
        ).fetchone()
    assert row == (value, value)


async def test_transaction_commits_or_rolls_back_as_a_whole(db: Database) -> None:
    async with db.connection() as conn:
        await conn.execute("CREATE TABLE t (n int)")
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(RuntimeError):
        async with db.transaction() as conn:
            await conn.execute("INSERT INTO t VALUES (2)")
            raise RuntimeError
    async with db.connection() as conn:
        assert await (await conn.execute("SELECT n FROM t")).fetchall() == [(1,)]


async def test_connection_killed_while_idle_is_replaced_unnoticed(db: Database) -> None:
    async with db.connection() as conn:
        dead = conn.info.backend_pid
    async with await psycopg.AsyncConnection.connect(db.url, autocommit=True) as killer:
        await killer.execute("SELECT pg_terminate_backend(%s, 5000)", (dead,))
    async with db.connection() as conn:
        assert conn.info.backend_pid != dead
        await conn.execute("SELECT 1")


async def test_lock_held_by_another_is_not_waited_for_longer_than_the_bound(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_LOCK_TIMEOUT_MS", 50)
    db = await Database.open(database_url, application_name="test")
    async with db.transaction() as holder, db.connection() as other:
        await holder.execute("LOCK TABLE projects")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await other.execute("SELECT count(*) FROM projects")
    await db.close()


async def test_unreachable_server_is_reported_without_the_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"postgresql://someone:hunter2@127.0.0.1:{port}/x"
    with pytest.raises(DatabaseUnreachable) as raised:
        await Database.open(url, wait_seconds=0)
    assert "hunter2" not in str(raised.value)
    assert str(port) in str(raised.value)


async def test_missing_database_is_reported_at_once(cluster_url: str) -> None:
    url = psycopg.conninfo.make_conninfo(cluster_url, dbname="no_such_database")
    with pytest.raises(DatabaseUnreachable, match="no_such_database"):
        await Database.open(url, wait_seconds=3600)


async def test_old_server_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_OLDEST_VERSION", 990_000)
    with pytest.raises(DatabaseTooOld):
        await Database.open(database_url)
