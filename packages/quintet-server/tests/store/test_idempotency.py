"""Replies stored with their writes. On the wire: tests/http/test_idempotency.py."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from quintet_server.store.database import Connection, Database
from quintet_server.store.event_log import append, read
from quintet_server.store.idempotency import IdempotencyStore, InProgress, KeyReuse, Reply

DAY = timedelta(days=1)


def replying(status: int = 200, body: bytes = b"{}") -> Any:
    async def action(_conn: Connection) -> Reply:
        return Reply(status, body, (("X-A", "b"),))

    return action


async def never(_conn: Connection) -> Reply:
    raise AssertionError("ran although its reply is stored")


async def test_reply_is_stored_byte_for_byte(db: Database) -> None:
    store = IdempotencyStore(db, ttl=DAY)
    body = bytes(range(256))
    assert await store.run("p", "k", b"f", replying(201, body)) == (
        Reply(201, body, (("X-A", "b"),)),
        False,
    )
    assert await store.run("p", "k", b"f", never) == (Reply(201, body, (("X-A", "b"),)), True)
    with pytest.raises(KeyReuse):
        await store.run("p", "k", b"other", never)
    assert (await store.run("q", "k", b"other", replying()))[1] is False


async def test_waiting_in_the_same_process_is_bounded(db: Database) -> None:
    store = IdempotencyStore(db, ttl=DAY, wait_seconds=0.01)
    release = asyncio.Event()

    async def slow(_conn: Connection) -> Reply:
        await release.wait()
        return Reply(200, b"")

    first = asyncio.create_task(store.run("p", "k", b"f", slow))
    await asyncio.sleep(0)
    with pytest.raises(InProgress):
        await store.run("p", "k", b"f", never)
    release.set()
    assert (await first)[1] is False
    assert (await store.run("p", "k", b"f", never))[1] is True


async def test_waiting_for_another_process_is_bounded(db: Database) -> None:
    here, there = IdempotencyStore(db, ttl=DAY), IdempotencyStore(db, ttl=DAY)
    release, running = asyncio.Event(), asyncio.Event()

    async def slow(_conn: Connection) -> Reply:
        running.set()
        await release.wait()
        return Reply(200, b"")

    first = asyncio.create_task(here.run("p", "k", b"f", slow))
    await running.wait()
    async with db.connection() as conn:  # the pool's one idle connection, used next by `there`
        await conn.execute("SET lock_timeout = 20")
    with pytest.raises(InProgress):
        await there.run("p", "k", b"f", never)
    release.set()
    await first


async def test_cancelled_request_leaves_nothing_and_frees_the_key(db: Database) -> None:
    store = IdempotencyStore(db, ttl=DAY)
    running = asyncio.Event()

    async def hangs(conn: Connection) -> Reply:
        await conn.execute("CREATE TABLE trace ()")
        running.set()
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(store.run("p", "k", b"f", hangs))
    await running.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with db.connection() as conn:
        row = await (await conn.execute("SELECT to_regclass('trace')")).fetchone()
    assert row == (None,)
    assert (await store.run("p", "k", b"f", replying()))[1] is False


async def test_purge_deletes_what_has_expired(db: Database, advance: Any) -> None:
    store = IdempotencyStore(db, ttl=DAY)
    for n in range(5):
        await store.run("p", f"old{n}", b"f", replying())
    await advance(86_401)
    await store.run("p", "new", b"f", replying())
    assert await store.purge(batch=2) == 5
    assert (await store.run("p", "new", b"f", never))[1] is True


async def test_refusal_is_kept_without_what_was_written_before_it(db: Database) -> None:
    store = IdempotencyStore(db, ttl=DAY)

    async def refused(conn: Connection) -> Reply:
        await append(conn, "p", "written", "x", {})
        return Reply(409, b"no")

    for replayed in (False, True):
        action = never if replayed else refused
        found = await store.run("p", "k", b"f", action, keeps_refusals=True)
        assert found == (Reply(409, b"no"), replayed)
    async with db.connection() as conn:
        assert await read(conn, "written") == []


@pytest.mark.parametrize(("status", "keeps_refusals"), [(503, True), (409, False)])
async def test_other_failures_free_the_key(db: Database, status: int, keeps_refusals: bool) -> None:
    store = IdempotencyStore(db, ttl=DAY)
    for _ in range(2):
        found = await store.run(*("p", "k", b"f", replying(status)), keeps_refusals=keeps_refusals)
        assert found == (Reply(status, b"{}", (("X-A", "b"),)), False)
