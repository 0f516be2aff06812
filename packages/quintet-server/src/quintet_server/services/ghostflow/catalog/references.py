"""What refers to what: only to what is there and the team's own, and nothing in use is deleted.

Whoever refers to a row shares a lock on it, and whoever deletes it has it for himself. So of a
campaign that takes an offer and a call that deletes the offer, one sees what the other has done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from quintet_server.http.errors import ApiError
from quintet_server.services.ghostflow.errors import conflict, invalid_fields
from quintet_server.store.database import Connection

__all__ = [
    "Reference",
    "check_references",
    "refuse_if_in_campaigns",
    "refuse_if_in_offers",
]

_NAMED = 20


class Reference(NamedTuple):
    """A field that holds the id of something else."""

    field: str
    plural: str
    """Of the resource: `offers`."""
    id: UUID


async def check_references(
    conn: Connection, team_id: UUID, references: Sequence[Reference]
) -> None:
    """Raise 400, naming every field that refers to what is not there or is another team's."""
    missing = set(references)
    for plural in sorted({each.plural for each in references}):
        ids = [each.id for each in references if each.plural == plural]
        found = await _found(conn, team_id, plural, ids)
        missing -= {each for each in references if each.plural == plural and each.id in found}
    if missing:
        fields = [
            (each.field, f"is the id of none of the team's {each.plural}")
            for each in references
            if each in missing
        ]
        raise invalid_fields(fields)


async def _found(
    conn: Connection, team_id: UUID, plural: str, ids: Sequence[UUID]
) -> frozenset[UUID]:
    statement = (
        f"SELECT id FROM ghostflow_{plural} WHERE team_id = %s AND id = ANY (%s) "
        "AND deleted_at IS NULL ORDER BY id FOR SHARE"
    )
    cursor = await conn.execute(statement.encode(), (team_id, list(ids)))
    return frozenset(id for (id,) in await cursor.fetchall())


async def refuse_if_in_campaigns(
    conn: Connection, team_id: UUID, noun: str, column: str, value: Any
) -> None:
    """Raise 409 with the campaigns that use something and are not archived."""
    test = "offers @> %s" if column == "offers" else f"{column} = %s"
    value = Jsonb([{"offerId": str(value)}]) if column == "offers" else value
    statement = (
        "SELECT id, name FROM ghostflow_campaigns WHERE team_id = %s AND deleted_at IS NULL "
        f"AND status <> 'archived' AND {test} ORDER BY created_at, id LIMIT {_NAMED + 1}"
    )
    await _refuse_if_any(conn, statement, (team_id, value), noun, "campaigns")


async def refuse_if_in_offers(conn: Connection, team_id: UUID, network_id: UUID) -> None:
    """Raise 409 with the offers of a network."""
    statement = (
        "SELECT id, name FROM ghostflow_offers WHERE team_id = %s AND deleted_at IS NULL "
        f"AND network_id = %s ORDER BY created_at, id LIMIT {_NAMED + 1}"
    )
    await _refuse_if_any(conn, statement, (team_id, network_id), "network", "offers")


async def _refuse_if_any(
    conn: Connection, statement: str, params: tuple[Any, ...], noun: str, users: str
) -> None:
    rows = await (await conn.execute(statement.encode(), params)).fetchall()
    if rows:
        raise _in_use(noun, users, rows)


def _in_use(noun: str, users: str, rows: Sequence[tuple[Any, ...]]) -> ApiError:
    named = ", ".join(f"{name} ({id})" for id, name in rows[:_NAMED])
    more = " and others" if len(rows) > _NAMED else ""
    message = f"This {noun} is used by the {users} {named}{more}; take it out of them first."
    return conflict(message, [(users, f"{id} {name}") for id, name in rows[:_NAMED]])
