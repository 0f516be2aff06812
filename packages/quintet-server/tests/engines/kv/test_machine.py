"""The whole life of entries, at random, in each store, against a dictionary.

Time is counted in steps of a thousand seconds: the milliseconds that really pass decide nothing.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, settings as hypothesis_settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from quintet_server.engines.kv.model import (
    INT64_MAX,
    INT64_MIN,
    Entry,
    NotAnInteger,
    OutOfRange,
)
from quintet_server.engines.kv.opening import open_kv
from quintet_server.engines.kv.settings import KvSettings
from quintet_server.store.clock import Clock, advance
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus

pytestmark = pytest.mark.engines

STEP = 1000
SPACES = ["a", "b"]
KEYS = ["a", "a%", "ab", "b", "\U0001f600"]

spaces = st.sampled_from(SPACES)
keys = st.sampled_from(KEYS)
prefixes = st.sampled_from(["", "a", "a%", "b", "\U0001f600", "z"])
ttls = st.sampled_from([None, None, 1, 2, 5])
integers = st.sampled_from([0, 1, -1, 7, 2**53 + 1, INT64_MAX, INT64_MIN])
values = integers.map(lambda n: b"%d" % n) | st.sampled_from(
    [b"null", b'"7"', b"1.0", b'{"b":1, "a":2}', b"9223372036854775808", b"-0"]
)
entries = st.lists(st.tuples(keys, values, ttls), min_size=2, max_size=6)


@dataclass
class Kept:
    value: bytes
    gone: int | None


class Life(RuleBasedStateMachine):
    world: World

    @initialize(ttls=st.lists(ttls, min_size=len(KEYS), max_size=len(KEYS)))
    def begin(self, ttls) -> None:
        """Both spaces are full: what happens to nothing is soon told."""
        self.world.number += 1
        self.now = 0
        self.kept: dict[str, dict[str, Kept]] = {space: {} for space in SPACES}
        for space in SPACES:
            self.set_many(space, [(key, b"1", ttl) for key, ttl in zip(KEYS, ttls, strict=True)])

    def do(self, name: str, space: str, *arguments, **options):
        call = getattr(self.world.kv, name)
        return self.world.runner.run(call(self.real(space), *arguments, **options))

    def real(self, space: str) -> str:
        return f"{space}{self.world.number}"

    def put(self, space: str, key: str, value: bytes, ttl: int | None) -> None:
        self.kept[space][key] = Kept(value, None if ttl is None else self.now + ttl)

    def matching(self, space: str, prefix: str) -> list[str]:
        return sorted(key for key in self.kept[space] if key.startswith(prefix))

    @rule(space=spaces, key=keys, value=values, ttl=ttls)
    def set(self, space, key, value, ttl):
        self.do("set", space, Entry(key, value, ttl and ttl * STEP))
        self.put(space, key, value, ttl)

    @rule(space=spaces, entries=entries)
    def set_many(self, space, entries):
        self.do("set_many", space, [Entry(k, v, ttl and ttl * STEP) for k, v, ttl in entries])
        for key, value, ttl in entries:
            self.put(space, key, value, ttl)

    @rule(space=spaces, key=keys)
    def delete(self, space, key):
        assert self.do("delete", space, key) is (self.kept[space].pop(key, None) is not None)

    @rule(space=spaces, some=st.lists(keys, max_size=4))
    def delete_many(self, space, some):
        there = {key for key in some if self.kept[space].pop(key, None)}
        assert self.do("delete_many", space, some) == len(there)

    @rule(space=spaces, key=keys, ttl=st.integers(1, 5))
    def expire(self, space, key, ttl):
        kept = self.kept[space].get(key)
        assert self.do("expire", space, key, ttl * STEP) is (kept is not None)
        if kept is not None:
            kept.gone = self.now + ttl

    @rule(space=spaces, key=keys, amount=integers, initial=integers, ttl=ttls)
    def increment(self, space, key, amount, initial, ttl):
        kept = self.kept[space].get(key)
        try:
            found = self.do(
                "increment", space, key, amount, initial=initial, ttl=ttl and ttl * STEP
            )
        except (NotAnInteger, OutOfRange) as error:
            found = type(error)
        try:
            held = initial if kept is None else int(kept.value)
        except ValueError:
            assert found is NotAnInteger
            return
        if not all(INT64_MIN <= n <= INT64_MAX for n in (held, held + amount)):
            assert found is OutOfRange
            return
        assert found == held + amount
        if kept is None:
            self.put(space, key, b"%d" % found, ttl)
        else:
            kept.value = b"%d" % found

    @rule(space=spaces, prefix=prefixes, cap=st.integers(1, 5))
    def flush(self, space, prefix, cap):
        doomed = self.matching(space, prefix)
        flushed = self.do("flush", space, prefix=prefix, cap=cap)
        assert (flushed.deleted, flushed.is_truncated) == (min(len(doomed), cap), len(doomed) > cap)
        for key in doomed[:cap]:
            del self.kept[space][key]

    @rule(space=spaces, prefix=prefixes, after=st.none() | keys, limit=st.integers(1, 5))
    def page(self, space, prefix, after, limit):
        wanted = [key for key in self.matching(space, prefix) if after is None or key > after]
        page = self.do("page", space, prefix=prefix, after=after, limit=limit)
        assert [listed.key for listed in page.keys] == wanted[:limit]
        assert page.is_last is (len(wanted) <= limit)
        for listed in page.keys:
            gone = self.kept[space][listed.key].gone
            if gone is None:
                assert listed.expiration is None
            else:
                left = listed.expiration - self.world.clock.now()
                assert math.isclose(left, (gone - self.now) * STEP, abs_tol=60)

    @rule(steps=st.integers(1, 3))
    def wait(self, steps):
        self.world.runner.run(self.world.wait(steps * STEP))
        self.now += steps
        for kept in self.kept.values():
            for key in [k for k, each in kept.items() if each.gone and each.gone <= self.now]:
                del kept[key]

    @rule()
    def sweep(self):
        self.world.runner.run(self.world.kv.sweep())

    @rule(space=spaces, key=keys)
    def get(self, space, key):
        kept = self.kept[space].get(key)
        assert self.do("get", space, key) == (kept and kept.value)

    @invariant()
    def every_reader_sees_the_model(self):
        for space in SPACES:
            wanted = [kept and kept.value for kept in map(self.kept[space].get, KEYS)]
            assert self.do("get_many", space, KEYS, max_bytes=10**6) == wanted
            listed = self.do("page", space, prefix="", after=None, limit=100)
            assert [each.key for each in listed.keys] == sorted(self.kept[space])


class World:
    def __init__(self, runner: asyncio.Runner, database_url: str, settings: KvSettings) -> None:
        self.runner = runner
        self.number = 0
        runner.run(self._open(database_url, settings))

    async def _open(self, database_url: str, settings: KvSettings) -> None:
        self.db = await Database.open(database_url, application_name="machine")
        self.bus = NotifyBus()
        await self.bus.start(self.db)
        self.clock = Clock(self.db, self.bus)
        await self.clock.start()
        self.kv = open_kv(settings, self.db, self.clock)

    async def wait(self, seconds: int) -> None:
        shift = await advance(self.db, seconds)
        async with asyncio.timeout(60):
            while self.clock.shift_seconds != shift:
                await asyncio.sleep(0.001)

    async def close(self) -> None:
        await self.kv.stop()
        await self.bus.stop()
        await self.db.close()


@pytest.mark.timeout(300)  # a thousand operations on a database that others use too
def test_life_of_entries_follows_the_model(database_url, kv_settings) -> None:
    with asyncio.Runner() as runner:
        Life.world = World(runner, database_url, kv_settings)
        try:
            run_state_machine_as_test(
                Life,
                settings=hypothesis_settings(
                    max_examples=hypothesis_settings.default.max_examples // 3,
                    stateful_step_count=40,
                    deadline=None,
                    # Shrinking replays against a database: minutes, for a shorter story.
                    phases=[Phase.explicit, Phase.reuse, Phase.generate],
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(Life.world.close())
