"""`quintet serve` under kill −9 while networks report, sources are told and postbacks wait.

What was answered is kept. Each status of each conversion reaches the source at least once, however
often its server died on the way, and stands in the log once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from quintet_server.store.ids import new_uuid7
from tests.support.ghostflow import TrafficSource, traffic_source
from tests.support.waiting import until

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]

CLICKS, LATE_CLICKS = 24, 8
TWO_MINUTES = "UPDATE clock SET shift = shift + interval '2 minutes' RETURNING shift"
SETTINGS = {
    "QUINTET_GHOSTFLOW_REQUESTS_PER_MINUTE": "0",
    "QUINTET_HTTP_LOG_REQUESTS": "errors",
}


@pytest.fixture
def source() -> Iterator[TrafficSource]:
    with traffic_source() as found:
        yield found


class Network:
    """Reports what its clicks came to, again if it got no answer; and the team it works for."""

    def __init__(self, server: Any, source: TrafficSource) -> None:
        self._http = httpx.Client(timeout=60, trust_env=False)
        self.use(server)
        self.answered: dict[tuple[str, str], int] = {}
        self.unanswered: list[tuple[str, str]] = []
        self._key = self._make("networks", name="Network")["postbackKey"]
        told = self._make(
            "sources",
            name="Source",
            postbackUrl=f"{source.url}/?click={{click_id}}&status={{status}}",
            postbackOn=["pending", "approved"],
        )
        self._campaign = self._make(
            "campaigns", name="Campaign", url="https://example.com/", sourceId=told["id"]
        )

    def use(self, server: Any) -> None:
        """Turn to this server from now on."""
        self._url = server.url
        self._headers = {"Authorization": f"Bearer {server.keys['ghostflow']}"}

    def close(self) -> None:
        self._http.close()

    def click(self, ids: list[str]) -> None:
        """Ingest clicks under these ids."""
        clicks = [
            {"campaignId": self._campaign["id"], "clickId": id, "visitorId": id} for id in ids
        ]
        answer = self._post("clicks", clicks)
        assert [one["status"] for one in answer] == ["created"] * len(ids)

    def convert(self, click: str) -> None:
        """Report a conversion as it comes about."""
        for status in ("pending", "approved"):
            self.report(click, status)

    def report(self, click: str, status: str) -> None:
        """Report one status, and remember whether it was answered."""
        try:
            answer = self._http.get(
                f"{self._url}/postback/{self._key}",
                params={"click_id": click, "status": status, "payout": "1.5"},
            )
        except httpx.TransportError:
            self.unanswered.append((click, status))
        else:
            self.answered[click, status] = answer.status_code

    def totals(self) -> dict[str, Any]:
        answer = self._http.get(f"{self._api}/reports/dashboard", headers=self._headers)
        totals: dict[str, Any] = answer.raise_for_status().json()["totals"]
        return totals

    @property
    def _api(self) -> str:
        return f"{self._url}/ghostflow/api/v1"

    def _make(self, plural: str, **fields: Any) -> dict[str, Any]:
        made: dict[str, Any] = self._post(plural, fields)
        return made

    def _post(self, path: str, body: Any) -> Any:
        answer = self._http.post(f"{self._api}/{path}", json=body, headers=self._headers)
        assert answer.is_success, answer.text
        return answer.json()


def rows(url: str, statement: str) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row, autocommit=True) as conn:
        return conn.execute(statement).fetchall()


def test_postbacks_of_a_killed_server_arrive_and_are_logged_once(
    start_process: Any, database_url: str, source: TrafficSource, request: pytest.FixtureRequest
) -> None:
    options = ("--database-url", database_url, "--allow-private-targets")
    first = start_process(*options, env=SETTINGS)
    network = Network(first, source)
    request.addfinalizer(network.close)
    clicks, late_clicks = (
        [str(new_uuid7()) for _ in range(count)] for count in (CLICKS, LATE_CLICKS)
    )
    network.click(clicks)
    for click in late_clicks:
        network.report(click, "approved")
    assert set(network.answered.values()) == {404}
    source.go_on.clear()

    with ThreadPoolExecutor(8) as senders:
        sending = senders.map(network.convert, clicks)
        until(lambda: len(source.asked) >= 6)  # and none of them is answered
        first.kill()
        list(sending)
    held = {asked(path) for path in source.asked}
    source.go_on.set()
    left = "SELECT count(*) AS n FROM ghostflow_postbacks WHERE"
    assert rows(database_url, f"{left} outcome = 'pending'")[0]["n"] >= len(held)
    assert rows(database_url, f"{left} waiting_until IS NOT NULL")[0]["n"] == LATE_CLICKS
    assert network.unanswered, "it died too late to show anything"
    answered = {pair for pair, status in network.answered.items() if status == 200}
    assert answered <= kept(database_url)

    # What it had in hand is free again when its leases are over.
    rows(database_url, TWO_MINUTES)
    second = start_process(*options, data_dir=first.data_dir, env=SETTINGS)
    network.use(second)
    for click, status in list(network.unanswered):
        network.report(click, status)
    network.click(late_clicks)
    rows(database_url, TWO_MINUTES)  # more than the longest pause between two looks for a click
    open_rows = f"{left} outcome = 'pending' OR waiting_until IS NOT NULL"
    until(lambda: rows(database_url, open_rows)[0]["n"] == 0, seconds=100)
    totals = network.totals()

    expected = {(click, status) for click in clicks for status in ("pending", "approved")}
    expected |= {(click, "approved") for click in late_clicks}
    assert kept(database_url) == expected
    arrived = Counter(asked(path) for path in source.asked)
    assert arrived.keys() == expected
    assert all(arrived[pair] >= 2 for pair in held)
    log = "SELECT direction, click_id, status, outcome FROM ghostflow_postbacks"
    told = [row for row in rows(database_url, log) if row["direction"] == "out"]
    assert Counter((row["click_id"], row["status"]) for row in told) == dict.fromkeys(expected, 1)
    assert {row["outcome"] for row in told} == {"delivered"}
    waited = [row for row in rows(database_url, log) if row["click_id"] in set(late_clicks)]
    assert Counter((row["direction"], row["outcome"]) for row in waited) == {
        ("in", "created"): LATE_CLICKS,
        ("out", "delivered"): LATE_CLICKS,
    }
    count = CLICKS + LATE_CLICKS
    assert (totals["clicks"], totals["approved"], totals["revenue"]) == (count, count, 1.5 * count)


def asked(path: str) -> tuple[str, str]:
    """Click and status that the source was told of."""
    query = parse_qs(urlsplit(path).query)
    return query["click"][0], query["status"][0]


def kept(url: str) -> set[tuple[str, str]]:
    """Click and each status that its conversion has had."""
    found = rows(url, "SELECT click_id::text, history FROM ghostflow_conversions")
    return {(row["click_id"], step["status"]) for row in found for step in row["history"]}
