"""What the other rooms write reaches receivers in the contract's words."""

from __future__ import annotations

import asyncio
from typing import Any

SPEC = {"version": 1, "root": {"type": "Heading", "props": {"text": "Hello"}}}


async def told(desk, count: int) -> dict[str, Any]:
    """By event: what the receiver got, once it got so many."""
    requests = await desk.receiver.wait_for(count)
    return {request.json["event"]: request.json for request in requests}


async def test_pages_tell_of_their_beginning_change_and_end(desk, api):
    await desk.create(events=["page.created", "page.updated", "page.archived"])
    page = await api.ask("POST", "/pages", {"name": "Mine", "spec": SPEC}, 201)
    await api.ask("PATCH", f"/pages/{page['id']}", {"name": "Ours"})
    await api.ask("DELETE", f"/pages/{page['id']}", status=204)
    events = await told(desk, 3)
    assert events["page.created"]["page"]["id"] == page["id"]
    assert events["page.updated"]["page_id"] == page["id"]
    assert events["page.updated"]["version"] == 2
    assert events["page.archived"]["page_id"] == page["id"]


async def test_artifacts_tell_of_their_beginning_and_changes(desk, api):
    await desk.create(events=["artifact.created", "artifact.updated", "artifact.status_changed"])
    body = {"artifact_type": "research_report", "title": "Mine", "content_json": {"topic": "x"}}
    artifact = await api.ask("POST", "/artifacts", body, 201)
    path = f"/artifacts/{artifact['id']}"
    await api.ask("PATCH", path, {"title": "Ours", "change_summary": "A better name"})
    await api.ask("PATCH", path, {"status": "saved"})
    events = await told(desk, 3)
    shown = events["artifact.created"]["artifact"]
    assert {"id", "artifact_type", "title", "status", "current_version"} <= set(shown)
    updated = events["artifact.updated"]
    assert (updated["artifact_id"], updated["version"]) == (artifact["id"], 2)
    assert updated["change_summary"] == "A better name"
    changed = events["artifact.status_changed"]
    assert (changed["previous_status"], changed["new_status"]) == ("draft", "saved")


async def test_session_tells_that_it_is_over(desk, api):
    terminal = ["session.completed", "session.failed", "session.canceled"]
    await desk.create(events=[*terminal, "session.awaiting_input"])
    body = {"profile_id": "researcher", "task": "Which channel works?", "async": True}
    session = await api.ask("POST", "/agents/run", body, 202)
    async with asyncio.timeout(60):
        requests = await desk.receiver.wait_for(1)
    event = requests[0].json
    assert event["event"] in terminal
    assert event["session_id"] == session["session_id"]
    assert event["session_kind"] == "agent"
    assert "seq" not in event
