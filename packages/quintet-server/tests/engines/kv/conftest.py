"""The cache in each of its stores, with a clock that tests can move."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import pytest

from quintet_server.engines.kv.model import Entry, Kv
from quintet_server.engines.kv.opening import open_kv
from quintet_server.engines.kv.settings import KvSettings
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus
from tests.support.valkey import ValkeyProcess, running_valkey

Jump = Callable[[float], Awaitable[None]]

STORES = ["postgres", "valkey"]


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyProcess]:
    """One server for all tests of a worker; each has a space of its own."""
    with running_valkey() as server:
        yield server


@pytest.fixture
def frail_valkey() -> Iterator[ValkeyProcess]:
    """A server that a test may end and start again."""
    with running_valkey() as server:
        yield server


@pytest.fixture
async def clock(db: Database, bus: NotifyBus) -> Clock:
    clock = Clock(db, bus)
    await clock.start()
    return clock


@pytest.fixture
def jump(advance: Jump, clock: Clock) -> Jump:
    """Move the database's time, and wait until this process knows."""

    async def move(seconds: float) -> None:
        before = clock.shift_seconds
        await advance(seconds)
        async with asyncio.timeout(60):
            while clock.shift_seconds == before:
                await asyncio.sleep(0.005)

    return move


@pytest.fixture(params=STORES)
def kv_settings(request: pytest.FixtureRequest) -> KvSettings:
    if request.param == "postgres":
        return KvSettings(url=None)
    return KvSettings(url=request.getfixturevalue("valkey_server").url)


@pytest.fixture
async def kv(kv_settings: KvSettings, db: Database, clock: Clock) -> AsyncIterator[Kv]:
    """The cache, once in each store."""
    cache = open_kv(kv_settings, db, clock)
    await cache.start()
    yield cache
    await cache.stop()


class Shelf:
    """One space of a cache, with short calls."""

    def __init__(self, kv: Kv, space: str | None = None) -> None:
        self.kv = kv
        self.space = space or f"prj_{uuid.uuid4().hex}"

    async def put(self, key: str, value: bytes = b"1", ttl: int | None = None) -> None:
        await self.kv.set(self.space, Entry(key, value, ttl))

    async def get(self, key: str) -> bytes | None:
        return await self.kv.get(self.space, key)

    async def many(self, *keys: str, max_bytes: int = 10**9) -> list[bytes | None]:
        return await self.kv.get_many(self.space, keys, max_bytes=max_bytes)

    async def fill(self, *keys: str) -> None:
        await self.kv.set_many(self.space, [Entry(key, b"1") for key in keys])

    async def names(self, prefix: str = "") -> list[str]:
        page = await self.kv.page(self.space, prefix=prefix, after=None, limit=100_000)
        assert page.is_last
        return [listed.key for listed in page.keys]

    async def walk(self, limit: int, prefix: str = "") -> Sequence[str]:
        """All keys, page by page."""
        found: list[str] = []
        after = None
        while True:
            page = await self.kv.page(self.space, prefix=prefix, after=after, limit=limit)
            found += [listed.key for listed in page.keys]
            if page.is_last:
                return found
            assert len(page.keys) == limit
            after = found[-1]

    async def add(self, key: str, amount: int = 1, **options) -> int:
        return await self.kv.increment(self.space, key, amount, **options)


@pytest.fixture
def shelf(kv: Kv) -> Shelf:
    return Shelf(kv)
