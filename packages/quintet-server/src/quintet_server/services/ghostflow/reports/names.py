"""What the ids in a report are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from quintet_server.services.ghostflow.reports.dimensions import ID_TABLES, shown
from quintet_server.store.database import Connection

__all__ = ["Names", "read_names", "shown_keys"]

Names = Mapping[UUID, tuple[str, bool]]
"""Name, and whether it is deleted."""


async def read_names(
    conn: Connection, team: UUID, dimensions: Sequence[str], keys: Sequence[tuple[Any, ...]]
) -> Names:
    """The names of all ids among the keys of rows."""
    found: dict[UUID, tuple[str, bool]] = {}
    for number, dimension in enumerate(dimensions):
        if dimension not in ID_TABLES:
            continue
        table, column = ID_TABLES[dimension]
        ids = {key[number] for key in keys if key[number] is not None}
        cursor = await conn.execute(
            f"SELECT id, {column}, deleted_at IS NOT NULL FROM {table} "
            "WHERE team_id = %s AND id = ANY(%s)".encode(),
            (team, list(ids)),
        )
        found |= {id: (name, deleted) for id, name, deleted in await cursor.fetchall()}
    return found


def shown_keys(dimensions: Sequence[str], keys: Sequence[Any], names: Names) -> dict[str, Any]:
    """A row's keys as the API shows them: an id with its name, anything else as it is."""
    return {
        dimension: _shown_id(key, names) if dimension in ID_TABLES else shown(key)
        for dimension, key in zip(dimensions, keys, strict=True)
    }


def _shown_id(id: UUID | None, names: Names) -> dict[str, Any]:
    if id is None:
        return {"id": None, "name": shown(None), "deleted": False}
    # Whatever was counted once existed; if nobody knows its name any more, it is gone.
    name, deleted = names.get(id, (None, True))
    return {"id": str(id), "name": name, "deleted": deleted}
