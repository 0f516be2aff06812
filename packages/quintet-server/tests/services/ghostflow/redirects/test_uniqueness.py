"""Which clicks are unique: decided by the database, in any order, whoever writes at once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest_asyncio
from hypothesis import HealthCheck, given, settings, strategies as st

from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.services.ghostflow.redirects.storing import insert_clicks, store
from quintet_server.store.database import connect
from quintet_server.store.ids import new_uuid7

from ..conftest import Api
from .conftest import a_click

START = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = 24


class Team:
    """A team without anything: clicks need no campaign of theirs to be stored."""

    def __init__(self, api: Api, id: UUID) -> None:
        self.api = api
        self.id = id

    def click(self, campaign: UUID, visitor: int, minutes: float, *, is_bot: bool = False) -> Click:
        at = START + timedelta(minutes=minutes)
        return a_click(self.id, campaign, visitor_id=UUID(int=visitor), at=at, is_bot=is_bot)

    async def insert(self, clicks: Sequence[Click], hours: int = HOURS) -> list[str]:
        async with self.api.runtime.db.transaction() as conn:
            return list(await insert_clicks(conn, clicks, [hours] * len(clicks)))

    async def store(self, clicks: Sequence[Click], hours: int = HOURS) -> None:
        async with self.api.runtime.db.connection() as conn:
            await store(conn, clicks, [hours] * len(clicks))

    async def uniques(self, campaign: UUID) -> set[UUID]:
        rows = await self.api.sql(
            "SELECT id FROM ghostflow_clicks WHERE campaign_id = %s AND is_unique", campaign
        )
        return {id for (id,) in rows}


@pytest_asyncio.fixture(loop_scope="session")
async def team(api: Api) -> Team:
    return Team(api, await api.team_id())


def greedy(clicks: Sequence[Click], hours: int = HOURS) -> set[UUID]:
    """The rule, said once more: oldest first, a unique one ends what came within its window."""
    found = set()
    last: dict[tuple[UUID, UUID], datetime] = {}
    for click in sorted(clicks, key=lambda click: (click.at, click.id)):
        pair = click.campaign_id, click.visitor_id
        if click.is_bot or (pair in last and click.at < last[pair] + timedelta(hours=hours)):
            continue
        last[pair] = click.at
        found.add(click.id)
    return found


# Minutes within a few windows, with many that are equal and many a window apart.
MINUTES = st.one_of(
    st.integers(0, 6).map(lambda n: n * 720.0), st.integers(0, 4320).map(float), st.just(0.0)
)
CLICKS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(1, 3), MINUTES, st.booleans()), max_size=14
)


@settings(suppress_health_check=[*HealthCheck], deadline=None)
@given(given_clicks=CLICKS, order=st.randoms(use_true_random=False), data=st.data())
def test_clicks_are_unique_by_the_same_rule_in_whatever_order_they_come(
    any_order: _Runner,
    given_clicks: list[tuple[int, int, float, bool]],
    order: Random,
    data: st.DataObject,
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(given_clicks)), max_size=4))
    by_writer = data.draw(st.booleans())
    any_order(given_clicks, order, sorted({0, len(given_clicks), *cuts}), by_writer)


class _Runner:
    """Runs the check of an example in the loop of the server."""

    def __init__(self, team: Team, loop: asyncio.AbstractEventLoop) -> None:
        self._team = team
        self._loop = loop

    def __call__(
        self,
        given_clicks: list[tuple[int, int, float, bool]],
        order: Random,
        cuts: list[int],
        by_writer: bool,
    ) -> None:
        self._loop.run_until_complete(self._check(given_clicks, order, cuts, by_writer))

    async def _check(
        self,
        given_clicks: list[tuple[int, int, float, bool]],
        order: Random,
        cuts: list[int],
        by_writer: bool,
    ) -> None:
        campaigns = [new_uuid7(), new_uuid7()]
        clicks = [
            self._team.click(campaigns[campaign - 1], visitor, minutes, is_bot=is_bot and by_writer)
            for campaign, visitor, minutes, is_bot in given_clicks
        ]
        shuffled = order.sample(clicks, len(clicks))
        for start, end in itertools.pairwise(cuts):
            if by_writer:
                await self._team.store(shuffled[start:end])
            else:
                assert set(await self._team.insert(shuffled[start:end])) <= {"created"}
        found = await self._team.uniques(campaigns[0]) | await self._team.uniques(campaigns[1])
        assert found == greedy(clicks)


@pytest_asyncio.fixture(loop_scope="session")
async def any_order(team: Team) -> _Runner:
    return _Runner(team, asyncio.get_running_loop())


async def test_window_ends_to_the_moment(team: Team) -> None:
    campaign = new_uuid7()
    clicks = [team.click(campaign, 1, minutes) for minutes in (0, 59.999, 60, 61, 120)]
    for click in clicks:
        await team.insert([click], hours=1)
    assert [click.is_unique for click in clicks] == [True, False, True, False, True]


async def test_late_click_takes_the_place_of_the_one_that_was_counted(team: Team) -> None:
    campaign = new_uuid7()
    late, first, next_day = (team.click(campaign, 1, minutes) for minutes in (0, 60, 1441))
    await team.insert([first, next_day])
    assert await team.uniques(campaign) == {first.id}
    await team.insert([late])
    assert late.is_unique
    assert await team.uniques(campaign) == {late.id, next_day.id}


async def test_window_that_ends_between_two_clicks_of_one_batch_is_noticed(team: Team) -> None:
    campaign = new_uuid7()
    first, before, after = (team.click(campaign, 1, minutes) for minutes in (0, 1439.9, 1440))
    await team.store([first])
    await team.store([after, before])
    assert await team.uniques(campaign) == {first.id, after.id}


async def test_click_with_a_known_id_is_a_duplicate_and_changes_nothing(team: Team) -> None:
    campaign = new_uuid7()
    click = team.click(campaign, 1, 600)
    assert await team.insert([click, click]) == ["created", "duplicate"]
    again = team.click(campaign, 2, 0)
    again.id = click.id
    fresh = team.click(campaign, 2, 60)
    assert await team.insert([again, fresh]) == ["duplicate", "created"]
    assert await team.uniques(campaign) == {click.id, fresh.id}


async def test_clicks_stored_once_more_change_nothing(team: Team) -> None:
    campaign = new_uuid7()
    clicks = [team.click(campaign, visitor % 3, visitor) for visitor in range(9)]
    for _ in range(2):
        await team.store(clicks)
    assert await team.uniques(campaign) == greedy(clicks)
    [[rows]] = await team.api.sql(
        "SELECT count(*) FROM ghostflow_clicks WHERE campaign_id = %s", campaign
    )
    assert rows == 9


async def test_many_writers_of_the_same_visitors_neither_lock_up_nor_count_twice(
    team: Team,
) -> None:
    """Four connections store batches of the same visitors in different orders at once."""
    campaign = new_uuid7()
    chance = Random(3)
    visitors = range(40)
    stored: list[Click] = []

    async def write(number: int) -> None:
        url = team.api.runtime.db.url
        async with await connect(url, application_name=f"test-{number}") as conn:
            for turn in range(8):
                batch = [
                    team.click(campaign, visitor, turn + number / 10)
                    for visitor in chance.sample(visitors, 25)
                ]
                stored.extend(batch)
                await store(conn, batch, [HOURS] * len(batch))

    await asyncio.gather(*(write(number) for number in range(4)))
    assert await team.uniques(campaign) == greedy(stored)


async def test_same_new_clicks_from_two_sides_at_once_are_stored_once(team: Team) -> None:
    campaign = new_uuid7()
    clicks = [team.click(campaign, visitor, visitor) for visitor in range(200)]

    def copy(order: int) -> list[Click]:
        copies = []
        for click in Random(order).sample(clicks, len(clicks)):
            other = team.click(campaign, click.visitor_id.int, click.visitor_id.int)
            other.id = click.id
            copies.append(other)
        return copies

    outcomes = await asyncio.gather(*(team.insert(copy(order)) for order in range(3)))
    assert sum(outcome.count("created") for outcome in outcomes) == len(clicks)
    assert await team.uniques(campaign) == {click.id for click in clicks}


async def test_reports_follow_the_corrections(team: Team) -> None:
    body = {"name": "Late", "url": "https://own.example/"}
    campaign = await team.api.ask("POST", "/campaigns", body, 201)
    for minutes in (3000.0, 1500.0, 0.0, 1439.0):
        await team.insert([team.click(UUID(campaign["id"]), 1, minutes)])
    query = {"from": "2026-03-01", "to": "2026-03-31", "campaignId": campaign["id"]}
    report = await team.api.ask("GET", "/reports/dashboard", params=query)
    totals = report["totals"]
    assert (totals["clicks"], totals["uniqueClicks"], totals["uniqueVisitors"]) == (4, 3, 1)
