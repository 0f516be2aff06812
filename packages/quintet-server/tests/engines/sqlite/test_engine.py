"""Files, transactions, keys: what a call leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from quintet_server.engines.sqlite import (
    Databases,
    KeyReused,
    SqlError,
    SqliteSettings,
    Statement,
)

from . import ledger_process
from .ledger_process import NEXT

LEDGER = Path(ledger_process.__file__)


async def kind_of(call):
    with pytest.raises(SqlError) as refused:
        await call
    return refused.value.kind


async def rows(databases, sql, *params, database="p"):
    return [tuple(row.values()) for row in (await databases.query(database, sql, params)).rows]


@pytest.mark.parametrize("name", ["", "../p", "a/b", "a.b", "p\0", "x" * 200])
async def test_name_that_leads_elsewhere_is_refused(databases, name):
    with pytest.raises(ValueError, match="name of a database"):
        await databases.query(name, "SELECT 1")


async def test_files_are_readable_by_their_owner_only(databases):
    await databases.query("p", "CREATE TABLE t (a)")
    assert stat.S_IMODE(databases.folder.stat().st_mode) == 0o700
    assert databases.list() == ["p"]


async def test_databases_beyond_the_open_ones_are_closed_and_opened_again(opened, tmp_path):
    async with opened(open_count=2) as databases:
        for number in range(6):
            await databases.query(f"p{number}", "CREATE TABLE t (a)")
            await databases.query(f"p{number}", "INSERT INTO t VALUES (?)", (number,))
        # Of a closed one no log is left beside it.
        await asyncio.gather(*databases._closing)
        assert len(list(databases.folder.glob("*-wal"))) == 2
        for number in range(6):
            assert await rows(databases, "SELECT a FROM t", database=f"p{number}") == [(number,)]


async def test_many_projects_at_once_with_few_open_files(opened):
    async with opened(open_count=3, threads_count=4) as databases:

        async def use(number):
            name = f"p{number % 12}"
            await databases.query(name, "CREATE TABLE IF NOT EXISTS t (a)")
            await databases.query(name, "INSERT INTO t VALUES (?)", (number,))

        await asyncio.gather(*(use(number) for number in range(120)))
        for number in range(12):
            assert await rows(databases, "SELECT count(*) FROM t", database=f"p{number}") == [(10,)]


async def test_strict_call_changes_no_schema_even_with_a_statement_prepared_before(databases):
    create = "CREATE TABLE IF NOT EXISTS t (a)"
    await databases.query("p", create)
    await databases.query("p", create)
    assert await kind_of(databases.query("p", create, allow_ddl=False)) == "schema_locked"
    for sql in ("DROP TABLE t", "ALTER TABLE t ADD COLUMN b", "CREATE INDEX i ON t (a)", "REINDEX"):
        assert await kind_of(databases.query("p", sql, allow_ddl=False)) == "schema_locked", sql
    listing = "SELECT name FROM sqlite_master"
    assert ("t",) in await rows(databases, listing)
    assert await kind_of(databases.query("p", listing, allow_ddl=False)) == "forbidden"
    await databases.query("p", "INSERT INTO t VALUES (1)", allow_ddl=False)


async def test_foreign_keys_are_enforced(databases):
    await databases.query("p", "CREATE TABLE a (id INTEGER PRIMARY KEY)")
    await databases.query("p", "CREATE TABLE b (a REFERENCES a)")
    assert await kind_of(databases.query("p", "INSERT INTO b VALUES (7)")) == "constraint"


async def test_deferred_foreign_keys_last_for_one_atomic_batch(databases):
    await databases.query("p", "CREATE TABLE a (id INTEGER PRIMARY KEY)")
    await databases.query("p", "CREATE TABLE b (a REFERENCES a)")
    child, parent = Statement("INSERT INTO b VALUES (7)"), Statement("INSERT INTO a VALUES (7)")
    defer = Statement("PRAGMA defer_foreign_keys = ON")
    await databases.batch("p", [defer, child, parent], atomic=True)
    broken = databases.batch("p", [defer, Statement("INSERT INTO b VALUES (8)")], atomic=True)
    assert await kind_of(broken) == "constraint"
    assert await kind_of(databases.query("p", "INSERT INTO b VALUES (8)")) == "constraint"


async def test_size_of_a_database_is_bounded_and_what_is_deleted_is_used_again(opened):
    async with opened(database_max_bytes=1024 * 1024) as databases:
        await databases.query("p", "CREATE TABLE t (a)")
        fill = "INSERT INTO t VALUES (zeroblob(100000))"
        with pytest.raises(SqlError) as refused:
            for _ in range(20):
                await databases.query("p", fill)
        assert refused.value.kind == "full"
        assert (await databases.usage("p")).size_bytes <= 1024 * 1024
        await databases.query("p", "DELETE FROM t")
        await databases.query("p", fill)


async def test_schema_is_bounded(opened):
    async with opened(schema_max_count=10) as databases:
        with pytest.raises(SqlError) as refused:
            for number in range(20):
                await databases.query("p", f"CREATE TABLE t{number} (a)")
        assert refused.value.kind == "full"


async def test_changed_schema_is_seen_by_statements_prepared_before(databases):
    await databases.query("p", "CREATE TABLE t (a)")
    await databases.query("p", "INSERT INTO t VALUES (1)")
    ask = Statement("SELECT * FROM t")
    for change, row in (
        ("ALTER TABLE t ADD COLUMN b DEFAULT 2", {"a": 1, "b": 2}),
        ("ALTER TABLE t RENAME COLUMN b TO c", {"a": 1, "c": 2}),
        ("ALTER TABLE t DROP COLUMN a", {"c": 2}),
    ):
        await databases.query("p", ask.sql)
        await databases.query("p", change)
        assert (await databases.query("p", ask.sql)).rows == [row]


async def test_full_text_tables_work_and_their_shadows_are_protected(databases):
    await databases.query("p", "CREATE VIRTUAL TABLE f USING fts5(body)")
    await databases.query("p", "INSERT INTO f VALUES ('the quick brown fox'), ('a lazy dog')")
    assert await rows(databases, "SELECT body FROM f WHERE f MATCH ?", "quick") == [
        ("the quick brown fox",)
    ]
    assert await rows(databases, "SELECT highlight(f, 0, '<', '>') FROM f('fox')") == [
        ("the quick brown <fox>",)
    ]
    assert await kind_of(databases.query("p", "DELETE FROM f_data")) == "syntax"


async def test_schema_can_be_altered_in_every_way(databases):
    for sql in (
        "CREATE TABLE t (a, b)",
        "CREATE INDEX i ON t (a)",
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE t SET b = 1; SELECT 1; END",
        "ALTER TABLE t ADD COLUMN c DEFAULT 5",
        "ALTER TABLE t RENAME COLUMN c TO d",
        "ALTER TABLE t DROP COLUMN d",
        "ALTER TABLE t RENAME TO u",
        "REINDEX",
        "ANALYZE",
        "INSERT INTO u (a) VALUES (1)",
    ):
        await databases.query("p", sql)
    assert await rows(databases, "SELECT * FROM u") == [(1, 1)]
    assert await rows(databases, "SELECT name FROM pragma_table_info('u')") == [("a",), ("b",)]
    for sql in ("DROP TRIGGER tr", "DROP VIEW v", "DROP INDEX i", "DROP TABLE u"):
        await databases.query("p", sql)


async def test_key_is_forgotten_after_its_time(opened):
    clock = [1_000.0]
    async with opened(now=lambda: clock[0], key_ttl_seconds=60) as databases:
        await databases.query("p", "CREATE TABLE t (a)")
        insert = "INSERT INTO t VALUES (1)"

        async def write(fingerprint=b"f"):
            result = await databases.query("p", insert, key="k", fingerprint=fingerprint)
            return result.replayed

        assert [await write(), await write()] == [False, True]
        with pytest.raises(KeyReused):
            await write(b"other")
        clock[0] += 61
        assert [await write(b"other"), await write(b"other")] == [False, True]
        assert await rows(databases, "SELECT count(*) FROM t") == [(2,)]


async def test_many_with_one_key_at_once_write_once(databases):
    await databases.query("p", "CREATE TABLE t (a)")
    insert = "INSERT INTO t VALUES (1) RETURNING rowid"
    results = await asyncio.gather(
        *(databases.query("p", insert, key="k", fingerprint=b"f") for _ in range(20))
    )
    assert [result.replayed for result in results].count(False) == 1
    assert {result.rows_json for result in results} == {b'[{"rowid":1}]'}
    assert await rows(databases, "SELECT count(*) FROM t") == [(1,)]


async def test_answer_too_long_to_be_kept_for_a_key_undoes_its_write(opened):
    async with opened(key_response_max_bytes=1_000) as databases:
        await databases.query("p", "CREATE TABLE t (a)")
        insert = "INSERT INTO t VALUES (?) RETURNING a"
        call = databases.query("p", insert, ("x" * 2_000,), key="k")
        assert await kind_of(call) == "too_big"
        assert await rows(databases, "SELECT count(*) FROM t") == [(0,)]


async def test_damaged_file_is_our_fault_and_says_nothing_about_the_machine(databases):
    databases.folder.joinpath("p.db").write_bytes(b"this is no database" * 1_000)
    with pytest.raises(SqlError) as refused:
        await databases.query("p", "SELECT 1")
    assert refused.value.kind == "engine"
    assert str(databases.folder) not in refused.value.message


async def test_two_processes_can_use_one_database(databases, tmp_path):
    async with contextlib.AsyncExitStack() as stack:
        second = Databases(SqliteSettings(), databases.folder)
        await second.start()
        stack.push_async_callback(second.stop)
        await databases.query("p", "CREATE TABLE t (a INTEGER PRIMARY KEY)")

        async def write(through):
            for _ in range(30):
                await through.query("p", "INSERT INTO t DEFAULT VALUES")
                assert (await through.query("p", "SELECT max(a) FROM t")).row_count == 1

        await asyncio.gather(write(databases), write(second))
        assert await rows(databases, "SELECT count(*) FROM t") == [(60,)]
        # What one changes of the schema the other sees, a prepared statement included.
        await second.query("p", "ALTER TABLE t ADD COLUMN b DEFAULT 7")
        assert await rows(databases, "SELECT * FROM t WHERE a = 1") == [(1, 7)]


@pytest.mark.kill
@pytest.mark.parametrize("callers", [1, 16])
async def test_writes_acknowledged_before_a_kill_are_there_after_it(opened, tmp_path, callers):
    async with opened() as databases:
        await databases.query("p", "CREATE TABLE t (n INTEGER PRIMARY KEY)")
    command = [sys.executable, str(LEDGER), str(tmp_path / "sqlite"), str(callers)]
    for round_number in range(3):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        count = (40 + 7 * round_number) * min(callers, 4)
        acknowledged = [int(process.stdout.readline()) for _ in range(count)]
        os.kill(process.pid, signal.SIGKILL)
        # A line that the kill has cut short was acknowledged too, but says nothing.
        acknowledged += [int(line) for line in process.stdout.read().split("\n")[:-1]]
        process.wait()
        process.stdout.close()
        last = {number // 1_000_000: number for number in acknowledged}
        async with opened() as databases:
            kept = {n for (n,) in await rows(databases, "SELECT n FROM t")}
            for caller, number in last.items():
                start = caller * 1_000_000
                # All that was acknowledged, each once, and at most one that nobody was told of.
                mine = {n for n in kept if n // 1_000_000 == caller}
                assert mine == set(range(start + 1, start + len(mine) + 1))
                assert number - start <= len(mine) <= number - start + 1
                repeated = await databases.query("p", NEXT, (start,), key=f"key-{number}")
                assert repeated.replayed
                assert repeated.rows == [{"n": number}]
            assert await rows(databases, "PRAGMA integrity_check") == [("ok",)]
