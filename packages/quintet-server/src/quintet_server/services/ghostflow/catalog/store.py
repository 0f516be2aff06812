"""Rows of the five tables: found, locked, written, listed.

What is deleted stays in its table, for the reports, and is found no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from quintet_server.services.ghostflow.catalog.resource import Resource, Row, Values
from quintet_server.services.ghostflow.errors import conflict, not_found
from quintet_server.services.ghostflow.listing import ListArgs, keyset, like
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_uuid7

__all__ = ["find", "insert", "list_rows", "lock", "lock_team", "remove", "update"]

_LOCK_TEAM = b"SELECT 1 FROM ghostflow_teams WHERE id = %s FOR NO KEY UPDATE"
_THIS = "team_id = %(team_id)s AND id = %(id)s AND deleted_at IS NULL"


async def lock_team(conn: Connection, team_id: UUID) -> None:
    """Let nobody else in who locks this team, until the transaction ends."""
    await conn.execute(_LOCK_TEAM, (team_id,))


async def find(conn: Connection, resource: Resource, team_id: UUID, id: UUID) -> Row:
    """The row of this id. Raises 404, for another team's as well."""
    return await _found(conn, resource, team_id, id, "")


async def lock(conn: Connection, resource: Resource, team_id: UUID, id: UUID) -> Row:
    """The same; nobody else changes it, or begins to refer to it, before this transaction ends."""
    return await _found(conn, resource, team_id, id, " FOR NO KEY UPDATE")


async def _found(
    conn: Connection, resource: Resource, team_id: UUID, id: UUID, locking: str
) -> Row:
    statement = f"SELECT {resource.columns} FROM {resource.table} WHERE {_THIS}{locking}"
    row = await _one(conn, statement, {"team_id": team_id, "id": id})
    if row is None:
        raise not_found(resource.noun, id)
    return row


async def insert(conn: Connection, resource: Resource, team_id: UUID, values: Values) -> Row:
    """Write a new row. Raises 409 for a value that only one row on the server can have."""
    values = {"id": new_uuid7(), "team_id": team_id, **values}
    names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    statement = (
        f"INSERT INTO {resource.table} ({names}) VALUES ({places}) RETURNING {resource.columns}"
    )
    return await _written(conn, resource, statement, values)


async def update(conn: Connection, resource: Resource, row: Row, changes: Values) -> Row:
    """Change a row that is locked. Raises 409 as `insert` does."""
    changed = "".join(f"{name} = %({name})s, " for name in changes)
    statement = (
        f"UPDATE {resource.table} SET {changed}version = version + 1, updated_at = quintet_now() "
        f"WHERE {_THIS} RETURNING {resource.columns}"
    )
    this = {"team_id": row["team_id"], "id": row["id"]}
    return await _written(conn, resource, statement, {**changes, **this})


async def remove(conn: Connection, resource: Resource, row: Row) -> None:
    """Delete a row that is locked."""
    statement = (
        f"UPDATE {resource.table} SET deleted_at = quintet_now(), updated_at = quintet_now(), "
        f"version = version + 1 WHERE {_THIS}"
    )
    await conn.execute(statement.encode(), {"team_id": row["team_id"], "id": row["id"]})


async def _written(conn: Connection, resource: Resource, statement: str, values: Values) -> Row:
    columns = {
        name: Jsonb(value) if name in resource.json_columns and value is not None else value
        for name, value in values.items()
    }
    with _refusing_duplicates(resource, values):
        row = await _one(conn, statement, columns)
    assert row is not None  # a new one, or one that is locked
    return row


@contextmanager
def _refusing_duplicates(resource: Resource, values: Values) -> Iterator[None]:
    try:
        yield
    except UniqueViolation as error:
        taken = resource.unique.get(error.diag.constraint_name or "")
        if taken is None:
            raise
        name, advice = taken
        message = f"The {name} {values[name]!r} is taken. {advice}"
        raise conflict(message, [(name, "is taken")]) from error


async def list_rows(
    conn: Connection, resource: Resource, team_id: UUID, args: ListArgs, status: str | None
) -> tuple[list[Row], int]:
    """A page of rows and one more, if there is one; and how many there are in all."""
    where = "team_id = %(team_id)s AND deleted_at IS NULL"
    params: dict[str, Any] = {"team_id": team_id}
    if resource.statuses and status != "all":
        where += " AND status = ANY (%(statuses)s)"
        params["statuses"] = [status] if status else _listed(resource)
    if args.search is not None:
        where += f" AND ({' OR '.join(f'{name} ILIKE %(like)s' for name in resource.searched)})"
        params["like"] = like(args.search.replace("\0", "\ufffd"))
    end, page = keyset(args)
    count = f"SELECT count(*) FROM {resource.table} WHERE {where}"
    statement = (
        f"SELECT {resource.columns}, ({count}) AS total FROM {resource.table} WHERE {where}{end}"
    )
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), {**params, **page})
        rows = await cursor.fetchall()
    if rows or args.after is None:
        return rows, rows[0]["total"] if rows else 0
    [total] = await (await conn.execute(count.encode(), params)).fetchone() or [0]
    return [], total


def _listed(resource: Resource) -> list[str]:
    return [each for each in resource.statuses if each not in resource.unlisted_statuses]


async def _one(conn: Connection, statement: str, params: Values) -> Row | None:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), params)
        return await cursor.fetchone()
