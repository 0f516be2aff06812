"""What only the store in Valkey has: a server that can be away, and increments that happen once."""

from __future__ import annotations

import asyncio

import pytest
import valkey.asyncio as client
from structlog.testing import capture_logs

from quintet_server.engines.kv.model import Entry, KvUnavailable, NotAnInteger
from quintet_server.engines.kv.settings import KvSettings
from quintet_server.engines.kv.valkey import ValkeyKv

from .conftest import Shelf

pytestmark = pytest.mark.engines


class Time:
    """A clock in the test's hand."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.25

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def frail(frail_valkey):
    """A shelf in a server that the test may end, and the time there."""
    now = Time()
    kv = ValkeyKv(frail_valkey.url, KvSettings(url=frail_valkey.url), now)
    shelf = Shelf(kv)
    shelf.now = now
    yield shelf
    await kv.stop()


def calls(shelf):
    """Every call there is, one after the other."""
    kv, space = shelf.kv, shelf.space
    yield kv.get(space, "k")
    yield kv.get_many(space, ["k"], max_bytes=10)
    yield kv.set(space, Entry("k", b"1"))
    yield kv.set_many(space, [Entry("k", b"1")])
    yield kv.delete(space, "k")
    yield kv.delete_many(space, ["k"])
    yield kv.page(space, prefix="", after=None, limit=10)
    yield kv.flush(space, prefix="", cap=10)
    yield kv.expire(space, "k", 5)
    yield kv.increment(space, "k", 1)
    yield kv.sweep()


async def test_every_call_says_that_the_server_is_away_and_works_when_it_is_back(
    frail, frail_valkey
) -> None:
    await asyncio.gather(*(frail.add("k") for _ in range(20)))  # open connections
    frail_valkey.stop()
    for call in calls(frail):
        with pytest.raises(KvUnavailable):
            await call
    frail_valkey.start()
    for call in calls(frail):
        await call


async def test_server_that_refuses_is_as_good_as_away(frail, frail_valkey) -> None:
    frail_valkey.stop()
    frail_valkey.start("--requirepass", "secret")
    with capture_logs() as logs:
        await frail.kv.start()
    assert "Authentication required" in logs[0]["error"]
    for call in calls(frail):
        with pytest.raises(KvUnavailable):
            await call


async def test_full_server_reads_and_removes_but_does_not_write(frail, frail_valkey) -> None:
    await frail.fill("k", "other")
    raw = client.Valkey.from_url(frail_valkey.url)
    await raw.config_set("maxmemory-policy", "noeviction")
    await raw.config_set("maxmemory", "100kb")
    for write in (frail.put("k", b"2"), frail.fill("new"), frail.add("k"), frail.add("new")):
        with pytest.raises(KvUnavailable, match="maxmemory"):
            await write
    assert await frail.many("k", "new") == [b"1", None]
    assert await frail.names() == ["k", "other"]
    assert await frail.kv.delete(frail.space, "k") is True
    await raw.config_set("maxmemory", "0")
    assert await frail.add("k") == 1
    await raw.aclose()


async def test_more_calls_than_connections_wait_for_each_other(valkey_server) -> None:
    settings = KvSettings(url=valkey_server.url, connections_max_count=2)
    kv = ValkeyKv(valkey_server.url, settings, Time())
    shelf = Shelf(kv)
    assert sorted(await asyncio.gather(*(shelf.add("k") for _ in range(50)))) == list(range(1, 51))
    await kv.stop()


async def test_increment_of_one_name_happens_once(frail) -> None:
    assert await frail.add("k", 5, once="a") == 5
    assert await frail.add("k", 1) == 6
    assert await frail.add("k", 5, once="a") == 5
    assert await frail.add("k", 5, once="b") == 11
    assert await frail.get("k") == b"11"
    frail.now.seconds += 86_400
    assert await frail.add("k", 5, once="a") == 16


async def test_refused_increment_is_not_remembered(frail) -> None:
    await frail.put("k", b'"x"')
    with pytest.raises(NotAnInteger):
        await frail.add("k", once="a")
    await frail.put("k", b"1")
    assert await frail.add("k", once="a") == 2


async def test_entry_is_gone_at_the_millisecond(frail) -> None:
    await frail.put("k", b"1", 10)
    frail.now.seconds += 9.999
    assert await frail.get("k") == b"1"
    frail.now.seconds += 0.001
    assert await frail.get("k") is None


async def test_server_frees_what_has_expired_without_being_asked(frail, frail_valkey) -> None:
    await frail.put("k", b"1", 10)
    await frail.put("l", b"1")
    raw = client.Valkey.from_url(frail_valkey.url)
    assert 60_000 < await raw.pttl(entry(frail, "k")) <= 70_000
    assert await raw.pttl(entry(frail, "l")) == -1
    await raw.aclose()


async def test_what_the_server_has_evicted_is_absent_everywhere(frail, frail_valkey) -> None:
    await frail.fill("a", "b", "c")
    await frail.put("d", b"1", 10)
    raw = client.Valkey.from_url(frail_valkey.url)
    await raw.delete(entry(frail, "b"), entry(frail, "d"))
    assert await frail.get("b") is None
    assert await frail.names() == ["a", "c"]
    assert await frail.kv.expire(frail.space, "b", 5) is False
    assert (await frail.kv.flush(frail.space, prefix="", cap=10)).deleted == 2
    await frail.put("e", b"1", 1)
    frail.now.seconds += 20
    await frail.kv.sweep()
    assert await raw.keys("*") == []  # nothing is left behind
    await raw.aclose()


async def test_sweep_goes_in_bounded_steps_to_the_end(frail_valkey) -> None:
    now = Time()
    kv = ValkeyKv(frail_valkey.url, KvSettings(url=frail_valkey.url, sweep_batch_count=7), now)
    for shelf in (Shelf(kv), Shelf(kv)):
        await kv.set_many(shelf.space, [Entry(f"k{n}", b"1", 1) for n in range(30)])
    now.seconds += 1
    assert await kv.sweep() == 60
    await kv.stop()


async def test_restarted_scripts_are_loaded_again(frail, frail_valkey) -> None:
    await frail.put("k", b"1")
    raw = client.Valkey.from_url(frail_valkey.url)
    await raw.script_flush()
    await raw.aclose()
    assert await frail.add("k") == 2


def entry(shelf, key: str) -> str:
    return f"quintet:kv:{{{shelf.space}}}:e:{key}"
