"""The stream of a session: frames, numbering, resuming, and when it ends."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from quintet_server.engines.runs.tidying import prune
from quintet_server.services.amdahl.agents.desk import Result

from .conftest import Agents, frames, said


async def talks(desk):
    async with desk.turn("t"):
        await desk.message("m", said("one two"))
    await desk.ask("q", "text", {}, {"type": "object"})
    async with desk.turn("u"):
        pass
    return Result("done")


async def ended(agents) -> str:
    """A session that asked, was answered, and ended."""
    agents.script(talks)
    session_id = await agents.start("talks")
    await agents.settled(session_id)
    await agents.resume(session_id, text="x")
    await agents.settled(session_id)
    return session_id


async def test_frames_and_headers_are_as_promised(agents):
    session_id = await ended(agents)
    answer = await agents.api.get(f"/agents/{session_id}/stream")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    parts = answer.text.split("\n\n")
    assert parts[0] == "retry: 2000"
    assert parts[-1] == ""
    assert all(part.startswith(f"id: {n}\nevent: ") for n, part in enumerate(parts[1:-1], 1))
    events = await agents.events(session_id)
    assert events[0] == {
        "type": "session.started",
        "seq": 1,
        "session_id": session_id,
        "ts": events[0]["ts"],
        "data": {"profile_id": "copilot", "max_turns": 15},
    }
    assert events[-1]["type"] == "session.completed"
    assert events[-1]["data"]["result"]["text"] == "done"
    status = await agents.status(session_id)
    assert status["last_event_id"] == str(events[-1]["seq"]) == str(len(events))


async def test_a_connection_cut_after_each_event_shows_every_event_once(agents, shared_url):
    """Over a socket: each connection is closed after one event, the next goes on behind it."""
    session_id = await ended(agents)
    count = int((await agents.status(session_id))["last_event_id"])
    seen: list[int] = []
    url = f"{shared_url}{agents.api.mount}/agents/{session_id}/stream"
    key = {"Authorization": f"Bearer {agents.api.key}"}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        while len(seen) < count:
            headers = {**key, **({"Last-Event-ID": str(seen[-1])} if seen else {})}
            async with http.stream("GET", url, headers=headers) as answer:
                async for event in frames(answer):
                    seen.append(event["seq"])
                    break
        assert seen == list(range(1, count + 1))
        async with http.stream("GET", url, headers={**key, "Last-Event-ID": str(count)}) as answer:
            assert [event async for event in frames(answer)] == []


async def test_a_live_stream_stays_open_over_a_question_and_ends_with_the_session(wire):
    agents = Agents(wire)
    agents.script(talks)
    session_id = await agents.start("talks")
    types = []
    async with (
        asyncio.timeout(60),
        wire.http.stream("GET", f"/agents/{session_id}/stream") as answer,
    ):
        async for event in frames(answer):
            types.append(event["type"])
            if event["type"] == "session.awaiting_input":
                await agents.resume(session_id, text="x")
    assert types[-1] == "session.completed"
    assert types.index("session.awaiting_input") < types.index("session.resumed")
    await agents.leave()


async def test_the_query_resumes_too_and_the_header_counts_before_it(agents):
    session_id = await ended(agents)
    path = f"/agents/{session_id}/stream"
    by_query = await agents.api.get(f"{path}?last_event_id=3")
    assert by_query.text.split("\n\n")[1].startswith("id: 4\n")
    both = await agents.api.get(f"{path}?last_event_id=3", headers={"Last-Event-ID": "5"})
    assert both.text.split("\n\n")[1].startswith("id: 6\n")


@pytest.mark.parametrize("given", ["99", "-1", "x", "1.5", "٣", "9" * 30])
async def test_an_id_that_is_none_of_the_log_is_refused_before_the_stream(agents, given):
    session_id = await ended(agents)
    path = f"/agents/{session_id}/stream"
    headers = {"Last-Event-ID": given.encode()}
    await agents.api.refused("GET", path, None, 400, "invalid_argument", headers=headers)
    await agents.api.refused("GET", f"{path}?last_event_id={given}", None, 400, "invalid_argument")


async def test_an_unknown_session_is_404_before_the_stream(agents):
    answer = await agents.api.get("/agents/as_none/stream")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/json")


async def test_a_key_without_the_scope_is_refused_before_the_stream(agents):
    other = await agents.api.with_scopes("pages:read")
    await other.refused("GET", "/agents/as_none/stream", None, 403, "missing_scope")


async def test_numbers_stay_when_the_front_of_the_log_is_gone(agents):
    session_id = await ended(agents)
    everything = await agents.events(session_id)
    await agents.api.sql(
        "DELETE FROM events WHERE stream = %s AND (data ->> 'seq')::int <= 4 RETURNING 1",
        session_id,
    )
    assert await agents.events(session_id) == everything[4:]
    assert await agents.events(session_id, after=2) == everything[4:]
    assert await agents.events(session_id, after=6) == everything[6:]
    assert (await agents.status(session_id))["last_event_id"] == str(len(everything))


async def test_numbers_go_on_when_everything_before_a_long_pause_is_gone(agents):
    agents.script(talks)
    session_id = await agents.start("talks")
    last = int((await agents.settled(session_id))["last_event_id"])
    await agents.api.sql("DELETE FROM events WHERE stream = %s RETURNING 1", session_id)
    assert (await agents.status(session_id))["status"] == "awaiting_input"
    await agents.resume(session_id, text="x")
    await agents.settled(session_id)
    events = await agents.events(session_id)
    assert events[0]["type"] == "session.resumed"
    assert [event["seq"] for event in events] == list(range(last + 1, last + 1 + len(events)))
    assert await agents.events(session_id, after=last + 1) == events[1:]


async def test_the_end_of_a_session_is_told_when_its_events_are_all_gone(agents):
    session_id = await ended(agents)
    everything = await agents.events(session_id)
    await agents.api.sql("DELETE FROM events WHERE stream = %s RETURNING 1", session_id)
    [last] = await agents.events(session_id, after=1)
    assert last["data"] == everything[-1]["data"]
    assert (last["type"], last["seq"]) == ("session.completed", len(everything))
    assert await agents.events(session_id, after=len(everything)) == []


async def test_the_log_has_what_webhooks_tell_and_forgets_a_session_with_its_run(agents):
    session_id = await ended(agents)
    logged = "SELECT data FROM events WHERE stream = %s AND type = 'session.completed'"
    [[data]] = await agents.api.sql(logged, session_id)
    assert data == {
        "session_id": session_id,
        "session_kind": "agent",
        "profile_id": "copilot",
        "result": {"text": "done", "artifact": None, "artifacts": [], "data": None},
        "seq": data["seq"],
    }
    assert await prune(agents.api.runtime.db, 0.0) > 0
    counted = "SELECT 1 FROM amdahl_agent_sessions WHERE id = %s"
    assert await agents.api.sql(counted, session_id) == []
    await agents.api.refused("GET", f"/agents/{session_id}/stream", None, 404, "not_found")


async def test_silence_is_filled_with_pings(wire, monkeypatch):
    agents = Agents(wire)
    agents.script(talks)
    session_id = await agents.start("talks")
    await agents.settled(session_id)
    monkeypatch.setattr(agents.api.runtime.follower, "_heartbeat", 0.01)
    last = (await agents.status(session_id))["last_event_id"]
    path = f"/agents/{session_id}/stream?last_event_id={last}"
    text = ""
    async with asyncio.timeout(60), wire.http.stream("GET", path) as answer:
        async for piece in answer.aiter_text():
            text += piece
            if text.count(": ping") >= 2:
                break
    assert text.startswith("retry: 2000\n\n: ping\n\n: ping\n\n")
    await agents.leave()
