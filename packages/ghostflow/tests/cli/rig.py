"""A service in a dictionary, with the objects and reports that the command line shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ghostflow import GhostFlowClient
from quintet.testing import FakeClock, Reply, ScriptedTransport, reply

KEY = "gf_" + "k" * 43
BASE = "http://tracker.test/ghostflow/api/v1"
CAMPAIGN = "0190a000-0000-7000-8000-00000000000a"
OTHER = "0190a000-0000-7000-8000-00000000000b"
OFFER = "0190a000-0000-7000-8000-0000000000f1"
TEAM = "0190a000-0000-7000-8000-0000000000aa"

Answer = Any
"""JSON, a reply, an exception, or a function of the query and the body that returns one."""

COSTS = {"model": "cpc", "amount": 0.2, "currency": "USD"}
CAMPAIGNS: list[dict[str, Any]] = [
    {
        "id": CAMPAIGN,
        "name": "Summer Promo",
        "slug": "summer",
        "status": "active",
        "cost": COSTS,
        "trackingUrl": "http://tracker.test/c/summer",
        "offers": [{"offerId": OFFER, "weight": 3}],
        "tags": ["a", "b"],
        "sticky": True,
        "notes": "",
    },
    {
        "id": OTHER,
        "name": "Winter",
        "slug": "winter",
        "status": "paused",
        "cost": {"model": "none"},
        "trackingUrl": "http://tracker.test/c/winter",
    },
]
TEAMS = [{"id": TEAM, "name": "Main", "timezone": "Europe/Berlin", "currency": "USD"}]


def metrics(clicks: int = 8, **changes: Any) -> dict[str, Any]:
    """The worked example: 8 clicks, 2 approved conversions, one pending."""
    return {
        "clicks": clicks,
        "uniqueClicks": 6,
        "uniqueVisitors": 5,
        "botClicks": 1,
        "conversions": 3,
        "pending": 1,
        "approved": 2,
        "rejected": 1,
        "reversed": 0,
        "revenue": 17.5,
        "pendingRevenue": 10,
        "cost": 1.6,
        "profit": 15.9,
        "roi": 993.75,
        "roas": 10.9375,
        "cr": 37.5,
        "approvalRate": 66.6667,
        "epc": 2.1875,
        "cpc": 0.2,
        "cpa": 0.5333,
        **changes,
    }


def click(number: int, at: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"0190b000-0000-7000-8000-{number:012d}",
        "campaignId": CAMPAIGN,
        "offerId": OFFER,
        "at": at,
        "isUnique": True,
        "isBot": False,
        "country": "DE",
        "device": "mobile",
        "os": "Android",
        "browser": "Chrome",
        "cost": 0.2,
        "currency": "USD",
        **changes,
    }


class Service:
    """Answers by method and path; what was asked is in ``asked``."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {
            "GET /teams": TEAMS,
            "GET /campaigns": CAMPAIGNS,
            f"GET /campaigns/{CAMPAIGN}": CAMPAIGNS[0],
            "GET /offers": [{"id": OFFER, "name": "Shoes", "payout": 12.5}],
        }
        self.asked: list[tuple[str, dict[str, Any], Any]] = []
        self.clock = FakeClock()
        self.options: dict[str, Any] = {}
        self._transport = ScriptedTransport([])

    def client(self, **options: Any) -> GhostFlowClient:
        self.options = options
        given = {"base_url": BASE, **{k: v for k, v in options.items() if v is not None}}
        self._transport = ScriptedTransport([self._answer] * 500)
        return GhostFlowClient(KEY, transport=self._transport, clock=self.clock, **given)

    def _answer(self, request: Any) -> Any:
        parts = urlsplit(request.url)
        query = {k: v[0] if len(v) == 1 else v for k, v in parse_qs(parts.query).items()}
        body = self._transport.bodies[-1]
        what = f"{request.method} {parts.path.removeprefix(urlsplit(BASE).path)}"
        self.asked.append((what, query, json.loads(body) if body else None))
        answer = self.answers.get(what, refused(404, "NOT_FOUND", "no such thing"))
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(query, self.asked[-1][2])
        return answer if isinstance(answer, (Reply, Exception)) else reply(200, json=answer)

    def queries(self, what: str) -> list[dict[str, Any]]:
        """The queries of all requests of this kind."""
        return [query for asked, query, _ in self.asked if asked == what]

    def bodies(self, what: str) -> list[Any]:
        """The bodies of all requests of this kind."""
        return [body for asked, _, body in self.asked if asked == what]


def refused(status: int, code: str, message: str = "no", **more: Any) -> Reply:
    headers = more.pop("headers", {})
    body = {"code": code, "message": message, "requestId": "req-1", **more}
    return reply(status, json=body, headers={"X-Request-Id": "req-1", **headers})
