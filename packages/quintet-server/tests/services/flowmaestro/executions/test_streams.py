"""The event stream: attached before, during and after; resumed; trimmed; refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ..conftest import frames
from .conftest import Flows
from .test_graphs import IN, out, post


@pytest.fixture
def wired(wire: Any, tmp_path: Path) -> Flows:
    """Over a real socket: streams that are read while they are written."""
    return Flows(wire, tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def held(wired: Flows, receiver: Any) -> AsyncIterator[str]:
    """An execution that is in the middle of its second node until the receiver lets go."""
    nodes = {"in": IN, "call": post(f"{receiver.url}/hold"), "o": out("{{n}}")}
    await wired.define("held", nodes, "in>call call>o")
    execution_id = await wired.start("held")
    await receiver.called()
    yield execution_id
    receiver.release.set()


async def test_stream_replays_then_follows_without_gap_or_duplicate(wired, held, receiver):
    path = f"/executions/{held}/events"
    seen: list[dict[str, Any]] = []
    async with wired.api.http.stream("GET", path) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["x-request-id"] and "x-ratelimit-limit" in answer.headers
        async with asyncio.timeout(60):
            async for frame in frames(answer):
                seen.append(frame)
                if frame["event"] == "node:started" and frame["data"]["node_id"] == "call":
                    receiver.release.set()
    assert seen[0]["event"] == "connected" and seen[0]["data"]["status"] == "running"
    assert "id" not in seen[0] and seen[0]["data"]["type"] == "connected"
    assert seen[-1]["event"] == "execution:completed"
    log = await wired.log(held)
    assert [f["event"].replace(":", ".") for f in seen[1:]] == [type for type, _ in log]
    again = await wired.api.events(path)
    assert again[1:] == seen[1:]


async def test_stream_attached_before_the_start_gets_everything(started, flows_of, receiver):
    async with started(execution_concurrency_count=1) as api:
        flows = flows_of(api)
        await flows.define("q", {"in": IN, "call": post(f"{receiver.url}/hold")}, "in>call")
        await flows.start("q")
        await receiver.called()
        second = await flows.start("q")
        reading = asyncio.ensure_future(api.events(f"/executions/{second}/events"))
        await asyncio.sleep(0)
        receiver.release.set()
        seen = await reading
    names = [frame["event"] for frame in seen]
    assert names[:2] == ["connected", "execution:started"]
    assert names[-1] == "execution:completed" and names.count("node:completed") == 2


@pytest.mark.parametrize("how", ["header", "query"])
async def test_stream_resumes_behind_the_last_event_seen(flows, how):
    await flows.define("r", {"in": IN, "o": out("{{n}}")}, "in>o")
    found = await flows.run("r")
    path = f"/executions/{found['id']}/events"
    everything = await flows.api.events(path)
    middle = everything[3]["id"]
    options = (
        {"headers": {"Last-Event-ID": middle}}
        if how == "header"
        else {"params": {"last_event_id": middle}}
    )
    rest = await flows.api.events(path, **options)
    assert rest[0]["event"] == "connected" and rest[1:] == everything[4:]


@pytest.mark.parametrize("junk", ["abc", "-1", "9" * 40, ""])
async def test_junk_as_last_event_id_means_from_the_start(flows, junk):
    await flows.define("j", {"in": IN, "o": out("{{n}}")}, "in>o")
    found = await flows.run("j")
    path = f"/executions/{found['id']}/events"
    seen = await flows.api.events(path, headers={"Last-Event-ID": junk})
    assert seen[1]["event"] == "execution:started"


async def test_reader_who_has_seen_the_end_is_told_it_again(flows):
    await flows.define("e", {"in": IN, "o": out("{{n}}")}, "in>o")
    found = await flows.run("e")
    path = f"/executions/{found['id']}/events"
    last = (await flows.api.events(path))[-1]
    seen = await flows.api.events(path, headers={"Last-Event-ID": last["id"]})
    assert [frame["event"] for frame in seen] == ["connected", "execution:completed"]
    assert seen[1]["data"]["outputs"] == {"answer": 1}


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
async def test_trimmed_log_gives_the_terminal_frame(flows, receiver, state):
    nodes = {"in": IN, "o": out("{{n}}")}
    if state != "completed":
        nodes["o"] = post(f"{receiver.url}/{'fail' if state == 'failed' else 'hold'}")
    await flows.define("t", nodes, "in>o")
    execution_id = await flows.start("t")
    if state == "cancelled":
        await receiver.called()
        await flows.api.post(f"/executions/{execution_id}/cancel")
    found = await flows.end(execution_id)
    path = f"/executions/{execution_id}/events"
    whole = (await flows.api.events(path))[-1]
    await flows.api.sql("DELETE FROM events WHERE stream = %s", execution_id)
    seen = await flows.api.events(path)
    assert [frame["event"] for frame in seen] == ["connected", f"execution:{state}"]
    assert "id" not in seen[1]
    kept = {k: v for k, v in seen[1]["data"].items() if k != "timestamp"}
    assert kept == {k: v for k, v in whole["data"].items() if k != "timestamp"}
    assert found["completed_at"] == kept["completed_at"]


async def test_stream_is_refused_with_ordinary_errors(flows):
    path = "/executions/exec_unknown/events"
    unknown = await flows.api.get(path)
    assert unknown.status_code == 404
    assert unknown.json()["error"]["message"] == "Execution with id 'exec_unknown' not found"
    assert (await flows.api.get(path, headers={"Authorization": "Bearer x"})).status_code == 401
    other = await flows.api.with_scopes("workflows:read")
    assert (await other.get(path)).status_code == 403


async def test_stream_of_another_project_is_unknown(flows):
    await flows.define("mine", {"in": IN, "o": out("{{n}}")}, "in>o")
    found = await flows.run("mine")
    other = await flows.api.other_project()
    assert (await other.get(f"/executions/{found['id']}/events")).status_code == 404
    assert (await other.get(f"/executions/{found['id']}")).status_code == 404
    assert (await other.post(f"/executions/{found['id']}/cancel")).status_code == 404
