"""Servers are killed while people click: whoever was sent on is in the database, exactly once.

20,000 clicks and 10 kills, some twenty seconds on two cores.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from tests.ledger.ghostflow.clickers import Clickers
from tests.support.postgres import cluster, new_database
from tests.support.server import ServerProcess

pytestmark = [
    pytest.mark.kill,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("storm"),
]

SETTINGS = {"QUINTET_GHOSTFLOW_REQUESTS_PER_MINUTE": "0"}


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    clicks: int
    kills: int
    limit: int
    """Of the cap of one of the two offers."""


SIZE = Size(clicks=20_000, kills=10, limit=3_000)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Two servers on one database."""
    with ExitStack() as stack:
        url = stack.enter_context(new_database(stack.enter_context(cluster())))
        yield [
            stack.enter_context(
                ServerProcess(tmp_path / f"data-{name}", database_url=url, settings=SETTINGS)
            )
            for name in ("one", "two")
        ]


def test_killed_servers_lose_and_double_no_click_that_was_answered(
    servers: list[ServerProcess],
) -> None:
    with api_of(servers[0]) as api:
        offers = [
            made(api, "offers", name=name, url=f"https://{name}.example/?n={{sub1}}", cap=cap)
            for name, cap in (
                ("capped", {"limit": SIZE.limit, "period": "total", "counts": "clicks"}),
                ("open", None),
            )
        ]
        weights = [{"offerId": offer["id"], "weight": 1} for offer in offers]
        campaign = made(
            api, "campaigns", name="Storm", url="https://own.example/", offers=weights, sticky=False
        )
    clickers = Clickers([server.url for server in servers], campaign["slug"], SIZE.clicks)
    started = time.monotonic()
    clickers.start()
    for kill in range(1, SIZE.kills + 1):
        while clickers.is_running and len(clickers.answered) < kill * SIZE.clicks / (
            SIZE.kills + 1
        ):
            time.sleep(0.005)
        victim = servers[kill % 2]
        victim.kill()
        victim.start()
    clickers.finish()
    print(
        f"{len(clickers.answered)} answered, {len(clickers.unanswered)} not, "
        f"{len(clickers.refused)} refused, {time.monotonic() - started:.0f} s"
    )
    rows = rows_of(servers[0])
    assert_answers_are_stored(clickers, rows)
    people = [row for row in rows if not row["is_bot"]]
    assert sum(row["offer_id"] == offers[0]["id"] for row in people) == SIZE.limit
    uniques = Counter(row["visitor_id"] for row in people if row["is_unique"])
    assert uniques == dict.fromkeys({row["visitor_id"] for row in people}, 1)
    with api_of(servers[0]) as api:
        totals = found(api, "/reports/dashboard", bots="include")["totals"]
        robots = found(api, "/reports/dashboard", bots="only")["totals"]
    assert totals["clicks"] == len(rows)
    assert totals["uniqueClicks"] == len(uniques)
    assert robots["clicks"] == len(rows) - len(people)


def assert_answers_are_stored(clickers: Clickers, rows: list[dict[str, Any]]) -> None:
    stored = Counter(int(row["sub1"]) for row in rows)
    assert max(stored.values()) == 1
    assert clickers.answered.keys() <= stored.keys()
    # What else is there was under way when its server died.
    assert stored.keys() <= clickers.answered.keys() | clickers.unanswered | clickers.refused
    assert clickers.unanswered, "the storm was too mild to show anything"
    destinations = {int(row["sub1"]): row["destination"] for row in rows}
    assert all(destinations[number] == told for number, told in clickers.answered.items())


def rows_of(server: ServerProcess) -> list[dict[str, Any]]:
    with psycopg.connect(server.database_url, row_factory=dict_row) as conn:
        return conn.execute(
            "SELECT sub1, destination, is_bot, is_unique, visitor_id, offer_id::text "
            "FROM ghostflow_clicks"
        ).fetchall()


def api_of(server: ServerProcess) -> httpx.Client:
    return httpx.Client(
        base_url=f"{server.url}/ghostflow/api/v1",
        headers={"Authorization": f"Bearer {server.key('ghostflow')}"},
        timeout=30,
        trust_env=False,
    )


def made(api: httpx.Client, plural: str, **fields: Any) -> dict[str, Any]:
    answer = api.post(f"/{plural}", json=fields)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def found(api: httpx.Client, path: str, **query: str) -> dict[str, Any]:
    answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown
