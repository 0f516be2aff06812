"""Campaigns: their fields, their life, their links."""

from __future__ import annotations

import asyncio
import re
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from quintet_server.services.ghostflow.catalog.links import origin, tracking_url

from .resources import CAMPAIGNS, DOMAINS, OFFERS, SOURCES, URL, make, refused

pytestmark = pytest.mark.engines


async def test_campaign_with_name_and_url_has_every_default(api: Any) -> None:
    made = await api.ask("POST", "/campaigns", {"name": "Summer Promo", "url": URL}, 201)
    assert re.fullmatch("[0-9A-Za-z]{10}", made["slug"])
    assert {name: made[name] for name in made if name not in ("id", "teamId", "slug")} == {
        "name": "Summer Promo",
        "url": URL,
        "trackingUrl": f"http://test/c/{made['slug']}",
        "status": "active",
        "domainId": None,
        "sourceId": None,
        "offers": [],
        "sticky": True,
        "cost": {"model": "none"},
        "currency": "USD",
        "appendClickId": "gf_click_id",
        "passThrough": False,
        "uniqueWindowHours": 24,
        "tags": [],
        "notes": "",
        "archivedAt": None,
        "version": 1,
        "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"],
    }


async def test_campaign_keeps_every_field_it_is_given(api: Any) -> None:
    domain, source = await make(api, DOMAINS), await make(api, SOURCES)
    offers = [await make(api, OFFERS, name=name) for name in ("a", "b")]
    slug = f"my-slug_{uuid.uuid4().hex[:8]}"
    given = {
        "name": "All",
        "url": "http://a.example/{country}?x={sub10}",
        "slug": slug,
        "status": "paused",
        "domainId": domain["id"],
        "sourceId": source["id"],
        "offers": [
            {"offerId": one["id"], "weight": weight}
            for one, weight in zip(offers, (1000, 1), strict=True)
        ],
        "sticky": False,
        "cost": {"model": "cpc", "amount": 0.123456, "currency": "EUR"},
        "currency": "GBP",
        "appendClickId": "cid",
        "passThrough": True,
        "uniqueWindowHours": 720,
        "tags": ["red", "blue"],
        "notes": "line one\n\tline two",
    }
    made = await api.ask("POST", "/campaigns", given, 201)
    assert {name: made[name] for name in given} == given
    [[stored]] = await api.sql("SELECT cost FROM ghostflow_campaigns WHERE id = %s", made["id"])
    assert stored == {"model": "cpc", "amount": "0.123456", "currency": "EUR"}


OUT_OF_BOUNDS: tuple[tuple[str, Any, str], ...] = (
    ("url", "ftp://a.example/", "url"),
    ("url", "/relative", "url"),
    ("url", "https://user:pw@a.example/", "url"),
    ("url", "https://{sub1}.example/", "url"),
    ("url", "https://a.example/" + "x" * 2048, "url"),
    ("url", "https://a.example/\r\nSet-Cookie: a", "url"),
    ("slug", "ab", "slug"),
    ("slug", "x" * 65, "slug"),
    ("slug", "a b c", "slug"),
    ("slug", "abc\n", "slug"),
    ("slug", "", "slug"),
    ("slug", "ümlaut", "slug"),
    ("status", "deleted", "status"),
    ("domainId", "x", "domainId"),
    ("sourceId", 5, "sourceId"),
    ("offers", [{"offerId": "x"}], "offers.0.offerId"),
    ("offers", [{"weight": 1}], "offers.0.offerId"),
    ("offers", [{"offerId": str(uuid.UUID(int=1)), "weight": 0}], "offers.0.weight"),
    ("offers", [{"offerId": str(uuid.UUID(int=1)), "weight": 1001}], "offers.0.weight"),
    ("offers", [{"offerId": str(uuid.UUID(int=1)), "weight": 1.5}], "offers.0.weight"),
    ("offers", [{"offerId": str(uuid.UUID(int=1)), "cap": 1}], "offers.0.cap"),
    ("offers", [{"offerId": str(uuid.UUID(int=1))}] * 2, "offers"),
    ("sticky", "yes", "sticky"),
    ("sticky", 1, "sticky"),
    ("cost", {"model": "cpm"}, "cost.model"),
    ("cost", {}, "cost.model"),
    ("cost", {"model": "cpc"}, "cost.amount"),
    ("cost", {"model": "cpa", "amount": None}, "cost.amount"),
    ("cost", {"model": "cpc", "amount": -1}, "cost.amount"),
    ("cost", {"model": "cpc", "amount": "1"}, "cost.amount"),
    ("cost", {"model": "cpc", "amount": 0.0000001}, "cost.amount"),
    ("cost", {"model": "cpc", "amount": 1_000_000_001}, "cost.amount"),
    ("cost", {"model": "revshare", "amount": 100.5}, "cost.amount"),
    ("cost", {"model": "cpc", "amount": 1, "currency": "usd"}, "cost.currency"),
    ("currency", "usd", "currency"),
    ("currency", "DOLLAR", "currency"),
    ("appendClickId", "", "appendClickId"),
    ("appendClickId", "a=b&c", "appendClickId"),
    ("uniqueWindowHours", 0, "uniqueWindowHours"),
    ("uniqueWindowHours", 721, "uniqueWindowHours"),
    ("uniqueWindowHours", 1.5, "uniqueWindowHours"),
    ("tags", ["a"] * 51, "tags"),
    ("tags", [""], "tags.0"),
    ("tags", ["x" * 101], "tags.0"),
    ("notes", "x" * 10_001, "notes"),
    ("notes", "a\u0000", "notes"),
)


async def test_campaign_field_out_of_bounds_is_named(api: Any) -> None:
    for field, value, at_fault in OUT_OF_BOUNDS:
        fields = await refused(api, CAMPAIGNS, **{field: value})
        assert fields == [at_fault], value
    assert await api.ask("GET", "/campaigns") == []


async def test_campaign_refused_for_several_fields_names_them_all(api: Any) -> None:
    assert await refused(api, CAMPAIGNS, sticky=1, notes=2) == ["sticky", "notes"]


async def test_campaign_fields_at_their_bounds_are_taken(api: Any) -> None:
    made = await make(
        api,
        CAMPAIGNS,
        name="x" * 200,
        slug=f"{uuid.uuid4().hex}{uuid.uuid4().hex}",
        uniqueWindowHours=1,
        tags=["t", "t", "u"],
        notes="x" * 10_000,
        appendClickId=None,
        cost={"model": "revshare", "amount": 100},
    )
    assert made["tags"] == ["t", "u"]
    assert made["appendClickId"] is None
    assert made["cost"] == {"model": "revshare", "amount": 100}
    raw = await api.get(f"/campaigns/{made['id']}")
    assert '"amount":100}' in raw.text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"model": "none"}, {"model": "none"}),
        ({"model": "param"}, {"model": "param", "currency": "EUR"}),
        ({"model": "cpc", "amount": 0.2}, {"model": "cpc", "amount": 0.2, "currency": "EUR"}),
        (
            {"model": "cpa", "amount": 0, "currency": "JPY"},
            {"model": "cpa", "amount": 0, "currency": "JPY"},
        ),
        ({"model": "none", "amount": None, "currency": None}, {"model": "none"}),
    ],
)
async def test_cost_rule_without_currency_has_the_campaigns(
    api: Any, given: Any, shown: Any
) -> None:
    made = await make(api, CAMPAIGNS, currency="EUR", cost=given)
    assert made["cost"] == shown


async def test_currency_follows_the_team_until_it_is_given(api: Any) -> None:
    follows, own = await make(api, CAMPAIGNS), await make(api, CAMPAIGNS, currency="USD")
    await api.sql("UPDATE ghostflow_teams SET currency = 'EUR' WHERE id = %s", await api.team_id())
    async with asyncio.timeout(60):
        while (await api.ask("GET", f"/campaigns/{follows['id']}"))["currency"] != "EUR":
            await asyncio.sleep(0.01)
    assert (await api.ask("GET", f"/campaigns/{own['id']}"))["currency"] == "USD"


STATUSES = ("active", "paused", "archived")
ALLOWED = {
    ("active", "paused"),
    ("paused", "active"),
    ("active", "archived"),
    ("paused", "archived"),
    ("archived", "paused"),
}


@pytest.mark.parametrize("before", STATUSES)
async def test_status_takes_only_the_steps_of_the_lifecycle(api: Any, before: str) -> None:
    for after in STATUSES:
        made = await make(api, CAMPAIGNS, status=before)
        item = f"/campaigns/{made['id']}"
        if before == after:
            assert await api.ask("PATCH", item, {"status": after}) == made
        elif (before, after) in ALLOWED:
            changed = await api.ask("PATCH", item, {"status": after})
            assert changed["status"] == after
            assert (changed["archivedAt"] is not None) == (after == "archived")
        else:
            error = await api.refused("PATCH", item, {"status": after}, 409, "CONFLICT")
            assert error["details"][0]["field"] == "status"
            assert await api.ask("GET", item) == made


async def test_archived_campaigns_are_listed_only_when_they_are_asked_for(api: Any) -> None:
    for status in STATUSES:
        await make(api, CAMPAIGNS, name=status, status=status)
    for status, expected in (
        (None, {"active", "paused"}),
        ("active", {"active"}),
        ("paused", {"paused"}),
        ("archived", {"archived"}),
        ("all", set(STATUSES)),
    ):
        page = await api.get("/campaigns", params={"status": status} if status else {})
        assert {one["name"] for one in page.json()} == expected
        assert page.headers["x-total-count"] == str(len(expected))


async def test_slug_is_there_once_on_the_server_and_is_never_given_out_again(api: Any) -> None:
    slug = uuid.uuid4().hex
    made = await make(api, CAMPAIGNS, slug=slug)
    other = await api.other_project()
    second = await make(other, CAMPAIGNS)
    await api.ask("DELETE", f"/campaigns/{made['id']}")
    for method, path, body in (
        ("POST", "/campaigns", CAMPAIGNS.body(slug=slug)),
        ("PATCH", f"/campaigns/{second['id']}", {"slug": slug}),
    ):
        error = await other.refused(method, path, body, 409, "CONFLICT")
        assert error["details"] == [{"field": "slug", "reason": "is taken"}]
        assert error["message"].startswith(f"The slug '{slug}' is taken. All teams")
    assert await other.ask("GET", "/campaigns") == [second]


async def test_of_two_campaigns_with_one_slug_at_the_same_moment_one_is_made(api: Any) -> None:
    other, slug = await api.other_project(), uuid.uuid4().hex
    answers = await asyncio.gather(
        *(
            client.post("/campaigns", CAMPAIGNS.body(slug=slug), headers=headers)
            for client in (api, other)
            for headers in ({}, {"Idempotency-Key": "k"})
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_changed_slug_changes_the_link(api: Any) -> None:
    made, slug = await make(api, CAMPAIGNS), uuid.uuid4().hex
    body = {"slug": slug, "trackingUrl": made["trackingUrl"]}
    changed = await api.ask("PATCH", f"/campaigns/{made['id']}", body)
    assert changed["trackingUrl"] == f"http://test/c/{slug}"


async def test_clone_is_paused_and_has_a_link_of_its_own(api: Any) -> None:
    offer = await make(api, OFFERS)
    made = await make(
        api,
        CAMPAIGNS,
        name="n" * 200,
        offers=[{"offerId": offer["id"], "weight": 3}],
        tags=["t"],
        notes="n",
        cost={"model": "cpc", "amount": 0.1},
    )
    clone = await api.ask("POST", f"/campaigns/{made['id']}/clone", status=201)
    assert clone["slug"] != made["slug"]
    assert clone["name"] == "n" * 193 + " (copy)"
    own = ("id", "slug", "trackingUrl", "name", "status", "createdAt", "updatedAt")
    assert {k: v for k, v in clone.items() if k not in own} == {
        k: v for k, v in made.items() if k not in own
    }
    assert (clone["status"], clone["version"]) == ("paused", 1)
    again = await api.ask("POST", f"/campaigns/{clone['id']}/clone", status=201)
    assert again["id"] not in (made["id"], clone["id"])
    reader = await api.with_scopes("read:campaigns")
    path = f"/campaigns/{made['id']}/clone"
    await reader.refused("POST", path, None, 403, "AUTH_INSUFFICIENT_SCOPE")
    other = await api.other_project()
    await other.refused("POST", path, None, 404, "NOT_FOUND")


async def test_clone_of_an_archived_campaign_can_be_used_at_once(api: Any) -> None:
    made = await make(api, CAMPAIGNS, status="archived")
    clone = await api.ask("POST", f"/campaigns/{made['id']}/clone", status=201)
    assert (clone["status"], clone["archivedAt"]) == ("paused", None)


async def test_reference_to_what_is_missing_or_foreign_or_deleted_names_its_field(
    api: Any,
) -> None:
    other = await api.other_project()
    mine = await make(api, CAMPAIGNS)
    for kind, field in ((OFFERS, "offers"), (SOURCES, "sourceId"), (DOMAINS, "domainId")):
        foreign, gone = await make(other, kind), await make(api, kind)
        await api.ask("DELETE", f"/{kind.plural}/{gone['id']}")
        for id in (foreign["id"], gone["id"], str(uuid.uuid4())):
            value = [{"offerId": id}] if field == "offers" else id
            at_fault = "offers.0.offerId" if field == "offers" else field
            assert await refused(api, CAMPAIGNS, **{field: value}) == [at_fault]
            error = await api.refused(
                "PATCH", f"/campaigns/{mine['id']}", {field: value}, 400, "VALIDATION_ERROR"
            )
            assert [one["field"] for one in error["details"]] == [at_fault]
    nobody = str(uuid.uuid4())
    everything = {"offers": [{"offerId": nobody}], "sourceId": nobody, "domainId": nobody}
    at_fault = await refused(api, CAMPAIGNS, **everything)
    assert at_fault == ["offers.0.offerId", "sourceId", "domainId"]


async def test_archived_campaign_comes_back_only_with_references_that_are_there(api: Any) -> None:
    offer = await make(api, OFFERS)
    made = await make(api, CAMPAIGNS, status="archived", offers=[{"offerId": offer["id"]}])
    await api.ask("DELETE", f"/offers/{offer['id']}")
    item = f"/campaigns/{made['id']}"
    await api.ask("PATCH", item, {"notes": "still archived"})
    for method, path, body in (
        ("PATCH", item, {"status": "paused"}),
        ("POST", f"{item}/clone", None),
    ):
        error = await api.refused(method, path, body, 400, "VALIDATION_ERROR")
        assert error["details"][0]["field"] == "offers.0.offerId"
    restored = await api.ask("PATCH", item, {"status": "paused", "offers": []})
    assert (restored["status"], restored["offers"]) == ("paused", [])


async def _events(api: Any) -> list[tuple[Any, ...]]:
    statement = "SELECT stream, type, data FROM events WHERE project_id = %s ORDER BY seq"
    return await api.sql(statement, api.project_id)


async def test_change_and_deletion_are_told_and_creation_is_not(api: Any) -> None:
    made = await make(api, CAMPAIGNS, cost={"model": "cpc", "amount": 0.25})
    item = f"/campaigns/{made['id']}"
    changed = await api.ask("PATCH", item, {"name": "New"})
    await api.ask("PATCH", item, {"name": "New"})
    await api.refused("PATCH", item, {"sourceId": str(uuid.uuid4())}, 400, "VALIDATION_ERROR")
    assert await _events(api) == [(made["id"], "campaign.updated", changed)]
    await api.ask("DELETE", item)
    [_, told] = await _events(api)
    assert told == (made["id"], "campaign.updated", {**changed, "deleted": True})


async def test_deleted_campaign_keeps_its_row_for_the_reports(api: Any) -> None:
    made = await make(api, CAMPAIGNS, name="Old")
    await api.ask("DELETE", f"/campaigns/{made['id']}")
    rows = await api.sql(
        "SELECT name, deleted_at IS NOT NULL FROM ghostflow_campaigns WHERE id = %s", made["id"]
    )
    assert rows == [("Old", True)]


async def test_link_is_on_the_domain_once_that_is_active(api: Any) -> None:
    waiting = await make(api, DOMAINS)
    assert waiting["isDefault"]
    implied = await make(api, CAMPAIGNS)
    assert implied["domainId"] == waiting["id"]
    assert implied["trackingUrl"] == f"http://test/c/{implied['slug']}"
    local = await make(api, DOMAINS, host=f"{uuid.uuid4().hex}.localhost")
    own = await make(api, CAMPAIGNS, domainId=local["id"])
    assert own["trackingUrl"] == f"http://{local['host']}/c/{own['slug']}"
    await api.ask("PATCH", f"/domains/{local['id']}", {"isDefault": True})
    for campaign in await api.ask("GET", "/campaigns"):
        assert campaign["domainId"] == local["id"]
        assert campaign["trackingUrl"] == f"http://{local['host']}/c/{campaign['slug']}"


@pytest.mark.parametrize(
    ("here", "host", "link"),
    [
        ("http://127.0.0.1:8787", None, "http://127.0.0.1:8787/c/abc"),
        ("http://127.0.0.1:8787", "localhost", "http://localhost:8787/c/abc"),
        ("http://127.0.0.1:8787", "[::1]", "http://[::1]:8787/c/abc"),
        ("http://127.0.0.1:8787", "go.example.com", "http://go.example.com/c/abc"),
        ("https://api.example.com", "go.example.com", "https://go.example.com/c/abc"),
        ("https://api.example.com/base", None, "https://api.example.com/base/c/abc"),
    ],
)
def test_link_has_the_scheme_of_the_server_and_its_port_where_nothing_stands_in_front(
    here: str, host: str | None, link: str
) -> None:
    assert tracking_url(here, "abc", host) == link


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        (None, "http://10.0.0.1:8787"),
        ("https://track.example.com/", "https://track.example.com"),
    ],
)
def test_address_of_the_server_is_the_operators_before_the_requests(
    public_url: str | None, expected: str
) -> None:
    call: Any = SimpleNamespace(
        parts=SimpleNamespace(settings=SimpleNamespace(public_url=public_url)),
        request=SimpleNamespace(url=SimpleNamespace(scheme="http", netloc="10.0.0.1:8787")),
    )
    assert origin(call) == expected
