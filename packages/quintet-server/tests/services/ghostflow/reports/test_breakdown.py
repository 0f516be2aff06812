"""Rows, their keys and their pages; tables for spreadsheets."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from quintet_server.services.ghostflow.currencies import Currencies
from quintet_server.services.ghostflow.filters import Filters
from quintet_server.services.ghostflow.reports.adding import add_up
from quintet_server.services.ghostflow.reports.calendars import zone_of
from quintet_server.services.ghostflow.reports.grouping import by_dimensions
from quintet_server.services.ghostflow.reports.periods import read_period
from quintet_server.services.ghostflow.reports.questions import Question
from quintet_server.services.ghostflow.settings import GhostFlowSettings

from .traffic import Click, Conversion, campaign, insert, utc

if TYPE_CHECKING:
    from ..conftest import Api

DAY = {"from": "2025-01-01", "to": "2025-01-01"}
AT = utc("2025-01-01T12:00")


async def test_pages_of_a_breakdown_have_every_row_once_in_order(api: Api) -> None:
    team = await api.team_id()
    id = await campaign(api, team)
    clicks = [Click(id, AT, sub1=str(n) if n else None, cost=n % 3) for n in range(8)]
    await insert(api, team, clicks)
    for sort in ("-revenue", "cost", "-cost", "roi", "-roi", "uniqueVisitors", "-clicks"):
        asked = {**DAY, "groupBy": "sub1", "limit": 3, "sort": sort}
        rows: list[Any] = []
        cursor = None
        while True:
            params = {**asked, **({"cursor": cursor} if cursor else {})}
            page = await api.ask("GET", "/reports/breakdown", params=params)
            rows += page["rows"]
            assert page["totals"]["clicks"] == 8
            cursor = page["nextCursor"]
            if cursor is None:
                break
        whole = await api.ask("GET", "/reports/breakdown", params={**asked, "limit": 100})
        assert rows == whole["rows"]
        assert {row["keys"]["sub1"] for row in rows} == {"unknown", *"1234567"}
    asked = {**DAY, "groupBy": "sub1", "limit": 3}
    cursor = (await api.ask("GET", "/reports/breakdown", params=asked))["nextCursor"]
    for change in ({"sort": "clicks"}, {"bots": "only"}, {"groupBy": "sub2"}):
        params = {**asked, "cursor": cursor, **change}
        await api.refused("GET", "/reports/breakdown", None, 400, "VALIDATION_ERROR", params=params)


@pytest.mark.parametrize("sort", ["-clicks", "clicks", "-revenue", "revenue", "-profit", "epc"])
async def test_rows_go_by_numbers_however_many_digits_these_have(api: Api, sort: str) -> None:
    team = await api.team_id()
    id = await campaign(api, team)
    clicks = {
        code: [Click(id, AT, country=code, cost=number) for number in range(count)]
        for code, count in {"DE": 12, "FR": 3, "US": 1, "GB": 100}.items()
    }
    revenues = {"DE": 100_000_000, "FR": 9_000_000, "US": 20_500_000, "GB": 3}
    sales = [Conversion(clicks[code][0], AT, revenue=value) for code, value in revenues.items()]
    await insert(api, team, [*(click for each in clicks.values() for click in each), *sales])
    asked = {**DAY, "groupBy": "country", "sort": sort, "limit": 1}
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await api.ask(
            "GET", "/reports/breakdown", params={**asked, "cursor": cursor} if cursor else asked
        )
        found += page["rows"]
        cursor = page["nextCursor"]
    values = [row[sort.removeprefix("-")] for row in found]
    assert len(values) == 4
    assert values == sorted(values, reverse=sort.startswith("-"))


async def test_top_of_a_dashboard_goes_by_revenue_then_clicks_then_keys(api: Api) -> None:
    team = await api.team_id()
    id = uuid.uuid4()
    counts = {"AA": 1, "BB": 12, "CC": 9, "DD": 12, "EE": 1, "FF": 1}
    clicks = [Click(id, AT, country=code) for code, n in counts.items() for _ in range(n)]
    await insert(api, team, [*clicks, Conversion(clicks[-1], AT, revenue=5)])
    report = await api.ask("GET", "/reports/dashboard", params=DAY)
    top = [row["keys"]["country"] for row in report["top"]["countries"]]
    assert top == ["FF", "BB", "DD", "CC", "AA"]


async def test_ids_come_with_names_also_of_what_is_deleted(api: Api) -> None:
    team = await api.team_id()
    id = await campaign(api, team, "Gone")
    await insert(api, team, [Click(id, AT)])
    await api.sql("UPDATE ghostflow_campaigns SET deleted_at = now() WHERE id = %s", id)
    params = {**DAY, "groupBy": "campaign,offer,hour"}
    report = await api.ask("GET", "/reports/breakdown", params=params)
    assert [row["keys"] for row in report["rows"]] == [
        {
            "campaign": {"id": str(id), "name": "Gone", "deleted": True},
            "offer": {"id": None, "name": "unknown", "deleted": False},
            "hour": 12,
        }
    ]


async def test_events_say_nothing_of_clicks(api: Api) -> None:
    team = await api.team_id()
    click = Click(await campaign(api, team), AT, cost=5)
    paid = Conversion(click, AT, event="lead", revenue=1_000_000)
    await insert(api, team, [click, paid])
    params = {**DAY, "groupBy": "event", "sort": "-clicks"}
    report = await api.ask("GET", "/reports/breakdown", params=params)
    [row] = report["rows"]
    assert row["keys"] == {"event": "lead"}
    assert (row["approved"], row["revenue"], row["approvalRate"]) == (1, 1, 100)
    for name in ("clicks", "uniqueVisitors", "cost", "profit", "roi", "cr", "epc", "cpc", "cpa"):
        assert row[name] is None
        assert report["totals"][name] is None


async def test_csv_keeps_formulas_from_being_executed_and_numbers_numbers(api: Api) -> None:
    team = await api.team_id()
    id = await campaign(api, team, "@SUM(A1)")
    await insert(api, team, [Click(id, AT, sub1='=cmd|" /C calc"!A0', cost=1_500_000)])
    params = {**DAY, "groupBy": "campaign,sub1", "format": "csv"}
    answer = await api.get("/reports/breakdown", params=params)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, row = csv.reader(io.StringIO(answer.text))
    found = dict(zip(header, row, strict=True))
    assert found["campaignId"] == str(id)
    assert found["campaign"] == "'@SUM(A1)"
    assert found["sub1"] == '\'=cmd|" /C calc"!A0'
    assert (found["cost"], found["profit"], found["cpa"]) == ("1.5", "-1.5", "")
    series = await api.get("/reports/timeseries", params={**DAY, "format": "csv"})
    [header, row] = csv.reader(io.StringIO(series.text))
    assert dict(zip(header, row, strict=True))["bucket"] == "2025-01-01"


async def test_other_teams_traffic_is_in_no_report(api: Api) -> None:
    team = await api.team_id()
    await insert(api, team, [Click(await campaign(api, team), AT)])
    other = await api.other_project()
    report = await other.ask("GET", "/reports/breakdown", params={**DAY, "groupBy": "campaign"})
    assert (report["rows"], report["totals"]["clicks"]) == ([], 0)


@pytest.mark.parametrize(("target", "revenue"), [("USD", "2.48"), ("GBP", None), ("EUR", None)])
async def test_amounts_in_other_currencies_are_converted_exactly(
    api: Api, target: str, revenue: str | None
) -> None:
    team = await api.team_id()
    clicks = [Click(uuid.uuid4(), AT + timedelta(hours=hour)) for hour in range(3)]
    paid = [
        Conversion(clicks[0], AT, revenue=1_400_000),
        Conversion(clicks[1], AT, revenue=1_000_000, currency="EUR"),
        Conversion(clicks[2], AT, revenue=None, payout=1, payout_currency="XAU"),
        Conversion(clicks[2], AT, revenue=7, currency="JPY"),
    ]
    await insert(api, team, [*clicks, *paid])
    rates = Currencies(GhostFlowSettings(rates={"EUR": Decimal("1.08"), "GBP": Decimal("1.27")}))
    period = read_period("2025-01-01", "2025-01-02", zone_of("UTC"), 0)
    question = Question(team, period, "UTC", "click", "exclude", target, Filters())
    async with api.runtime.db.connection() as conn:
        answer = await add_up(conn, question, by_dimensions(("hour",), period), rates)
    assert answer.unconverted == ["JPY", "XAU"]
    with_all_digits = sum((row.sums.revenue for row in answer.rows), Decimal(0))
    assert abs(with_all_digits - answer.totals.revenue) < Decimal("1e-20")
    if revenue is not None:
        assert answer.totals.revenue == Decimal(revenue)


async def test_only_money_that_counts_and_has_no_rate_is_unconverted(api: Api) -> None:
    team = await api.team_id()
    click = Click(uuid.uuid4(), AT)
    unpriced = [
        Conversion(click, AT, revenue=None, payout=0, payout_currency="GBP"),
        Conversion(click, AT, "rejected", revenue=None, payout=5, payout_currency="XAU"),
    ]
    await insert(api, team, [click, *unpriced])
    for dimension in ("country", "sub1"):  # from sums, and from the rows
        params = {**DAY, "groupBy": dimension}
        report = await api.ask("GET", "/reports/breakdown", params=params)
        assert report["unconverted"] == []
    await api.sql("UPDATE ghostflow_conversions SET status = 'pending' WHERE team_id = %s", team)
    for dimension in ("country", "sub1"):
        params = {**DAY, "groupBy": dimension}
        report = await api.ask("GET", "/reports/breakdown", params=params)
        assert report["unconverted"] == ["XAU"]
