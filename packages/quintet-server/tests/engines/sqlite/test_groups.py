"""Writes that share one commit: each is answered as if it had been alone."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from quintet_server.engines.sqlite import (
    Databases,
    KeyReused,
    SqlBusy,
    SqlError,
    SqliteSettings,
    Statement,
    lanes,
)
from quintet_server.engines.sqlite.connection import Connection
from quintet_server.engines.sqlite.groups import GROUP_MAX_COUNT, Fate
from quintet_server.engines.sqlite.statements import shape_of

from . import hostile
from .conftest import FOREVER, PATIENT

SCHEMA = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)",
    "CREATE TABLE child (t INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a = 'no' "
    "BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
)
SLOW = f"INSERT INTO t VALUES (99, ({FOREVER}))"


class Turns:
    """What the threads did: the fates of every group, and in which order calls came to an end."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.groups: list[list[Fate]] = []
        self.ended: list[str] = []
        self._names: dict[int, str] = {}
        self._works: list[object] = []  # kept alive, so that no two have one id
        run, alone, together = lanes.Crew.run, lanes._done_alone, lanes._done_together

        async def named_run(crew, lane, work):
            self._works.append(work)
            self._names[id(work)] = asyncio.current_task().get_name()
            return await run(crew, lane, work)

        def seen_alone(turn, ticket):
            outcome = alone(turn, ticket)
            self.ended.append(self._names[id(ticket.work)])
            return outcome

        def seen_together(turn):
            outcomes = together(turn)
            self.groups.append([fate for fate, _ in outcomes])
            for ticket, (fate, _) in zip(turn.tickets, outcomes, strict=True):
                if fate is Fate.KEPT:
                    self.ended.append(self._names[id(ticket.work)])
            return outcomes

        patch.setattr(lanes.Crew, "run", named_run)
        patch.setattr(lanes, "_done_alone", seen_alone)
        patch.setattr(lanes, "_done_together", seen_together)


@pytest.fixture
def turns(monkeypatch):
    return Turns(monkeypatch)


@contextlib.asynccontextmanager
async def plugged(databases):
    """Let all calls that are begun in the block wait, and go on together at its end."""
    crew = databases._crew
    usual, crew._settings = crew._settings, SqliteSettings(statement_seconds=600)
    plug = asyncio.create_task(databases.query("p", f"CREATE TABLE plug AS {FOREVER}"), name="plug")
    await asyncio.sleep(0)
    crew._settings = usual
    assert crew._running
    yield
    await asyncio.sleep(0)
    plug.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await plug


async def together(databases, *calls):
    """The results, or errors, of calls that were waiting for one seat at the same time."""
    async with plugged(databases):
        tasks = [asyncio.create_task(call, name=str(n)) for n, call in enumerate(calls)]
    return await asyncio.gather(*tasks, return_exceptions=True)


async def begun(databases):
    for sql in SCHEMA:
        await databases.query("p", sql)


async def ids(databases):
    return [row["id"] for row in (await databases.query("p", "SELECT id FROM t ORDER BY id")).rows]


def insert(databases, number, **more):
    return databases.query("p", "INSERT INTO t VALUES (?, 'a')", (number,), **more)


async def test_writes_that_wait_share_a_commit_and_keep_their_own_counts(databases, turns):
    await begun(databases)
    results = await together(
        databases,
        insert(databases, 5),
        databases.query("p", "INSERT INTO t VALUES (6, 'b'), (7, 'b') RETURNING id"),
        databases.query("p", "UPDATE t SET a = 'c' WHERE id > 4"),
        databases.query("p", "DELETE FROM t WHERE id = 6"),
        databases.query("p", "INSERT INTO t SELECT 8, last_insert_rowid()"),
    )
    assert turns.groups == [[Fate.KEPT] * 5]
    assert [result.changes for result in results] == [1, 2, 3, 1, 1]
    assert [result.last_row_id for result in results] == [5, 7, None, None, 8]
    assert results[1].rows == [{"id": 6}, {"id": 7}]
    assert await ids(databases) == [5, 7, 8]


async def test_more_than_fit_in_a_group_take_several_turns(databases, turns):
    await begun(databases)
    count = 2 * GROUP_MAX_COUNT + 1
    await together(databases, *(insert(databases, number) for number in range(count)))
    assert [len(fates) for fates in turns.groups] == [GROUP_MAX_COUNT] * 2
    assert await ids(databases) == list(range(count))


async def test_writes_that_speak_of_schema_transaction_or_batch_are_done_alone(databases, turns):
    await begun(databases)
    results = await together(
        databases,
        insert(databases, 1),
        databases.query("p", "CREATE INDEX i ON t (a)"),
        insert(databases, 2),
        databases.query("p", "SELECT last_insert_rowid() AS n"),
        databases.batch("p", [Statement("INSERT INTO t VALUES (3, 'a')")], atomic=True),
        databases.query("p", "PRAGMA defer_foreign_keys = ON"),
        insert(databases, 4),
    )
    assert turns.groups == []
    assert not [result for result in results if isinstance(result, Exception)]
    assert results[3].rows == [{"n": 2}]
    assert await ids(databases) == [1, 2, 3, 4]


async def test_write_that_fails_leaves_its_neighbours_and_their_keys_alone(databases, turns):
    await begun(databases)
    await insert(databases, 1, key="used", fingerprint=b"f")
    results = await together(
        databases,
        insert(databases, 2, key="k", fingerprint=b"f"),
        insert(databases, 1),
        databases.query("p", "INSERT INTO t VALUES (3)"),
        databases.query("p", "INSERT INTO nowhere VALUES (3)"),
        databases.query("p", "INSERT INTO t VALUES (?, 'a')"),
        databases.query("p", "DELETE FROM _quintet_requests"),
        insert(databases, 3, key="used", fingerprint=b"other"),
        insert(databases, 4, key="k", fingerprint=b"f"),
        insert(databases, 5),
    )
    assert turns.groups == [[Fate.KEPT] + [Fate.ALONE] * 6 + [Fate.KEPT] * 2]
    kinds = [getattr(result, "kind", type(result).__name__) for result in results[1:7]]
    assert kinds == ["constraint", "syntax", "no_table", "parameters", "forbidden", "KeyReused"]
    assert isinstance(results[6], KeyReused)
    assert [results[0].replayed, results[7].replayed] == [False, True]
    assert await ids(databases) == [1, 2, 5]


async def test_write_that_undoes_the_whole_transaction_costs_nobody_else_anything(databases, turns):
    await begun(databases)
    for number, sql in enumerate(
        ("INSERT OR ROLLBACK INTO t VALUES (1, 'b')", "INSERT INTO t VALUES (50, 'no')")
    ):
        low = 3 * number + 1
        first, failed, last = await together(
            databases,
            insert(databases, low, key=f"k{low}"),
            databases.query("p", sql),
            insert(databases, low + 1, key=f"k{low + 1}"),
        )
        assert failed.kind == "constraint"
        assert not first.replayed and not last.replayed
        assert turns.groups[-1] == [Fate.ALONE] * 3
    assert await ids(databases) == [1, 2, 4, 5]


async def test_foreign_key_that_a_later_neighbour_would_mend_fails_its_own_write(databases, turns):
    await begun(databases)
    orphan, parent, child = await together(
        databases,
        databases.query("p", "INSERT INTO child VALUES (2)", key="k"),
        insert(databases, 1),
        databases.query("p", "INSERT INTO child VALUES (1)"),
    )
    assert turns.groups == [[Fate.ALONE, Fate.KEPT, Fate.KEPT]]
    assert orphan.kind == "constraint"
    assert parent.changes == child.changes == 1


async def test_write_over_the_time_of_a_group_is_done_alone_and_so_are_the_others(opened, turns):
    async with opened(statement_seconds=0.5, crowded_seconds=0.1) as databases:
        await begun(databases)
        first, slow, last = await together(
            databases,
            insert(databases, 1, key="k"),
            databases.query("p", SLOW),
            insert(databases, 2),
        )
        assert turns.groups == [[Fate.ALONE] * 3]
        assert slow.kind == "too_long"
        assert first.changes == last.changes == 1
        assert not first.replayed
        assert await ids(databases) == [1, 2]


async def test_writes_behind_a_long_answer_wait_for_the_next_turn(opened, turns):
    async with opened(response_max_bytes=2_000_000) as databases:
        await begun(databases)
        long = "INSERT INTO t VALUES (?, printf('%.*c', 400000, 'x')) RETURNING a"
        calls = [databases.query("p", long, (number,)) for number in range(3)]
        results = await together(databases, *calls)
        assert turns.groups == [[Fate.KEPT, Fate.LATER, Fate.LATER], [Fate.KEPT, Fate.LATER]]
        assert [result.row_count for result in results] == [1, 1, 1]


@pytest.mark.parametrize("leaver", [0, 1, 2])
async def test_caller_that_leaves_a_group_takes_nobody_along(opened, turns, leaver, monkeypatch):
    async with opened(crowded_seconds=0.3) as databases:
        await begun(databases)
        reached, left = threading.Event(), threading.Event()
        tick = Connection._tick

        def held(connection):  # in the middle of the group
            if any(len(turn.tickets) > 1 for turn in databases._crew._running):
                reached.set()
                assert left.wait(60)
            return tick(connection)

        monkeypatch.setattr(Connection, "_tick", held)
        async with plugged(databases):
            calls = [insert(databases, 1), databases.query("p", SLOW), insert(databases, 2)]
            tasks = [asyncio.create_task(call, name=str(n)) for n, call in enumerate(calls)]
        await asyncio.to_thread(reached.wait, 60)
        tasks[leaver].cancel()
        await asyncio.wait([tasks[leaver]])
        left.set()
        if leaver != 1:  # it would run for all of its time, once it is alone
            while not turns.groups:
                await asyncio.sleep(0.01)
            tasks[1].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[leaver], asyncio.CancelledError)
        stayed = [number for place, number in ((0, 1), (2, 2)) if place != leaver]
        assert await ids(databases) == stayed


async def test_caller_that_leaves_before_its_write_has_begun_is_left_out(
    opened, turns, monkeypatch
):
    reached, left = threading.Event(), threading.Event()
    async with opened(statement_seconds=60, crowded_seconds=60) as databases:

        def tick(_connection):  # in the middle of the rows of a statement
            if any(len(turn.tickets) > 1 for turn in databases._crew._running):
                reached.set()
                assert left.wait(60)
            return False

        monkeypatch.setattr(Connection, "_tick", tick)
        await begun(databases)
        thousand = "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000) "
        some = databases.query("p", thousand + "INSERT INTO t SELECT x, 'a' FROM n")
        async with plugged(databases):
            calls = [some, insert(databases, 2000), insert(databases, 2001)]
            tasks = [asyncio.create_task(call, name=str(n)) for n, call in enumerate(calls)]
        await asyncio.to_thread(reached.wait, 60)
        tasks[1].cancel()
        await asyncio.wait([tasks[1]])
        left.set()
        first, _, last = await asyncio.gather(*tasks, return_exceptions=True)
        assert turns.groups == [[Fate.KEPT, Fate.LATER, Fate.KEPT]]
        assert (first.changes, last.changes) == (1000, 1)
        assert (await ids(databases))[-2:] == [1000, 2001]


async def test_server_that_stops_in_a_group_says_so_and_has_done_none_of_it(opened, turns):
    async with opened(crowded_seconds=60) as databases:
        await begun(databases)
        async with plugged(databases):
            calls = [insert(databases, 1), databases.query("p", SLOW), insert(databases, 2)]
            tasks = [asyncio.create_task(call, name=str(n)) for n, call in enumerate(calls)]
        while not any(turn.tickets[1:] for turn in databases._crew._running):
            await asyncio.sleep(0)
        await databases.stop()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [SqlBusy] * 3
        await databases.start()
        assert await ids(databases) == []


@pytest.mark.parametrize(
    ("raised", "is_kept"),
    [(apsw.IOError("disk"), False), (apsw.FullError("full"), True), (MemoryError(), True)],
)
async def test_commit_that_fails_is_told_to_all_or_made_up_for_alone(
    databases, turns, monkeypatch, raised, is_kept
):
    await begun(databases)
    internal, pending = Connection.internal, [raised]

    def failing(connection, sql, params=()):
        in_group = sql == "COMMIT" and pending and turns.ended[-1:] == ["plug"]
        if in_group:
            raise pending.pop()
        return internal(connection, sql, params)

    monkeypatch.setattr(Connection, "internal", failing)
    results = await together(
        databases, insert(databases, 1, key="k"), insert(databases, 2), insert(databases, 1)
    )
    assert not pending
    if is_kept:
        assert [getattr(result, "changes", None) for result in results] == [1, 1, None]
        assert await ids(databases) == [1, 2]
    else:
        assert {result.kind for result in results[:2]} == {"engine"}
        assert results[2].changes == 1  # had failed for the first one's row, that never came to be
        assert await ids(databases) == [1]


async def test_write_that_finds_the_database_full_fails_and_smaller_ones_do_not(opened, turns):
    async with opened(database_max_bytes=512 * 1024) as databases:
        await begun(databases)
        fill = "INSERT INTO t VALUES (?, printf('%.*c', 400000, 'x'))"
        first, second, small = await together(
            databases,
            databases.query("p", fill, (1,)),
            databases.query("p", fill, (2,)),
            insert(databases, 3),
        )
        assert len(turns.groups) == 1
        assert (first.changes, second.kind, small.changes) == (1, "full", 1)
        assert await ids(databases) == [1, 3]


async def test_hostile_neighbours_in_a_group_harm_nobody(tmp_path, turns):
    databases = Databases(hostile.SETTINGS, tmp_path / "hostile")
    await databases.start()
    for sql in (*SCHEMA, *hostile.SCHEMA):
        await databases.query("p", sql)
    number = 0
    for sql in dict.fromkeys((*hostile.FORBIDDEN, *hostile.INVALID, *hostile.BOUNDED)):
        try:
            if not shape_of(sql, max_bytes=100_000).counts:
                continue
        except SqlError:
            continue
        number += 2
        first, _, last = await together(
            databases,
            insert(databases, number),
            databases.query("p", sql),
            insert(databases, number + 1, key=f"k{number}"),
        )
        assert (first.changes, last.changes, last.replayed) == (1, 1, False), sql[:200]
        # What harms is never kept in a group: every one ended as it would have by itself.
        assert Fate.FAILED not in turns.groups[-1]
    assert number > 0
    assert await ids(databases) == list(range(2, number + 2))
    names = await databases.query("p", "SELECT name FROM treasure ORDER BY id")
    assert names.rows == [{"name": "gold"}, {"name": "silver"}]
    await databases.stop()


async def test_interruption_of_undoing_leaves_no_transaction_open(databases, turns, monkeypatch):
    await begun(databases)
    internal, pending = Connection.internal, [apsw.InterruptError("once"), apsw.InterruptError()]

    def interrupted(connection, sql, params=()):
        if sql == "ROLLBACK" and pending:
            raise pending.pop()
        if sql == "COMMIT" and len(pending) == 2:
            raise apsw.InterruptError
        return internal(connection, sql, params)

    monkeypatch.setattr(Connection, "internal", interrupted)
    results = await together(databases, insert(databases, 1), insert(databases, 2))
    assert not pending
    assert [result.changes for result in results] == [1, 1]
    assert await ids(databases) == [1, 2]


@dataclass(frozen=True)
class Call:
    """A call, to be made as one of a group or by itself."""

    sql: str
    params: tuple[int, ...] = ()
    key: str | None = None
    fingerprint: bytes = b"f"

    async def __call__(self, databases):
        try:
            result = await databases.query(
                "p", self.sql, self.params, key=self.key, fingerprint=self.fingerprint
            )
        except (SqlError, SqlBusy) as error:
            return getattr(error, "kind", "busy"), error.message
        except KeyReused:
            return "reused"
        return result.changes, result.last_row_id, result.rows_json, result.replayed


NUMBERS = st.integers(0, 3)
WRITES = st.sampled_from(
    [
        "INSERT INTO t VALUES (?1, 'a')",
        "INSERT INTO t (a) VALUES ('a') RETURNING id",
        "INSERT OR IGNORE INTO t VALUES (?1, 'i')",
        "INSERT OR REPLACE INTO t VALUES (?1, 'r')",
        "INSERT OR FAIL INTO t VALUES (?1, 'f'), (?1 + 1, 'f'), (?1 - 1, 'f')",
        "INSERT OR ABORT INTO t VALUES (?1, 'f'), (?1 + 1, 'f'), (?1 - 1, 'f') RETURNING id",
        "INSERT OR ROLLBACK INTO t VALUES (?1, 'b')",
        "INSERT INTO t VALUES (?1 + 50, 'no')",
        "INSERT INTO child VALUES (?1)",
        "UPDATE t SET id = id + ?1 WHERE id >= 2",
        "UPDATE t SET a = a || ?1 RETURNING a",
        "DELETE FROM t WHERE id = ?1",
        "DELETE FROM child WHERE t = ?1 RETURNING t",
        "WITH n(x) AS (VALUES (?1), (?1 + 5)) INSERT INTO t SELECT x, 'w' FROM n",
        "INSERT INTO f VALUES (printf('word%d', ?1))",
        "DELETE FROM f WHERE f MATCH printf('word%d', ?1)",
        "INSERT INTO nowhere VALUES (?1)",
        "INSERT INTO t VALUES (?1",
    ]
)
CALLS = st.builds(
    Call,
    WRITES,
    st.tuples(NUMBERS),
    st.sampled_from([None, None, None, "k", "l"]),
    st.sampled_from([b"f", b"f", b"g"]),
)
EVERYTHING = (
    "SELECT 't' AS f, id AS n, a FROM t UNION ALL SELECT 'c', t, '' FROM child ORDER BY 1, 2"
)
WORDS = "SELECT rowid AS n, f AS w FROM f ORDER BY 1"


def without_parameter(call):
    """Values must match the placeholders in number."""
    return call if "?" in call.sql else Call(call.sql, (), call.key, call.fingerprint)


@settings(
    max_examples=settings.default.max_examples // 2,
    deadline=None,
    suppress_health_check=[
        *settings.default.suppress_health_check,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(calls=st.lists(CALLS.map(without_parameter), min_size=2, max_size=20))
def test_writes_in_groups_are_answered_as_one_after_the_other_in_some_order(calls):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        asyncio.run(compare(calls, Path(folder), Turns(patch)))


async def compare(calls, folder, turns):
    async def state(databases):
        return [(await databases.query("p", sql)).rows for sql in (EVERYTHING, WORDS)]

    async with contextlib.AsyncExitStack() as stack:
        opened = []
        for name in ("grouped", "single"):
            databases = Databases(SqliteSettings(crowded_seconds=60, **PATIENT), folder / name)
            await databases.start()
            stack.push_async_callback(databases.stop)
            await begun(databases)
            await databases.query("p", "CREATE VIRTUAL TABLE f USING fts5(w)")
            opened.append(databases)
        grouped, single = opened
        turns.ended.clear()
        answers = await together(grouped, *(call(grouped) for call in calls))
        order = [int(name) for name in turns.ended if name != "plug"]
        assert sorted(order) == list(range(len(calls)))
        assert turns.groups
        for place in order:
            assert answers[place] == await calls[place](single), calls[place]
        assert await state(grouped) == await state(single)
        check = "PRAGMA integrity_check"
        assert (await grouped.query("p", check)).rows == [{"integrity_check": "ok"}]
