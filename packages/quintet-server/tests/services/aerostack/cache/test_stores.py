"""The cache over HTTP when its store is Valkey, when that is away, and when a server is killed."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.support.valkey import running_valkey

from .conftest import Cache


@pytest.fixture
def valkey(monkeypatch):
    with running_valkey() as server:
        monkeypatch.setenv("CACHE_URL", server.url)
        yield server


async def test_everything_works_with_valkey(valkey, started) -> None:
    async with started() as api:
        cache = Cache(api)
        text = '{ "b": 1.10, "a": 123456789012345678901234567890 }'
        await cache.set_text("k", text)
        assert await cache.get_text("k") == text
        large = '"' + "x" * 1_000_000 + '"'
        await cache.set_text("large", large)
        assert await cache.get_text("large") == large
        await cache.fill("a", "b", "c")
        answer = await cache.ask("getMany", {"keys": ["b", "x"]})
        assert [each["exists"] for each in answer["results"]] == [True, False]
        page = await cache.ask("list", {"limit": 2})
        assert [each["key"] for each in page["keys"]] == ["a", "b"]
        rest = await cache.ask("list", {"cursor": page["cursor"]})
        assert [each["key"] for each in rest["keys"]] == ["c", "k", "large"]
        assert await cache.ask("expire", {"key": "a", "ttl": 9}) == {"success": True}
        deleted = await cache.ask("deleteMany", {"keys": ["a", "a", "y"]})
        assert deleted == {"success": True, "count": 3, "deleted": 1}
        assert await cache.ask("delete", {"key": "b"}) == {"success": True}
        assert (await cache.ask("flush", {"prefix": "la"}))["deleted"] == 1
        assert await cache.ask("keys") == {"keys": ["c", "k"], "truncated": False}
        assert await cache.api.sql("SELECT 1 FROM kv_entries") == []


async def test_ttl_follows_the_servers_clock_with_valkey(valkey, started, advance) -> None:
    async with started() as api:
        cache = Cache(api)
        await cache.ask("set", {"key": "k", "value": 1, "ttl": 100})
        await advance(101)
        await api.until(lambda: api.runtime.clock.shift_seconds == 101)
        assert (await cache.ask("get", {"key": "k"}))["exists"] is False
        assert (await cache.ask("list"))["keys"] == []


async def test_increment_counts_once_though_its_answer_was_not_stored(valkey, started) -> None:
    async with started() as api:
        cache = Cache(api)
        key = {"headers": {"Idempotency-Key": "once"}}
        assert await cache.ask("increment", {"key": "k", "amount": 5}, **key) == {"value": 5}
        # As if the server had been killed between the two stores.
        await api.sql("DELETE FROM idempotency")
        assert await cache.ask("increment", {"key": "k", "amount": 5}, **key) == {"value": 5}
        assert await cache.ask("increment", {"key": "k"}) == {"value": 6}


async def test_cache_that_is_away_is_503_and_comes_back(valkey, started) -> None:
    async with started() as api:
        cache = Cache(api)
        await cache.fill("k")
        valkey.stop()
        bodies = {"deleteMany": {"keys": ["k"]}, "getMany": {"keys": ["k"]}}
        bodies["setMany"] = {"entries": [{"key": "k", "value": 1}]}
        one = {"key": "k", "value": 1, "ttl": 5}
        paths = "get set delete list keys getMany setMany deleteMany flush expire increment"
        for path in paths.split():
            for headers in ({}, {"Idempotency-Key": f"key-{path}"}):
                answer = await api.post(f"/cache/{path}", bodies.get(path, one), headers=headers)
                assert answer.status_code == 503, (path, answer.text)
                assert answer.headers["retry-after"] == "1"
                assert answer.json() == {
                    "code": "INTERNAL_ERROR",
                    "message": "The cache is not available right now; try again shortly.",
                    "details": {"reason": "SERVICE_UNAVAILABLE"},
                }
        valkey.start()
        key = {"headers": {"Idempotency-Key": "key-increment"}}
        assert await cache.ask("increment", one, **key) == {"value": 1}


@pytest.mark.kill
def test_what_was_acknowledged_survives_a_killed_server(start_process, database_url) -> None:
    server = start_process("--database-url", database_url)

    async def write() -> int:
        """Count until the server is gone; returns the last sum that was acknowledged."""
        headers = {"X-Aerostack-Key": server.keys["aerostack"]}
        async with httpx.AsyncClient(
            base_url=f"{server.url}/v1/cache", headers=headers, timeout=60
        ) as http:
            last = 0
            while True:
                if last == 50:
                    server.kill()
                try:
                    answer = await http.post("/increment", json={"key": "k"})
                except httpx.HTTPError:
                    return last
                last = answer.json()["value"]

    last = asyncio.run(write())
    assert last >= 50
    again = start_process("--database-url", database_url, data_dir=server.data_dir)
    headers = {"X-Aerostack-Key": again.keys["aerostack"]}
    answer = httpx.post(f"{again.url}/v1/cache/get", json={"key": "k"}, headers=headers, timeout=60)
    assert answer.json()["value"] in (last, last + 1)
