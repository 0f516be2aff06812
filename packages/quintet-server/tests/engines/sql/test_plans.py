"""What PostgreSQL makes of a statement: the tenant is a constant, and the indexes serve."""

from __future__ import annotations

from datetime import UTC, date, datetime

import psycopg
import pytest

from quintet_server.engines.sql.statement import Statement


async def test_plan_of_a_tenant_knows_the_tenant_and_sorts_by_the_index(tenants) -> None:
    await tenants.value("1")
    login = await tenants.sql._roles.login_of(tenants.own)
    async with await psycopg.AsyncConnection.connect(login.conninfo, autocommit=True) as conn:
        await conn.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        cursor = await conn.execute(
            "EXPLAIN (COSTS OFF) SELECT * FROM (SELECT id FROM amdahl.interactions "
            'ORDER BY "timestamp" DESC) AS q LIMIT 11'
        )
        plan = "\n".join(line for (line,) in await cursor.fetchall())
    assert f"project_id = '{tenants.own}'::text" in plan
    assert "amdahl_interactions_timestamp" in plan
    assert not {"InitPlan", "SubPlan", "Sort"} & set(plan.replace("(", " ").split())


@pytest.mark.parametrize(
    ("since", "types"),
    [
        (datetime(2026, 1, 17, tzinfo=UTC), {}),
        (datetime(2026, 1, 17, tzinfo=UTC), {"since": "timestamp"}),
        (date(2026, 1, 17), {"since": "date"}),
        ("2026-01-17", {}),
        ("2026-01-17", {"since": "string", "channel": "string"}),
    ],
)
async def test_plan_of_an_optional_parameter_searches_the_index(tenants, since, types) -> None:
    statement = await tenants.sql._checker.with_values(
        "SELECT id FROM interactions WHERE (@since IS NULL OR timestamp >= @since) "
        "AND (@channel IS NULL OR channel = @channel) ORDER BY timestamp LIMIT 5",
        {"since": since, "channel": None},
        types,
    )
    lines = await plan_of(tenants, statement)
    (searched,) = [line for line in lines if "Index Cond" in line]
    assert '"timestamp" >= ' in searched
    assert not [line for line in lines if "IS NULL" in line or "channel" in line]


@pytest.mark.parametrize(
    "condition",
    [
        "timestamp >= DATE '2026-01-17'",
        "timestamp >= DATETIME '2026-01-17 10:00:00'",
        "timestamp >= DATE_SUB(CURRENT_DATE(), INTERVAL 30 DAY)",
        "timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)",
        "DATE '2026-01-17' <= timestamp",
        "timestamp BETWEEN DATE '2026-01-17' AND CURRENT_DATE()",
    ],
)
async def test_plan_of_a_time_that_is_written_down_searches_the_index(tenants, condition) -> None:
    statement = await tenants.sql._checker.with_values(
        f"SELECT id FROM interactions WHERE {condition} ORDER BY timestamp LIMIT 5", {}
    )
    (searched,) = [line for line in await plan_of(tenants, statement) if "Index Cond" in line]
    assert '"timestamp" >= ' in searched


async def plan_of(tenants, statement: Statement) -> list[str]:
    """How the statement would be run for its tenant, with its parameters."""
    await tenants.value("1")
    login = await tenants.sql._roles.login_of(tenants.own)
    with psycopg.connect(login.conninfo, autocommit=True) as conn:
        conn.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        result = conn.pgconn.exec_params(
            f"EXPLAIN (COSTS OFF) {statement.sql}".encode(), statement.values, statement.types
        )
        return [(result.get_value(row, 0) or b"").decode() for row in range(result.ntuples)]
