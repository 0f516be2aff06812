"""Clicks that are handed in."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from ..conftest import Api
from ..objects import Objects

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)


@pytest_asyncio.fixture(loop_scope="session")
async def objects(api: Api) -> Objects:
    return await Objects.of(api)


def person(objects: Objects, **fields: Any) -> dict[str, Any]:
    """A click of somebody with a browser."""
    return {
        "campaignId": str(objects.campaign_id),
        "ip": "198.51.100.7",
        "userAgent": CHROME,
        **fields,
    }


def ago(**by: float) -> str:
    return (datetime.now(UTC) - timedelta(**by)).isoformat().replace("+00:00", "Z")


async def create(objects: Objects, body: Any, status: int = 201) -> Any:
    return await objects.api.ask("POST", "/clicks", body, status)


async def test_click_handed_in_is_stored_whole(objects: Objects) -> None:
    await objects.change("campaign", cost={"model": "param"})
    click_id = str(uuid.uuid4())
    body = person(
        objects,
        clickId=click_id,
        at="2026-01-01T00:00:00Z",
        offerId=str(objects.offer_id),
        destination="https://offer.example/landing",
        country="DE",
        referrer="https://News.example/page?x=1",
        language="de-DE,de;q=0.9",
        externalId="E1",
        sub1="a",
        sub10="j" * 600,
        utm={"source": "mail", "content": "top"},
        cost=0.0125,
        currency="EUR",
        extra={"colour": "red", "nul": "a\0b"},
    )
    del body["at"]
    made = await create(objects, body)
    assert made["at"].endswith("Z")
    assert made == {
        "id": click_id,
        "teamId": str(objects.team_id),
        "campaignId": str(objects.campaign_id),
        "offerId": str(objects.offer_id),
        "sourceId": str(objects.source_id),
        "networkId": str(objects.network_id),
        "domainId": None,
        "at": made["at"],
        "visitorId": made["visitorId"],
        "isUnique": True,
        "isBot": False,
        "botReason": None,
        "country": "DE",
        "device": "desktop",
        "os": "Windows",
        "browser": "Chrome",
        "referrerHost": "news.example",
        "language": "de-DE",
        "externalId": "E1",
        "sub1": "a",
        **{f"sub{number}": None for number in range(2, 10)},
        "sub10": "j" * 512,
        "utm": {
            "source": "mail",
            "medium": None,
            "campaign": None,
            "term": None,
            "content": "top",
        },
        "cost": 0.0125,
        "currency": "EUR",
        "destination": "https://offer.example/landing",
        "ipRange": None,
        "extra": {"colour": "red", "nul": "ab"},
    }
    assert await objects.api.ask("GET", f"/clicks/{click_id}") == made
    [[row]] = await objects.api.sql(
        "SELECT to_jsonb(c)::text FROM ghostflow_clicks c WHERE id = %s", click_id
    )
    assert "198.51.100" not in row  # the address is nowhere


async def test_click_with_a_campaign_alone_is_a_new_visitor_and_no_robot(objects: Objects) -> None:
    bare = {"campaignId": str(objects.campaign_id)}
    first, second = await create(objects, bare), await create(objects, bare)
    assert first["visitorId"] != second["visitorId"]
    assert first["isUnique"]
    assert not first["isBot"]
    assert (first["device"], first["os"], first["destination"]) == ("other", None, None)
    assert uuid.UUID(first["id"]).version == 7


async def test_click_with_many_parameters_keeps_the_first_fifty(objects: Objects) -> None:
    made = await create(objects, person(objects, extra={f"p{n}": "x" for n in range(80)}))
    assert list(made["extra"]) == [f"p{n}" for n in range(50)]


async def test_visitor_at_an_address_spelled_otherwise_is_the_same(objects: Objects) -> None:
    short = await create(objects, person(objects, ip="2001:db8::1"))
    long = await create(objects, person(objects, ip="2001:0DB8:0:0:0:0:0:1"))
    assert short["visitorId"] == long["visitorId"]


async def test_click_again_with_its_id_is_a_duplicate(objects: Objects) -> None:
    body = person(objects, clickId=str(uuid.uuid4()), sub1="first")
    first = await create(objects, body)
    again = await create(objects, {**body, "sub1": "second"}, 200)
    assert again == first
    [[count]] = await objects.api.sql(
        "SELECT count(*) FROM ghostflow_clicks WHERE id = %s", body["clickId"]
    )
    assert count == 1


async def test_click_handed_in_twice_at_once_is_stored_once(objects: Objects) -> None:
    body = person(objects, clickId=str(uuid.uuid4()))
    answers = await asyncio.gather(*(objects.api.post("/clicks", body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]


async def test_click_id_of_another_team_is_taken(objects: Objects) -> None:
    theirs = await Objects.of(await objects.api.other_project())
    body = person(theirs, clickId=str(uuid.uuid4()))
    await create(theirs, body)
    mine = person(objects, clickId=body["clickId"])
    await objects.api.refused("POST", "/clicks", mine, 409, "CONFLICT")
    [result] = await create(objects, [mine], 200)
    assert (result["status"], result["error"]["code"]) == ("error", "CONFLICT")
    await objects.api.refused("GET", f"/clicks/{body['clickId']}", None, 404, "NOT_FOUND")


async def test_clicks_of_an_array_stand_each_for_itself(objects: Objects) -> None:
    known = str(uuid.uuid4())
    await create(objects, person(objects, clickId=known))
    twice = str(uuid.uuid4())
    results = await create(
        objects,
        [
            person(objects),
            person(objects, clickId=known),
            person(objects, campaignId=str(uuid.uuid4())),
            "no object",
            person(objects, at="yesterday"),
            person(objects, colour="red"),
            person(objects, clickId=twice),
            person(objects, clickId=twice),
            {},
            person(objects, offerId=str(uuid.uuid4())),
        ],
        200,
    )
    assert [result["index"] for result in results] == list(range(10))
    assert [result["status"] for result in results] == [
        *("created", "duplicate", "error", "error", "error", "error"),
        *("created", "duplicate", "error", "error"),
    ]
    assert results[1] == {"index": 1, "status": "duplicate", "id": known, "error": None}
    fields = [
        [each["field"] for each in result["error"].get("details", [])]
        for result in results
        if result["error"]
    ]
    assert fields == [["campaignId"], [], ["at"], ["colour"], ["campaignId"], ["offerId"]]
    assert all(r["id"] is None for r in results if r["status"] == "error")
    [[count]] = await objects.api.sql(
        "SELECT count(*) FROM ghostflow_clicks WHERE team_id = %s", objects.team_id
    )
    assert count == 3


@pytest.mark.parametrize("status", ["paused", "archived"])
async def test_click_of_a_campaign_that_is_not_active_is_refused(
    objects: Objects, status: str
) -> None:
    await objects.change("campaign", status=status)
    error = await objects.api.refused("POST", "/clicks", person(objects), 409, "CONFLICT")
    assert error["details"] == [{"field": "campaignId", "reason": f"is {status}"}]


async def test_click_of_a_deleted_or_foreign_campaign_is_refused(objects: Objects) -> None:
    other = await Objects.of(await objects.api.other_project())
    foreign = person(objects, campaignId=str(other.campaign_id))
    await objects.api.refused("POST", "/clicks", foreign, 400, "VALIDATION_ERROR")
    await objects.change("campaign", deleted_at=datetime.now(UTC))
    await objects.api.refused("POST", "/clicks", person(objects), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("by", "is_taken"),
    [
        ({"minutes": -4}, True),
        ({"minutes": -6}, False),
        ({"days": 89.9}, True),
        ({"days": 90.1}, False),
    ],
)
async def test_click_is_taken_from_ninety_days_ago_to_five_minutes_ahead(
    objects: Objects, by: dict[str, float], is_taken: bool
) -> None:
    body = person(objects, at=ago(**by))
    if is_taken:
        made = await create(objects, body)
        assert made["at"][:19] == body["at"][:19]
    else:
        error = await objects.api.refused("POST", "/clicks", body, 400, "VALIDATION_ERROR")
        assert error["details"][0]["field"] == "at"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "2026-01-01"),
        ("at", "2026-01-01T00:00:00"),
        ("at", 5),
        ("ip", "nonsense"),
        ("ip", 5),
        ("clickId", "x"),
        ("clickId", 5),
        ("country", "Germany"),
        ("userAgent", 5),
        ("cost", True),
        ("cost", []),
        ("sub1", 5),
        ("sub11", "x"),
        ("utm", {"what": "x"}),
        ("extra", {"a": 1}),
        ("isBot", False),
    ],
)
async def test_click_with_a_wrong_field_is_refused_by_its_name(
    objects: Objects, field: str, value: Any
) -> None:
    body = person(objects, **{field: value})
    error = await objects.api.refused("POST", "/clicks", body, 400, "VALIDATION_ERROR")
    assert error["details"][0]["field"].startswith(field)


@pytest.mark.parametrize("body", [5, "text", None, [{}] * 1001])
async def test_clicks_of_what_is_none_are_refused(objects: Objects, body: Any) -> None:
    answer = await objects.api.post("/clicks", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_clicks_of_no_json_are_refused(objects: Objects) -> None:
    headers = {"content-type": "application/json"}
    for content in (b"[{", b"", b"NaN", b'{"cost": NaN}'):
        answer = await objects.api.call("POST", "/clicks", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "deep"}])
async def test_click_nested_too_deep_is_an_error_beside_the_others(
    objects: Objects, headers: dict[str, str]
) -> None:
    deep = b'{"campaignId": "x", "extra": %s%s}' % (b"[" * 300, b"]" * 300)
    good = json.dumps(person(objects)).encode()
    answer = await objects.api.call(
        "POST",
        "/clicks",
        content=b"[%s, %s, %s]" % (deep, good, b"[" * 300 + b"]" * 300),
        headers={"content-type": "application/json", **headers},
    )
    assert answer.status_code == 200, answer.text
    assert [one["status"] for one in answer.json()] == ["error", "created", "error"]
    assert answer.json()[0]["error"]["code"] == "VALIDATION_ERROR"


async def test_clicks_of_an_empty_array_are_none(objects: Objects) -> None:
    assert await create(objects, [], 200) == []


async def test_clicks_may_be_a_thousand_and_more_than_a_megabyte(objects: Objects) -> None:
    padding = {"pad": "x" * 1500}
    items = [
        person(objects, userAgent=f"{CHROME} n{number}", extra=padding) for number in range(1000)
    ]
    results = await create(objects, items, 200)
    assert {result["status"] for result in results} == {"created"}


async def test_clicks_of_more_than_eight_megabytes_are_refused(objects: Objects) -> None:
    headers = {"content-type": "application/json"}
    content = b"[" + b" " * (8 * 1024 * 1024) + b"]"
    answer = await objects.api.call("POST", "/clicks", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_clicks_sent_again_with_an_idempotency_key_are_stored_once(objects: Objects) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = [person(objects)]
    first = await objects.api.post("/clicks", body, headers=headers)
    again = await objects.api.post("/clicks", body, headers=headers)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(await objects.api.ask("GET", "/clicks")) == 1


async def test_click_of_a_robot_is_flagged_and_costs_nothing_per_click(objects: Objects) -> None:
    await objects.change("campaign", cost={"model": "cpc", "amount": "0.2", "currency": "USD"})
    robot = await create(objects, person(objects, userAgent="curl/8.4.0"))
    assert (robot["botReason"], robot["isBot"], robot["isUnique"]) == ("ua_crawler", True, False)
    assert robot["cost"] == 0
    empty = await create(objects, person(objects, userAgent=""))
    assert empty["botReason"] == "ua_empty"
    assert (await create(objects, person(objects)))["cost"] == 0.2


async def test_click_by_the_cost_rule_of_the_source_costs_what_came(objects: Objects) -> None:
    await objects.change("source", cost={"model": "param", "currency": "GBP"})
    told = await create(objects, person(objects, cost=1.5, userAgent="curl/8.4.0"))
    assert (told["cost"], told["currency"]) == (1.5, "GBP")
    bad = await create(objects, person(objects, cost=-2))
    assert (bad["cost"], bad["extra"]) == (0, {"costRejected": "-2"})
    small = await create(objects, person(objects, cost=1e-05))
    assert small["cost"] == 0.00001


async def test_clicks_too_fast_are_flagged_in_the_order_of_time(objects: Objects) -> None:
    base = datetime.now(UTC) - timedelta(days=1)
    items = [
        person(objects, at=(base + timedelta(seconds=number)).isoformat(), sub1=str(number))
        for number in range(40)
    ]
    results = await create(objects, items[::-1], 200)
    assert {result["status"] for result in results} == {"created"}
    found = await objects.api.ask("GET", "/clicks", params={"bots": "only"})
    assert {click["botReason"] for click in found} == {"rate"}
    assert sorted(int(click["sub1"]) for click in found) == list(range(30, 40))
    everything = await objects.api.ask("GET", "/clicks")
    assert [click["sub1"] for click in everything if click["isUnique"]] == ["0"]


async def test_visitor_that_is_named_is_taken_at_that_name(objects: Objects) -> None:
    visitor = str(uuid.uuid4())
    one = await create(objects, person(objects, visitorId=visitor))
    two = await create(objects, person(objects, visitorId=visitor, ip="203.0.113.1"))
    assert one["visitorId"] == two["visitorId"] == visitor
    assert (one["isUnique"], two["isUnique"]) == (True, False)


async def test_clicks_need_the_right_scopes(objects: Objects) -> None:
    reader = await objects.api.with_scopes("read:stats")
    writer = await objects.api.with_scopes("write:campaigns")
    body = person(objects)
    await reader.refused("POST", "/clicks", body, 403, "AUTH_INSUFFICIENT_SCOPE")
    made = await writer.ask("POST", "/clicks", body, 201)
    await writer.refused("GET", "/clicks", None, 403, "AUTH_INSUFFICIENT_SCOPE")
    path = f"/clicks/{made['id']}"
    await writer.refused("GET", path, None, 403, "AUTH_INSUFFICIENT_SCOPE")
    assert (await reader.ask("GET", path))["id"] == made["id"]
