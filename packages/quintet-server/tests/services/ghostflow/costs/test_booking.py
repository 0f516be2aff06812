"""Invoices: exact shares, and what they replace."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from quintet_server.services.ghostflow.reports.rolling import roll

from ..reports.traffic import Click, campaign, insert, utc

if TYPE_CHECKING:
    from ..conftest import Api

AT = utc("2025-01-01T12:00")
INVOICE = {"from": "2025-01-01", "to": "2025-01-01", "amount": 0.1, "currency": "USD"}


async def three_clicks(api: Api) -> UUID:
    team = await api.team_id()
    id = await campaign(api, team)
    clicks = [Click(id, AT + timedelta(minutes=n), cost=7_000_000) for n in range(3)]
    robot = Click(id, AT, is_bot=True, is_unique=False, cost=900)
    await insert(api, team, [*clicks, robot, Click(id, AT + timedelta(days=1), cost=11)])
    return id


async def cost(api: Api, day: str) -> Any:
    params = {"from": day, "to": day, "bots": "include"}
    answer = await api.get("/reports/timeseries", params=params)
    return json.loads(answer.text, parse_float=Decimal)["totals"]["cost"]


async def test_invoice_replaces_the_costs_of_its_time_to_the_last_millionth(api: Api) -> None:
    id = await three_clicks(api)
    await roll(api.runtime.db)
    booked = await api.ask("POST", f"/campaigns/{id}/costs", INVOICE)
    assert booked == {"campaignId": str(id), **INVOICE, "clicks": 3}
    statement = "SELECT cost FROM ghostflow_clicks WHERE campaign_id = %s ORDER BY at, is_bot, id"
    assert [row[0] for row in await api.sql(statement, id)] == [33_334, 0, 33_333, 33_333, 11]
    assert await cost(api, "2025-01-01") == Decimal("0.1")
    assert await cost(api, "2025-01-02") == Decimal("0.000011")
    again = {**INVOICE, "amount": 2}
    await api.ask("POST", f"/campaigns/{id}/costs", again)
    assert await cost(api, "2025-01-01") == 2


async def test_invoice_between_instants_covers_the_first_and_not_the_last(api: Api) -> None:
    id = await three_clicks(api)
    body = {"from": "2025-01-01T12:00:00Z", "to": "2025-01-01T12:02:00Z", "amount": 1}
    booked = await api.ask("POST", f"/campaigns/{id}/costs", body)
    assert (booked["clicks"], booked["currency"]) == (2, "USD")
    assert booked["from"] == "2025-01-01T12:00:00.000Z"


async def test_invoice_without_clicks_is_refused_and_changes_nothing(api: Api) -> None:
    id = await three_clicks(api)
    body = {**INVOICE, "from": "2024-01-01", "to": "2024-01-02"}
    await api.refused("POST", f"/campaigns/{id}/costs", body, 409, "CONFLICT")
    await api.refused("POST", f"/campaigns/{uuid4()}/costs", INVOICE, 404, "NOT_FOUND")
    other = await api.other_project()
    await other.refused("POST", f"/campaigns/{id}/costs", INVOICE, 404, "NOT_FOUND")
    assert await cost(api, "2025-01-01") == Decimal("21.0009")


@pytest.mark.parametrize(
    "change", [{"amount": -1}, {"amount": "5"}, {"to": None}, {"currency": "usd"}, {"note": "x"}]
)
async def test_invoice_that_is_wrong_is_refused(api: Api, change: dict[str, Any]) -> None:
    id = await three_clicks(api)
    body = {**INVOICE, **change}
    await api.refused("POST", f"/campaigns/{id}/costs", body, 400, "VALIDATION_ERROR")
