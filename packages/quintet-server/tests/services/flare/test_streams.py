"""`GET /jobs/{id}/events` (contract §5.6), over a real socket."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest


async def read(api, job_id, headers=None, stop=None):
    """The events of a stream until it ends, or until `stop(events)`."""
    events = []
    async with api.http.stream("GET", f"/jobs/{job_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-request-id"]
        event = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(":")
                if name:
                    event[name] = value.strip()
            elif "data" in event:
                events.append((int(event["id"]), event["event"], json.loads(event["data"])))
                event = {}
                if stop is not None and stop(events):
                    break
    return events


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "dead_letter"])
async def test_the_stream_of_an_ended_job_is_its_picture(wire, state):
    job_id = await wire.in_state(state)
    [(number, kind, job)] = await read(wire, job_id)
    shown = await wire.job(job_id)
    del shown["payload"]
    assert (kind, job) == ("state", shown)
    assert number > 0


async def test_a_stream_follows_a_job_to_its_end(wire):
    job = await wire.create(max_attempts=1)
    opened = asyncio.Event()

    def first(events):
        opened.set()
        return False

    following = asyncio.create_task(read(wire, job["id"], stop=first))
    await opened.wait()
    await wire.poll()
    await wire.beat(job["id"], progress=0.5)
    await wire.beat(job["id"])  # says nothing new
    await wire.ack(job["id"], "failed")
    events = await following
    assert [(kind, job["state"], job["progress"]) for _, kind, job in events] == [
        ("state", "pending", None),
        ("state", "processing", None),
        ("progress", "processing", 0.5),
        ("state", "dead_letter", 0.5),
        ("state", "dead_letter", 0.5),
    ]
    numbers = [number for number, _, _ in events]
    assert numbers == sorted(set(numbers))
    assert all("payload" not in job for _, _, job in events)


async def test_a_reconnecting_client_gets_what_it_missed_and_no_picture(wire):
    job = await wire.create()
    [(seen, _, _)] = await read(wire, job["id"], stop=lambda events: True)
    await wire.poll()
    await wire.ack(job["id"])
    missed = await read(wire, job["id"], headers={"Last-Event-ID": str(seen)})
    assert [job["state"] for _, _, job in missed] == ["processing", "succeeded"]
    assert missed[0][0] > seen
    nothing = await read(wire, job["id"], headers={"Last-Event-ID": str(missed[-1][0])})
    assert nothing == []


@pytest.mark.parametrize("junk", ["", "abc", "-1", "0", "9" * 18, "9" * 40, "1.5", "٣"])
async def test_a_last_event_id_that_cannot_be_ours_is_ignored(wire, junk):
    job_id = await wire.in_state("cancelled")
    headers = {b"last-event-id": junk.encode()}
    assert len(await read(wire, job_id, headers=headers)) == 1


async def test_a_retried_job_goes_on_streaming(wire):
    job_id = await wire.in_state("dead_letter")
    await wire.post(f"/jobs/{job_id}/retry")
    events = await read(wire, job_id, stop=lambda events: True)
    assert events[0][2]["state"] == "pending"


async def test_silence_is_filled_with_comments(started, monkeypatch):
    monkeypatch.setenv("QUINTET_HTTP_SSE_HEARTBEAT_SECONDS", "0.01")
    async with started() as api:
        job = await api.create()
        response = api.runtime.follower.follow(job["id"], 10**6)
        assert await anext(response) is None
        await response.aclose()


async def test_an_unknown_job_has_no_stream(wire):
    answer = await wire.get("/jobs/job_nobody/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "job_not_found")
    assert isinstance(answer, httpx.Response)
