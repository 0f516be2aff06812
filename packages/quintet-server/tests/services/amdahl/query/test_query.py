"""`POST /data/query` over HTTP: the result in all its names, and every refusal."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from quintet_server.engines.sql import SqlBusy, SqlError, SqlRefused, SqlTimeout, SqlUnavailable
from quintet_server.services.amdahl.query.refusals import refusal_of

PATH = "/data/query"


async def fill(api: Any, count: int = 4) -> None:
    async with api.runtime.db.transaction() as conn:
        for n in range(count):
            await conn.execute(
                "INSERT INTO amdahl_interactions (project_id, id, timestamp, channel, amount) "
                "VALUES (%s, %s, %s, %s, %s)",
                (
                    api.project_id,
                    f"int_{n}",
                    datetime(2026, 4, 14, 18, n, tzinfo=UTC),
                    ("email", "call")[n % 3 == 0],
                    n * 1.5,
                ),
            )


async def test_query_answers_in_every_published_shape(api) -> None:
    await fill(api)
    answer = await api.ask(
        "POST",
        PATH,
        {
            "sql": "SELECT channel, COUNT(*) AS events FROM interactions "
            "GROUP BY channel ORDER BY events DESC LIMIT 25"
        },
    )
    assert answer.pop("duration_ms") > 0
    assert answer["rows"][0]["channel"] == "call"
    assert answer == {
        "columns": ["channel", "events"],
        "column_types": [
            {"name": "channel", "type": "STRING"},
            {"name": "events", "type": "INTEGER"},
        ],
        "rows": [{"channel": "call", "events": 2}, {"channel": "email", "events": 2}],
        "row_count": 2,
        "rowCount": 2,
        "truncated": False,
    }


async def test_limit_cuts_and_says_so(api) -> None:
    await fill(api)
    sql = "SELECT id FROM interactions ORDER BY timestamp DESC"
    answer = await api.ask("POST", PATH, {"sql": sql, "limit": 2})
    assert [row["id"] for row in answer["rows"]] == ["int_3", "int_2"]
    assert answer["truncated"] is True
    assert (await api.ask("POST", PATH, {"sql": sql, "limit": 50_000}))["truncated"] is False
    for limit in (0, -1):
        error = await api.refused(
            "POST", PATH, {"sql": sql, "limit": limit}, 400, "invalid_argument"
        )
        assert error["details"]["field"] == "limit"
    await api.refused("POST", PATH, {"sql": sql, "limit": "2"}, 400, "invalid_argument")


async def test_default_limit_is_a_thousand(api) -> None:
    sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 10002)) AS x"
    answer = await api.ask("POST", PATH, {"sql": sql})
    assert (answer["row_count"], answer["truncated"]) == (1000, True)
    answer = await api.ask("POST", PATH, {"sql": sql, "limit": 10_001})
    assert (answer["row_count"], answer["truncated"]) == (10_000, True)


async def test_a_thousand_parameters_are_taken_and_no_more(api) -> None:
    await fill(api)
    for count, is_taken in ((1000, True), (1001, False)):
        params = {f"p{n}": f"int_{n}" for n in range(count)}
        among = ", ".join(f"@{name}" for name in params)
        body = {
            "sql": f"SELECT COUNT(*) AS n FROM interactions WHERE id IN ({among})",
            "params": params,
        }
        if is_taken:
            assert (await api.ask("POST", PATH, body))["rows"] == [{"n": 4}]
        else:
            await api.refused("POST", PATH, body, 400, "invalid_argument")


async def test_named_parameters_are_bound(api) -> None:
    await fill(api)
    answer = await api.ask(
        "POST",
        PATH,
        {
            "sql": "SELECT id FROM interactions WHERE channel = @channel AND amount >= @least",
            "params": {"channel": "call", "least": 4},
        },
    )
    assert answer["rows"] == [{"id": "int_3"}]


@pytest.mark.parametrize(
    ("sql", "reason", "details"),
    [
        ("", "empty", {}),
        ("SELECT id FROM interactions WHERE", "syntax", {"line": 1}),
        ("DELETE FROM interactions", "not_select", {}),
        ("SELECT 1; SELECT 2", "multiple_statements", {}),
        ("SELECT * FROM users", "unknown_table",
         {"allowed": ["deal_qualification", "deals", "interactions"]}),
        ("SELECT chanel FROM interactions", "unknown_column", {"suggestions": ["channel"]}),
        ("SELECT business_id FROM interactions", "tenant_column", {"column": "business_id"}),
        ("SELECT pg_sleep(1)", "forbidden_function", {"function": "PG_SLEEP"}),
        ("SELECT 1 AS a, 2 AS a", "duplicate_column", {"column": "a"}),
        ("SELECT @x", "parameter_missing", {"parameter": "x"}),
        ("SELECT 1 / 0", "evaluation", {}),
    ],
)  # fmt: skip
async def test_refusal_says_why(api, sql: str, reason: str, details: dict[str, Any]) -> None:
    error = await api.refused("POST", PATH, {"sql": sql}, 400, "invalid_sql")
    assert error["details"]["reason"] == reason
    assert {key: error["details"][key] for key in details} == details


async def test_two_businesses_see_disjoint_rows_with_the_same_statement(api) -> None:
    await fill(api)
    other = f"prj_{uuid.uuid4().hex[:12]}"
    async with api.runtime.db.transaction() as conn:
        await conn.execute(
            "INSERT INTO projects (id, service, name) VALUES (%s, 'amdahl', %s)", (other, other)
        )
        await conn.execute(
            "INSERT INTO amdahl_interactions (project_id, id, timestamp, content) "
            "VALUES (%s, 'int_x', now(), 'canary')",
            (other,),
        )
    answer = await api.ask("POST", PATH, {"sql": "SELECT * FROM interactions"})
    assert {row["id"] for row in answer["rows"]} == {f"int_{n}" for n in range(4)}
    assert not {"project_id", "business_id"} & set(answer["columns"])


async def test_scope_is_needed_and_only_post_is_served(api) -> None:
    poor = await api.with_role("owner", "pages:read")
    error = await poor.refused("POST", PATH, {"sql": "SELECT 1"}, 403, "missing_scope")
    assert error["details"]["required_scopes"] == ["data:read"]
    await api.refused("GET", PATH, None, 405, "method_not_allowed")
    viewer = await api.with_role("viewer", "data:read")
    assert (await viewer.ask("POST", PATH, {"sql": "SELECT 1 AS a"}))["rows"] == [{"a": 1}]


async def test_client_that_leaves_has_its_statement_cancelled(api, monkeypatch) -> None:
    cancelled = asyncio.Event()
    started = asyncio.Event()

    async def endless(*_: Any, **__: Any) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    monkeypatch.setattr("quintet_server.engines.sql.TenantSql.query", endless)
    call = asyncio.create_task(api.call("POST", PATH, json={"sql": "SELECT 1"}))
    await asyncio.wait_for(started.wait(), 60)
    call.cancel()
    await asyncio.wait_for(cancelled.wait(), 60)


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (SqlTimeout(25.0), 504, "timeout", None),
        (SqlBusy(2.0), 503, "unavailable", "2"),
        (SqlUnavailable("grant this"), 503, "unavailable", None),
        (SqlRefused("syntax", "no"), 400, "invalid_sql", None),
    ],
)
def test_failure_has_its_status(
    error: SqlError, status: int, code: str, retry_after: str | None
) -> None:
    answer = refusal_of(error)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers.get("Retry-After") == retry_after


def test_deadline_is_told_to_the_millisecond() -> None:
    assert refusal_of(SqlTimeout(24.976999999998952)).details == {"deadline_seconds": 24.977}


def test_what_only_the_operator_can_mend_is_told_to_nobody_else() -> None:
    answer = refusal_of(SqlUnavailable('socket "/srv/.s.PGSQL.5432": role "qt_1_a" is not there'))
    assert "qt_1_a" not in answer.message
    assert "/srv" not in answer.message
