"""A query that says something unknown is refused: a filter passed over gives wrong numbers."""

from __future__ import annotations

import pytest

from quintet_server.services.ghostflow.endpoints import Endpoint
from quintet_server.services.ghostflow.reports.dimensions import TIMES
from quintet_server.services.ghostflow.routes import ENDPOINTS

from .conftest import Api

NOBODY = "00000000-0000-7000-8000-000000000000"
CHECKED = [each for each in ENDPOINTS if each.query is not None]
SAID = {
    **dict.fromkeys(("from", "to"), "2025-01-01"),
    **dict.fromkeys(
        ("campaignId", "offerId", "sourceId", "networkId", "domainId", "clickId", "conversionId"),
        NOBODY,
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
STATUSES = {
    "campaigns.list": "active",
    "offers.list": "paused",
    "domains.list": "pending",
    "conversions.list": "approved",
    "postbacks.list": "approved",
    "apiKeys.list": "revoked",
    "webhooks.list": "disabled",
}
PLAIN = [each for each in CHECKED if "{" not in each.path]


def test_numbers_and_lists_are_checked() -> None:
    assert {each.operation_id for each in CHECKED} == {
        *("reports.dashboard", "reports.breakdown", "reports.timeseries"),
        *("clicks.list", "conversions.list", "postbacks.list"),
        *("campaigns.list", "offers.list", "sources.list", "networks.list", "domains.list"),
        *("apiKeys.list", "apiKeys.auditLog", "teams.list", "webhooks.list", "webhooks.deliveries"),
    }


@pytest.mark.parametrize("path", [each.path.replace("{id}", NOBODY) for each in CHECKED])
async def test_unknown_parameter_is_400_and_named(api: Api, path: str) -> None:
    error = await api.refused(
        "GET", path, None, 400, "VALIDATION_ERROR", params={"zzz": "1", "limi t": "2"}
    )
    first, second = error["details"]
    assert (first["field"], second["field"]) == ("zzz", "limi t")
    assert "there are " in first["reason"]
    assert "zzz" in error["message"]


@pytest.mark.parametrize("each", PLAIN, ids=[each.operation_id for each in PLAIN])
async def test_every_known_parameter_is_taken(api: Api, each: Endpoint) -> None:
    query = {one.name: SAID.get(one.name, "x") for one in each.query or ()}
    query.pop("cursor", None)  # signed
    query.pop("sort", None)
    if "status" in query:
        query["status"] = STATUSES[each.operation_id]
    await api.ask("GET", each.path, params=query)


@pytest.mark.parametrize("each", PLAIN, ids=[each.operation_id for each in PLAIN])
async def test_every_documented_word_is_taken_and_no_other(api: Api, each: Endpoint) -> None:
    needed = {one.name: SAID[one.name] for one in each.query or () if one.is_required}
    for one in each.query or ():
        item = one.schema.get("items", one.schema)
        if "enum" not in item:
            continue
        for word in item["enum"]:
            query = {**needed, one.name: word}
            if each.operation_id == "reports.breakdown" and word.strip("-") in TIMES:
                query["groupBy"] = word.strip("-")
            answer = await api.get(each.path, params=query)
            assert answer.status_code == 200, answer.text
        query = {**needed, one.name: "nonsense"}
        await api.refused("GET", each.path, None, 400, "VALIDATION_ERROR", params=query)


async def test_document_has_every_parameter_with_its_type(api: Api) -> None:
    document = (await api.get("/openapi.json")).json()
    for each in CHECKED:
        parameters = document["paths"][each.path]["get"]["parameters"]
        names = [one["name"] for one in parameters if one["in"] == "query"]
        assert names == [one.name for one in each.query or ()], each.operation_id
        assert all(one["schema"] for one in parameters)
    found = document["paths"]["/reports/breakdown"]["get"]["parameters"]
    by_name = {one["name"]: one for one in found}
    assert by_name["groupBy"]["required"]
    assert by_name["groupBy"]["explode"] is False
    assert by_name["limit"]["schema"]["type"] == "integer"
    assert by_name["bots"]["schema"]["enum"] == ["exclude", "include", "only"]


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
