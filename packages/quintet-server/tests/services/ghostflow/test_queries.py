"""A query that says something unknown is refused: a filter passed over gives wrong numbers."""

from __future__ import annotations

import pytest

from quintet_server.services.ghostflow.endpoints import Endpoint
from quintet_server.services.ghostflow.routes import ENDPOINTS

from .conftest import Api

CHECKED = [each for each in ENDPOINTS if each.query is not None]
SAID = {
    **dict.fromkeys(("from", "to"), "2025-01-01"),
    **dict.fromkeys(
        ("campaignId", "offerId", "sourceId", "networkId", "domainId", "clickId", "conversionId"),
        "00000000-0000-7000-8000-000000000000",
    ),
    "timezone": "UTC",
    "attribution": "click",
    "bots": "include",
    "currency": "USD",
    "compare": "previous",
    "groupBy": "country",
    "format": "json",
    "interval": "day",
    "direction": "in",
    "outcome": "created",
    "limit": "5",
}
STATUSES = {"campaigns.list": "active", "domains.list": "pending"}


def test_numbers_and_lists_are_checked() -> None:
    assert {each.operation_id for each in CHECKED} == {
        *("reports.dashboard", "reports.breakdown", "reports.timeseries"),
        *("clicks.list", "conversions.list", "postbacks.list"),
        *("campaigns.list", "offers.list", "sources.list", "networks.list", "domains.list"),
    }


@pytest.mark.parametrize("path", [each.path for each in CHECKED])
async def test_unknown_parameter_is_400_and_named(api: Api, path: str) -> None:
    error = await api.refused(
        "GET", path, None, 400, "VALIDATION_ERROR", params={"zzz": "1", "limi t": "2"}
    )
    first, second = error["details"]
    assert (first["field"], second["field"]) == ("zzz", "limi t")
    assert "there are " in first["reason"]
    assert "zzz" in error["message"]


@pytest.mark.parametrize("each", CHECKED, ids=[each.operation_id for each in CHECKED])
async def test_every_known_parameter_is_taken(api: Api, each: Endpoint) -> None:
    query = {name: SAID.get(name, "x") for name in each.query or ()}
    query.pop("cursor", None)  # signed
    query.pop("sort", None)
    if each.path in ("/conversions", "/postbacks"):
        query["status"] = "approved"
    elif status := STATUSES.get(each.operation_id):
        query["status"] = status
    else:
        query.pop("status", None)  # those have none
    await api.ask("GET", each.path, params=query)


@pytest.mark.parametrize(
    ("path", "given", "meant"),
    [
        ("/reports/dashboard", "form", "from"),
        ("/reports/dashboard", "contry", "country"),
        ("/reports/breakdown", "group_by", "groupBy"),
        ("/reports/timeseries", "campaign_id", "campaignId"),
        ("/clicks", "Country", "country"),
        ("/campaigns", "serch", "search"),
    ],
)
async def test_misspelt_parameter_is_told_what_may_be_meant(
    api: Api, path: str, given: str, meant: str
) -> None:
    path = f"{path}?{given}=2025-01-01"
    error = await api.refused("GET", path, None, 400, "VALIDATION_ERROR")
    reason = f"is no parameter of this query; did you mean {meant}?"
    assert error["details"] == [{"field": given, "reason": reason}]
    assert error["message"] == f"{given}: {reason}"


async def test_very_long_name_is_cut(api: Api) -> None:
    name = "x" * 5_000
    error = await api.refused("GET", f"/clicks?{name}=1", None, 400, "VALIDATION_ERROR")
    assert error["details"][0]["field"] == "x" * 100
    assert len(error["message"]) < 1_000
