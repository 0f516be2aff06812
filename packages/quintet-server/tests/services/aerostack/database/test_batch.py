"""`/db/batch`: several statements, each for itself or all as one."""

from __future__ import annotations

import pytest
import pytest_asyncio


def queries(*statements, **more):
    return {"queries": [{"sql": sql} for sql in statements], **more}


@pytest_asyncio.fixture(loop_scope="session")
async def table(api):
    await api.ask("/db/query", {"sql": "CREATE TABLE t (a INTEGER PRIMARY KEY)"})
    return api


async def rows(api):
    answer = await api.ask("/db/query", {"sql": "SELECT a FROM t ORDER BY a"})
    return [row["a"] for row in answer["results"]]


async def test_batch_answers_every_statement_in_order(table):
    body = {
        "queries": [
            {"sql": "INSERT INTO t VALUES (?), (?)", "params": [1, 2]},
            {"sql": "SELECT count(*) AS n FROM t"},
        ]
    }
    answer = await table.ask("/db/batch", body)
    assert answer["success"] is True
    written, counted = answer["results"]
    assert (written["results"], written["success"], written["count"]) == ([], True, 2)
    assert (counted["results"], counted["success"]) == ([{"n": 2}], True)
    assert "error" not in written


async def test_failed_statement_says_so_in_its_place_and_the_others_apply(table):
    answer = await table.ask(
        "/db/batch",
        queries("INSERT INTO t VALUES (1)", "INSERT INTO u VALUES (1)", "INSERT INTO t VALUES (2)"),
    )
    assert answer["success"] is False
    assert [item["success"] for item in answer["results"]] == [True, False, True]
    failed = answer["results"][1]
    assert failed["results"] == []
    assert failed["error"] == "no such table: u"
    assert failed["code"] == "DB_QUERY_FAILED"
    assert failed["details"]["reason"] == "DB_TABLE_NOT_FOUND"
    assert await rows(table) == [1, 2]


async def test_atomic_batch_that_fails_changes_nothing_and_names_the_statement(table):
    body = queries("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)", atomic=True)
    answer = await table.refused("/db/batch", body, 400, "DB_QUERY_FAILED", "DB_TRANSACTION_FAILED")
    assert answer["details"]["failedIndex"] == 1
    assert answer["details"]["cause"] == "DB_CONSTRAINT_FAILED"
    assert answer["message"].startswith("queries.1: UNIQUE constraint failed: t.a")
    assert await rows(table) == []


async def test_atomic_batch_applies_all_of_it(table):
    body = queries("INSERT INTO t VALUES (1)", "UPDATE t SET a = a + 1", atomic=True)
    assert (await table.ask("/db/batch", body))["success"] is True
    assert await rows(table) == [2]


async def test_forbidden_statement_fails_alone_or_refuses_the_atomic_batch(table):
    statements = ("INSERT INTO t VALUES (1)", "VACUUM INTO '/tmp/x'")
    answer = await table.ask("/db/batch", queries(*statements))
    assert [item["success"] for item in answer["results"]] == [True, False]
    assert answer["results"][1]["code"] == "FORBIDDEN"
    await table.refused("/db/batch", queries(*statements, atomic=True), 403, "FORBIDDEN")
    assert await rows(table) == [1]


async def test_batch_of_more_than_25_is_400(table):
    assert len((await table.ask("/db/batch", queries(*["SELECT 1"] * 25)))["results"]) == 25
    answer = await table.refused("/db/batch", queries(*["SELECT 1"] * 26), 400, "VALIDATION_ERROR")
    assert "queries" in answer["details"]["fieldErrors"]


async def test_empty_batch_succeeds(table):
    assert await table.ask("/db/batch", {"queries": []}) == {"results": [], "success": True}


@pytest.mark.parametrize("atomic", [False, True])
async def test_key_makes_a_batch_happen_once(table, atomic):
    body = queries("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)", atomic=atomic)
    headers = {"Idempotency-Key": "once"}
    first = await table.post("/db/batch", body, headers=headers)
    again = await table.post("/db/batch", body, headers=headers)
    assert first.json() == again.json()
    assert first.json()["success"] is True
    assert again.headers["Idempotent-Replay"] == "true"


async def test_partial_batch_with_a_key_remembers_its_failures_too(table):
    body = queries("INSERT INTO t VALUES (1)", "INSERT INTO u VALUES (2)")
    headers = {"Idempotency-Key": "once"}
    first = await table.post("/db/batch", body, headers=headers)
    await table.ask("/db/query", {"sql": "CREATE TABLE u (a)"})
    again = await table.post("/db/batch", body, headers=headers)
    assert first.json() == again.json()
    assert [item["success"] for item in again.json()["results"]] == [True, False]
