"""What the database itself needs before tenants are let in.

Most is done by the migration. What is done here is what a migration cannot: what a copy of a
database does not take along, and what its role was not allowed to do then and may be now.
"""

from __future__ import annotations

import psycopg
import structlog
from psycopg import sql

from quintet_server.store.database import Connection, Database

__all__ = ["prepare_database"]

_log = structlog.get_logger(__name__)

_LOOK = """
SELECT r.rolsuper,
       to_regnamespace('amdahl') IS NOT NULL,
       has_database_privilege(current_database(), 'CREATE'),
       has_database_privilege('public', current_database(), 'TEMPORARY'),
       (SELECT major FROM amdahl_sql_restricted)
           = current_setting('server_version_num')::int / 10000,
       r.rolcreaterole
  FROM pg_roles r WHERE r.rolname = current_user
"""


async def prepare_database(db: Database) -> bool:
    """Publish and restrict what is not yet; returns whether the server's role is a superuser."""
    async with db.connection() as conn:
        row = await (await conn.execute(_LOOK)).fetchone()
        assert row is not None  # the current role exists
        is_superuser, is_published, may_publish, is_temporary, is_restricted, may_make = row
        if not is_published and may_publish:
            await _try(conn, "SELECT amdahl_sql_publish()")
        if is_superuser:
            if not is_restricted:
                await _try(conn, "SELECT amdahl_sql_restrict()")
            if is_temporary:
                name = sql.Identifier(conn.info.dbname)
                await _try(
                    conn, sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(name)
                )
        else:
            _warn(is_published or may_publish, may_make)
    return bool(is_superuser)


async def _try(conn: Connection, statement: str | sql.Composed) -> None:
    """Run it; another process may be doing the same at this moment."""
    try:
        await conn.execute(statement.encode() if isinstance(statement, str) else statement)
    except psycopg.Error as error:
        _log.info("sql_preparation_skipped", error=str(error).splitlines()[0])


def _warn(is_published: bool, may_make: bool) -> None:
    if not is_published or not may_make:
        _log.warning(
            "tenant_sql_unavailable",
            message="The database role may not do what tenants' SQL needs.",
            grant="CREATEROLE to the role" if is_published else "CREATE on the database",
        )
        return
    _log.warning(
        "tenant_sql_not_restricted",
        message="Statements are checked before they are run, run under a role of each tenant and "
        "see that tenant's rows alone. Only a superuser can also take PostgreSQL's catalogues and "
        "settings (pg_catalog, current_setting, pg_sleep and the like) from those roles.",
    )
