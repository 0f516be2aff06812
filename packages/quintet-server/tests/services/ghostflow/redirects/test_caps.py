"""How much an offer takes: exactly its limit, per day, month or altogether."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.redirects.caps import Cap, FullOffers
from quintet_server.services.ghostflow.redirects.storing import insert_clicks
from quintet_server.services.ghostflow.redirects.writing import Writer
from quintet_server.store.ids import new_uuid7

from ..conftest import Started
from .conftest import Links, a_click

ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "Pacific/Apia")


def a_cap(kind: str = "day", zone: str = "UTC", limit: int = 1, version: int = 1) -> Cap:
    return Cap(UUID(int=1), version, limit, kind, counts_conversions=False, zone=ZoneInfo(zone))


@given(
    at=st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
    kind=st.sampled_from(["day", "month"]),
)
def test_period_is_of_the_calendar_of_the_zone(at: datetime, zone: str, kind: str) -> None:
    cap = a_cap(kind, zone)
    period = cap.period(at)
    assert period.starts_at <= at < period.ends_at
    local = at.astimezone(cap.zone)
    last = (period.ends_at - timedelta(microseconds=1)).astimezone(cap.zone)
    parts = slice(0, 3 if kind == "day" else 2)
    assert last.timetuple()[parts] == local.timetuple()[parts]
    assert cap.period(period.ends_at).starts_at == period.ends_at
    assert cap.period(period.starts_at) == period


@pytest.mark.parametrize(
    ("day", "hours"), [("2025-03-09", 23), ("2025-11-02", 25), ("2025-06-01", 24)]
)
def test_day_has_the_hours_that_it_has(day: str, hours: int) -> None:
    cap = a_cap("day", "America/New_York")
    starts_at, ends_at = cap.period(datetime.fromisoformat(f"{day}T12:00-05:00"))
    assert ends_at - starts_at == timedelta(hours=hours)


def test_full_offer_is_known_until_the_period_or_the_offer_changes() -> None:
    full = FullOffers()
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    full.note(a_cap(), at)
    assert full.is_full(a_cap(), at)
    assert not full.is_full(a_cap(), at + timedelta(days=1))
    assert not full.is_full(a_cap(version=2), at)


async def to_offer(links: Links, offer: str) -> int:
    """How many people were sent to an offer."""
    [[found]] = await links.api.sql(
        "SELECT count(*) FROM ghostflow_clicks WHERE offer_id = %s AND NOT is_bot", UUID(offer)
    )
    return int(found)


async def test_concurrent_clicks_fill_a_cap_exactly(links: Links) -> None:
    capped = await links.offer(
        name="capped", cap={"limit": 100, "period": "day", "counts": "clicks"}
    )
    spare = await links.offer(name="spare")
    campaign = await links.campaign((capped, 1000), (spare, 1))
    answers = await asyncio.gather(*(links.follow(campaign) for _ in range(500)))
    assert {answer.status_code for answer in answers} == {302}
    assert await links.count(campaign) == 500
    assert await to_offer(links, capped) == 100
    assert await to_offer(links, spare) == 400
    told = [row["destination"] for row in await links.clicks(campaign)]
    assert sorted(told) == sorted(answer.headers["location"] for answer in answers)


async def test_several_processes_fill_a_cap_exactly(links: Links) -> None:
    """Each writer is what a process has."""
    offer = UUID(await links.offer(name="shared"))
    team_id = await links.api.team_id()
    campaign = new_uuid7()
    db = links.api.runtime.db
    writers = [
        Writer(db.url, application_name=f"test-writer-{n}", wait_seconds=60) for n in range(3)
    ]
    for writer in writers:
        await writer.start()
    cap = Cap(offer, 1, 50, "total", counts_conversions=False, zone=ZoneInfo("UTC"))

    async def send(number: int) -> bool:
        click = a_click(
            team_id, campaign, offer_id=offer, at=datetime.now(UTC), visitor_id=uuid.uuid4()
        )
        return await writers[number % 3].add(click, 24, cap)

    try:
        placed = await asyncio.gather(*(send(number) for number in range(180)))
    finally:
        for writer in writers:
            await writer.stop()
    assert placed.count(True) == 50
    assert await to_offer(links, str(offer)) == 50


async def test_robots_take_no_place_and_are_not_sent_to_a_full_offer(links: Links) -> None:
    offer = await links.offer(cap={"limit": 2, "period": "total", "counts": "clicks"})
    campaign = await links.campaign(offer)
    order = ["bot", "bot", "person", "bot", "person", "bot", "person"]
    places = []
    for who in order:
        agent = {"user_agent": "curl/8"} if who == "bot" else {}
        answer = await links.follow(campaign, **agent)
        places.append("offers.example" in answer.headers["location"])
    assert places == [True, True, True, True, True, False, False]
    assert await to_offer(links, offer) == 2


async def test_cap_counts_the_clicks_from_before_it_was_set_and_a_new_limit_holds(
    links: Links,
) -> None:
    offer = await links.offer()
    campaign = await links.campaign(offer)

    async def places(people: int) -> int:
        before = await to_offer(links, offer)
        for _ in range(people):
            await links.follow(campaign)
        return await to_offer(links, offer) - before

    assert await places(3) == 3
    for limit, expected in ((5, 2), (6, 1), (4, 0)):
        cap = {"limit": limit, "period": "month", "counts": "clicks"}
        await links.api.ask("PATCH", f"/offers/{offer}", {"cap": cap})
        assert await places(3) == expected
    await links.api.ask("PATCH", f"/offers/{offer}", {"cap": None})
    assert await places(2) == 2
    assert await links.count(campaign) == 3 + 9 + 2


async def test_clicks_taken_in_from_elsewhere_count(links: Links) -> None:
    offer = await links.offer(cap={"limit": 3, "period": "total", "counts": "clicks"})
    campaign = await links.campaign(offer)
    await links.follow(campaign)
    team_id = await links.api.team_id()
    clicks = [
        a_click(
            team_id,
            UUID(campaign["id"]),
            offer_id=UUID(offer),
            at=datetime.now(UTC),
            visitor_id=uuid.uuid4(),
            is_bot=is_bot,
        )
        for is_bot in (False, True, True)
    ]
    async with links.api.runtime.db.transaction() as conn:
        await insert_clicks(conn, clicks, [24] * 3)
    for _ in range(3):
        await links.follow(campaign)
    assert await to_offer(links, offer) == 3


async def test_cap_on_conversions_looks_at_those_that_stand(links: Links) -> None:
    offer = await links.offer(cap={"limit": 2, "period": "day", "counts": "conversions"})
    campaign = await links.campaign(offer)

    async def is_open() -> bool:
        return "offers.example" in (await links.follow(campaign)).headers["location"]

    for _ in range(3):
        assert await is_open()
    clicks = [row["id"] for row in await links.clicks(campaign)]
    made = []
    for click in clicks[:2]:
        assert await is_open()
        body = {"clickId": click, "status": "pending"}
        made.append(await links.api.ask("POST", "/conversions", body, 201))
    assert not await is_open()
    await links.api.ask("PATCH", f"/conversions/{made[0]['id']}", {"status": "rejected"})
    assert await is_open()


async def test_next_day_begins_anew(started: Started) -> None:
    async with started() as api:
        links = Links(api)
        offer = await links.offer(cap={"limit": 2, "period": "day", "counts": "clicks"})
        campaign = await links.campaign(offer)
        for day in range(2):
            for _ in range(3):
                await links.follow(campaign)
            assert await to_offer(links, offer) == 2 * (day + 1)
            await api.advance(days=1)
