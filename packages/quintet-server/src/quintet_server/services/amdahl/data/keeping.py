"""Writing rows: those that are new, those that changed; what is as it was stays untouched.

One statement for as many rows as come, from arrays or from a staging table. Interactions with words
are noted as to be embedded in the same statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from quintet_server.services.amdahl.data.rows import Row
from quintet_server.services.amdahl.data.tables import TABLES, ColumnInfo, Table
from quintet_server.store.database import Connection

__all__ = ["Kept", "Stage", "keep_rows"]

_KINDS = {
    "STRING": "text",
    "FLOAT": "float8",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "timestamptz",
    "JSON": "text",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """How many rows were new, how many changed, and how many were as they are."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: Kept) -> Kept:
        return Kept(
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
        )


async def keep_rows(conn: Connection, project_id: str, table: Table, rows: Sequence[Row]) -> Kept:
    """Insert or replace rows, by their key, in the caller's transaction; no key may come twice."""
    if not rows:
        return Kept()
    place = _key_place(table)
    # In one order for everybody: two requests that write the same rows wait, but do not lock up.
    ordered = sorted(rows, key=lambda row: row[place])
    columns = [list(column) for column in zip(*ordered, strict=True)]
    cursor = await conn.execute(_from_arrays(table.name).encode(), (project_id, *columns))
    return _kept(await cursor.fetchone(), len(rows))


class Stage:
    """A table of the transaction through which many rows go in by COPY, a batch at a time."""

    def __init__(self, conn: Connection, project_id: str, table: Table) -> None:
        self._conn = conn
        self._project_id = project_id
        self._table = table
        self._place = _key_place(table)

    async def open(self) -> None:
        """Make the staging table; it goes with the transaction."""
        columns = ", ".join(f'"{c.name}" {_KINDS[c.type]}' for c in self._table.columns)
        await self._conn.execute(
            f"CREATE TEMPORARY TABLE amdahl_staged ({columns}) ON COMMIT DROP".encode()
        )

    async def keep(self, rows: Sequence[Row]) -> Kept:
        """Insert or replace rows; of several with one key the last counts."""
        by_key = {row[self._place]: row for row in rows}
        async with self._conn.cursor() as cursor:
            async with cursor.copy("COPY amdahl_staged FROM STDIN") as copy:
                for key in sorted(by_key):
                    await copy.write_row(by_key[key])
            await cursor.execute(_from_stage(self._table.name).encode(), (self._project_id,))
            kept = _kept(await cursor.fetchone(), len(by_key))
            await cursor.execute("TRUNCATE amdahl_staged")
        return kept


def _kept(row: Sequence[int] | None, given: int) -> Kept:
    inserted, updated = row or (0, 0)
    return Kept(inserted, updated, given - inserted - updated)


def _key_place(table: Table) -> int:
    return [column.name for column in table.columns].index(table.key)


@cache
def _from_arrays(name: str) -> str:
    columns = TABLES[name].columns
    arrays = ", ".join(f"%s::{_KINDS[column.type]}[]" for column in columns)
    names = ", ".join(f'"{column.name}"' for column in columns)
    given = f"SELECT %s::text AS project_id, r.* FROM unnest({arrays}) AS r ({names})"
    return _merge(TABLES[name], given)


@cache
def _from_stage(name: str) -> str:
    return _merge(TABLES[name], "SELECT %s::text AS project_id, r.* FROM amdahl_staged r")


def _merge(table: Table, given: str) -> str:
    """One statement from rows to the two counts; `given` has project_id and the columns."""
    names = [f'"{column.name}"' for column in table.columns]
    listed = ", ".join(names)
    values = ", ".join(_value(column) for column in table.columns)
    others = [name for name in names if name != f'"{table.key}"']
    sets = ", ".join(f"{name} = excluded.{name}" for name in others)
    before = ", ".join(f"t.{name}" for name in others)
    after = ", ".join(f"excluded.{name}" for name in others)
    is_worded = table.column("content") is not None
    words = ", t.project_id, t.id, t.content IS NOT NULL AS has_words" if is_worded else ""
    return f"""
WITH given AS ({given}), kept AS (
    INSERT INTO {table.kept_in} AS t (project_id, {listed})
    SELECT project_id, {values} FROM given
    ON CONFLICT (project_id, "{table.key}") DO UPDATE SET {sets}
    WHERE ({before}) IS DISTINCT FROM ({after})
    RETURNING (t.xmax = 0) AS is_new{words}
){_QUEUED if is_worded else ""}
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM kept
"""


# What is to be embedded again gets a new version: see the migration.
_QUEUED = """, queued AS (
    INSERT INTO amdahl_unembedded (project_id, kind, id)
    SELECT project_id, 'interaction', id FROM kept WHERE has_words
    ON CONFLICT (project_id, kind, id) DO UPDATE SET version = excluded.version
)"""


def _value(column: ColumnInfo) -> str:
    return f'"{column.name}"::jsonb' if column.type == "JSON" else f'"{column.name}"'
