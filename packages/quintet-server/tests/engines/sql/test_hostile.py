"""Two layers, each by itself: what the checker refuses, and what the role cannot do without it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
import pytest
import pytest_asyncio

from quintet_server.engines.sql import SqlError, SqlRefused, SqlSettings, SqlTimeout
from quintet_server.engines.sql.checking import Checker
from quintet_server.services.amdahl.query.catalog import CATALOG

from .conftest import MARKS
from .hostile import PROBES, REFUSED, SLOW, UNCHECKED_SLOW


def test_the_list_is_long_and_without_repetition() -> None:
    statements = [sql for sql, _ in REFUSED]
    assert len(statements) + len(SLOW) + len(UNCHECKED_SLOW) + len(PROBES) >= 160
    assert len(set(statements)) == len(statements)


@pytest.mark.parametrize(("sql", "reason"), REFUSED, ids=[sql[:70] for sql, _ in REFUSED])
def test_checker_refuses_hostile_statement_with_its_reason(sql: str, reason: str) -> None:
    checker = Checker(CATALOG, SqlSettings())
    started = time.perf_counter()
    with pytest.raises(SqlRefused) as caught:
        checker.check(sql, {})
    assert (caught.value.reason, bool(caught.value.message)) == (reason, True)
    assert time.perf_counter() - started < 20


# Without the checker ---------------------------------------------------------------------------


async def state(db: Any) -> Any:
    """What no tenant's statement may change."""
    async with db.connection() as conn:
        cursor = await conn.execute(
            """
            SELECT (SELECT array_agg((project_id, id, content) ORDER BY project_id, id)::text
                      FROM amdahl_interactions),
                   (SELECT count(*) FROM amdahl_deals),
                   (SELECT count(*) FROM pg_class),
                   (SELECT count(*) FROM pg_proc),
                   (SELECT count(*) FROM pg_largeobject_metadata),
                   (SELECT array_agg(rolname || rolsuper::text ORDER BY 1) FROM pg_roles
                     WHERE rolname !~ '^(qt|poor)_')
            """
        )
        return await cursor.fetchone()


@pytest_asyncio.fixture(loop_scope="session")
async def secrets(tenants) -> list[str]:
    """What may be in no answer: of the other tenant, of the host, of the cluster."""
    await tenants.sql.query(tenants.other, "SELECT 1")  # so that it has a role
    async with tenants.db.connection() as conn:
        cursor = await conn.execute(
            """
            SELECT current_setting('data_directory'), current_setting('hba_file'),
                   current_setting('config_file'), current_setting('unix_socket_directories'),
                   current_setting('server_version'), version(), 'SCRAM-SHA-256',
                   (SELECT role FROM amdahl_sql_tenants WHERE project_id = %(other)s),
                   (SELECT password FROM amdahl_sql_tenants WHERE project_id = %(other)s),
                   (SELECT password FROM amdahl_sql_tenants WHERE project_id = %(own)s)
            """,
            {"own": tenants.own, "other": tenants.other},
        )
        row = await cursor.fetchone()
        names = await (
            await conn.execute(
                "SELECT datname FROM pg_database "
                "WHERE datname NOT IN (current_database(), 'postgres')"
            )
        ).fetchall()
    assert row is not None
    found = [*row, *(name for (name,) in names), tenants.other, MARKS["other"]]
    return [secret for secret in found if secret and len(secret) > 3]


async def told(tenants: Any, sql: str, seconds: float) -> str:
    """Everything the caller learns, and it is over in time."""
    started = time.perf_counter()
    try:
        result = await tenants.unchecked(sql, seconds=seconds)
        answer = orjson.dumps([result.rows, [c.name for c in result.columns]]).decode()
    except SqlError as error:
        answer = str(error)
    assert time.perf_counter() - started < seconds + 30, sql
    return answer


UNCHECKED = [sql for sql, _ in REFUSED if len(sql) < 2000] + list(PROBES)
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
async def test_role_alone_holds_against_hostile_statements(tenants, secrets, part: int) -> None:
    before = await state(tenants.db)
    for sql in UNCHECKED[part::PARTS]:
        answer = await told(tenants, sql, 0.6)
        for secret in secrets:
            assert secret not in answer or secret in sql, (sql, answer[:500])
    assert await state(tenants.db) == before
    # And whoever comes next finds nothing of it.
    (row,) = await tenants.rows("SELECT COUNT(*) AS n, MIN(content) AS c FROM interactions")
    assert row == {"n": 10, "c": "mine said 0"}


@pytest.mark.parametrize("sql", SLOW, ids=[sql[:60] for sql in SLOW])
async def test_slow_statement_ends_at_its_deadline(tenants, sql: str) -> None:
    with pytest.raises((SqlTimeout, SqlRefused)) as caught:
        await tenants.query(sql, deadline_seconds=0.3)
    if isinstance(caught.value, SqlRefused):  # memory ran out before the time did
        assert caught.value.reason == "too_large"
    assert await tenants.value("1") == 1


async def test_slow_statements_end_at_their_deadline_without_the_checker(tenants) -> None:
    for group in (UNCHECKED_SLOW[:5], UNCHECKED_SLOW[5:]):
        await asyncio.gather(*(told(tenants, sql, 1.0) for sql in group[:3]))
        await asyncio.gather(*(told(tenants, sql, 1.0) for sql in group[3:]))
    async with tenants.db.connection() as conn:
        for _ in range(1500):
            cursor = await conn.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                "AND usename LIKE 'qt_%' AND datname = current_database()"
            )
            row = await cursor.fetchone()
            if row == (0,):
                break
            await asyncio.sleep(0.02)
    assert row == (0,)


async def test_two_tenants_see_disjoint_rows_with_the_same_statement(tenants) -> None:
    sql = "SELECT id, content, metadata FROM interactions"
    own = await tenants.sql.query(tenants.own, sql)
    other = await tenants.sql.query(tenants.other, sql)
    assert len(own.rows) == len(other.rows) == 10
    contents = [{row["content"] for row in result.rows} for result in (own, other)]
    assert not contents[0] & contents[1]
    assert all(MARKS["other"] not in str(row) for row in own.rows)


async def test_base_tables_have_row_security_of_their_own(tenants) -> None:
    """Were the tables opened to a tenant by mistake, it would still see its own rows alone."""
    async with tenants.db.connection() as conn:
        role = (
            await (
                await conn.execute(
                    "SELECT role FROM amdahl_sql_tenants WHERE project_id = %s", (tenants.own,)
                )
            ).fetchone()
        )[0]
        try:
            await conn.execute(f"GRANT USAGE ON SCHEMA public TO {role}".encode())
            await conn.execute(
                f"GRANT SELECT ON amdahl_interactions, amdahl_deals TO {role}".encode()
            )
            result = await tenants.unchecked(
                "SELECT project_id, count(*) AS n FROM public.amdahl_interactions GROUP BY 1"
            )
        finally:
            await conn.execute(f"DROP OWNED BY {role}".encode())
    assert result.rows == [{"project_id": tenants.own, "n": 10}]
