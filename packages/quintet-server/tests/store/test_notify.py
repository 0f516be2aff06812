"""The notification bus, also when its connection dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus


@pytest.fixture
async def bus(db: Database) -> AsyncIterator[NotifyBus]:
    bus = NotifyBus()
    await bus.start(db)
    yield bus
    await bus.stop()


class Heard:
    """Collects what a subscription is called with."""

    def __init__(self, bus: NotifyBus, channel: str):
        self.payloads: asyncio.Queue[str | None] = asyncio.Queue()
        self.unsubscribe = bus.subscribe(channel, self.payloads.put_nowait)

    async def next(self) -> str | None:
        return await asyncio.wait_for(self.payloads.get(), 60)


async def notify(db: Database, channel: str, payload: str) -> None:
    async with db.connection() as conn:
        await conn.execute("SELECT pg_notify(%s, %s)", (channel, payload))


async def test_subscriber_is_told_to_look_first_and_then_hears(
    db: Database, bus: NotifyBus
) -> None:
    heard = Heard(bus, "a")
    assert await heard.next() is None
    await notify(db, "a", "one")
    await notify(db, "b", "not for us")
    await notify(db, "a", "two")
    assert [await heard.next(), await heard.next()] == ["one", "two"]


async def test_unsubscribed_callback_hears_nothing_more(db: Database, bus: NotifyBus) -> None:
    first, second = Heard(bus, "a"), Heard(bus, "a")
    assert await first.next() is None
    first.unsubscribe()
    first.unsubscribe()
    await notify(db, "a", "one")
    while await second.next() != "one":
        pass
    assert first.payloads.empty()


async def test_broken_callback_does_not_silence_the_others(db: Database, bus: NotifyBus) -> None:
    def broken(_payload: str | None) -> None:
        raise ValueError

    bus.subscribe("a", broken)
    heard = Heard(bus, "a")
    assert await heard.next() is None
    await notify(db, "a", "one")
    assert await heard.next() == "one"


async def test_lost_connection_is_made_again_and_everybody_is_told_to_look(
    db: Database, bus: NotifyBus
) -> None:
    reconnected = asyncio.Event()
    bus.on_connection(reconnected.set)
    heard = Heard(bus, "a")
    assert await heard.next() is None
    async with await psycopg.AsyncConnection.connect(db.url, autocommit=True) as killer:
        await killer.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'test-listen' AND datname = current_database()"
        )
    assert await heard.next() is None
    assert reconnected.is_set()
    await notify(db, "a", "again")
    assert await heard.next() == "again"


async def test_many_notifications_in_one_go_all_arrive(db: Database, bus: NotifyBus) -> None:
    heard = Heard(bus, "a")
    assert await heard.next() is None
    async with db.connection() as conn:
        await conn.execute("SELECT pg_notify('a', n::text) FROM generate_series(1, 5000) AS n")
    assert [await heard.next() for _ in range(5000)] == [str(n) for n in range(1, 5001)]
