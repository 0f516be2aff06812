"""What a link answers, and what it leaves behind."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

import pytest

from quintet_server.services.ghostflow.clicks.visitors import COOKIE

from ..conftest import Started
from .conftest import CHROME, Links

HEADERS = {
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
    "content-length": "0",
}


async def test_link_answers_a_redirect_that_nobody_may_keep(links: Links) -> None:
    campaign = await links.campaign()
    answer = await links.follow(campaign)
    [row] = await links.clicks(campaign)
    assert answer.status_code == 302
    assert answer.headers["location"] == f"https://own.example/?gf_click_id={row['id']}"
    assert answer.content == b""
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert row["destination"] == answer.headers["location"]
    assert (row["is_unique"], row["is_bot"], row["offer_id"]) == (True, False, None)


async def test_link_records_what_the_request_says(links: Links) -> None:
    source = await links.api.ask(
        "POST", "/sources", {"name": "Source", "params": {"zone": "sub3", "bid": "cost"}}, 201
    )
    campaign = await links.campaign(
        sourceId=source["id"], cost={"model": "param", "currency": "EUR"}
    )
    await links.follow(
        campaign,
        "?zone=77&bid=0.25&sub1=a%20b&external_id=ext&utm_source=feed&other=1",
        referer="https://News.Example:8080/page?q=1",
        accept_language="de-AT,de;q=0.9",
        user_agent=CHROME,
    )
    [row] = await links.clicks(campaign)
    expected = {
        "source_id": source["id"],
        "sub1": "a b",
        "sub3": "77",
        "external_id": "ext",
        "utm": {"source": "feed"},
        "extra": {"other": "1"},
        "cost": 250_000,
        "cost_currency": "EUR",
        "referrer_host": "news.example",
        "language": "de-AT",
        "device": "desktop",
        "os": "Windows",
        "browser": "Chrome",
        "domain_id": None,
        "ip_range": None,
    }
    assert {name: row[name] for name in expected} == expected


async def test_head_answers_the_same_headers_and_stores_nothing(links: Links) -> None:
    offer = await links.offer(cap={"limit": 1, "period": "total", "counts": "clicks"})
    campaign = await links.campaign(offer)
    for _ in range(2):
        head = await links.follow(campaign, method="HEAD", user_agent=CHROME)
        assert head.status_code == 302
        assert head.headers["location"].startswith("https://offers.example/offer?gf_click_id=")
    assert await links.count(campaign) == 0
    got = await links.follow(campaign, user_agent=CHROME)
    assert set(got.headers) == set(head.headers)
    head = await links.follow(campaign, method="HEAD", user_agent=CHROME)
    assert head.headers["location"].startswith("https://own.example/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
async def test_other_method_is_not_allowed(links: Links, method: str) -> None:
    campaign = await links.campaign()
    answer = await links.follow(campaign, method=method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert await links.count(campaign) == 0


@pytest.mark.parametrize(
    "path", ["nosuchslug", "x", "with.dot", "a/b", "", "%00%00%00", "a" * 65, "nosuch\u00fc"]
)
async def test_unknown_link_is_a_plain_page(links: Links, path: str) -> None:
    answer = await links.api.at_root("GET", f"/c/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "set-cookie" not in answer.headers


async def test_link_follows_the_life_of_its_campaign(links: Links) -> None:
    campaign = await links.campaign()
    path = f"/campaigns/{campaign['id']}"

    async def status() -> int:
        return (await links.follow(campaign)).status_code

    assert await status() == 302
    for change, expected in (
        ("paused", 404),
        ("active", 302),
        ("archived", 404),
        ("paused", 404),
        ("active", 302),
    ):
        await links.api.ask("PATCH", path, {"status": change})
        assert await status() == expected, change
    await links.api.ask("DELETE", path)
    assert await status() == 404
    assert await links.count(campaign) == 3


async def test_link_that_does_not_work_leads_to_the_fallback_of_the_domain(links: Links) -> None:
    host = f"{uuid.uuid4().hex}.localhost"
    domain = await links.api.ask(
        "POST", "/domains", {"host": host, "fallbackUrl": "https://home.example/"}, 201
    )
    campaign = await links.campaign(status="paused")
    for path in (campaign["slug"], "nosuchslug"):
        answer = await links.api.at_root("GET", f"/c/{path}", headers={"Host": f"{host}:8787"})
        assert answer.status_code == 302
        assert answer.headers["location"] == "https://home.example/"
        assert answer.headers["cache-control"] == "no-store"
    await links.api.ask("PATCH", f"/domains/{domain['id']}", {"fallbackUrl": None})
    answer = await links.api.at_root("GET", "/c/nosuchslug", headers={"Host": host})
    assert answer.status_code == 404
    assert await links.count(campaign) == 0


async def test_domain_of_the_team_is_recorded_and_one_of_another_serves_nothing(
    links: Links,
) -> None:
    mine, theirs = (f"{uuid.uuid4().hex}.localhost" for _ in range(2))
    domain = await links.api.ask("POST", "/domains", {"host": mine}, 201)
    other = await links.api.other_project()
    async with other.http:
        await other.ask("POST", "/domains", {"host": theirs}, 201)
    campaign = await links.campaign()
    assert (await links.follow(campaign, host=mine.upper())).status_code == 302
    assert (await links.follow(campaign, host=theirs)).status_code == 404
    assert [row["domain_id"] for row in await links.clicks(campaign)] == [domain["id"]]


async def test_many_hosts_serve_only_the_domains_of_the_team(started: Started) -> None:
    async with started(single_host=False) as api:
        links = Links(api)
        await api.ask("POST", "/domains", {"host": "mine.localhost"}, 201)
        campaign = await links.campaign()
        statuses = [
            (await links.follow(campaign, host=host)).status_code
            for host in ("mine.localhost", "unknown.example", "test")
        ]
    assert statuses == [302, 404, 404]


async def test_link_that_is_new_works_while_slow_calls_hold_every_connection(links: Links) -> None:
    campaign, db = await links.campaign(), links.api.runtime.db
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(links.api.runtime.settings.store.pool_max_count):
            await stack.enter_async_context(db.connection())
        assert (await links.follow(campaign)).status_code == 302


async def test_link_that_is_new_works_after_the_database_was_restarted(links: Links) -> None:
    """All connections that links are read on were cut."""
    campaign = await links.campaign()
    cut = await links.api.sql(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'quintet-links'"
    )
    assert cut
    assert (await links.follow(campaign)).status_code == 302


async def test_visitor_is_known_by_the_cookie(links: Links) -> None:
    campaign = await links.campaign()
    first = await links.follow(campaign)
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    again = await links.follow(campaign, cookie=cookie.partition(";")[0])
    assert "set-cookie" not in again.headers
    rows = await links.clicks(campaign)
    assert rows[0]["visitor_id"] == rows[1]["visitor_id"]
    assert [row["is_unique"] for row in rows] == [True, False]


async def test_robot_is_stored_and_sent_where_people_are_sent(links: Links) -> None:
    offers = [
        await links.offer(name=f"o{n}", url=f"https://o{n}.example/?c={{cost}}") for n in (1, 2)
    ]
    cost: dict[str, Any] = {"model": "cpc", "amount": 0.2}
    campaign = await links.campaign(*offers, cost=cost, appendClickId=None)
    person = await links.follow(campaign)
    cookie = person.headers["set-cookie"].partition(";")[0]
    robot = await links.follow(campaign, cookie=cookie, user_agent="Googlebot/2.1")
    assert robot.headers["location"] == person.headers["location"]
    assert robot.headers["location"].endswith("?c=0.2")
    rows = await links.clicks(campaign)
    assert [(row["is_bot"], row["bot_reason"], row["cost"]) for row in rows] == [
        (False, None, 200_000),
        (True, "ua_crawler", 0),
    ]


async def test_thirty_first_click_of_a_minute_is_flagged_and_a_look_is_no_click(
    links: Links,
) -> None:
    campaign = await links.campaign()
    for _ in range(31):
        await links.follow(campaign, method="HEAD", user_agent=CHROME)
        await links.follow(campaign, user_agent=CHROME)
    reasons = [row["bot_reason"] for row in await links.clicks(campaign)]
    assert reasons == [None] * 30 + ["rate"]


async def test_destination_is_filled_in_and_parameters_stay_apart(links: Links) -> None:
    offer = await links.offer(
        url="https://offers.example/{sub1}?own=1&c={click_id}&p={payout}#end", payout=2.5
    )
    campaign = await links.campaign(offer, passThrough=True)
    answer = await links.follow(campaign, "?sub1=a/b%26c&own=2&more=x%20y&gf_click_id=forged")
    [row] = await links.clicks(campaign)
    assert answer.headers["location"] == (
        f"https://offers.example/a%2Fb%26c?own=1&c={row['id']}&p=2.5&more=x%20y#end"
    )
    assert (row["offer_id"], row["extra"]["own"]) == (offer, "2")


async def test_offer_changed_over_the_api_holds_for_the_next_click(links: Links) -> None:
    offer = await links.offer()
    campaign = await links.campaign(offer)
    await links.follow(campaign)
    for url in ("https://one.example/", "https://two.example/"):
        await links.api.ask("PATCH", f"/offers/{offer}", {"url": url})
        assert (await links.follow(campaign)).headers["location"].startswith(url)


async def test_offer_for_other_countries_or_paused_is_skipped(links: Links) -> None:
    abroad = await links.offer(name="abroad", countries=["FR"])
    paused = await links.offer(name="paused", status="paused")
    campaign = await links.campaign(abroad, paused)
    answer = await links.follow(campaign)
    assert answer.headers["location"].startswith("https://own.example/")


async def test_link_is_counted_in_the_metrics(links: Links) -> None:
    campaign = await links.campaign()
    await links.follow(campaign)
    metrics = (await links.api.at_root("GET", "/metrics")).text
    wanted = 'quintet_http_requests_total{method="GET",route="/c/{slug}",service="ghostflow",'
    assert f'{wanted}status="302"}}' in metrics
