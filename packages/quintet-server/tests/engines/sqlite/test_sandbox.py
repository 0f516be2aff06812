"""Statements that mean harm are refused or end at a bound, and nobody else notices."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from quintet_server.engines.sqlite import Databases, SqlBusy, SqlError, Statement

from . import hostile
from .conftest import FOREVER

PROGRAM = Path(hostile.__file__)


async def outcome(databases, statement, database="victim"):
    """The kind of error a statement ends with, None if it succeeds; and its seconds of CPU."""
    started = time.process_time()
    try:
        await databases.query(database, statement)
    except SqlError as error:
        return error.kind, time.process_time() - started
    return None, time.process_time() - started


@pytest.fixture
async def victim(tmp_path):
    databases = Databases(hostile.SETTINGS, tmp_path / "sqlite")
    await databases.start()
    for statement in hostile.SCHEMA:
        await databases.query("victim", statement)
    yield databases
    await databases.stop()


async def test_statements_that_reach_out_of_the_database_are_forbidden(victim):
    for statement in hostile.FORBIDDEN:
        kind, _ = await outcome(victim, statement)
        assert kind == "forbidden", statement
    assert not Path("/tmp/stolen.db").exists()
    assert (await victim.query("victim", "PRAGMA integrity_check")).rows == [
        {"integrity_check": "ok"}
    ]


async def test_statements_that_sqlite_does_not_accept_change_nothing(victim):
    for statement in hostile.INVALID:
        kind, _ = await outcome(victim, statement)
        assert kind in {"syntax", "too_big", "no_table", "no_column", "constraint"}, statement
    names = await victim.query("victim", "SELECT name FROM treasure ORDER BY id")
    assert names.rows == [{"name": "gold"}, {"name": "silver"}]


async def test_endless_and_huge_statements_end_within_their_time_and_leave_the_file_intact(
    victim, tmp_path
):
    slowest = {}
    for statement in hostile.BOUNDED:
        _, slowest[statement] = await outcome(victim, statement)
    # A function at work cannot be interrupted, so that some are over their time, never by much.
    statement, seconds = max(slowest.items(), key=lambda one: one[1])
    assert seconds < 10 * hostile.SETTINGS.statement_seconds, statement[:200]
    names = await victim.query("victim", "SELECT name FROM treasure ORDER BY id")
    assert names.rows == [{"name": "gold"}, {"name": "silver"}]
    await victim.stop()
    path = tmp_path / "sqlite" / "victim.db"
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    assert database.pragma("integrity_check") == "ok"
    database.close()
    assert path.stat().st_size <= hostile.SETTINGS.database_max_bytes
    assert [file.name for file in path.parent.iterdir()] == ["victim.db"]


def test_hostile_statements_do_not_fill_the_memory(tmp_path):
    command = [sys.executable, str(PROGRAM), str(tmp_path / "sqlite")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    idle, peak = map(int, printed.split())
    # All that SQLite may hold, and what of it Python has copied.
    assert peak - idle < 3 * hostile.SETTINGS.heap_max_bytes


async def test_other_projects_are_served_while_one_keeps_every_seat_busy(opened):
    async with opened(statement_seconds=60, threads_count=4, readers_count=2) as databases:
        await databases.query("good", "CREATE TABLE t (a)")
        bad = [
            asyncio.create_task(databases.query("bad", f"/* {n} */ {FOREVER}")) for n in range(20)
        ]
        writing = "CREATE TABLE x AS " + FOREVER
        bad += [asyncio.create_task(databases.query("bad", writing)) for _ in range(5)]
        for number in range(50):
            await databases.query("good", "INSERT INTO t VALUES (?)", (number,))
            counted = await databases.query("good", "SELECT count(*) AS n FROM t")
            assert counted.rows == [{"n": number + 1}]
        # Every one of these came before the first of those has ended.
        assert not any(task.done() for task in bad)
        for task in bad:
            task.cancel()
        await asyncio.gather(*bad, return_exceptions=True)


async def test_waiting_projects_take_turns_whatever_the_length_of_their_queues(opened):
    async with opened(threads_count=2, readers_count=1, waiting_count=1_000) as databases:
        for name in ("many", "few"):
            await databases.query(name, "CREATE TABLE t (a)")
        # One thread is left, which they have to share.
        busy = asyncio.create_task(databases.query("busy", FOREVER))
        await asyncio.sleep(0)
        order = []

        async def write(name):
            await databases.query(name, "INSERT INTO t VALUES (randomblob(1000))")
            order.append(name)

        crowd = [asyncio.create_task(write("many")) for _ in range(200)]
        crowd += [asyncio.create_task(write("few")) for _ in range(5)]
        await asyncio.gather(*crowd)
        assert order.index("few") < 20
        assert max(n for n, name in enumerate(order) if name == "few") < 100
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)


async def test_statements_beyond_the_queue_are_refused_at_once(opened):
    async with opened(readers_count=1, waiting_count=2, statement_seconds=60) as databases:
        tasks = [asyncio.create_task(databases.query("p", FOREVER)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(SqlBusy, match="Too many"):
            await databases.query("p", "SELECT 1")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (await databases.query("p", "SELECT 1 AS one")).rows == [{"one": 1}]


async def test_statement_that_waits_too_long_for_its_turn_is_refused(opened):
    async with opened(readers_count=1, wait_seconds=0.05, statement_seconds=60) as databases:
        task = asyncio.create_task(databases.query("p", FOREVER))
        await asyncio.sleep(0)
        with pytest.raises(SqlBusy, match="too long"):
            await databases.query("p", "SELECT 1")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_cancelled_call_gives_its_seat_back_and_interrupts_nobody_else(opened):
    async with opened(readers_count=1, statement_seconds=60) as databases:
        await databases.query("p", "CREATE TABLE t (a)")
        endless = [FOREVER, f"INSERT INTO t {FOREVER}"]
        for statement in endless:
            task = asyncio.create_task(databases.query("p", statement))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        # With one seat each, these run only when the seats are free again.
        await databases.query("p", "INSERT INTO t VALUES (1)")
        assert (await databases.query("p", "SELECT count(*) AS n FROM t")).rows == [{"n": 1}]


async def test_bytes_that_a_statement_writes_to_disk_on_the_way_are_bounded(opened):
    if not Path("/proc/thread-self/io").exists():
        pytest.skip("this system does not count what a thread writes")
    sort = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 20000) "
        "SELECT count(*) FROM (SELECT randomblob(2000) AS r FROM n ORDER BY r LIMIT 1000000)"
    )
    async with opened(written_max_bytes=4 * 1024 * 1024, statement_seconds=60) as databases:
        with pytest.raises(SqlError, match="wrote more than") as refused:
            await databases.query("p", sort)
        assert refused.value.kind == "too_big"
    async with opened(statement_seconds=60) as databases:
        assert (await databases.query("p", sort)).row_count == 1


async def test_statement_of_ours_sent_by_a_tenant_is_judged_like_any_other(databases):
    await databases.query("p", "CREATE TABLE t (a)")
    await databases.query("p", "INSERT INTO t VALUES (1)", key="k", fingerprint=b"f")
    from quintet_server.engines.sqlite import requests

    for statement, params in (
        (requests._RECALL, ("k",)),
        (requests._REMEMBER, ("k", "f", 0, "[]")),
        (requests._FORGET, (9e9,)),
    ):
        with pytest.raises(SqlError) as refused:
            await databases.query("p", statement, params)
        assert refused.value.kind == "forbidden"
    again = await databases.query("p", "INSERT INTO t VALUES (1)", key="k", fingerprint=b"f")
    assert again.replayed


async def test_result_too_large_leaves_nothing_of_the_write_that_returned_it(opened):
    async with opened(rows_max_count=10) as databases:
        await databases.query("p", "CREATE TABLE t (a)")
        many = "INSERT INTO t SELECT value FROM json_each(?) RETURNING a"
        with pytest.raises(SqlError, match="more than 10 rows") as refused:
            await databases.query("p", many, (str(list(range(11))),))
        assert refused.value.kind == "too_big"
        assert (await databases.query("p", "SELECT count(*) AS n FROM t")).rows == [{"n": 0}]
        await databases.query("p", many, (str(list(range(10))),))


async def test_batch_shares_the_bounds_of_one_answer(opened):
    async with opened(rows_max_count=10) as databases:
        six = Statement("SELECT value FROM json_each('[1,2,3,4,5,6]')")
        first, second = await databases.batch("p", [six, six], atomic=False)
        assert first.row_count == 6
        assert second.kind == "too_big"


async def test_patch_hidden_in_a_view_does_not_escape_the_bound_on_values(databases):
    large = "json('[\"' || hex(zeroblob(50000)) || '\"]')"
    with pytest.raises(SqlError) as refused:
        await databases.query("p", f"SELECT json_patch({large}, '{{}}')")
    assert refused.value.kind == "too_big"
    assert (await databases.query("p", f"SELECT length({large}) AS n")).rows == [{"n": 100_004}]
    patched = "SELECT json_array(json_patch('{\"a\":1}', '{\"b\":2}')) AS j"
    assert (await databases.query("p", patched)).rows == [{"j": '[{"a":1,"b":2}]'}]
    with pytest.raises(SqlError) as refused:
        await databases.query("p", "CREATE VIEW v AS SELECT json_patch('{}', '{}')")
    assert refused.value.kind == "forbidden"
