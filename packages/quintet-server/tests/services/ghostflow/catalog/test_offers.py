"""Offers: payouts to the millionth, caps, countries, and who still uses one."""

from __future__ import annotations

import asyncio
import uuid
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.catalog.fields import amount_text
from quintet_server.services.ghostflow.wire import money

from .resources import CAMPAIGNS, NETWORKS, OFFERS, URL, make, refused

pytestmark = pytest.mark.engines


async def test_offer_with_name_and_url_has_every_default(api: Any) -> None:
    made = await api.ask("POST", "/offers", {"name": "Offer", "url": URL}, 201)
    common = ("id", "teamId", "version", "createdAt", "updatedAt")
    assert {name: value for name, value in made.items() if name not in common} == {
        "name": "Offer",
        "url": URL,
        "networkId": None,
        "payout": 0,
        "payoutCurrency": "USD",
        "countries": [],
        "cap": None,
        "status": "active",
    }


async def test_offer_keeps_every_field_it_is_given(api: Any) -> None:
    network = await make(api, NETWORKS)
    cap = {"limit": 5, "period": "month", "counts": "conversions", "timezone": "Asia/Kolkata"}
    given = {
        "name": "All",
        "url": "https://a.example/{click_id}",
        "networkId": network["id"],
        "payout": 12.5,
        "payoutCurrency": "EUR",
        "countries": ["US", "DE", "US"],
        "cap": cap,
        "status": "paused",
    }
    made = await api.ask("POST", "/offers", given, 201)
    assert {name: made[name] for name in given} == {**given, "countries": ["US", "DE"]}
    changed = await api.ask("PATCH", f"/offers/{made['id']}", {"cap": None, "networkId": None})
    assert (changed["cap"], changed["networkId"]) == (None, None)


@pytest.mark.parametrize(
    ("text", "micros", "shown"),
    [
        ("12.50", 12_500_000, "12.5"),
        ("0.1", 100_000, "0.1"),
        ("1e2", 100_000_000, "100"),
        ("0.000001", 1, "0.000001"),
        ("1000000000", 10**15, "1000000000"),
        ("123456789.123456", 123_456_789_123_456, "123456789.123456"),
        ("0", 0, "0"),
        ("-0.0", 0, "0"),
    ],
)
async def test_payout_is_exact_to_the_millionth(
    api: Any, text: str, micros: int, shown: str
) -> None:
    body = f'{{"name": "o", "url": "https://a.example/", "payout": {text}}}'
    headers = {"Content-Type": "application/json"}
    made = await api.call("POST", "/offers", content=body, headers=headers)
    assert made.status_code == 201, made.text
    assert f'"payout":{shown},' in made.text
    [[stored]] = await api.sql(
        "SELECT payout FROM ghostflow_offers WHERE id = %s", made.json()["id"]
    )
    assert stored == micros


@given(st.integers(0, 10**15))
def test_amount_as_text_is_the_number_that_callers_see(micros: int) -> None:
    text = amount_text(micros)
    assert orjson.dumps(money(micros)).decode() == text
    assert Decimal(text) * 10**6 == micros


OUT_OF_BOUNDS: tuple[tuple[str, Any, str], ...] = (
    ("payout", -0.01, "payout"),
    ("payout", "12.5", "payout"),
    ("payout", True, "payout"),
    ("payout", 0.0000005, "payout"),
    ("payout", 10**9 + 1, "payout"),
    ("payoutCurrency", "usd", "payoutCurrency"),
    ("networkId", "x", "networkId"),
    ("networkId", str(uuid.UUID(int=7)), "networkId"),
    ("countries", ["us"], "countries.0"),
    ("countries", ["US", "USA"], "countries.1"),
    ("countries", "US", "countries"),
    ("cap", {}, "cap.limit"),
    ("cap", {"limit": 0, "period": "day", "counts": "clicks"}, "cap.limit"),
    ("cap", {"limit": 1.5, "period": "day", "counts": "clicks"}, "cap.limit"),
    ("cap", {"limit": 1, "period": "week", "counts": "clicks"}, "cap.period"),
    ("cap", {"limit": 1, "period": "day", "counts": "visits"}, "cap.counts"),
    (
        "cap",
        {"limit": 1, "period": "day", "counts": "clicks", "timezone": "Mars/Base"},
        "cap.timezone",
    ),
    (
        "cap",
        {"limit": 1, "period": "day", "counts": "clicks", "timezone": "../etc"},
        "cap.timezone",
    ),
    ("cap", {"limit": 1, "period": "day", "counts": "clicks", "x": 1}, "cap.x"),
    ("status", "deleted", "status"),
    ("url", "javascript:alert(1)", "url"),
)


async def test_offer_field_out_of_bounds_is_named(api: Any) -> None:
    for field, value, at_fault in OUT_OF_BOUNDS:
        fields = await refused(api, OFFERS, **{field: value})
        assert fields[:1] == [at_fault], value
    assert await api.ask("GET", "/offers") == []


async def test_cap_without_a_time_zone_has_the_teams(api: Any) -> None:
    made = await make(api, OFFERS, cap={"limit": 1, "period": "day", "counts": "clicks"})
    assert made["cap"] == {"limit": 1, "period": "day", "counts": "clicks", "timezone": "UTC"}


async def test_offers_of_every_status_are_listed(api: Any) -> None:
    for status in ("active", "paused", "archived"):
        await make(api, OFFERS, name=status, status=status)
    for status, count in ((None, 3), ("all", 3), ("paused", 1), ("archived", 1)):
        page = await api.get("/offers", params={"status": status} if status else {})
        assert len(page.json()) == count


async def test_offer_in_use_is_not_deleted_and_its_campaigns_are_named(api: Any) -> None:
    offer = await make(api, OFFERS)
    shares = [{"offerId": offer["id"], "weight": 1}]
    campaigns = [
        await make(api, CAMPAIGNS, name=status, status=status, offers=shares)
        for status in ("active", "paused", "archived")
    ]
    item = f"/offers/{offer['id']}"
    error = await api.refused("DELETE", item, None, 409, "CONFLICT")
    assert [one["reason"].split()[0] for one in error["details"]] == [
        one["id"] for one in campaigns[:2]
    ]
    assert "active" in error["message"]
    assert await api.ask("GET", item) == offer
    await api.ask("PATCH", f"/campaigns/{campaigns[0]['id']}", {"offers": []})
    await api.ask("DELETE", f"/campaigns/{campaigns[1]['id']}")
    await api.ask("DELETE", item)


async def test_offer_is_never_taken_by_a_campaign_and_deleted_at_the_same_moment(api: Any) -> None:
    for _ in range(5):
        offer = await make(api, OFFERS)
        body = CAMPAIGNS.body(offers=[{"offerId": offer["id"]}])
        taken, deleted = await asyncio.gather(
            api.post("/campaigns", body), api.delete(f"/offers/{offer['id']}")
        )
        assert (taken.status_code, deleted.status_code) in ((201, 409), (400, 200))
