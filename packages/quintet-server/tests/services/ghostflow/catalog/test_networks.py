"""Networks: their words, their parameters, their keys."""

from __future__ import annotations

import re
from typing import Any

import pytest

from quintet_server.services.ghostflow.catalog.networks import PARAMETERS

from .resources import NETWORKS, OFFERS, make, refused

pytestmark = pytest.mark.engines
_COMMON = ("id", "teamId", "version", "createdAt", "updatedAt")


async def test_network_with_a_name_has_every_default(api: Any) -> None:
    made = await api.ask("POST", "/networks", {"name": "Network"}, 201)
    key = made["postbackKey"]
    assert re.fullmatch("[0-9A-Za-z]{32}", key)
    assert {name: value for name, value in made.items() if name not in _COMMON} == {
        "name": "Network",
        "currency": "USD",
        "paramMap": {
            "clickId": "click_id",
            "payout": "payout",
            "status": "status",
            "txId": "tx_id",
            "currency": "currency",
            "event": "event",
        },
        "statusMap": {},
        "postbackKey": key,
        "postbackUrl": f"http://test/postback/{key}?click_id={{click_id}}&payout={{payout}}",
        "requireIp": [],
    }


async def test_network_keeps_what_it_is_given_in_one_spelling(api: Any) -> None:
    made = await make(
        api,
        NETWORKS,
        currency="EUR",
        paramMap={"clickId": "aff sub", "txId": "tid"},
        statusMap={"Paid Out": "approved", "NOPE": "rejected"},
        requireIp=["203.0.113.7", "10.1.2.3/8", "2001:DB8::/32", "10.0.0.0/8"],
    )
    assert made["currency"] == "EUR"
    assert made["paramMap"] == {**PARAMETERS, "clickId": "aff sub", "txId": "tid"}
    assert made["statusMap"] == {"paid out": "approved", "nope": "rejected"}
    assert made["requireIp"] == ["203.0.113.7/32", "10.0.0.0/8", "2001:db8::/32"]
    assert made["postbackUrl"].endswith("?aff%20sub={click_id}&payout={payout}")
    [[stored]] = await api.sql("SELECT param_map FROM ghostflow_networks WHERE id = %s", made["id"])
    assert stored == {"clickId": "aff sub", "txId": "tid"}
    changed = await api.ask("PATCH", f"/networks/{made['id']}", {"paramMap": {"payout": "sum"}})
    assert changed["paramMap"] == {**PARAMETERS, "payout": "sum"}


OUT_OF_BOUNDS: tuple[tuple[str, Any, str], ...] = (
    ("currency", "eur", "currency"),
    ("paramMap", {"clickId": ""}, "paramMap.clickId"),
    ("paramMap", {"clickId": None}, "paramMap.clickId"),
    ("paramMap", {"click_id": "x"}, "paramMap.click_id"),
    ("paramMap", {"clickId": "payout"}, "paramMap"),
    ("paramMap", {"clickId": "x", "payout": "x"}, "paramMap"),
    ("statusMap", {"ok": "paid"}, "statusMap.ok"),
    ("statusMap", {"ok": "approved", "OK": "rejected"}, "statusMap"),
    ("requireIp", ["10.0.0.0/33"], "requireIp.0"),
    ("requireIp", ["10.0.0.0/8", "host.example"], "requireIp.1"),
    ("requireIp", "10.0.0.0/8", "requireIp"),
    ("requireIp", [5], "requireIp.0"),
)


async def test_network_field_out_of_bounds_is_named(api: Any) -> None:
    for field, value, at_fault in OUT_OF_BOUNDS:
        fields = await refused(api, NETWORKS, **{field: value})
        assert fields == [at_fault], value
    assert await api.ask("GET", "/networks") == []


async def test_rotated_key_is_another_one(api: Any) -> None:
    made = await make(api, NETWORKS)
    path = f"/networks/{made['id']}/rotate-key"
    rotated = await api.post(path)
    new = rotated.json()
    assert rotated.headers["etag"] == '"2"'
    assert re.fullmatch("[0-9A-Za-z]{32}", new["postbackKey"])
    assert new["postbackKey"] != made["postbackKey"]
    assert new["postbackKey"] in new["postbackUrl"]
    assert new["version"] == 2
    assert await api.ask("GET", f"/networks/{made['id']}") == new
    reader = await api.with_scopes("read:networks")
    await reader.refused("POST", path, None, 403, "AUTH_INSUFFICIENT_SCOPE")
    other = await api.other_project()
    await other.refused("POST", path, None, 404, "NOT_FOUND")


async def test_key_is_rotated_once_under_one_idempotency_key(api: Any) -> None:
    made = await make(api, NETWORKS)
    path, headers = f"/networks/{made['id']}/rotate-key", {"Idempotency-Key": "r"}
    first = await api.ask("POST", path, headers=headers)
    assert await api.ask("POST", path, headers=headers) == first
    assert first["version"] == 2


async def test_network_of_an_offer_is_not_deleted(api: Any) -> None:
    network = await make(api, NETWORKS)
    offer = await make(api, OFFERS, networkId=network["id"], status="archived")
    error = await api.refused("DELETE", f"/networks/{network['id']}", None, 409, "CONFLICT")
    assert offer["id"] in error["message"]
    await api.ask("PATCH", f"/offers/{offer['id']}", {"networkId": None})
    await api.ask("DELETE", f"/networks/{network['id']}")
    assert await refused(api, OFFERS, networkId=network["id"]) == ["networkId"]
