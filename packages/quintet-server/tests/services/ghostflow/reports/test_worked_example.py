"""The example of the contract, from clicks and conversions to every metric."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..conftest import Api

EXPECTED = {
    "clicks": 8,
    "uniqueClicks": 6,
    "uniqueVisitors": 5,
    "botClicks": 1,
    "conversions": 3,
    "approved": 2,
    "pending": 1,
    "rejected": 1,
    "reversed": 0,
    "revenue": Decimal("17.5"),
    "pendingRevenue": 10,
    "cost": Decimal("1.6"),
    "profit": Decimal("15.9"),
    "roi": Decimal("993.75"),
    "roas": Decimal("10.9375"),
    "cr": Decimal("37.5"),
    "approvalRate": Decimal("66.6667"),
    "epc": Decimal("2.1875"),
    "cpc": Decimal("0.2"),
    "cpa": Decimal("0.5333"),
}
NOTHING = {
    **dict.fromkeys(EXPECTED, 0),
    **dict.fromkeys(("roi", "roas", "cr", "approvalRate", "epc", "cpc", "cpa")),
}
PERSON = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"


async def exactly(api: Api, path: str, **params: Any) -> Any:
    answer = await api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


async def traffic(api: Api) -> str:
    """The example's clicks and postbacks; the id of the campaign."""
    cost = {"model": "cpc", "amount": 0.2, "currency": "USD"}
    body = {"name": "Example", "url": "https://shop.example/", "cost": cost}
    campaign = (await api.ask("POST", "/campaigns", body, 201))["id"]
    start = datetime.now(UTC) - timedelta(days=2)
    visits = [("A", 0), ("A", 20), ("A", 40), ("B", 0), ("B", 25 * 60), *((v, 5) for v in "CDE")]
    clicks = [
        {
            "campaignId": campaign,
            "at": (start + timedelta(minutes=minutes)).isoformat(),
            "ip": f"192.0.2.{ord(visitor)}",
            "userAgent": PERSON,
        }
        for visitor, minutes in visits
    ]
    clicks.append({**clicks[0], "ip": "192.0.2.1", "userAgent": "Googlebot/2.1"})
    answer = await api.call("POST", "/clicks", json=clicks)
    ids = [one["id"] for one in answer.json()]
    a, b, c = ids[0], ids[3], ids[5]
    for click, status, payout, tx, expected in (
        (a, "approved", 12.5, "T1", 201),
        (a, "approved", 12.5, "T1", 200),
        (a, "approved", 5, "T2", 201),
        (b, "pending", 10, None, 201),
        (c, "rejected", 7, None, 201),
    ):
        body = {"clickId": click, "status": status, "payout": payout, "currency": "USD"}
        await api.ask("POST", "/conversions", {**body, **({"txId": tx} if tx else {})}, expected)
    return str(campaign)


async def test_dashboard_of_the_worked_example_has_its_numbers(api: Api) -> None:
    campaign = await traffic(api)
    report = await exactly(api, "/reports/dashboard", compare="previous")
    assert report["totals"] == EXPECTED
    assert report["previous"] == NOTHING
    assert report["unconverted"] == []
    assert len(report["series"]) == 30
    assert sum(point["clicks"] for point in report["series"]) == 8
    [top] = report["top"]["campaigns"]
    assert top == {
        "keys": {"campaign": {"id": campaign, "name": "Example", "deleted": False}},
        **EXPECTED,
    }
    assert report["top"]["countries"][0]["keys"] == {"country": "unknown"}
    robots = await exactly(api, "/reports/dashboard", bots="only")
    assert (robots["totals"]["clicks"], robots["totals"]["uniqueVisitors"]) == (1, 1)
    both = await exactly(api, "/reports/dashboard", bots="include")
    assert (both["totals"]["clicks"], both["totals"]["uniqueVisitors"]) == (9, 6)


async def test_dashboard_without_traffic_has_zeros_and_no_ratios(api: Api) -> None:
    report = await exactly(
        api, "/reports/dashboard", **{"from": "2025-01-01", "to": "2025-01-31", "timezone": "UTC"}
    )
    assert report["totals"] == NOTHING
    assert report["previous"] is None
    assert [point["bucket"] for point in report["series"]] == [
        f"2025-01-{day:02}" for day in range(1, 32)
    ]
    assert report["top"] == {"campaigns": [], "offers": [], "sources": [], "countries": []}
    assert (report["from"], report["to"]) == ("2025-01-01", "2025-01-31")
