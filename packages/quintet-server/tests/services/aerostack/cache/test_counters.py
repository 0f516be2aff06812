"""Counters over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import Cache

MAX, MIN = 2**63 - 1, -(2**63)


async def test_counter_begins_moves_and_goes_back(cache) -> None:
    assert await cache.ask("increment", {"key": "k"}) == {"value": 1}
    assert await cache.ask("increment", {"key": "k", "amount": 41}) == {"value": 42}
    assert await cache.ask("increment", {"key": "k", "amount": -50}) == {"value": -8}
    assert await cache.ask("increment", {"key": "k", "initialValue": 100}) == {"value": -7}
    assert await cache.ask("increment", {"key": "l", "initialValue": 100}) == {"value": 101}
    assert await cache.get_text("k") == "-7"


async def test_increments_over_many_connections_all_count(wire) -> None:
    cache = Cache(wire)

    async def one() -> int:
        return (await cache.ask("increment", {"key": "k"}))["value"]

    sums = await asyncio.gather(*(one() for _ in range(200)))
    assert sorted(sums) == list(range(1, 201))


async def test_ttl_is_for_new_counters_only(lone_cache, advance) -> None:
    cache = lone_cache
    await cache.ask("increment", {"key": "new", "ttl": 10})
    await cache.ask("set", {"key": "old", "value": 1})
    await advance(5)
    for key in ("new", "old"):
        assert await cache.ask("increment", {"key": key, "ttl": 1000}) == {"value": 2}
    await advance(5)
    assert await cache.ask("increment", {"key": "new"}) == {"value": 1}
    assert await cache.ask("increment", {"key": "old"}) == {"value": 3}


@pytest.mark.parametrize("value", ["5", 1.5, None, [], {"a": 1}, True])
async def test_value_that_is_no_integer_is_refused_and_kept(cache, value) -> None:
    await cache.ask("set", {"key": "k", "value": value})
    answer = await cache.api.refused(
        "/cache/increment", {"key": "k"}, 400, "VALIDATION_ERROR", "CACHE_SET_FAILED"
    )
    assert answer["message"].startswith("The value under this key is not an integer")
    assert await cache.value("k") == value


@pytest.mark.parametrize(("value", "amount"), [(MAX, 1), (MIN, -1), (2**70, -1), (-1, MIN)])
async def test_sum_outside_64_bits_is_refused(cache, value, amount) -> None:
    await cache.set_text("k", str(value))
    message = await cache.message("increment", {"key": "k", "amount": amount})
    assert message == "The sum would not fit into 64 bits; the value is as it was"
    assert await cache.get_text("k") == str(value)


async def test_numbers_that_are_no_64_bits_are_refused(cache) -> None:
    for field in ("amount", "initialValue"):
        answer = await cache.send("increment", f'{{"key":"k","{field}":{MAX + 1}}}')
        assert answer.status_code == 400
        assert answer.json()["message"].startswith(f"{field}: must fit into 64 bits")
        assert (await cache.message("increment", {"key": "k", field: 1.5})).startswith(f"{field}: ")
    answer = await cache.send("increment", f'{{"key":"k","amount":1,"initialValue":{MAX}}}')
    assert answer.status_code == 400
    answer = await cache.send("increment", f'{{"key":"k","amount":{MAX}}}')
    assert answer.text == f'{{"value":{MAX}}}'


async def test_increment_with_an_idempotency_key_counts_once(cache) -> None:
    key = {"headers": {"Idempotency-Key": "once"}}
    answers = await asyncio.gather(
        *(cache.ask("increment", {"key": "k"}, **key) for _ in range(10))
    )
    assert answers == [{"value": 1}] * 10
    assert await cache.ask("increment", {"key": "k"}) == {"value": 2}
    assert await cache.ask("increment", {"key": "k"}, **key) == {"value": 1}
    await cache.message("increment", {"key": "k", "amount": 2}, 409, **key)


async def test_refused_increment_leaves_its_idempotency_key_free(cache) -> None:
    key = {"headers": {"Idempotency-Key": "free"}}
    await cache.ask("set", {"key": "k", "value": "x"})
    await cache.message("increment", {"key": "k"}, **key)
    await cache.ask("set", {"key": "k", "value": 1})
    assert await cache.ask("increment", {"key": "k"}, **key) == {"value": 2}
