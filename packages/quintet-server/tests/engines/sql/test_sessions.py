"""Connections: whose, how many, for how long, and what is left in them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from quintet_server.engines.sql import (
    QueryResult,
    SqlBusy,
    SqlRefused,
    SqlSettings,
    SqlTimeout,
    SqlUnavailable,
    TenantSql,
)
from quintet_server.engines.sql.statement import Statement
from quintet_server.services.amdahl.query.catalog import CATALOG
from quintet_server.store.background import end
from quintet_server.store.database import Database

from .conftest import drop_projects, new_project

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def engine(db: Database, **settings: Any) -> AsyncIterator[TenantSql]:
    settings = {"deadline_seconds": 60.0, "wait_seconds": 60.0, "grace_seconds": 0.3, **settings}
    sql = TenantSql(db, CATALOG, SqlSettings(**settings))
    await sql.start()
    try:
        yield sql
    finally:
        await sql.stop()


async def backends(db: Database, project: str, since: datetime = LONG_AGO) -> int:
    """How many there are of a tenant, begun `since`: older ones may be on their way out."""
    async with db.connection() as conn:
        cursor = await conn.execute(
            "SELECT count(*) FROM pg_stat_activity JOIN amdahl_sql_tenants t ON t.role = usename "
            "WHERE t.project_id = %s AND backend_start >= %s",
            (project, since),
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def moment(db: Database) -> datetime:
    async with db.connection() as conn:
        row = await (await conn.execute("SELECT clock_timestamp()")).fetchone()
    assert row is not None
    return row[0]


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_connection_is_kept_for_the_next_statement(tenants) -> None:
    async with engine(tenants.db) as sql:
        since = await moment(tenants.db)
        for _ in range(3):
            await sql.query(tenants.own, "SELECT 1")
        assert await backends(tenants.db, tenants.own, since) == 1


async def test_connection_is_closed_when_idle(tenants) -> None:
    async with engine(tenants.db, idle_seconds=0.2) as sql:
        since = await moment(tenants.db)
        await sql.query(tenants.own, "SELECT 1")

        async def closed() -> bool:
            return await backends(tenants.db, tenants.own, since) == 0

        await until(closed)


async def test_nothing_is_left_of_a_statement_in_the_next(tenants) -> None:
    """Were the functions open to tenants, as they are without a superuser, still nothing stays."""
    async with tenants.db.connection() as conn:
        functions = "set_config(text, text, boolean), pg_advisory_lock(bigint), pg_backend_pid()"
        functions += ", current_setting(text)"
        await conn.execute(f"GRANT EXECUTE ON FUNCTION {functions} TO PUBLIC".encode())
        try:
            first = await tenants.unchecked(
                "SELECT set_config('statement_timeout', '0', false) AS a, "
                "set_config('default_transaction_read_only', 'off', false) AS b, "
                "set_config('TimeZone', 'Asia/Tokyo', false) AS c, pg_backend_pid() AS pid, "
                "set_config('search_path', 'public', false) AS d, pg_advisory_lock(4711)::text AS e"
            )
            second = await tenants.unchecked(
                "SELECT current_setting('statement_timeout') AS a, pg_backend_pid() AS pid, "
                "current_setting('default_transaction_read_only') AS b, "
                "current_setting('TimeZone') AS c, current_setting('search_path') AS d"
            )
            with pytest.raises(SqlTimeout):
                await tenants.unchecked(
                    "SELECT set_config('statement_timeout', '0', true), "
                    "count(*) FROM generate_series(1, 10000000000)",
                    seconds=0.3,
                )
            with pytest.raises(SqlRefused, match="read-write"):
                await tenants.unchecked("SELECT set_config('transaction_read_only', 'off', true)")
            with pytest.raises(SqlRefused, match="permission denied"):
                await tenants.unchecked("SELECT set_config('role', 'postgres', false)")
            held = await conn.execute("SELECT count(*) FROM pg_locks WHERE objid = 4711")
            assert await held.fetchone() == (0,)
        finally:
            await conn.execute(f"REVOKE EXECUTE ON FUNCTION {functions} FROM PUBLIC".encode())
    (found,) = second.rows
    assert found["pid"] == first.rows[0]["pid"]
    assert found["a"] not in {"0", "0ms"}
    assert (found["b"], found["c"], found["d"]) == ("on", "UTC", "amdahl")


async def test_cancelled_caller_cancels_the_statement(tenants) -> None:
    async with engine(tenants.db) as sql:
        since = await moment(tenants.db)
        slow = Statement("SELECT count(*) FROM generate_series(1, 10000000000)")
        call = asyncio.create_task(sql.runner.query(tenants.own, slow, limit=1, seconds=600))

        async def running() -> bool:
            return await backends(tenants.db, tenants.own, since) == 1

        await until(running)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        async def gone() -> bool:
            return await backends(tenants.db, tenants.own, since) == 0

        await until(gone)
        assert (await sql.query(tenants.own, "SELECT 1 AS a")).rows == [{"a": 1}]


SLOW = Statement("SELECT count(*) FROM generate_series(1, 10000000000)")


async def take_all_turns(sql: TenantSql, project: str) -> asyncio.Task[QueryResult]:
    """With a statement that runs until it is cancelled, where a tenant has one turn."""
    slow = asyncio.create_task(sql.runner.query(project, SLOW, limit=1, seconds=600))

    async def taken() -> bool:
        return sql._sessions._lent == 1

    await until(taken)
    return slow


async def test_tenant_with_all_its_turns_taken_waits_and_another_does_not(tenants) -> None:
    async with engine(
        tenants.db, tenant_connections_max_count=1, connections_max_count=2, wait_seconds=0.2
    ) as sql:
        slow = await take_all_turns(sql, tenants.own)
        started = time.perf_counter()
        with pytest.raises(SqlBusy):
            await sql.query(tenants.own, "SELECT 1")
        assert time.perf_counter() - started > 0.15
        assert (await sql.query(tenants.other, "SELECT 1 AS a")).rows == [{"a": 1}]
        await end(slow)


async def test_crowd_of_waiters_is_refused_at_once(tenants) -> None:
    async with engine(
        tenants.db, tenant_connections_max_count=1, waiting_max_count=1, wait_seconds=60.0
    ) as sql:
        slow = await take_all_turns(sql, tenants.own)
        waiting = asyncio.create_task(sql.query(tenants.own, "SELECT 1 AS a"))

        async def crowded() -> bool:
            return sql._sessions._waiting == 1

        await until(crowded)
        started = time.perf_counter()
        with pytest.raises(SqlBusy):
            await sql.query(tenants.own, "SELECT 1")
        assert time.perf_counter() - started < 30  # and not after the minute that others wait
        assert not waiting.done()
        await end(slow)
        assert (await waiting).rows == [{"a": 1}]


async def test_many_tenants_share_few_connections(tenants) -> None:
    projects = [await new_project(tenants.db, f"m{n}") for n in range(6)]
    async with engine(tenants.db, connections_max_count=2) as sql:
        results = await asyncio.gather(
            *(sql.query(project, "SELECT MIN(content) AS c FROM interactions")
              for project in projects * 2)
        )  # fmt: skip
        assert [result.rows[0]["c"] for result in results] == [f"m{n} said 0" for n in range(6)] * 2

        async def few() -> bool:  # a closed connection's backend needs a moment to go
            return sum([await backends(tenants.db, project) for project in projects]) <= 2

        await until(few)
    await drop_projects(tenants.db, *projects)


# Roles -----------------------------------------------------------------------------------------


async def role_of(db: Database, project: str) -> str:
    async with db.connection() as conn:
        cursor = await conn.execute(
            "SELECT role FROM amdahl_sql_tenants WHERE project_id = %s", (project,)
        )
        row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def role_exists(db: Database, role: str) -> bool:
    async with db.connection() as conn:
        cursor = await conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
        return await cursor.fetchone() is not None


async def test_many_processes_make_one_role(tenants) -> None:
    project = await new_project(tenants.db, "raced")
    async with engine(tenants.db) as a, engine(tenants.db) as b, engine(tenants.db) as c:
        results = await asyncio.gather(*(sql.query(project, "SELECT 1 AS a") for sql in (a, b, c)))
        assert all(result.rows == [{"a": 1}] for result in results)
    role = await role_of(tenants.db, project)
    assert project not in role
    await drop_projects(tenants.db, project)
    async with engine(tenants.db):
        assert not await role_exists(tenants.db, role)


async def test_role_that_was_dropped_is_made_again(tenants) -> None:
    """As after a dump was restored into another cluster."""
    project = await new_project(tenants.db, "restored")
    async with engine(tenants.db, idle_seconds=0.0) as sql:
        await sql.query(project, "SELECT 1")
        role = await role_of(tenants.db, project)

        async def idle() -> bool:
            return await backends(tenants.db, project) == 0

        await until(idle)
        async with tenants.db.connection() as conn:
            await conn.execute(f"DROP ROLE {role}".encode())
        assert (await sql.query(project, "SELECT MIN(content) AS c FROM interactions")).rows == [
            {"c": "restored said 0"}
        ]
    await drop_projects(tenants.db, project)


async def test_role_may_nothing_and_has_its_bounds(tenants) -> None:
    await tenants.value("1")
    role = await role_of(tenants.db, tenants.own)
    async with tenants.db.connection() as conn:
        cursor = await conn.execute(
            "SELECT rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, "
            "rolbypassrls, rolconnlimit > 0, s.setconfig, "
            "(SELECT count(*) FROM pg_auth_members WHERE member = r.oid), "
            "has_database_privilege(r.oid, current_database(), 'TEMP'), "
            "has_schema_privilege(r.oid, 'public', 'USAGE'), "
            "has_any_column_privilege(r.oid, 'amdahl_interactions', 'INSERT, UPDATE'), "
            "has_column_privilege(r.oid, 'amdahl_interactions', 'project_id', 'SELECT') "
            "FROM pg_roles r JOIN pg_db_role_setting s ON s.setrole = r.oid WHERE rolname = %s",
            (role,),
        )
        row = await cursor.fetchone()
    assert row is not None
    assert row[:8] == (False, False, False, False, True, False, False, True)
    assert {"default_transaction_read_only=on", "search_path=amdahl", "jit=off"} <= set(row[8])
    assert any(each.startswith("temp_file_limit=") for each in row[8])
    assert row[9:] == (0, False, False, False, False)


@asynccontextmanager
async def ordinary(empty_url: str, *attributes: str) -> AsyncIterator[Database]:
    """The empty database, as a server role that is no superuser sees it."""
    role = f"poor_{uuid4().hex[:8]}"
    with psycopg.connect(empty_url, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'p' {' '.join(attributes)}".encode())
        conn.execute(f"GRANT ALL ON SCHEMA public TO {role}".encode())
        conn.execute(f"GRANT CREATE ON DATABASE {conn.info.dbname} TO {role}".encode())
    fields = conninfo_to_dict(empty_url) | {"user": role, "password": "p"}
    db = await Database.open(make_conninfo(**fields), application_name="test-ordinary", max_size=3)
    try:
        yield db
    finally:
        await db.close()
        with psycopg.connect(empty_url, autocommit=True) as conn:
            roles = conn.execute("SELECT role FROM amdahl_sql_tenants").fetchall()
            for (made,) in roles:
                conn.execute(f"DROP ROLE IF EXISTS {made}".encode())
            conn.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}".encode())


async def test_ordinary_server_role_with_createrole_isolates_and_ends_statements(
    empty_database_url,
) -> None:
    from quintet_server.store.migrate import migrate

    async with ordinary(empty_database_url, "CREATEROLE") as db:
        await migrate(db)
        own, other = await new_project(db, "own"), await new_project(db, "other")
        async with engine(db) as sql:
            for project, mark in ((own, "own"), (other, "other")):
                result = await sql.query(project, "SELECT MIN(content) AS c FROM interactions")
                assert result.rows == [{"c": f"{mark} said 0"}]
            # Not hardened, so what everybody may know stays known; rows and deadlines hold.
            everything = Statement("SELECT id FROM public.amdahl_interactions")
            assert len((await sql.runner.query(own, everything, limit=50, seconds=60)).rows) == 10
            with pytest.raises(SqlRefused, match="permission denied"):
                await sql.runner.query(
                    own, Statement("SELECT * FROM public.amdahl_sql_tenants"), limit=5, seconds=60
                )
            with pytest.raises(SqlTimeout):
                lifted = "SELECT set_config('statement_timeout', '0', false), pg_sleep(600)"
                await sql.runner.query(own, Statement(lifted), limit=5, seconds=0.3)


async def test_server_role_that_may_make_no_roles_says_what_to_grant(empty_database_url) -> None:
    from quintet_server.store.migrate import migrate

    async with ordinary(empty_database_url) as db:
        await migrate(db)
        project = await new_project(db, "own")
        async with engine(db) as sql:
            with pytest.raises(SqlUnavailable, match="CREATEROLE"):
                await sql.query(project, "SELECT 1")


async def test_unknown_project_has_no_role(tenants) -> None:
    with pytest.raises(SqlUnavailable, match="project"):
        await tenants.sql.query("prj_nobody", "SELECT 1")
