"""Bring a database up to date with the numbered SQL files of this version.

Rules this file obeys:

- one session-wide advisory lock: several processes may start at once, one applies, the others wait
  and then find nothing to do;
- each file is one transaction together with its row in ``migrations``: a crash leaves whole steps;
- an applied file must not change (its checksum is stored), and a database that knows a step this
  version does not know belongs to a newer version: both are refused before anything is touched.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources

from quintet_server.store.database import Database, connect

__all__ = ["Migration", "MigrationError", "list_migrations", "migrate", "pending_migrations"]

# Any constant shared by all versions of this server.
_LOCK = 0x7175696E746574

_LEDGER = """
CREATE TABLE IF NOT EXISTS migrations (
    name       text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(Exception):
    """The database does not fit this version of the server; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text: what the ledger remembers of an applied file."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def list_migrations() -> list[Migration]:
    """Return the steps of this version, in order."""
    folder = resources.files("quintet_server.store.migrations")
    files = sorted(
        (f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda file: file.name
    )
    return [Migration(f.name.removesuffix(".sql"), f.read_text(encoding="utf-8")) for f in files]


def _pending(known: list[Migration], applied: dict[str, str]) -> list[Migration]:
    unknown = sorted(applied.keys() - {step.name for step in known})
    if unknown:
        raise MigrationError(
            f"this database was migrated by a newer version of quintet-server "
            f"(unknown step {unknown[-1]}): upgrade this installation"
        )
    for step in known:
        if applied.get(step.name, step.checksum) != step.checksum:
            raise MigrationError(
                f"migration {step.name} was applied with another content than this version has: "
                f"use the version that made this database, or an empty one"
            )
    return [step for step in known if step.name not in applied]


async def pending_migrations(db: Database) -> list[str]:
    """Return the names of steps that are not applied yet; applies nothing."""
    async with db.connection() as conn:
        cursor = await conn.execute("SELECT to_regclass('migrations') IS NOT NULL")
        row = await cursor.fetchone()
        applied: dict[str, str] = {}
        if row and row[0]:
            rows = await (await conn.execute("SELECT name, checksum FROM migrations")).fetchall()
            applied = dict(rows)
    return [step.name for step in _pending(list_migrations(), applied)]


async def migrate(db: Database) -> list[str]:
    """Apply what is missing and return the names of the steps applied.

    Waits for another process that is migrating. Raises :class:`MigrationError` when an applied step
    was changed or the database is newer than this version.
    """
    done = []
    # A connection of its own: pooled ones give up on locks after 10 s, and a long step is no fault.
    async with await connect(db.url, application_name="quintet-migrate") as conn:
        await conn.execute("SET lock_timeout = 0")
        await conn.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        await conn.execute(_LEDGER)
        rows = await (await conn.execute("SELECT name, checksum FROM migrations")).fetchall()
        for step in _pending(list_migrations(), dict(rows)):
            async with conn.transaction():
                await conn.execute(step.sql.encode())
                await conn.execute(
                    "INSERT INTO migrations (name, checksum) VALUES (%s, %s)",
                    (step.name, step.checksum),
                )
            done.append(step.name)
    return done
