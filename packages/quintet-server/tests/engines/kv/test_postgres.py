"""What only the store in PostgreSQL has: transactions, shared statements, sweeping with others."""

from __future__ import annotations

import asyncio

import pytest

from quintet_server.engines.kv.model import Entry, NotAnInteger
from quintet_server.engines.kv.postgres import PostgresKv
from quintet_server.engines.kv.settings import KvSettings

from .conftest import Shelf

pytestmark = pytest.mark.engines


@pytest.fixture
def kv(db) -> PostgresKv:
    return PostgresKv(db, KvSettings(url=None))


class Left(Exception):
    pass


async def test_writes_in_a_transaction_go_with_it(kv, shelf, db) -> None:
    await shelf.fill("old", "expires", "counter")

    async def change(conn) -> None:
        await kv.set(shelf.space, Entry("new", b"1"), conn=conn)
        await kv.set_many(shelf.space, [Entry("old", b"2")], conn=conn)
        await kv.increment(shelf.space, "counter", 5, conn=conn)
        await kv.expire(shelf.space, "expires", 5, conn=conn)
        assert await kv.delete(shelf.space, "expires", conn=conn) is True
        assert await kv.delete_many(shelf.space, ["expires", "old"], conn=conn) == 1
        assert (await kv.flush(shelf.space, prefix="", cap=10, conn=conn)).deleted == 2

    with pytest.raises(Left):
        async with db.transaction() as conn:
            await change(conn)
            raise Left
    assert await shelf.many("old", "expires", "counter", "new") == [b"1", b"1", b"1", None]
    async with db.transaction() as conn:
        await change(conn)
    assert await shelf.names() == []


async def test_refused_increment_spoils_no_others_and_no_transaction(kv, shelf, db) -> None:
    await shelf.put("text", b'"x"')
    asked = [shelf.add(key) for key in ("a", "text", "b", "a", "text")]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [each if isinstance(each, int) else type(each) for each in found] == [
        1,
        NotAnInteger,
        1,
        2,
        NotAnInteger,
    ]
    async with db.transaction() as conn:
        with pytest.raises(NotAnInteger):
            await kv.increment(shelf.space, "text", 1, conn=conn)
        await kv.set(shelf.space, Entry("a", b"9"), conn=conn)
    assert await shelf.get("a") == b"9"


async def test_calls_that_come_together_share_statements(kv, shelf, db, monkeypatch) -> None:
    taken = 0
    lend = db.connection

    def count():
        nonlocal taken
        taken += 1
        return lend()

    monkeypatch.setattr(db, "connection", count)
    await asyncio.gather(*(shelf.put(f"k{n}", b"%d" % n) for n in range(100)))
    found = await asyncio.gather(*(shelf.get(f"k{n % 100}") for n in range(200)))
    assert found == [b"%d" % (n % 100) for n in range(200)]
    await asyncio.gather(*(shelf.add("c") for _ in range(100)))
    assert taken < 15


async def test_shared_read_leaves_large_values_where_they_are(shelf) -> None:
    large = b'"' + b"x" * 200_000 + b'"'
    await shelf.put("large", large)
    await shelf.put("small", b"1")
    found = await asyncio.gather(*(shelf.get(key) for key in ("small", "large", "none", "large")))
    assert found == [b"1", large, None, large]


async def test_sweep_steps_over_what_others_have_locked(kv, shelf, db, advance) -> None:
    for key in ("a", "b", "c"):
        await shelf.put(key, b"1", 1)
    await advance(2)
    async with db.transaction() as conn:
        await conn.execute(
            "SELECT 1 FROM kv_entries WHERE space = %s AND key = 'b' FOR UPDATE", (shelf.space,)
        )
        swept = asyncio.create_task(kv.sweep())
        assert await asyncio.wait_for(swept, 60) >= 2
    assert await rows(db, shelf) == ["b"]
    await kv.sweep()
    assert await rows(db, shelf) == []


async def test_sweep_goes_in_bounded_steps_to_the_end(db, advance) -> None:
    kv = PostgresKv(db, KvSettings(url=None, sweep_batch_count=7))
    shelf = Shelf(kv)
    await kv.set_many(shelf.space, [Entry(f"k{n}", b"1", 1) for n in range(30)])
    await advance(2)
    assert await kv.sweep() >= 30
    assert await rows(db, shelf) == []


async def test_sweeper_works_by_itself(db, advance) -> None:
    kv = PostgresKv(db, KvSettings(url=None, sweep_period_seconds=0.01))
    shelf = Shelf(kv)
    await kv.start()
    await shelf.put("k", b"1", 1)
    await advance(2)
    async with asyncio.timeout(60):
        while await rows(db, shelf):
            await asyncio.sleep(0.01)
    await kv.stop()


async def test_expired_rows_are_found_by_index(shelf, db) -> None:
    # The table is small here, and other ways to read it cost next to nothing.
    others = ("enable_seqscan", "enable_bitmapscan", "enable_sort")
    async with db.connection() as conn:
        for other in others:
            await conn.execute(f"SET {other} = off".encode())
        for statement, index in (
            (
                "SELECT key FROM kv_entries WHERE expires_at <= quintet_now() "
                "ORDER BY expires_at LIMIT 5",
                "kv_entries_expiry",
            ),
            (
                "SELECT key FROM kv_entries WHERE space = 'a' AND key >= 'b' AND key < 'c' "
                "ORDER BY key LIMIT 5",
                "kv_entries_pkey",
            ),
        ):
            cursor = await conn.execute(f"EXPLAIN {statement}".encode())
            plan = "\n".join(line for (line,) in await cursor.fetchall())
            assert index in plan and "Sort" not in plan, plan
        for other in others:
            await conn.execute(f"RESET {other}".encode())


async def rows(db, shelf) -> list[str]:
    async with db.connection() as conn:
        cursor = await conn.execute(
            "SELECT key FROM kv_entries WHERE space = %s ORDER BY key", (shelf.space,)
        )
        return [key for (key,) in await cursor.fetchall()]
