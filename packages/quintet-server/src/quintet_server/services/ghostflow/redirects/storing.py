"""Storing clicks, and finding out which of them are unique: one call of a database function.

The function, `ghostflow_insert_clicks`, is where uniqueness is decided; its comment says how. Rows
travel as one JSON text, which costs the process less than a parameter for every column.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import orjson

from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.services.ghostflow.redirects.caps import count_others
from quintet_server.store.database import Connection

__all__ = ["Outcome", "insert_clicks", "known_ids", "store"]

Outcome = Literal["created", "duplicate"]

# The shortest window: clicks of a visitor that lie less far apart are not both unique.
_APART = timedelta(hours=1)
_NOTHING = timedelta()

_INSERT = "SELECT created, uniques FROM ghostflow_insert_clicks(%s::jsonb, %s::jsonb, %s)"
_STORE = "SELECT FROM ghostflow_insert_clicks(%s::jsonb, %s::jsonb, %s)"
_KNOWN = "SELECT id FROM ghostflow_clicks WHERE id = ANY(%s)"


async def insert_clicks(
    conn: Connection, clicks: Sequence[Click], window_hours: Sequence[int]
) -> list[Outcome]:
    """Store clicks in the transaction of `conn`; for each, whether it is new.

    A click whose id is stored already is a duplicate, whatever else it says; of equal ids among
    `clicks` the first is stored. They may come in any order, and late: the same clicks of a visitor
    are unique in the end. A database error rolls back to the state before the call.

    Args:
        conn: A connection in a transaction, which is to be short: rows of visitors and of offers
            with a cap stay locked until it ends.
        clicks: `is_unique` of those that are created is set to what the database decided.
        window_hours: The unique window of each click's campaign.
    """
    known = await known_ids(conn, clicks)
    fresh: dict[UUID, int] = {}
    for index, click in enumerate(clicks):
        if click.id not in known:
            fresh.setdefault(click.id, index)
    counted = await count_others(conn, (clicks[index] for index in fresh.values()))
    while fresh and not await _insert_all(conn, clicks, window_hours, fresh):
        # Somebody else has just stored one of them, and its visitor had been counted already.
        known = await known_ids(conn, [clicks[index] for index in fresh.values()])
        fresh = {id: index for id, index in fresh.items() if id not in known}
    await counted.add(conn, (clicks[index] for index in fresh.values()))
    created = set(fresh.values())
    return ["created" if index in created else "duplicate" for index in range(len(clicks))]


async def _insert_all(
    conn: Connection, clicks: Sequence[Click], window_hours: Sequence[int], fresh: dict[UUID, int]
) -> bool:
    """Store all of these, or none if one of them is stored meanwhile."""
    # In one order, whoever stores the same ones.
    indexes = [fresh[id] for id in sorted(fresh)]
    chosen = [clicks[index] for index in indexes]
    parameters = _parameters(chosen, [window_hours[index] for index in indexes])
    async with conn.transaction() as attempt:
        row = await (await conn.execute(_INSERT, parameters)).fetchone()
        assert row is not None  # a function returns one
        created, uniques = (set(ids or ()) for ids in row)
        if len(created) < len(chosen):
            attempt.force_rollback = True
            return False
    for click in chosen:
        click.is_unique = click.id in uniques
    return True


async def known_ids(conn: Connection, clicks: Sequence[Click]) -> set[UUID]:
    """The ids of those that are stored."""
    rows = await conn.execute(_KNOWN, ([click.id for click in clicks],))
    return {id for (id,) in await rows.fetchall()}


async def store(conn: Connection, clicks: Sequence[Click], window_hours: Sequence[int]) -> None:
    """Store clicks that have ids nobody else gives, in one statement.

    Doing it again does nothing, so it may be repeated when it is not known how it ended.

    Raises:
        TypeError: A value cannot be written as JSON.
        psycopg.Error: None of them is stored.
    """
    await conn.execute(_STORE, _parameters(clicks, window_hours), prepare=True)


def _parameters(clicks: Sequence[Click], window_hours: Sequence[int]) -> tuple[Any, ...]:
    firsts, slack = _firsts(clicks, window_hours)
    return orjson.dumps(clicks).decode(), orjson.dumps(firsts).decode(), slack


def _firsts(
    clicks: Sequence[Click], window_hours: Sequence[int]
) -> tuple[list[dict[str, Any]], timedelta]:
    """The oldest click of each visitor on each campaign, and how far apart others lie from it."""
    pairs: dict[tuple[UUID, UUID], list[Any]] = {}
    for click, hours in zip(clicks, window_hours, strict=True):
        if click.is_bot:
            continue
        pair = pairs.setdefault((click.campaign_id, click.visitor_id), [click, hours, click.at])
        if pair[0] is not click:
            if (click.at, click.id) < (pair[0].at, pair[0].id):
                pair[0] = click
            pair[2] = max(pair[2], click.at)
    firsts = []
    slack = _NOTHING
    for first, hours, last_at in pairs.values():
        apart = last_at - first.at
        is_spread = apart >= _APART
        if not is_spread and apart > slack:
            slack = apart
        firsts.append(
            {
                "team_id": first.team_id,
                "campaign_id": first.campaign_id,
                "visitor_id": first.visitor_id,
                "at": first.at,
                "id": first.id,
                "window_hours": hours,
                "spread": is_spread,
            }
        )
    return firsts, slack
