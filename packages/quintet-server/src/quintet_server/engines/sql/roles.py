"""The login role of each tenant: made when it is first needed, by whichever process comes first.

Roles belong to the whole cluster, on which many databases may live, so a name says which database
made it and is otherwise chance: who reads it learns nothing of the tenant. A role holds no
privilege of its own. What it is set to (read-only, times, memory) is written down beside it, so
that new settings reach old roles.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from quintet_server.engines.sql.model import SqlUnavailable
from quintet_server.engines.sql.settings import SqlSettings
from quintet_server.store.database import Connection, Database

__all__ = ["Login", "Roles"]

# Several processes may serve the same tenant.
_PROCESSES = 16

_READ = """
SELECT t.role, t.password, t.settings, EXISTS (SELECT FROM pg_roles r WHERE r.rolname = t.role)
  FROM amdahl_sql_tenants t WHERE t.project_id = %s
"""
# Whoever comes second waits here for the first, and then finds its row.
_CLAIM = """
INSERT INTO amdahl_sql_tenants (role, project_id, password)
SELECT format('qt_%%s_%%s', oid, %s::text), %s, %s
  FROM pg_database WHERE datname = current_database()
ON CONFLICT (project_id) DO UPDATE SET project_id = excluded.project_id
"""


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """How a tenant's connection is opened."""

    role: str
    conninfo: str


class Roles:
    """The roles of the tenants of one database.

    `is_superuser`: whether the server's own role is one, which may set more.
    """

    def __init__(self, db: Database, settings: SqlSettings, schema: str):
        self._db = db
        self._known: dict[str, Login] = {}
        self._plain = _plain_settings(settings, schema)
        self._limit = settings.tenant_connections_max_count * _PROCESSES
        self._temporary_kib = settings.temporary_files_max_bytes // 1024
        self.is_superuser = False

    async def login_of(self, project_id: str) -> Login:
        """How to connect as the tenant. Raises :class:`SqlUnavailable` when no role can be made."""
        known = self._known.get(project_id)
        if known is None:
            try:
                known = await self._ensure(project_id)
            except psycopg.errors.ForeignKeyViolation:
                raise SqlUnavailable("There is no such project.") from None
            except psycopg.errors.InsufficientPrivilege as error:
                raise SqlUnavailable(
                    "The server's database role may not make roles for tenants: "
                    "ALTER ROLE <the role of DATABASE_URL> CREATEROLE "
                    f"({str(error).splitlines()[0]})."
                ) from error
            self._known[project_id] = known
        return known

    def forget(self, project_id: str) -> None:
        """Look again next time: the role may have been dropped, or its password changed."""
        self._known.pop(project_id, None)

    async def drop_leftovers(self) -> None:
        """Drop the roles of deleted projects, as far as nobody uses them."""
        async with self._db.connection() as conn:
            rows = await (
                await conn.execute("SELECT role FROM amdahl_sql_leftover_roles")
            ).fetchall()
            for (role,) in rows:
                drop = sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role))
                try:
                    await conn.execute(drop)
                except psycopg.Error:  # it holds something in another database, or is not ours
                    continue
                await conn.execute("DELETE FROM amdahl_sql_leftover_roles WHERE role = %s", (role,))

    async def _ensure(self, project_id: str) -> Login:
        wanted = self._fingerprint()
        async with self._db.connection() as conn:
            row = await (await conn.execute(_READ, (project_id,))).fetchone()
            if row is None or row[2:] != (wanted, True):
                async with conn.transaction():
                    row = await self._make(conn, project_id, wanted)
        return Login(row[0], self._conninfo(row[0], row[1]))

    async def _make(self, conn: Connection, project_id: str, wanted: str) -> tuple[str, str]:
        claim = (secrets.token_hex(8), project_id, secrets.token_urlsafe(32))
        await conn.execute(_CLAIM, claim)
        row = await (await conn.execute(_READ, (project_id,))).fetchone()
        assert row is not None  # inserted just now, or there before and locked by us
        role, password, found, exists = row
        if not exists or found != wanted:
            await conn.execute(self._statements(conn, role, password, exists=exists))
            await conn.execute(
                "UPDATE amdahl_sql_tenants SET settings = %s WHERE role = %s", (wanted, role)
            )
        return role, password

    def _statements(
        self, conn: Connection, role: str, password: str, *, exists: bool
    ) -> sql.Composed:
        """Make the role and set it up, in one message."""
        name = sql.Identifier(role)
        # Hashed here: the password itself is in no statement that a log could keep.
        digest = conn.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        parts = [
            sql.SQL(
                "{} ROLE {} LOGIN NOSUPERUSER NOINHERIT NOCREATEDB NOCREATEROLE "
                "CONNECTION LIMIT {} PASSWORD {}"
                if not exists
                else "{} ROLE {} LOGIN NOINHERIT CONNECTION LIMIT {} PASSWORD {}"
            ).format(
                sql.SQL("ALTER" if exists else "CREATE"),
                name,
                sql.Literal(self._limit),
                sql.Literal(digest.decode()),
            )
        ]
        values = dict(self._plain)
        if self.is_superuser:
            values["temp_file_limit"] = str(self._temporary_kib)
        else:
            # Who cancels a statement must be a member of its role.
            parts.append(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
        parts += [
            sql.SQL("ALTER ROLE {} SET {} = {}").format(
                name, sql.Identifier(setting), sql.Literal(value)
            )
            for setting, value in values.items()
        ]
        return sql.SQL("; ").join(parts)

    def _fingerprint(self) -> str:
        text = repr((self._plain, self._limit, self._temporary_kib, self.is_superuser))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _conninfo(self, role: str, password: str) -> str:
        fields: dict[str, Any] = dict(conninfo_to_dict(self._db.url))
        # Options of the server's own connection may name another role.
        fields.pop("options", None)
        own = {"user": role, "password": password, "application_name": "quintet-sql"}
        return make_conninfo(**{**fields, **own, "connect_timeout": 5})


def _plain_settings(settings: SqlSettings, schema: str) -> dict[str, str]:
    """What every role is set to. Results are read in the forms named here."""
    # Behind the watchdog, which looks from outside.
    timeout = settings.deadline_seconds + settings.grace_seconds
    return {
        "search_path": schema,
        "default_transaction_read_only": "on",
        "statement_timeout": f"{round(timeout * 1000)}ms",
        "idle_in_transaction_session_timeout": f"{round(timeout * 2000)}ms",
        "lock_timeout": "5s",
        "work_mem": f"{settings.work_memory_bytes // 1024}kB",
        "TimeZone": "UTC",
        "DateStyle": "ISO, YMD",
        "IntervalStyle": "postgres",
        "bytea_output": "hex",
        "jit": "off",
        "client_min_messages": "error",
    }
