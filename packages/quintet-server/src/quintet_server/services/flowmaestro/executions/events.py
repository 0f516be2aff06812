"""The events of an execution: what is written into the log, and the frames readers get.

In the log types have dots, which webhooks and event triggers go by; frames say them with colons.
Where the sources give a field two names (`output` and `outputs`, `duration` and `duration_ms`,
`percentage` and `progress`) the log has one and a frame both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from quintet_server.engines.runs.model import Note, RunRecord, RunState
from quintet_server.http.sse import sse_frame
from quintet_server.services.flowmaestro.wire import instant
from quintet_server.services.flowmaestro.workflow.definition import Node
from quintet_server.store.event_log import Event

_ALIASES = {
    "node.completed": {"output": "outputs", "duration": "duration_ms"},
    "execution.completed": {"duration": "duration_ms"},
    "execution.progress": {"percentage": "progress"},
}


# Of the execution ----------------------------------------------------------------------------


def about(record: RunRecord) -> dict[str, Any]:
    """What every event about the whole execution says, so that webhooks need to look nowhere."""
    attributes = record.attributes
    data = {
        "execution_id": record.id,
        "workflow_id": record.subject,
        "workflow_name": attributes["workflow_name"],
        "status": str(record.state),
        "started_at": instant(record.started_at),
    }
    if "trigger_id" in attributes:
        data["trigger_id"] = attributes["trigger_id"]
        data["trigger_type"] = attributes["trigger_type"]
    return data


def started(record: RunRecord) -> Note:
    """The execution runs."""
    return Note(
        "execution.started", {**about(record), "total_nodes": record.attributes["total_nodes"]}
    )


def ended(record: RunRecord) -> Note:
    """The terminal event of an execution that is in a terminal state."""
    data = {**about(record), "completed_at": instant(record.completed_at)}
    if record.state is RunState.COMPLETED:
        data |= {"outputs": record.output, "duration": duration_ms(record)}
    elif record.state is RunState.FAILED:
        error = record.error or {}
        data["error"] = error.get("message") or "The execution failed"
        if node_id := (error.get("details") or {}).get("node_id"):
            data["failed_node_id"] = node_id
        if record.output:
            data["outputs"] = record.output
    return Note(f"execution.{record.state}", data, terminal=True)


def paused(record: RunRecord, node: Node, context: Mapping[str, Any]) -> Note:
    """The execution waits for a person."""
    data = {**about(record), "status": "paused", "reason": "human_review"}
    return Note("execution.paused", {**data, "node_id": node.id, "pause_context": dict(context)})


def resumed(record: RunRecord) -> Note:
    """The person has answered."""
    pause = record.pause or {}
    data = {**about(record), "status": "running", "reason": "human_review"}
    data |= {"node_id": pause.get("node_id"), "pause_context": pause}
    return Note("execution.resumed", data)


def progress(settled: int, total: int, node_id: str) -> Note:
    """Another node has come to its end (or will never run)."""
    percentage = 100 if settled >= total else settled * 100 // total
    data = {"completed": settled, "total": total, "percentage": percentage, "current_node": node_id}
    return Note("execution.progress", data)


def duration_ms(record: RunRecord) -> int | None:
    """Milliseconds from the start to the end; None while there is none."""
    if record.started_at is None or record.completed_at is None:
        return None
    return round((record.completed_at - record.started_at).total_seconds() * 1000)


# Of nodes ------------------------------------------------------------------------------------


def node_started(node: Node, key: str, at: datetime, starts: int = 1) -> Note:
    """A node begins. A second start is told apart: a process died while the first was under way."""
    data = _node(node, key, {"started_at": instant(at)})
    if starts > 1:
        data |= {"attempt": starts, "recovered": True}
    return Note("node.started", data)


def node_completed(node: Node, key: str, output: Any, milliseconds: int) -> Note:
    """A node has done its work."""
    return Note("node.completed", _node(node, key, {"output": output, "duration": milliseconds}))


def node_failed(node: Node, key: str, error: Mapping[str, Any], *, handled: bool) -> Note:
    """A node has failed for good; handled: an onError rule or an error edge goes on from here."""
    data = {"error": error["message"], "code": error["code"], "handled": handled}
    return Note("node.failed", _node(node, key, data))


def node_retry(node: Node, key: str, attempt: int, delay_ms: int, error: str) -> Note:
    """An attempt has failed and another one follows."""
    data = {"attempt": attempt, "next_retry_in": delay_ms, "error": error}
    return Note("node.retry", _node(node, key, data))


def node_skipped(node: Node, key: str) -> Note:
    """No live edge leads to a node any more."""
    return Note("node.skipped", _node(node, key, {"reason": "no live edge leads to this node"}))


def node_told(node: Node, key: str, type: str, data: Mapping[str, Any]) -> Note:
    """Something a node itself has to say while it runs."""
    return Note(type, _node(node, key, data))


def _node(node: Node, key: str, data: Mapping[str, Any]) -> dict[str, Any]:
    named = {"node_id": node.id, "node_name": node.name, "node_type": node.type, **data}
    if key != node.id:  # inside a loop: which round of which loop
        named["step"] = key
    return named


# Frames --------------------------------------------------------------------------------------


def frame(event: Event) -> bytes:
    """An event as readers of the stream get it; one that is not in the log has number 0."""
    data = {
        "type": event.type.replace(".", ":"),
        "timestamp": _epoch_ms(event.created_at),
        "execution_id": event.stream,
        **event.data,
    }
    for name, alias in _ALIASES.get(event.type, {}).items():
        data[alias] = data.get(name)
    return sse_frame(data, event=data["type"], id=event.seq or None)


def connected_frame(record: RunRecord, now: float) -> bytes:
    """The first frame of every stream. It has no id: it is not in the log."""
    data = {"type": "connected", "timestamp": round(now * 1000), "execution_id": record.id}
    return sse_frame({**data, "status": str(record.state)}, event="connected")


def terminal_frame(record: RunRecord) -> bytes:
    """The terminal event of an ended execution whose log is gone."""
    note = ended(record)
    at = record.completed_at or record.created_at
    event = Event(0, record.project_id, record.id, note.type, dict(note.data), True, at)
    return frame(event)


def _epoch_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
