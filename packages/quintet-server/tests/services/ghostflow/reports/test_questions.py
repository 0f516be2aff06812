"""What reports refuse, and what they take something for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..conftest import Api

DAYS = {"from": "2025-01-01", "to": "2025-01-31"}


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "2025-01-01"}, "to"),
        ({"to": "2025-01-01"}, "from"),
        ({"from": "2025-01-02", "to": "2025-01-01"}, "from"),
        ({"from": "2025-01-01", "to": "2025-01-02T00:00:00Z"}, "to"),
        ({"from": "2025-01-02T00:00:00Z", "to": "2025-01-01T00:00:00Z"}, "from"),
        ({"from": "2025-01-01T00:00:00", "to": "2025-01-02T00:00:00"}, "from"),
        ({"from": "2025-01-01", "to": "2026-02-05"}, "to"),
        ({"from": "2025-01-01T00:00:00Z", "to": "2026-02-05T00:00:01Z"}, "to"),
        ({"from": "2025-02-30", "to": "2025-03-01"}, "from"),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "from"),
        ({"from": "9999-12-30", "to": "9999-12-31"}, "from"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": "America"}, "timezone"),
        ({"attribution": "view"}, "attribution"),
        ({"bots": "maybe"}, "bots"),
        ({"currency": "usd"}, "currency"),
        ({"campaignId": "no-id"}, "campaignId"),
    ],
)
async def test_report_asked_badly_names_the_parameter(
    api: Api, params: dict[str, str], field: str
) -> None:
    for path in ("/reports/timeseries", "/reports/dashboard"):
        error = await api.refused("GET", path, None, 400, "VALIDATION_ERROR", params=params)
        assert error["details"][0]["field"] == field


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("dashboard", {"compare": "last"}, "compare"),
        ("timeseries", {"interval": "minute"}, "interval"),
        ("timeseries", {"format": "xml"}, "format"),
        ("breakdown", {}, "groupBy"),
        ("breakdown", {"groupBy": "planet"}, "groupBy"),
        ("breakdown", {"groupBy": "country,country"}, "groupBy"),
        ("breakdown", {"groupBy": "country,os,day,hour"}, "groupBy"),
        ("breakdown", {"groupBy": "country", "sort": "day"}, "sort"),
        ("breakdown", {"groupBy": "country", "limit": "1001"}, "limit"),
        ("breakdown", {"groupBy": "country", "cursor": "abc"}, "cursor"),
    ],
)
async def test_report_of_a_kind_asked_badly_names_the_parameter(
    api: Api, path: str, params: dict[str, str], field: str
) -> None:
    error = await api.refused(
        "GET", f"/reports/{path}", None, 400, "VALIDATION_ERROR", params={**DAYS, **params}
    )
    assert error["details"][0]["field"] == field


async def test_reports_need_the_scope_of_statistics(api: Api) -> None:
    other = await api.with_scopes("write:campaigns")
    error = await other.refused("GET", "/reports/dashboard", None, 403, "AUTH_INSUFFICIENT_SCOPE")
    assert error["details"] == [{"field": "scope", "reason": "read:stats"}]


async def test_period_of_400_days_and_every_hour_of_it_is_allowed(api: Api) -> None:
    params = {"from": "2025-01-01", "to": "2026-02-04", "interval": "hour"}
    report = await api.ask("GET", "/reports/timeseries", params=params)
    assert len(report["points"]) == 9600


async def test_previous_period_is_as_many_days_right_before(api: Api) -> None:
    from .traffic import Click, campaign, insert, utc

    team = await api.team_id()
    id = await campaign(api, team)
    await insert(
        api, team, [Click(id, utc("2025-03-08T05:00")), Click(id, utc("2025-03-08T04:59"))]
    )
    params = {
        "from": "2025-03-09",
        "to": "2025-03-09",
        "timezone": "America/New_York",
        "compare": "previous",
    }
    report = await api.ask("GET", "/reports/dashboard", params=params)
    assert report["previous"]["clicks"] == 1
    assert report["totals"]["clicks"] == 0
    assert len(report["series"]) == 23
