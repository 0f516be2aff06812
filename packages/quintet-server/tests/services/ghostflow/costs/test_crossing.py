"""Bookings next to everything else that writes the same clicks at the same moment."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg

from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.services.ghostflow.redirects.storing import insert_clicks
from quintet_server.services.ghostflow.reports.rolling import roll

from ..redirects.conftest import a_click
from ..reports.traffic import campaign, utc

if TYPE_CHECKING:
    from ..conftest import Api

AT = utc("2025-01-01T12:00")
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND query LIKE %s
"""


def click(team: UUID, of: UUID, number: int, hours: float, visitor: int = 1) -> Click:
    """One whose place among the ids says nothing of its time."""
    return a_click(
        team,
        of,
        id=UUID(int=of.int + number),
        at=AT + timedelta(hours=hours),
        visitor_id=UUID(int=visitor),
        cost=7,
    )


async def insert(api: Api, *clicks: Click) -> None:
    async with api.runtime.db.transaction() as conn:
        await insert_clicks(conn, clicks, [24] * len(clicks))


async def until_waiting(api: Api, statement: str) -> None:
    while not (await api.sql(WAITING, f"%{statement}%"))[0][0]:
        await asyncio.sleep(0.01)


async def test_booking_and_late_click_lock_what_both_change_in_one_order(api: Api) -> None:
    team = await api.team_id()
    id = await campaign(api, team)
    # A late click at -1 h takes the place of the one at 0 h, and the one at 23.5 h becomes unique:
    # both are corrected. By time they come in one order, by id in the other.
    for one in (click(team, id, 2, 0), click(team, id, 1, 23.5)):
        await insert(api, one)
    body = {"from": "2025-01-01", "to": "2025-01-02", "amount": 1}
    async with await psycopg.AsyncConnection.connect(api.runtime.db.url) as holding:
        # Both stand still at what comes first by id, and neither holds what comes later.
        await holding.execute(
            "SELECT FROM ghostflow_clicks WHERE id = %s FOR UPDATE", [UUID(int=id.int + 1)]
        )
        booking = asyncio.create_task(api.ask("POST", f"/campaigns/{id}/costs", body))
        await until_waiting(api, "WITH locked AS")
        late = asyncio.create_task(insert(api, click(team, id, 3, -1)))
        await until_waiting(api, "ghostflow_insert_clicks")
        await holding.execute(
            "SELECT FROM ghostflow_clicks WHERE id = %s FOR UPDATE NOWAIT", [UUID(int=id.int + 2)]
        )
    assert (await booking)["clicks"] == 2
    await late
    rows = await api.sql(
        "SELECT is_unique, cost FROM ghostflow_clicks WHERE campaign_id = %s ORDER BY at", id
    )
    assert rows == [(True, 7), (False, 500_000), (True, 500_000)]


async def test_sums_are_those_of_the_rows_whoever_writes_and_rolls_at_once(api: Api) -> None:
    team = await api.team_id()
    id = await campaign(api, team)
    body = {"from": "2025-01-01", "to": "2025-01-03", "amount": 1}
    await insert(api, *(click(team, id, n, n, visitor=n) for n in range(8)))

    async def clicking(visitor: int) -> None:
        # Backwards in time: each of them puts the one before in the wrong.
        for n in range(6):
            await insert(api, click(team, id, 100 * visitor + 10 - n, 40 - 7 * n, visitor))

    async def booking() -> None:
        for amount in range(1, 5):
            await api.ask("POST", f"/campaigns/{id}/costs", {**body, "amount": amount})

    async def rolling() -> None:
        for _ in range(12):
            await roll(api.runtime.db, batch=5)

    await asyncio.gather(clicking(1), clicking(2), clicking(3), booking(), booking(), rolling())
    [rows] = await api.sql(
        "SELECT count(*), count(*) FILTER (WHERE is_unique), sum(cost) FROM ghostflow_clicks "
        "WHERE campaign_id = %s",
        id,
    )
    params = {"from": "2024-12-30", "to": "2025-01-05", "campaignId": str(id)}
    for rest in (False, True):
        while rest and await roll(api.runtime.db):
            pass
        report = await api.ask("GET", "/reports/timeseries", params=params)
        totals = report["totals"]
        found = (totals["clicks"], totals["uniqueClicks"], round(totals["cost"] * 10**6))
        assert found == rows
