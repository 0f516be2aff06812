"""Running tenants' statements: checked, then as the tenant's own role."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import psycopg
import structlog

from quintet_server.engines.sql.checking import Checker
from quintet_server.engines.sql.execution import Runner
from quintet_server.engines.sql.model import Catalog, Column, QueryResult
from quintet_server.engines.sql.preparation import prepare_database
from quintet_server.engines.sql.roles import Roles
from quintet_server.engines.sql.sessions import Sessions
from quintet_server.engines.sql.settings import SqlSettings
from quintet_server.engines.sql.watchdog import Watchdog
from quintet_server.store.database import Database

__all__ = ["TenantSql"]

_log = structlog.get_logger(__name__)


class TenantSql:
    """SELECTs of tenants over the views of `catalog`.

    Opens nothing until a statement comes, but for what :meth:`start` does to the database.
    """

    def __init__(self, db: Database, catalog: Catalog, settings: SqlSettings):
        self._db = db
        self._settings = settings
        self._checker = Checker(catalog, settings)
        self._roles = Roles(db, settings, catalog.schema)
        self._watchdog = Watchdog(db, settings.grace_seconds)
        self._sessions = Sessions(self._roles, self._watchdog, settings)
        self.runner = Runner(self._sessions, self._watchdog, settings)
        """What runs a statement once it is checked, or one that nobody has checked."""

    async def start(self) -> None:
        """Make of the database what it needs to be, as far as the server's role may.

        What it may not is said in the log; statements then say it, too.
        """
        self._roles.is_superuser = await prepare_database(self._db)
        try:
            await self._roles.drop_leftovers()
        except psycopg.Error as error:
            _log.warning("sql_leftover_roles_kept", error=str(error))
        self._sessions.start()

    async def stop(self) -> None:
        """Close every connection; what still runs is ended with its connection."""
        await self._sessions.stop()
        await self._watchdog.stop()

    async def query(
        self,
        project_id: str,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        param_types: Mapping[str, str] | None = None,
        limit: int = 1000,
        deadline_seconds: float | None = None,
    ) -> QueryResult:
        """Run one SELECT and return its rows.

        `params`: values of the `@name`s in it: text, number, boolean, date, time or None.
        `param_types`: their types as for :meth:`prepare`; without one, a parameter has the type of
        its value, and None that of where it stands. `limit`: most rows, from 1 to the setting
        `rows_max_count`; more are cut to that. The deadline includes the wait for a turn; it cannot
        be later than the setting says. When the caller is cancelled, the statement is.

        Raises :class:`SqlRefused` with the reason, :class:`SqlTimeout`, :class:`SqlBusy` when there
        is no turn in time, :class:`SqlUnavailable` when the database does not let tenants in.
        """
        if limit < 1:
            raise ValueError("limit must be at least 1")
        ends_at = asyncio.get_running_loop().time() + self._seconds(deadline_seconds)
        statement = await self._checker.with_values(sql, params or {}, param_types)
        return await self.runner.query(
            project_id,
            statement,
            limit=min(limit, self._settings.rows_max_count),
            seconds=max(0.001, ends_at - asyncio.get_running_loop().time()),
        )

    async def prepare(
        self, project_id: str, sql: str, param_types: Mapping[str, str] | None = None
    ) -> tuple[Column, ...]:
        """The columns that the statement would have; it is understood and not run.

        `param_types`: string, integer, float, boolean, date or timestamp for each `@name`. Raises
        like :meth:`query`, but for what only running it shows (reason `evaluation`, the deadline).
        """
        statement = await self._checker.with_types(sql, param_types or {})
        return await self.runner.describe(project_id, statement, seconds=self._seconds(None))

    def _seconds(self, wanted: float | None) -> float:
        most = self._settings.deadline_seconds
        return most if wanted is None else max(0.001, min(wanted, most))
