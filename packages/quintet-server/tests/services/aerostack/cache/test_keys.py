"""Lists of keys and flushes over HTTP."""

from __future__ import annotations

import base64

import pytest


async def test_list_goes_page_by_page_to_its_end(cache) -> None:
    keys = [f"k{n:03}" for n in range(250)]
    await cache.fill(*keys)
    first = await cache.ask("list")
    assert [each["key"] for each in first["keys"]] == keys[:100]
    assert first["keys"][0] == {"key": "k000", "expiration": None}
    assert first["list_complete"] is False
    second = await cache.ask("list", {"cursor": first["cursor"], "limit": 149})
    assert second["list_complete"] is False
    last = await cache.ask("list", {"cursor": second["cursor"]})
    assert last == {"keys": [{"key": "k249", "expiration": None}], "list_complete": True}
    whole = await cache.ask("list", {"limit": 250})
    assert (len(whole["keys"]), whole["list_complete"]) == (250, True)


async def test_list_is_stable_while_keys_come_and_go(cache) -> None:
    await cache.fill(*(f"k{n}" for n in range(10)))
    page = await cache.ask("list", {"limit": 5})
    await cache.fill("k0a", "k6a")
    await cache.ask("deleteMany", {"keys": ["k4", "k8"]})  # the place itself, and one behind
    rest = await cache.ask("list", {"cursor": page["cursor"]})
    assert [each["key"] for each in rest["keys"]] == ["k5", "k6", "k6a", "k7", "k9"]


async def test_prefix_has_no_wildcards(cache) -> None:
    await cache.fill("a%1", "a_1", "ax1", "a\\1", "b")
    for prefix, wanted in (
        ("a%", ["a%1"]),
        ("a_", ["a_1"]),
        ("a\\", ["a\\1"]),
        ("", ["a%1", "a\\1", "a_1", "ax1", "b"]),
        ("z", []),
    ):
        listed = await cache.ask("list", {"prefix": prefix})
        assert [each["key"] for each in listed["keys"]] == wanted
        assert await cache.ask("keys", {"prefix": prefix}) == {"keys": wanted, "truncated": False}


@pytest.mark.parametrize("limit", [0, -1, 1001, 10**30])
async def test_limit_out_of_bounds_is_refused(cache, limit) -> None:
    message = await cache.message("list", {"limit": limit})
    assert message == f"limit: must be between 1 and 1000, this is {limit}"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%%%",
        "é",
        "AAAA",
        "k1:a",
        base64.urlsafe_b64encode(b"k1:").decode(),
        base64.urlsafe_b64encode(b"k1:\xff").decode(),
        base64.urlsafe_b64encode(b"k1:a\0").decode(),
    ],
)
async def test_cursor_that_is_none_is_refused(cache, cursor) -> None:
    message = await cache.message("list", {"cursor": cursor})
    assert message.startswith("cursor: must be the cursor of an answer of this list")


async def test_cursor_of_another_prefix_is_refused(cache) -> None:
    await cache.fill("a1", "a2")
    page = await cache.ask("list", {"prefix": "a", "limit": 1})
    message = await cache.message("list", {"prefix": "b", "cursor": page["cursor"]})
    assert message.startswith("cursor: belongs to a list with another prefix")


async def test_prefix_that_cannot_be_one_is_refused(cache) -> None:
    for path in ("list", "keys", "flush"):
        message = await cache.message(path, {"prefix": "a\x00"})
        assert message == "prefix: must not contain a NUL character"


async def test_keys_and_flush_stop_at_ten_thousand(cache) -> None:
    count = 10_001
    await cache.api.sql(
        "INSERT INTO kv_entries (space, key, value) "
        "SELECT %s, 'k' || lpad(n::text, 5, '0'), '1' FROM generate_series(1, %s) AS n",
        cache.api.project_id,
        count,
    )
    answer = await cache.ask("keys")
    assert (len(answer["keys"]), answer["truncated"]) == (10_000, True)
    assert answer["keys"][-1] == "k10000"
    flushed = await cache.ask("flush")
    assert flushed == {"success": True, "deleted": 10_000, "truncated": True}
    assert await cache.ask("keys") == {"keys": ["k10001"], "truncated": False}
    flushed = await cache.ask("flush")
    assert flushed == {"success": True, "deleted": 1, "truncated": False}


async def test_flush_with_a_prefix_leaves_the_rest(cache) -> None:
    await cache.fill("a1", "a2", "b", "A")
    assert (await cache.ask("flush", {"prefix": "a"}))["deleted"] == 2
    assert (await cache.ask("keys"))["keys"] == ["A", "b"]


async def test_sixth_flush_within_a_minute_has_to_wait(lone_cache, advance) -> None:
    cache = lone_cache
    await cache.ask("flush")
    await advance(30)
    for _ in range(4):
        await cache.ask("flush", {"prefix": "x"})
    await cache.fill("k")
    answer = await cache.api.post("/cache/flush", {})
    assert answer.status_code == 429
    assert answer.json()["code"] == "RATE_LIMIT_EXCEEDED"
    assert answer.json()["message"] == "The cache of a project can be flushed 5 times a minute."
    wait = int(answer.headers["retry-after"])
    assert 25 <= wait <= 30
    assert await cache.value("k") == 1
    async with (await cache.api.other_project()).http as http:
        assert (await http.post("/cache/flush", json={})).status_code == 200
    await advance(wait)
    assert (await cache.ask("flush"))["deleted"] == 1
    await cache.message("flush", {}, 429)


async def test_refused_and_repeated_flushes_do_not_count(cache) -> None:
    key = {"headers": {"Idempotency-Key": "f"}}
    for _ in range(7):
        await cache.message("flush", {"prefix": "a\x00"})
        await cache.ask("flush", **key)
    for _ in range(4):
        await cache.ask("flush")
    await cache.message("flush", {}, 429)
    assert (await cache.ask("flush", **key))["success"] is True
