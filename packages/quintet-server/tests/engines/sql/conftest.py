"""Two tenants with rows, and an engine over them that all tests of the folder share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from quintet_server.engines.sql import QueryResult, SqlSettings, TenantSql
from quintet_server.engines.sql.statement import Statement
from quintet_server.services.amdahl.query.catalog import CATALOG
from quintet_server.store.database import Database

ROWS = """
INSERT INTO amdahl_interactions (project_id, id, "timestamp", channel, interaction_type, company_id,
    company_name, content, sentiment, deal_id, deal_stage, amount, closed_at, metadata)
SELECT %(project)s, 'int_' || n, timestamptz '2026-01-15 10:30:00Z' + make_interval(days => n),
       (ARRAY['email', 'call', 'meeting'])[n %% 3 + 1], 'utterance', 'co_' || n %% 4,
       'Company ' || n %% 4, %(mark)s || ' said ' || n, n / 10.0 - 0.5, 'deal_' || n %% 2,
       (ARRAY['closed_won', 'closed_lost'])[n %% 2 + 1], CASE WHEN n = 9 THEN NULL ELSE n * 100 END,
       CASE WHEN n %% 2 = 0 THEN timestamptz '2026-03-01Z' END,
       jsonb_build_object('n', n, 'tags', jsonb_build_array('a', n::text),
                          'deep', jsonb_build_object('mark', %(mark)s::text, 'flag', n > 4))
  FROM generate_series(0, 9) n
"""
DEALS = """
INSERT INTO amdahl_deals (project_id, deal_id, deal_name, deal_amount, deal_stage_is_won,
    company_id)
SELECT %(project)s, 'deal_' || n, %(mark)s || ' deal ' || n, n * 1000.5, n = 0, 'co_' || n
  FROM generate_series(0, 2) n
"""
MARKS = {"own": "mine", "other": "canary_of_the_other"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for the folder: connections are kept from test to test."""
    folder = f"{Path(__file__).parent}{os.sep}"
    for item in items:
        if str(item.path).startswith(folder) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


class Tenants:
    """The engine, and who asks it."""

    def __init__(self, db: Database, sql: TenantSql, own: str, other: str) -> None:
        self.db = db
        self.sql = sql
        self.own = own
        self.other = other

    async def query(self, sql: str, **options: Any) -> QueryResult:
        return await self.sql.query(self.own, sql, **options)

    async def rows(self, sql: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return (await self.query(sql, params=params)).rows

    async def value(self, expression: str, params: dict[str, Any] | None = None) -> Any:
        """What one expression gives."""
        (row,) = await self.rows(f"SELECT {expression} AS v", params)
        return row["v"]

    async def unchecked(self, sql: str, *, seconds: float = 60.0, limit: int = 1000) -> QueryResult:
        """The statement as it is, past everything that checks it."""
        return await self.sql.runner.query(self.own, Statement(sql), limit=limit, seconds=seconds)


async def new_project(db: Database, mark: str) -> str:
    project = f"prj_{uuid4().hex[:12]}"
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO projects (id, service, name) VALUES (%s, 'amdahl', %s)", (project, project)
        )
        for statement in (ROWS, DEALS):
            await conn.execute(statement.encode(), {"project": project, "mark": mark})
    return project


async def drop_projects(db: Database, *projects: str) -> None:
    """With their roles, which belong to the cluster and would outlive the database."""
    async with db.connection() as conn:
        await conn.execute("DELETE FROM projects WHERE id = ANY(%s)", (list(projects),))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_db(engines_database_url: str) -> AsyncIterator[Database]:
    db = await Database.open(engines_database_url, application_name="test-sql", max_size=4)
    yield db
    await db.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tenants(shared_db: Database) -> AsyncIterator[Tenants]:
    own = await new_project(shared_db, MARKS["own"])
    other = await new_project(shared_db, MARKS["other"])
    settings = SqlSettings(deadline_seconds=60.0, grace_seconds=0.3, idle_seconds=600.0)
    sql = TenantSql(shared_db, CATALOG, settings)
    await sql.start()
    yield Tenants(shared_db, sql, own, other)
    await sql.stop()
    await drop_projects(shared_db, own, other)
    again = TenantSql(shared_db, CATALOG, settings)
    await again.start()  # drops the roles
    await again.stop()
