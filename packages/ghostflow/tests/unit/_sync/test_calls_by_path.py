# Generated from tests/unit/_async/test_calls_by_path.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The surface of the service's guide: paths in, body and rate limit out."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from ghostflow import GhostFlowError, MisuseError, NotFoundError, RateLimitInfo

from .rig import ID, client, header, hosted, ok, refused, sent, written


def test_guide_usage_works_as_it_is_shown() -> None:
    gf, transport = client(
        ok([{"id": "1"}, {"id": "2"}]),
        ok({"id": ID, "name": "Summer Promo"}, 201),
        ok({"totals": {"revenue": 12.5}}),
        refused(404, "NOT_FOUND", "Campaign not found"),
    )
    campaigns, rl = gf.get("/campaigns")
    assert (len(campaigns), rl.remaining) == (2, 119)
    body = {"name": "Summer Promo", "url": "https://example.com/promo"}
    campaign, _ = gf.post("/campaigns", json=body)
    assert campaign["id"] == ID
    assert sent(transport) == ("POST", "/campaigns", body)
    stats, _ = gf.get("/reports/dashboard", **{"from": "2025-01-01", "to": "2025-01-31"})
    assert stats["totals"]["revenue"] == 12.5
    assert sent(transport)[1] == "/reports/dashboard?from=2025-01-01&to=2025-01-31"
    with pytest.raises(GhostFlowError) as caught:
        gf.get("/campaigns/non-existent-id")
    assert (caught.value.code, caught.value.status) == ("NOT_FOUND", 404)
    assert f"API error {caught.value.status}: {caught.value}" == "API error 404: Campaign not found"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/campaigns", "/campaigns"),
        ("campaigns", "/campaigns"),
        ("/api/v1/campaigns", "/campaigns"),
        ("api/v1/campaigns", "/campaigns"),
        ("/campaigns/a b".replace(" ", "%20"), "/campaigns/a%20b"),
        ("/campaigns/ä", "/campaigns/%C3%A4"),
        ("/campaigns/100%", "/campaigns/100%25"),
        ("/campaigns/{id}", "/campaigns/%7Bid%7D"),
    ],
)
def test_path_is_understood(path: str, expected: str) -> None:
    for make in (client, hosted):
        gf, transport = make(ok([]))
        gf.get(path)
        assert sent(transport)[1] == expected


def test_prefix_stays_where_the_base_url_has_none() -> None:
    gf, transport = client(ok([]), base_url="https://track.example")
    gf.get("/api/v1/campaigns")
    assert transport.requests[0].url == "https://track.example/api/v1/campaigns"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/campaigns/",
        "/campaigns//x",
        "/campaigns/../auth",
        "/campaigns/%2e%2e/auth",
        "/campaigns/..%2fauth",
        "/./campaigns",
        "https://elsewhere.example/campaigns",
        "//elsewhere.example/campaigns",
        "/campaigns#x",
        "/cam paigns",
        "/campaigns\\..\\auth",
        "/campaigns\r\nX: 1",
        "/campaigns/\ud800",
        7,
    ],
)
def test_path_that_leads_elsewhere_is_refused(path: Any) -> None:
    gf, transport = client()
    with pytest.raises(MisuseError):
        gf.get(path)
    assert transport.requests == []


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\n", 7, None])
def test_method_that_is_none_is_refused(method: Any) -> None:
    gf, transport = client()
    with pytest.raises(MisuseError):
        gf.request(method, "/campaigns")
    assert transport.requests == []


def test_request_takes_query_body_headers_and_ids() -> None:
    gf, transport = client(ok({"a": 1}))
    body, _ = gf.request(
        "post",
        "/offers",
        params={"dry": True},
        json={"payout": Decimal("12.50"), "tags": (Decimal(3),)},
        headers={"X-Mine": "1"},
        idempotency_key="k-1",
        request_id="r-1",
        timeout=3.0,
    )
    assert body == {"a": 1}
    assert sent(transport) == ("POST", "/offers?dry=true", {"payout": 12.5, "tags": [3]})
    assert transport.bodies[0] == b'{"payout":12.5,"tags":[3]}'
    names = ("X-Mine", "Idempotency-Key", "X-Request-Id")
    assert [header(transport, name) for name in names] == ["1", "k-1", "r-1"]


def test_all_methods_send_what_they_are_called() -> None:
    gf, transport = client(*[ok({})] * 5)
    gf.get(path="/a", limit=1)
    gf.post("/a")
    gf.put("/a", json={"x": None})
    gf.patch("/a", {"x": 1})
    gf.delete("/a")
    assert [sent(transport, index) for index in range(5)] == [
        ("GET", "/a?limit=1", None),
        ("POST", "/a", None),
        ("PUT", "/a", {"x": None}),
        ("PATCH", "/a", {"x": 1}),
        ("DELETE", "/a", None),
    ]
    assert [header(transport, "Idempotency-Key", index) is None for index in range(5)] == [
        True,
        False,
        True,
        True,
        True,
    ]


def test_numbers_are_those_of_the_parser() -> None:
    gf, _ = client(written('{"payout": 12.50, "count": 3}'))
    body, _ = gf.get("/offers/1")
    assert body == {"payout": 12.5, "count": 3}
    assert type(body["payout"]) is float


def test_rate_limit_of_an_answer() -> None:
    gf, _ = client(ok([], Retry_After="3"))
    _, limits = gf.get("/campaigns")
    at = datetime.fromtimestamp(1_700_000_001, timezone.utc)
    assert limits == RateLimitInfo(120, 119, 1_700_000_001, at, 3.0)


def test_misuse_of_the_query_and_headers_is_refused() -> None:
    gf, transport = client()
    bad: Any = "x"
    endless: dict[str, Any] = {}
    endless["again"] = [endless]
    for options in (
        {"params": bad},
        {"headers": bad},
        {"json": {"a": Decimal("NaN")}},
        {"json": endless},
    ):
        with pytest.raises(MisuseError):
            gf.request("GET", "/campaigns", **options)
    assert transport.requests == []


def test_missing_object_is_not_found() -> None:
    gf, _ = client(refused(404, "NOT_FOUND"))
    with pytest.raises(NotFoundError):
        gf.get("/campaigns/x")
