"""A campaign's traffic from the first click to the last report, with numbers known beforehand.

The server is one of the module's own, because its clock is moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ghostflow import AuthenticationError, GhostFlowClient, postback_url
from tests.e2e.ghostflow.things import BROWSER, EMAIL, PASSWORD
from tests.support.ghostflow import SETTINGS, GhostFlowServer
from tests.support.postgres import new_database
from tests.support.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("ghostflow")]

CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
EXPECTED: dict[str, Any] = {
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
    "pendingRevenue": Decimal(10),
    "cost": Decimal("1.6"),
    "profit": Decimal("15.9"),
    "roi": 993.75,
    "roas": 10.9375,
    "cr": 37.5,
    "approvalRate": 66.6667,
    "epc": Decimal("2.1875"),
    "cpc": Decimal("0.2"),
    "cpa": Decimal("0.5333"),
}
RATIOS = {"roi", "roas", "cr", "approvalRate", "epc", "cpc", "cpa"}
NOTHING = {name: None if name in RATIOS else 0 for name in EXPECTED}
# What may be added up over rows or points.
SUMS = EXPECTED.keys() - RATIOS - {"uniqueVisitors"}


@pytest.fixture(scope="module")
def server(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GhostFlowServer]:
    folder = tmp_path_factory.mktemp("worked-example") / "data"
    with (
        new_database(cluster_url) as url,
        GhostFlowServer(folder, database_url=url, settings=SETTINGS) as server,
    ):
        yield server


@pytest.fixture
def gf(server: GhostFlowServer) -> Iterator[GhostFlowClient]:
    with GhostFlowClient(server.team(), server.api) as client:
        yield client


class Visitor:
    """A browser that keeps its cookies."""

    def __init__(self, link: str, user_agent: str) -> None:
        self._link = link
        self._http = httpx.Client(headers={"User-Agent": user_agent}, trust_env=False, timeout=60)

    def click(self, method: str = "GET") -> str:
        """Follow the link; return the click id that the destination is told."""
        answer = self._http.request(method, self._link)
        assert answer.status_code == 302, answer.text
        assert answer.content == b""
        assert answer.headers["cache-control"] == "no-store"
        [id] = parse_qs(urlsplit(answer.headers["location"]).query)["c"]
        return id

    def close(self) -> None:
        """Leave."""
        self._http.close()


def advance(server: GhostFlowServer, **hours: float) -> None:
    """Move the clock, and wait until the process goes by it."""

    def shift() -> float:
        answer = httpx.get(f"{server.url}/readyz", trust_env=False, timeout=60)
        return float(answer.json()["clock_shift_seconds"])

    before = shift()
    server.advance(hours["hours"] * 3600)
    until(lambda: shift() > before)


def reported(url: str) -> dict[str, Any]:
    answer = httpx.get(url, trust_env=False, timeout=60)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def metrics(row: Any) -> dict[str, Any]:
    """As much of a row as is a metric."""
    return {name: value for name, value in row.items() if name in EXPECTED}


def added_up(rows: Any) -> dict[str, Any]:
    return {name: sum(row[name] for row in rows) for name in SUMS}


@pytest.fixture
def campaign(gf: GhostFlowClient) -> Any:
    """A click costs 0.20 USD; the offer is a network's."""
    network = gf.networks.create("Network")
    offer = gf.offers.create(
        "Offer", "https://offer.example/?c={click_id}", network_id=network["id"]
    )
    return gf.campaigns.create(
        "Worked example",
        "https://example.com/?c={click_id}",
        offers=[{"offerId": offer["id"], "weight": 1}],
        cost={"model": "cpc", "amount": Decimal("0.20"), "currency": "USD"},
    )


def drive(server: GhostFlowServer, link: str) -> dict[str, str]:
    """Let the visitors click over 25 hours; return the click id of each."""
    agents = {name: f"{BROWSER} {name}" for name in "ABCDE"}
    visitors = {name: Visitor(link, agent) for name, agent in agents.items()}
    clicks = {name: visitor.click() for name, visitor in visitors.items()}
    visitors["X"] = Visitor(link, CRAWLER)
    visitors["X"].click()
    visitors["H"] = Visitor(link, f"{BROWSER} F")
    visitors["H"].click("HEAD")
    for _ in range(2):  # within the hour
        advance(server, hours=0.4)
        visitors["A"].click()
    advance(server, hours=24.2)
    visitors["B"].click()
    for visitor in visitors.values():
        visitor.close()
    return clicks


def test_traffic_is_counted_as_computed_by_hand(
    server: GhostFlowServer, gf: GhostFlowClient, campaign: Any
) -> None:
    clicks = drive(server, campaign["trackingUrl"])
    [network] = gf.networks.list()
    told = [
        reported(postback_url(network, click_id=clicks[visitor], **said))["status"]
        for visitor, said in [
            ("A", {"tx_id": "T1", "payout": "12.50", "status": "approved"}),
            ("A", {"tx_id": "T1", "payout": "12.50", "status": "approved"}),
            ("A", {"tx_id": "T2", "payout": "5.00", "status": "approved"}),
            ("B", {"payout": 10, "status": "pending"}),
            ("C", {"payout": 7, "status": "rejected"}),
        ]
    ]
    assert told == ["created", "duplicate", "created", "created", "created"]

    dashboard = gf.reports.dashboard(compare="previous")
    assert metrics(dashboard["totals"]) == EXPECTED
    assert added_up(dashboard["series"]) == {name: EXPECTED[name] for name in SUMS}
    assert dashboard["previous"] is not None
    assert metrics(dashboard["previous"]) == NOTHING
    assert dashboard["unconverted"] == []
    for kind in ("campaigns", "offers"):
        [row] = dashboard["top"][kind]
        assert metrics(row) == EXPECTED
    by_campaign = gf.reports.breakdown("campaign")
    assert metrics(by_campaign["totals"]) == EXPECTED
    [row] = by_campaign["rows"]
    assert row["keys"]["campaign"] == {
        "id": campaign["id"],
        "name": "Worked example",
        "deleted": False,
    }
    assert metrics(row) == EXPECTED
    by_hour = gf.reports.breakdown(["day", "hour"])
    assert metrics(by_hour["totals"]) == EXPECTED
    assert added_up(by_hour["rows"]) == {name: EXPECTED[name] for name in SUMS}
    for interval in ("hour", "day", "week", "month"):
        series = gf.reports.timeseries(interval)
        assert metrics(series["totals"]) == EXPECTED
        assert added_up(series["points"]) == {name: EXPECTED[name] for name in SUMS}

    assert gf.reports.dashboard(bots="include")["totals"]["clicks"] == 9
    assert gf.reports.dashboard(bots="only")["totals"]["clicks"] == 1
    assert len(gf.clicks.list(bots="include")) == 9

    log = gf.postbacks.list(direction="in")
    assert sorted(line["outcome"] for line in log) == ["created"] * 4 + ["duplicate"]
    [duplicate] = gf.postbacks.list(outcome="duplicate")
    assert (duplicate["clickId"], duplicate["txId"]) == (clicks["A"], "T1")
    [first] = [one for one in gf.conversions.iter() if one["txId"] == "T1"]
    assert (first["duplicateCount"], first["id"]) == (1, duplicate["conversionId"])


def test_no_traffic_is_zeros_and_no_ratios(gf: GhostFlowClient, campaign: Any) -> None:
    dashboard = gf.reports.dashboard()
    assert metrics(dashboard["totals"]) == NOTHING
    assert all(metrics(point) == NOTHING for point in dashboard["series"])
    assert not any(dashboard["top"].values())
    breakdown = gf.reports.breakdown("campaign", campaign_id=campaign["id"])
    assert (metrics(breakdown["totals"]), breakdown["rows"]) == (NOTHING, [])
    series = gf.reports.timeseries("day")
    assert metrics(series["totals"]) == NOTHING
    assert len(series["points"]) == 30


def test_login_ends_after_its_hour(server: GhostFlowServer) -> None:
    server.member(EMAIL, PASSWORD, "signing-in")
    with GhostFlowClient.log_in(EMAIL, PASSWORD, server.api) as gf:
        assert gf.campaigns.list() == []
        advance(server, hours=1.01)
        with pytest.raises(AuthenticationError) as caught:
            gf.campaigns.list()
    assert caught.value.code == "AUTH_TOKEN_EXPIRED"
