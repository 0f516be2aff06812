"""Who was seen in hours and days that are over: written once, and true whatever comes later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.reports import seen
from quintet_server.services.ghostflow.reports.rolling import roll
from quintet_server.services.ghostflow.reports.sealing import SETTLE, seal
from quintet_server.services.ghostflow.reports.turns import takes_turn
from quintet_server.store.database import Database, connect

from .traffic import Click, insert, utc

if TYPE_CHECKING:
    from ..conftest import Api

CAMPAIGN = UUID(int=1)
AT_ONCE = timedelta(0)
SERIES = "/reports/timeseries"
DAY = {"from": "2025-03-04", "to": "2025-03-04"}


def click(at: str, visitor: int, **more: Any) -> Click:
    return Click(CAMPAIGN, utc(f"2025-03-{at}"), visitor_id=UUID(int=visitor), **more)


async def roll_and_seal(api: Api, team: UUID) -> None:
    """Until nothing of the team is left to fold or to seal, whoever does it."""
    left = (
        "SELECT EXISTS (SELECT FROM ghostflow_deltas WHERE team_id = %s) OR EXISTS "
        "(SELECT FROM ghostflow_seals WHERE team_id = %s AND NOT is_sealed)"
    )
    while (await api.sql(left, team, team))[0][0]:
        await roll(api.runtime.db)
        await seal(api.runtime.db, settle=AT_ONCE)


async def visitors(api: Api, path: str = "/reports/dashboard", **params: str) -> int:
    report = await api.ask("GET", path, params={**DAY, **params})
    found: int = report["totals"]["uniqueVisitors"]
    return found


async def lose(api: Api, team: UUID) -> None:
    """Take the clicks away behind everybody's back: what is still counted is in the sets."""
    async with await psycopg.AsyncConnection.connect(api.runtime.db.url) as conn:
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute("DELETE FROM ghostflow_clicks WHERE team_id = %s", (team,))


async def test_visitors_of_days_that_are_over_are_counted_without_a_look_at_the_rows(
    api: Api,
) -> None:
    team = await api.team_id()
    rows = [click(f"04T{hour}:10", visitor) for hour, visitor in (("01", 1), ("02", 2), ("23", 1))]
    await insert(api, team, rows)
    await roll_and_seal(api, team)
    await lose(api, team)
    report = await api.ask("GET", "/reports/dashboard", params=DAY)
    assert report["totals"]["uniqueVisitors"] == 2
    assert [point["uniqueVisitors"] for point in report["series"] if point["clicks"]] == [1, 1, 1]
    assert [row["uniqueVisitors"] for row in report["top"]["campaigns"]] == [2]
    assert [row["uniqueVisitors"] for row in report["top"]["offers"]] == [2]
    for by in ("country", "device,country", "os", "hour", "offer,source,day"):
        params = {**DAY, "groupBy": by}
        broken_down = await api.ask("GET", "/reports/breakdown", params=params)
        assert broken_down["totals"]["uniqueVisitors"] == 2, by


async def test_visitors_of_a_day_with_half_an_hour_at_its_edges_come_from_sets_and_rows(
    api: Api,
) -> None:
    team = await api.team_id()
    # In Kolkata the 4th begins at 18:30Z of the 3rd.
    times = [("03T18:29", 1), ("03T18:30", 2), ("03T19:00", 3), ("04T18:29", 2), ("04T18:30", 4)]
    await insert(api, team, [click(*each) for each in times])
    await roll_and_seal(api, team)
    assert await visitors(api, SERIES, timezone="Asia/Kolkata") == 2
    await lose(api, team)
    assert await visitors(api, SERIES, timezone="Asia/Kolkata") == 1


async def test_click_that_comes_late_is_counted_before_and_after_it_is_folded(api: Api) -> None:
    team = await api.team_id()
    await insert(api, team, [click("04T01:10", 1), click("04T02:10", 2)])
    await roll_and_seal(api, team)
    for number, late in enumerate((click("04T01:40", 3), click("04T01:50", 2)), start=1):
        await insert(api, team, [late])
        assert await visitors(api) == 3
        await roll(api.runtime.db)
        assert await visitors(api) == 3
        await roll_and_seal(api, team)
        assert await visitors(api) == 3, number


async def test_click_that_goes_takes_its_visitor_along(api: Api) -> None:
    team = await api.team_id()
    gone = click("04T01:10", 1)
    await insert(api, team, [gone, click("04T01:20", 2), click("05T01:20", 1)])
    await roll_and_seal(api, team)
    assert await visitors(api) == 2
    await api.sql("DELETE FROM ghostflow_clicks WHERE id = %s", gone.id)
    assert await visitors(api) == 1
    await roll_and_seal(api, team)
    assert await visitors(api) == 1
    assert await visitors(api, to="2025-03-05") == 2


async def test_visitors_nobody_numbered_yet_are_told_apart(api: Api) -> None:
    team = await api.team_id()
    hours = [click(f"04T{hour:02}:10", hour % 3) for hour in range(20)]
    await insert(api, team, hours)
    await roll_and_seal(api, team)
    await insert(api, team, [click(f"04T21:{minute}", minute % 4) for minute in range(10, 18)])
    report = await api.ask("GET", "/reports/dashboard", params=DAY)
    assert report["totals"]["uniqueVisitors"] == 4
    assert [point["uniqueVisitors"] for point in report["series"]] == [*[1] * 20, 0, 4, 0, 0]


@pytest.mark.parametrize(("bots", "expected"), [("exclude", 2), ("include", 3), ("only", 2)])
async def test_robots_are_told_apart_from_people_in_sets(
    api: Api, bots: str, expected: int
) -> None:
    team = await api.team_id()
    rows = [click("04T01:10", 1), click("04T01:11", 2)]
    rows += [click("04T01:12", visitor, is_bot=True, is_unique=False) for visitor in (2, 3)]
    await insert(api, team, rows)
    await roll_and_seal(api, team)
    await lose(api, team)
    assert await visitors(api, bots=bots) == expected


async def test_filters_choose_among_sets(api: Api) -> None:
    team = await api.team_id()
    rows = [click("04T01:10", 1, country="DE"), click("04T01:11", 2, country="US")]
    await insert(api, team, [*rows, click("04T03:12", 1)])
    await roll_and_seal(api, team)
    await lose(api, team)
    assert await visitors(api, SERIES, country="DE,unknown") == 1
    assert await visitors(api, SERIES, country="!DE") == 2
    assert await visitors(api, SERIES, campaignId=str(UUID(int=2))) == 0


async def test_click_that_is_committed_after_its_hour_was_sealed_is_counted(api: Api) -> None:
    team = await api.team_id()
    await insert(api, team, [click("04T01:10", 1)])
    async with await psycopg.AsyncConnection.connect(api.runtime.db.url) as conn:
        await conn.execute(
            "INSERT INTO ghostflow_clicks (id, team_id, campaign_id, at, visitor_id, is_unique, "
            "is_bot, device, cost_currency, destination) VALUES (gen_random_uuid(), %s, %s, "
            "'2025-03-04T01:20Z', %s, true, false, 'other', 'USD', '')",
            (team, CAMPAIGN, UUID(int=2)),
        )
        await roll_and_seal(api, team)
        assert await visitors(api) == 1
        await conn.commit()
    assert await visitors(api) == 2
    await roll_and_seal(api, team)
    assert await visitors(api) == 2


async def add(db: Database, ago: str) -> None:
    """A team with one click so long ago, folded."""
    async with db.connection() as conn:
        await conn.execute(
            "INSERT INTO projects (id, service, name) VALUES ('p', 'ghostflow', 'P') "
            "ON CONFLICT DO NOTHING"
        )
        await conn.execute(
            "INSERT INTO ghostflow_clicks (id, team_id, campaign_id, at, visitor_id, is_unique, "
            "is_bot, device, cost_currency, destination) SELECT gen_random_uuid(), id, id, "
            "date_trunc('day', quintet_now(), 'UTC') - %s::interval, id, true, false, 'other', "
            "'USD', '' FROM ghostflow_teams",
            (ago,),
        )
    assert await roll(db) == 1


async def sealed(db: Database) -> list[tuple[Any, ...]]:
    async with db.connection() as conn:
        found = await conn.execute("SELECT grain FROM ghostflow_seals WHERE is_sealed ORDER BY 1")
        return await found.fetchall()


async def move_clock(db: Database, by: str, to: str = "quintet_now()") -> None:
    async with db.connection() as conn:
        statement = f"UPDATE clock SET shift = shift + ({to} - quintet_now()) + %s::interval"
        await conn.execute(statement.encode(), (by,))


async def test_hours_and_days_are_sealed_a_minute_after_they_are_over(db: Database) -> None:
    await move_clock(db, "30 min", to="date_trunc('day', quintet_now(), 'UTC')")
    await add(db, "-10 min")  # in the first hour of the day
    await move_clock(db, "30 min")
    assert not await seal(db)
    await move_clock(db, "1 min")
    assert await seal(db)
    assert await sealed(db) == [("hour",)]
    assert not await seal(db)
    await move_clock(db, "23 h")
    assert await seal(db)
    assert await sealed(db) == [("day",), ("hour",)]


async def test_bucket_that_is_broken_is_left_alone_for_a_minute(db: Database) -> None:
    await add(db, "3 days")
    assert not await seal(db)
    await move_clock(db, "61 s")
    while await seal(db):
        pass
    assert len(await sealed(db)) == 2
    await add(db, "3 days")
    assert await sealed(db) == []
    assert not await seal(db)
    await move_clock(db, f"{SETTLE.total_seconds() + 1} s")
    assert await seal(db)


async def test_bucket_that_is_broken_all_the_time_is_left_alone_until_that_is_over(
    db: Database,
) -> None:
    await add(db, "3 days")
    for _ in range(3):
        await move_clock(db, "40 s")
        await add(db, "3 days")
        assert not await seal(db)
    await move_clock(db, f"{SETTLE.total_seconds() + 1} s")
    assert await seal(db)


async def test_sealer_waits_for_nobody_and_one_seals_at_a_time(db: Database) -> None:
    await add(db, "3 days")
    async with await connect(db.url, application_name="other") as conn, conn.transaction():
        assert await takes_turn(conn)
        assert not await seal(db, settle=AT_ONCE)
        assert await roll(db) == 0
    assert await seal(db, settle=AT_ONCE)


async def test_sealer_passes_over_a_team_that_is_going(db: Database) -> None:
    await add(db, "3 days")
    async with await connect(db.url, application_name="other") as conn, conn.transaction():
        await conn.execute("SELECT FROM ghostflow_teams FOR UPDATE")
        assert not await seal(db, settle=AT_ONCE)
    assert await seal(db, settle=AT_ONCE)


async def test_numbers_of_visitors_are_given_once(db: Database) -> None:
    for ago in ("3 days", "2 days", "2 days"):
        await add(db, ago)
    while await seal(db, settle=AT_ONCE):
        pass
    async with db.connection() as conn:
        found = await conn.execute("SELECT number FROM ghostflow_visitors")
        assert await found.fetchall() == [(1,)]


@given(
    st.lists(
        st.lists(st.one_of(st.integers(-40, 40), st.integers(-(2**31), 2**31 - 1)), max_size=20),
        max_size=5,
    ),
    st.sampled_from([1, 3, 1 << 18]),
)
def test_size_of_united_sets_is_the_number_of_different_members(
    sets: list[list[int]], piece: int
) -> None:
    packed = [b"".join(n.to_bytes(4, "big", signed=True) for n in each) for each in sets]
    with patch.object(seen, "_PIECE", piece):
        found, by_key = seen.unite([(str(key), each) for key, each in enumerate(packed)])
    assert found == len({number for each in sets for number in each})
    assert by_key == {str(key): len(set(each)) for key, each in enumerate(sets)}
