"""`/db/query`: rows, counts, and what a refusal says."""

from __future__ import annotations

import asyncio
import base64

import httpx
import pytest
import pytest_asyncio

from quintet_server.engines.sqlite import SqliteSettings

from ...serving import listening
from ..conftest import Api

FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
ORIGINAL_CODES = {
    "AUTH_INVALID_KEY",
    "AUTH_INVALID_CREDENTIALS",
    "DB_QUERY_FAILED",
    "RATE_LIMIT_EXCEEDED",
    "VALIDATION_ERROR",
    "INTERNAL_ERROR",
}


def query(sql, *params):
    return {"sql": sql, "params": list(params)} if params else {"sql": sql}


@pytest_asyncio.fixture(loop_scope="session")
async def shop(api):
    """A project with two items for sale."""
    await api.ask("/db/query", query("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, n)"))
    await api.ask("/db/query", query("INSERT INTO items (name, n) VALUES ('tea', 3), ('milk', 5)"))
    return api


async def test_query_that_reads_answers_rows_their_count_and_meta(shop):
    answer = await shop.ask(
        "/db/query", query("SELECT id, name FROM items WHERE n > ? ORDER BY 1", 4)
    )
    duration = answer["meta"].pop("duration")
    assert answer == {
        "results": [{"id": 2, "name": "milk"}],
        "count": 1,
        "success": True,
        "meta": {"target": "d1", "rowCount": 1, "changes": 0, "last_row_id": None},
    }
    assert 0 <= duration < 10_000


async def test_query_that_writes_counts_the_rows_it_changed(shop):
    answer = await shop.ask("/db/query", query("UPDATE items SET n = n + 1"))
    assert (answer["results"], answer["count"], answer["meta"]["changes"]) == ([], 2, 2)
    answer = await shop.ask("/db/query", query("INSERT INTO items (name) VALUES (?)", "jam"))
    assert (answer["count"], answer["meta"]["last_row_id"]) == (1, 3)
    answer = await shop.ask("/db/query", query("DELETE FROM items WHERE id = 99"))
    assert (answer["count"], answer["meta"]["last_row_id"]) == (0, None)


async def test_query_with_returning_answers_the_rows_it_wrote(shop):
    answer = await shop.ask(
        "/db/query", query("INSERT INTO items (name) VALUES (?1), (?1) RETURNING id, name", "oil")
    )
    assert answer["results"] == [{"id": 3, "name": "oil"}, {"id": 4, "name": "oil"}]
    assert answer["count"] == 2
    assert answer["meta"]["changes"] == 2


async def test_values_have_their_json_forms(api):
    sql = "SELECT ?1 AS a, ?2 AS b, ?3 AS c, ?4 AS d, ?5 AS e, x'00ff' AS f, 9e999 AS g, 1 AS a2"
    answer = await api.ask("/db/query", query(sql, True, None, 2**53 + 1, 0.5, "snö\u0000"))
    [row] = answer["results"]
    assert row == {
        "a": 1,
        "b": None,
        "c": 2**53 + 1,
        "d": 0.5,
        "e": "snö\u0000",
        "f": base64.b64encode(b"\x00\xff").decode(),
        "g": None,
        "a2": 1,
    }


async def test_equal_column_names_the_last_wins(api):
    answer = await api.ask("/db/query", query("SELECT 1 AS a, 2 AS b, 3 AS a"))
    assert answer["results"] == [{"a": 3, "b": 2}]


@pytest.mark.parametrize("hint", ["postgres", "d1"])
async def test_routing_hints_are_taken_and_the_engine_is_always_d1(api, hint):
    answer = await api.ask("/db/query", query(f"/* aerostack:target={hint} */ SELECT 1 AS one"))
    assert answer["results"] == [{"one": 1}]
    assert answer["meta"]["target"] == "d1"


async def test_missing_table_is_named_with_what_helps(shop):
    answer = await shop.refused(
        "/db/query", query("SELECT * FROM item"), 400, "DB_QUERY_FAILED", "DB_TABLE_NOT_FOUND"
    )
    assert answer["message"] == "no such table: item"
    assert answer["details"] == {
        "reason": "DB_TABLE_NOT_FOUND",
        "suggestion": "Did you mean items?",
        "recoveryAction": "CREATE_TABLE",
    }
    answer = await shop.refused("/db/query", query("SELECT * FROM zoo"), 400, "DB_QUERY_FAILED")
    assert answer["details"]["suggestion"] == "Make it first: CREATE TABLE zoo (...)."


@pytest.mark.parametrize(
    ("sql", "suggestion"),
    [
        ("SELECT nam FROM items", "Did you mean name?"),
        ("SELECT i.nam FROM items i", "Did you mean name?"),
        ("INSERT INTO items (nmae) VALUES (1)", "Did you mean name?"),
        (
            "INSERT INTO items (colour) VALUES (1)",
            "Add it first: ALTER TABLE items ADD COLUMN colour.",
        ),
        ('SELECT * FROM items WHERE name = "Assam"', "Put texts in single quotes: 'Assam'."),
    ],
)
async def test_missing_column_is_named_with_what_helps(shop, sql, suggestion):
    answer = await shop.refused(
        "/db/query", query(sql), 400, "DB_QUERY_FAILED", "DB_COLUMN_NOT_FOUND"
    )
    assert answer["details"]["suggestion"] == suggestion
    assert answer["details"]["recoveryAction"] == "ALTER_TABLE"


@pytest.mark.parametrize(
    ("sql", "params", "reason"),
    [
        ("SELEC 1", (), "DB_QUERY_INVALID"),
        ("", (), "DB_QUERY_INVALID"),
        ("SELECT 1; SELECT 2", (), "DB_QUERY_INVALID"),
        ("INSERT INTO items (id) VALUES (1)", (), "DB_CONSTRAINT_FAILED"),
        ("SELECT ?", (), "DB_PARAMETERS_INVALID"),
        ("SELECT ?", (1, 2), "DB_PARAMETERS_INVALID"),
        ("SELECT ?2", (1,), "DB_PARAMETERS_INVALID"),
        ("SELECT :name", (1,), "DB_PARAMETERS_INVALID"),
        ("SELECT $2, $1", (1, 2), "DB_PARAMETERS_INVALID"),
        ("SELECT ?", ([1],), "DB_PARAMETERS_INVALID"),
        ("SELECT ?", ({"a": 1},), "DB_PARAMETERS_INVALID"),
        ("SELECT ?", (2**63,), "DB_PARAMETERS_INVALID"),
        ("SELECT zeroblob(1000000000)", (), "DB_LIMIT_EXCEEDED"),
    ],
)
async def test_query_at_fault_is_400_with_a_reason(shop, sql, params, reason):
    await shop.refused("/db/query", query(sql, *params), 400, "DB_QUERY_FAILED", reason)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
async def test_numbers_that_are_none_are_400(api, number):
    body = f'{{"sql": "SELECT ?", "params": [{number}]}}'
    answer = await api.call("POST", "/db/query", content=body)
    assert answer.status_code == 400
    assert answer.json()["code"] in ORIGINAL_CODES


@pytest.mark.parametrize("body", [{}, {"sql": 1}, {"sql": "SELECT 1", "params": {"a": 1}}, []])
async def test_body_of_another_shape_is_400(api, body):
    await api.refused("/db/query", body, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "sql", ["ATTACH 'x' AS y", "VACUUM", "PRAGMA writable_schema = 1", "BEGIN"]
)
async def test_forbidden_statement_is_403(api, sql):
    answer = await api.refused("/db/query", query(sql), 403, "FORBIDDEN", "DB_STATEMENT_FORBIDDEN")
    assert "not" in answer["message"]


async def test_key_of_another_scope_is_403_and_none_is_401(api):
    other = await api.with_scopes("cache")
    await other.refused("/db/query", query("SELECT 1"), 403, "FORBIDDEN")
    answer = await api.post(
        "/db/query", query("SELECT 1"), headers={"X-Aerostack-Key": "no", "Authorization": ""}
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_INVALID_KEY")


async def test_projects_have_databases_of_their_own(shop):
    other = await shop.other_project()
    await other.refused("/db/query", query("SELECT * FROM items"), 400, "DB_QUERY_FAILED")


async def test_strict_server_lets_nobody_change_or_read_the_schema(started):
    async with started(strict_sql=True) as api:
        for sql in (
            "CREATE TABLE t (a)",
            "CREATE VIEW v AS SELECT 1",
            "CREATE VIRTUAL TABLE f USING fts5(a)",
        ):
            await api.refused("/db/query", query(sql), 403, "FORBIDDEN", "DB_SCHEMA_LOCKED")
        await api.refused("/db/query", query("SELECT * FROM sqlite_master"), 403, "FORBIDDEN")
        listed = await api.ask("/db/query", query("SELECT name FROM pragma_table_list()"))
        assert {"name": "sqlite_schema"} in listed["results"]


async def test_key_makes_a_write_happen_once(shop):
    body = query("INSERT INTO items (name) VALUES ('egg') RETURNING id")
    headers = {"Idempotency-Key": "k-1"}
    first = await shop.post("/db/query", body, headers=headers)
    again = await shop.post("/db/query", body, headers=headers)
    assert first.json() == again.json()
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    other = await shop.post("/db/query", query("DELETE FROM items"), headers=headers)
    assert other.status_code == 409
    assert other.json()["details"]["reason"] == "IDEMPOTENCY_KEY_REUSED"
    counted = await shop.ask("/db/query", query("SELECT count(*) AS n FROM items"))
    assert counted["results"] == [{"n": 3}]


async def test_failed_write_leaves_its_key_free(shop):
    headers = {"Idempotency-Key": "k-2"}
    body = query("INSERT INTO later VALUES (1)")
    assert (await shop.post("/db/query", body, headers=headers)).status_code == 400
    await shop.ask("/db/query", query("CREATE TABLE later (a)"))
    assert (await shop.post("/db/query", body, headers=headers)).status_code == 200


async def test_bad_key_is_400(api):
    headers = {"Idempotency-Key": "x" * 300}
    answer = await api.post("/db/query", query("SELECT 1"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_client_that_hangs_up_ends_its_statement(started, monkeypatch):
    monkeypatch.setenv("QUINTET_SQLITE_STATEMENT_SECONDS", "600")
    monkeypatch.setenv("QUINTET_SQLITE_WAIT_SECONDS", "600")
    async with (
        started() as api,
        listening(api.runtime) as url,
        Api.of(api.runtime, url) as wire,
        asyncio.timeout(60),
    ):
        for _ in range(SqliteSettings().readers_count):
            with pytest.raises(httpx.ReadTimeout):
                limits = httpx.Timeout(60, read=0.3)
                await wire.http.post("/db/query", json=query(FOREVER), timeout=limits)
        # All seats were taken; the answer comes long before those statements' time is up.
        answer = await wire.ask("/db/query", query("SELECT 1 AS one"))
    assert answer["results"] == [{"one": 1}]


async def test_damaged_database_is_500_and_says_nothing_about_the_machine(api):
    folder = api.runtime.settings.server.data_dir / "aerostack" / "sqlite"
    (folder / f"{api.project_id}.db").write_bytes(b"no database at all" * 1_000)
    answer = await api.refused(
        "/db/query", query("SELECT 1"), 500, "DB_QUERY_FAILED", "DB_CONNECTION_FAILED"
    )
    assert str(folder) not in str(answer)


async def test_project_with_too_much_waiting_is_429_and_others_are_served(started, monkeypatch):
    monkeypatch.setenv("QUINTET_SQLITE_READERS_COUNT", "1")
    monkeypatch.setenv("QUINTET_SQLITE_WAITING_COUNT", "1")
    monkeypatch.setenv("QUINTET_SQLITE_STATEMENT_SECONDS", "600")
    monkeypatch.setenv("QUINTET_SQLITE_WAIT_SECONDS", "600")
    async with started() as api:
        calls = {asyncio.create_task(api.post("/db/query", query(FOREVER))) for _ in range(3)}
        # One runs, one waits, so that one is refused: the only one that can be done.
        [refused], endless = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        answer = refused.result()
        assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
        assert int(answer.headers["Retry-After"]) >= 1
        other = await api.other_project("other")
        assert (await other.ask("/db/query", query("SELECT 1 AS one")))["count"] == 1
        for call in endless:
            assert not call.done()
            call.cancel()
        await asyncio.gather(*endless, return_exceptions=True)
