"""The log: order, following, resuming, ending."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from quintet_server.store.database import Database
from quintet_server.store.event_log import Event, EventFollower, append, event_ulid, prune, read
from quintet_server.store.notify import NotifyBus


@pytest.fixture
async def bus(db: Database) -> AsyncIterator[NotifyBus]:
    bus = NotifyBus()
    await bus.start(db)
    yield bus
    await bus.stop()


async def add(db: Database, stream: str, type: str, *, terminal: bool = False) -> int:
    async with db.transaction() as conn:
        return await append(conn, "prj_1", stream, type, {"n": type}, terminal)


async def collect(events: AsyncIterator[Event | None]) -> list[str]:
    return [event.type async for event in events if event]


async def test_read_returns_events_of_one_stream_after_a_number(db: Database) -> None:
    first = await add(db, "a", "one")
    await add(db, "b", "other")
    await add(db, "a", "two")
    async with db.connection() as conn:
        assert [e.type for e in await read(conn, "a")] == ["one", "two"]
        assert [e.type for e in await read(conn, "a", after=first)] == ["two"]
        assert [e.type for e in await read(conn, "a", limit=1)] == ["one"]


async def test_follow_yields_past_and_future_events_until_the_terminal_one(
    db: Database, bus: NotifyBus
) -> None:
    follower = EventFollower(db, bus, heartbeat=3600)
    await add(db, "a", "past")
    stream = follower.follow("a")
    event = await anext(stream)
    assert event is not None and event.type == "past" and event.data == {"n": "past"}
    rest = asyncio.create_task(collect(stream))
    await add(db, "a", "future")
    await add(db, "a", "end", terminal=True)
    assert await asyncio.wait_for(rest, 60) == ["future", "end"]


async def test_follow_of_a_finished_stream_resumed_after_its_end_ends_at_once(
    db: Database, bus: NotifyBus
) -> None:
    last = await add(db, "a", "end", terminal=True)
    follower = EventFollower(db, bus, heartbeat=3600)
    assert await asyncio.wait_for(collect(follower.follow("a", last)), 60) == []


async def test_follow_goes_on_when_events_come_after_a_terminal_one(
    db: Database, bus: NotifyBus
) -> None:
    await add(db, "a", "end", terminal=True)
    await add(db, "a", "retry")
    await add(db, "a", "end again", terminal=True)
    follower = EventFollower(db, bus, heartbeat=3600)
    events = await asyncio.wait_for(collect(follower.follow("a")), 60)
    assert events == ["end", "retry", "end again"]


async def test_follow_reads_a_long_log_in_pages(db: Database, bus: NotifyBus) -> None:
    for n in range(7):
        await add(db, "a", str(n), terminal=n == 6)
    follower = EventFollower(db, bus, heartbeat=3600, limit=3)
    assert await asyncio.wait_for(collect(follower.follow("a")), 60) == list("0123456")


async def test_follow_yields_a_heartbeat_when_nothing_happens(db: Database, bus: NotifyBus) -> None:
    stream = EventFollower(db, bus, heartbeat=0.01).follow("a")
    assert await asyncio.wait_for(anext(stream), 60) is None


async def test_follower_close_ends_every_stream(db: Database, bus: NotifyBus) -> None:
    follower = EventFollower(db, bus, heartbeat=3600)
    streams = [asyncio.create_task(collect(follower.follow(name))) for name in "ab"]
    await add(db, "a", "one")
    async with db.connection():
        follower.close()
    done = await asyncio.wait_for(asyncio.gather(*streams), 60)
    assert done[1] == []


async def test_append_to_one_stream_waits_for_the_other_writer(
    db: Database, bus: NotifyBus
) -> None:
    """Otherwise a reader could see the later number and miss the earlier one."""
    async with db.transaction() as conn:
        await append(conn, "prj_1", "a", "first", {})
        second = asyncio.create_task(add(db, "a", "second"))
        await add(db, "b", "elsewhere")  # not held up
        assert not second.done()
    await second
    async with db.connection() as conn:
        assert [e.type for e in await read(conn, "a")] == ["first", "second"]


async def test_prune_deletes_what_is_older_than_the_retention(db: Database) -> None:
    await add(db, "a", "old")
    async with db.connection() as conn:
        await conn.execute("UPDATE clock SET shift = '2 days'")
    await add(db, "a", "new")
    assert await prune(db, older_than=timedelta(days=1)) == 1
    async with db.connection() as conn:
        assert [e.type for e in await read(conn, "a")] == ["new"]


@given(
    st.lists(
        st.tuples(st.integers(0, 2**40), st.integers(1, 2**62)), min_size=2, max_size=2, unique=True
    )
)
def test_event_ulid_is_stable_and_sorts_as_time_then_number(pairs: list[tuple[int, int]]) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    made = [(ms, seq, event_ulid(epoch + timedelta(milliseconds=ms), seq)) for ms, seq in pairs]
    assert all(len(ulid) == 26 for _, _, ulid in made)
    assert [m[:2] for m in sorted(made, key=lambda m: m[2])] == sorted(pairs)


class Counting(EventFollower):
    """Counts its looks at the log."""

    looks = 0

    async def _read(self, stream: str, after: int) -> list[Event]:
        self.looks += 1
        return await super()._read(stream, after)


async def test_followers_at_the_same_place_share_one_look(db: Database, bus: NotifyBus) -> None:
    follower = Counting(db, bus, heartbeat=3600)
    crowd = [asyncio.create_task(collect(follower.follow("a"))) for _ in range(50)]
    for type in ("one", "two"):
        await add(db, "a", type)
    await add(db, "a", "end", terminal=True)
    everything = await asyncio.wait_for(asyncio.gather(*crowd), 60)
    assert everything == [["one", "two", "end"]] * 50
    # At most one look per news and one per place; alone they would be three hundred.
    assert follower.looks <= 20


async def test_follower_that_leaves_while_it_is_read_takes_nothing_from_the_others(
    db: Database, bus: NotifyBus
) -> None:
    follower = EventFollower(db, bus, heartbeat=3600)
    await add(db, "a", "one")
    await add(db, "a", "end", terminal=True)
    leaves, stays = (asyncio.create_task(collect(follower.follow("a"))) for _ in range(2))
    await asyncio.sleep(0)  # both wait for the same look now
    leaves.cancel()
    assert await asyncio.wait_for(stays, 60) == ["one", "end"]


async def test_late_follower_is_not_served_from_before_the_news(
    db: Database, bus: NotifyBus
) -> None:
    follower = EventFollower(db, bus, heartbeat=3600)
    first = follower.follow("a", until_terminal=False)
    early = asyncio.create_task(anext(first))
    for number in range(1, 30):
        await add(db, "a", str(number), terminal=number == 29)
        late = follower.follow("a", until_terminal=False)
        event = await asyncio.wait_for(anext(late), 60)
        assert event is not None and event.type == "1"
        await late.aclose()
    assert (await asyncio.wait_for(early, 60)).type == "1"  # type: ignore[union-attr]
    await first.aclose()
    assert await asyncio.wait_for(collect(follower.follow("a", 1)), 60) == [
        str(number) for number in range(2, 30)
    ]


async def test_follower_that_leaves_at_once_leaves_nothing_behind(
    db: Database, bus: NotifyBus
) -> None:
    asked = asyncio.Event()

    class Slow(EventFollower):
        async def _has_ended(self, stream: str, after: int) -> bool:
            asked.set()
            return await asyncio.Future()

    follower = Slow(db, bus, heartbeat=3600)
    resumed = asyncio.create_task(collect(follower.follow("a", after=1)))
    await asked.wait()
    resumed.cancel()
    await asyncio.gather(resumed, return_exceptions=True)
    assert follower._groups == {}
