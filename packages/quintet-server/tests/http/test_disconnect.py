"""Long polls: what a handler learns about its client and its server."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from quintet_server.store.database import Database
from quintet_server.store.event_log import EventFollower
from quintet_server.store.notify import NotifyBus


async def open_requests(probe: Any, count: int) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for _ in range(1000):
            text = (await client.get(f"{probe.url}/metrics")).text
            if f"quintet_http_requests_open {float(count)}" in text:
                return
    raise AssertionError(f"never were {count} requests open")


async def test_handler_learns_that_its_client_has_gone(lone_probe: Any, db: Database) -> None:
    headers = {"X-API-Key": lone_probe.keys["amdahl"]}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
        poll = asyncio.create_task(client.post(f"{lone_probe.url}/probe/hang", json={}))
        await open_requests(lone_probe, 1)
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
    bus = NotifyBus()
    await bus.start(db)
    follower = EventFollower(db, bus)

    async def first() -> str:
        async for event in follower.follow("hang"):
            if event is not None:  # else only the time for a heartbeat has come
                return event.type
        raise AssertionError("the stream ended")

    assert await asyncio.wait_for(first(), 60) == "gone"
    await bus.stop()


async def test_handler_learns_that_the_server_stops_and_still_answers(lone_probe: Any) -> None:
    headers = {"X-API-Key": lone_probe.keys["amdahl"]}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
        poll = asyncio.create_task(client.post(f"{lone_probe.url}/probe/hang", json={}))
        await open_requests(lone_probe, 1)
        lone_probe.begin_stop()
        answer = await poll
    assert answer.json() == {"gone": False}
