"""What a session tells: notes for the log, and the frames that readers of its stream get.

A note's type is the name that the stream and, where it has that event, a webhook use. The data of
notes about the whole session name the session, so that webhooks need to look nowhere; in a frame
that stands beside the data. Every event has its place in the session's own numbering, given by the
database (`seq`, from 1 without gaps).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quintet_server.engines.runs.model import Note, RunRecord, RunState
from quintet_server.http.sse import sse_frame
from quintet_server.services.amdahl.agents.model import Usage
from quintet_server.services.amdahl.wire import instant
from quintet_server.store.event_log import Event

AWAITING_INPUT = "session.awaiting_input"
COMPLETED = "session.completed"
FAILED = "session.failed"
CANCELED = "session.canceled"
SETTLED = frozenset({AWAITING_INPUT, COMPLETED, FAILED, CANCELED})
"""After these a session does nothing by itself."""

_NOT_IN_DATA = frozenset({"seq", "session_id", "session_kind"})
_INTERNAL = "Something went wrong on the server."


def about(session_id: str, profile_id: str) -> dict[str, Any]:
    """What every event about a whole session says."""
    return {"session_id": session_id, "session_kind": "agent", "profile_id": profile_id}


# Of the session ------------------------------------------------------------------------------


def began(record: RunRecord) -> list[Note]:
    """It runs for the first time."""
    max_turns = record.attributes["profile"]["max_turns"]
    started = {**_about(record), "max_turns": max_turns}
    return [Note("session.started", started), status(record, "running", "queued")]


def status(record: RunRecord, now: str, previous: str) -> Note:
    """It changed its state. Terminal states have events of their own instead."""
    return Note("session.status", {**_about(record), "status": now, "previous": previous})


def awaiting_input(record: RunRecord, pending: Mapping[str, Any]) -> list[Note]:
    """It waits for an answer."""
    waiting = {**_about(record), "pending_input": dict(pending)}
    return [status(record, "awaiting_input", "running"), Note(AWAITING_INPUT, waiting)]


def resumed(record: RunRecord, request_id: str) -> list[Note]:
    """The answer has come."""
    return [
        Note("session.resumed", {**_about(record), "request_id": request_id}),
        status(record, "queued", "awaiting_input"),
    ]


def ended(record: RunRecord) -> Note:
    """The terminal event of a session that is over."""
    data = _about(record)
    if record.state is RunState.COMPLETED:
        return Note(COMPLETED, {**data, "result": record.output}, terminal=True)
    if record.state is RunState.FAILED:
        return Note(FAILED, {**data, "error": error_of(record)}, terminal=True)
    return Note(CANCELED, {**data, "reason": "requested"}, terminal=True)


def error_of(record: RunRecord) -> dict[str, str] | None:
    """The error of a session that failed, without what concerns nobody outside."""
    if record.error is None:
        return None
    code = record.error["code"]
    if code == "internal":
        return {"code": code, "message": _INTERNAL}
    # The engine's word for a run whose processes kept dying.
    code = "interrupted" if code == "gave_up" else code
    return {"code": code, "message": record.error["message"]}


def _about(record: RunRecord) -> dict[str, Any]:
    return about(record.id, record.subject)


# Of what happens in it -----------------------------------------------------------------------


def turn_started(number: int) -> Note:
    """A turn begins."""
    return Note("turn.started", {"turn": number})


def turn_completed(number: int, usage: Usage) -> Note:
    """A turn is over."""
    return Note("turn.completed", {"turn": number, "usage": usage.wire()})


def message_delta(message_id: str, text: str) -> Note:
    """Another piece of a message."""
    return Note("message.delta", {"message_id": message_id, "text": text})


def message_completed(message_id: str, text: str) -> Note:
    """The whole message."""
    return Note("message.completed", {"message_id": message_id, "text": text})


def tool_start(call: Mapping[str, Any]) -> Note:
    """A tool is about to be used."""
    return Note("tool_start", call)


def tool_complete(told: Mapping[str, Any]) -> Note:
    """How that ended."""
    names = ("tool_call_id", "tool", "label", "ok", "duration_ms", "summary")
    return Note("tool_complete", {name: told[name] for name in names})


def artifact_created(session_id: str, summary: Mapping[str, Any]) -> Note:
    """There is a new artifact."""
    return Note("artifact.created", {"session_id": session_id, "artifact": dict(summary)})


# Frames --------------------------------------------------------------------------------------


def frame(event: Event) -> bytes:
    """An event of the log as readers of the stream get it."""
    seq = event.data["seq"]
    shown = {
        "type": event.type,
        "seq": seq,
        "session_id": event.stream,
        "ts": instant(event.created_at),
        "data": {name: value for name, value in event.data.items() if name not in _NOT_IN_DATA},
    }
    return sse_frame(shown, event=event.type, id=seq)


def last_frame(record: RunRecord, seq: int) -> bytes:
    """The terminal event of a session whose events are no longer kept."""
    note = ended(record)
    at = record.completed_at or record.created_at
    data = {**note.data, "seq": seq}
    return frame(Event(0, record.project_id, record.id, note.type, data, True, at))
