"""Clicks in the database: one, a page of them, and what new ones refer to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import dict_row

from quintet_server.services.ghostflow.clicks.costing import CostRule, cost_rule
from quintet_server.services.ghostflow.clicks.record import COLUMNS, Click, read_click
from quintet_server.services.ghostflow.listing import ListArgs, keyset
from quintet_server.services.ghostflow.teams import Team
from quintet_server.store.database import Connection

__all__ = [
    "Target",
    "click_by_id",
    "count_clicks",
    "ids_of_team",
    "list_clicks",
    "offers_of",
    "targets_of",
]

MOST_COUNTED = 10_000
"""Of more clicks than this a list does not say how many there are: counting them is work."""

_SELECT = f"SELECT {', '.join(COLUMNS)} FROM ghostflow_clicks"

_TARGETS = """
SELECT c.id, c.status, c.source_id, c.unique_window_hours, c.cost, s.cost,
       coalesce(c.currency, %(currency)s)
FROM ghostflow_campaigns c
LEFT JOIN ghostflow_sources s ON s.id = c.source_id AND s.deleted_at IS NULL
WHERE c.team_id = %(team)s AND c.id = ANY(%(ids)s) AND c.deleted_at IS NULL
"""

_OFFERS = """
SELECT id, network_id FROM ghostflow_offers
WHERE team_id = %s AND id = ANY(%s) AND deleted_at IS NULL
"""


class Target(NamedTuple):
    """What a new click has to know of its campaign."""

    id: UUID
    status: str
    source_id: UUID | None
    window_hours: int
    rule: CostRule
    currency: str


async def click_by_id(conn: Connection, team_id: UUID, id: UUID) -> Click | None:
    """A click of the team."""
    statement = f"{_SELECT} WHERE id = %s AND team_id = %s"
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), (id, team_id))
        row = await cursor.fetchone()
    return None if row is None else read_click(row)


async def list_clicks(
    conn: Connection, where: str, params: dict[str, Any], args: ListArgs
) -> list[Click]:
    """A page, and one more if there is one. `where` is a condition on the bare columns."""
    rest, page = keyset(args)
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(f"{_SELECT} WHERE {where}{rest}".encode(), params | page)
        return [read_click(row) for row in await cursor.fetchall()]


async def count_clicks(conn: Connection, where: str, params: dict[str, Any]) -> int | None:
    """How many there are; None for more than `MOST_COUNTED`."""
    some = f"SELECT FROM ghostflow_clicks WHERE {where} LIMIT {MOST_COUNTED + 1}"
    cursor = await conn.execute(f"SELECT count(*) FROM ({some}) found".encode(), params)
    row = await cursor.fetchone()
    count: int = row[0] if row else 0
    return None if count > MOST_COUNTED else count


async def targets_of(conn: Connection, team: Team, ids: Collection[UUID]) -> dict[UUID, Target]:
    """Those of these campaigns that the team has, whatever their status."""
    params = {"team": team.id, "ids": list(ids), "currency": team.currency}
    rows = await (await conn.execute(_TARGETS.encode(), params)).fetchall()
    return {row[0]: _target(row) for row in rows}


def _target(row: tuple[Any, ...]) -> Target:
    id, status, source_id, window_hours, cost, source_cost, currency = row
    rule = cost_rule(cost, source_cost)
    return Target(id, status, source_id, window_hours, rule, currency)


async def offers_of(
    conn: Connection, team_id: UUID, ids: Collection[UUID]
) -> dict[UUID, UUID | None]:
    """Those of these offers that the team has, and their networks."""
    if not ids:
        return {}
    cursor = await conn.execute(_OFFERS.encode(), (team_id, list(ids)))
    return dict(await cursor.fetchall())


async def ids_of_team(conn: Connection, team_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Those of these clicks that are the team's."""
    if not ids:
        return set()
    statement = b"SELECT id FROM ghostflow_clicks WHERE team_id = %s AND id = ANY(%s)"
    cursor = await conn.execute(statement, (team_id, list(ids)))
    return {id for (id,) in await cursor.fetchall()}
