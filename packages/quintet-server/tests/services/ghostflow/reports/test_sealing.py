"""Who was seen in hours and days that are over: written once, and true whatever comes later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import UUID

import psycopg
import pytest
from structlog.testing import capture_logs

from quintet_server.services.ghostflow.reports import sealing as sealer, seen as sets
from quintet_server.services.ghostflow.reports.rolling import roll
from quintet_server.services.ghostflow.reports.sealing import SETTLE, seal
from quintet_server.services.ghostflow.reports.turns import Turn, takes_turn
from quintet_server.store.database import Database, connect

from .traffic import Click, insert, utc

if TYPE_CHECKING:
    from ..conftest import Api

CAMPAIGN = UUID(int=1)
AT_ONCE = timedelta(0)
SERIES = "/reports/timeseries"
WAITING = """
SELECT FROM pg_locks
WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
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


async def test_rows_are_sorted_by_visitors_as_sets_say(api: Api) -> None:
    team = await api.team_id()
    seen_in = {"DE": [1], "FR": [1, 2], "GB": [3], "US": [1, 2, 3]}
    rows = [(country, visitor) for country, seen in seen_in.items() for visitor in seen]
    await insert(api, team, [click("04T01:10", who, country=country) for country, who in rows])
    await roll_and_seal(api, team)

    async def pages(sort: str) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        params: dict[str, str] = {**DAY, "groupBy": "country", "sort": sort, "limit": "2"}
        while not found or "cursor" in params:
            page = await api.ask("GET", "/reports/breakdown", params=params)
            assert page["totals"]["uniqueVisitors"] == 3
            found += [(row["keys"]["country"], row["uniqueVisitors"]) for row in page["rows"]]
            params.pop("cursor", None)
            params |= {"cursor": page["nextCursor"]} if page["nextCursor"] else {}
        return found

    falling = [("US", 3), ("FR", 2), ("DE", 1), ("GB", 1)]
    rising = [("DE", 1), ("GB", 1), ("FR", 2), ("US", 3)]
    with patch.object(sets, "_LARGE", 0):  # then by the rows
        assert await pages("-uniqueVisitors") == falling
        assert await pages("uniqueVisitors") == rising
    await lose(api, team)
    assert await pages("-uniqueVisitors") == falling
    assert await pages("uniqueVisitors") == rising


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
    await add_click(db, ago)
    assert await roll(db) == 1


async def add_click(db: Database, ago: str) -> None:
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
        assert await takes_turn(conn, Turn.SEAL)
        assert not await seal(db, settle=AT_ONCE)
    assert await seal(db, settle=AT_ONCE)


async def test_earlier_version_that_still_runs_has_both_turns_or_none(db: Database) -> None:
    await add(db, "3 days")
    both = "SELECT pg_try_advisory_xact_lock(%s)"
    async with await connect(db.url, application_name="earlier") as conn:
        async with conn.transaction():
            assert await (await conn.execute(both, (0x67666C6F77,))).fetchone() == (True,)
            await add_click(db, "2 days")
            assert await roll(db) == 0
            assert not await seal(db, settle=AT_ONCE)
        for turn in Turn:
            async with db.transaction() as ours:
                assert await takes_turn(ours, turn)
                assert await (await conn.execute(both, (0x67666C6F77,))).fetchone() == (False,)
    assert await roll(db) == 1


@asynccontextmanager
async def sealing(db: Database) -> AsyncIterator[asyncio.Task[bool]]:
    """Somebody seals, and has come to where all is written and nothing committed."""
    stop = "SELECT pg_advisory_xact_lock(1)"
    stopping = {grain: [*statements, stop] for grain, statements in sealer._SETS.items()}
    another = await Database.open(db.url, application_name="another", wait_seconds=300)
    async with await psycopg.AsyncConnection.connect(db.url) as conn:
        await conn.execute(stop)
        with patch.dict(sealer._SETS, stopping):
            task = asyncio.create_task(seal(another, settle=AT_ONCE))
            while not await (await conn.execute(WAITING)).fetchall():
                assert not task.done()
                await asyncio.sleep(0)
        try:
            yield task
        finally:
            await conn.rollback()
            await task
            await another.close()


async def test_folding_goes_on_while_a_bucket_is_sealed(db: Database) -> None:
    await add(db, "3 days")
    async with sealing(db) as task:
        await add(db, "2 days")
        await add(db, "1 day")
        assert not task.done()
    assert task.result()
    assert await sealed(db) == [("hour",)]


@pytest.mark.parametrize("late", ["3 days", "71 h"])
async def test_click_that_is_folded_while_its_hour_or_day_is_sealed_prevents_that(
    db: Database, late: str
) -> None:
    await add(db, "3 days")
    assert await seal(db, settle=AT_ONCE)
    assert await sealed(db) == [("hour",)]
    async with sealing(db):
        await add(db, late)
    # The day is not sealed; the hour has been broken only if the click came in it.
    assert await sealed(db) == ([] if late == "3 days" else [("hour",)])
    while await seal(db, settle=AT_ONCE):
        pass
    assert set(await sealed(db)) == {("day",), ("hour",)}


async def test_bucket_that_is_sealed_by_another_in_between_stays_sealed(db: Database) -> None:
    await add(db, "3 days")
    marked = await sealer._mark(db, AT_ONCE)
    assert marked is not None
    assert await seal(db, settle=AT_ONCE)
    assert await sealed(db) == [("hour",)]
    assert await sealer._seal(db, marked[0])
    assert await sealed(db) == [("hour",)]


SPOIL = """
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.at = (SELECT max(at) FROM ghostflow_seals) THEN
        RAISE EXCEPTION 'odd';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER spoil BEFORE INSERT ON ghostflow_seen_totals_hour
FOR EACH ROW EXECUTE FUNCTION spoil();
"""
LONG = timedelta(hours=1)


async def test_bucket_that_cannot_be_sealed_is_passed_over_and_tried_later_and_later(
    db: Database,
) -> None:
    await add(db, "2 days")
    await add(db, "3 days")
    await move_clock(db, "61 min")
    async with db.connection() as conn:
        await conn.execute(SPOIL)
    with capture_logs() as logs:
        assert not await seal(db, settle=LONG)
        # All others: the day of the bad hour, and the older ones.
        assert [await seal(db, settle=LONG) for _ in range(4)] == [True, True, True, False]
        for hours in (1, 2, 4):
            await move_clock(db, f"{hours * 30} min")
            assert not await seal(db, settle=LONG)
            assert logs[-1]["tries"] == hours.bit_length()
            await move_clock(db, f"{hours * 30} min")
            assert not await seal(db, settle=LONG)
    assert [log["tries"] for log in logs] == [1, 2, 3, 4]
    assert {(log["event"], log["grain"]) for log in logs} == {("ghostflow_bucket_unsealed", "hour")}
    assert all("odd" in log["error"] for log in logs)
    async with db.connection() as conn:
        await conn.execute("DROP TRIGGER spoil ON ghostflow_seen_totals_hour")
    await move_clock(db, "8 h")
    assert await seal(db, settle=LONG)
    assert len(await sealed(db)) == 4
    async with db.connection() as conn:
        again = "UPDATE ghostflow_seals SET is_sealed = false, tries = %s"
        await conn.execute(again, (2 * 10**9,))
    assert await sealer._mark(db, SETTLE) is not None
    async with db.connection() as conn:
        found = await conn.execute("SELECT max(retry_at) - quintet_now() FROM ghostflow_seals")
        row = await found.fetchone()
    assert row is not None
    assert timedelta(hours=12) < row[0] <= timedelta(days=1)


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
