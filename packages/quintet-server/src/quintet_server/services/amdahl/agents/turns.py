"""`GET /agent-runs/{id}`: what a session did, turn by turn.

Told from the session's steps, which are kept as long as the session itself; its events may go
earlier.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from quintet_server.services.amdahl.agents.sessions import Session, find_session, session_object
from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.wire import instant, ok

__all__ = ["get_run"]

_STEPS = """
SELECT key, state, output, error, started_at, finished_at FROM run_steps
WHERE run_id = %s ORDER BY position
"""
_SHOWN = frozenset({"step", "tool", "message", "ask", "artifact"})


@dataclass(frozen=True, slots=True)
class _Step:
    key: str
    state: str
    output: Any
    error: dict[str, Any] | None
    started_at: datetime
    finished_at: datetime | None

    @property
    def kind(self) -> str:
        return self.key.partition(":")[0]

    @property
    def name(self) -> str:
        return self.key.partition(":")[2]


async def get_run(call: Call) -> Response:
    """The status object, with `turns`, `steps` outside of turns, and the `conversation`."""
    session = await find_session(call.parts.db, call.project_id, call.path("session_id"))
    async with call.parts.db.connection() as conn:
        rows = await (await conn.execute(_STEPS, (session.record.id,))).fetchall()
    steps = [_Step(*row) for row in rows]
    turns, others = _turns(steps)
    return ok(
        {
            **session_object(session),
            "id": session.record.id,
            "turns": turns,
            "steps": others,
            "conversation": _conversation(session, steps),
        }
    )


def _turns(steps: Iterable[_Step]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The turns with their steps, and the steps between turns, all in their order."""
    turns: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    current = others
    for step in steps:
        if step.kind == "turn":
            turns.append(_turn(step))
            current = turns[-1]["steps"]
        elif step.kind == "turned":
            ended = {"usage": step.output["value"]["usage"]}
            turns[-1] |= {**ended, "completed_at": instant(step.finished_at)}
            current = others
        elif step.kind in _SHOWN:
            current.append(_shown(step))
    return turns, others


def _turn(step: _Step) -> dict[str, Any]:
    return {
        "turn": step.output["value"]["turn"],
        "name": step.name,
        "started_at": instant(step.started_at),
        "completed_at": None,
        "usage": None,
        "steps": [],
    }


def _shown(step: _Step) -> dict[str, Any]:
    """A step: its kind and name, how it stands, and what there is to say of that kind."""
    shown: dict[str, Any] = {
        "type": step.kind,
        "name": step.name,
        "status": {"done": "complete", "waiting": "awaiting_input"}.get(step.state, step.state),
        "started_at": instant(step.started_at),
        "completed_at": instant(step.finished_at),
    }
    if step.error is not None:
        shown["error"] = step.error
    if step.output is None or step.kind == "ask":
        return shown
    shown["usage"] = step.output["usage"]
    if step.kind == "tool":
        shown |= step.output["told"]
    elif step.kind == "artifact":
        shown["artifact"] = step.output["value"]
    elif step.kind == "message":
        shown["message_id"] = step.output["value"]["message_id"]
    return shown


def _conversation(session: Session, steps: Iterable[_Step]) -> list[dict[str, Any]]:
    """Who said what: the task, the agent's messages and questions, the answers."""
    begun = instant(session.record.created_at)
    said = [{"role": "user", "type": "task", "content": session.record.input["task"], "at": begun}]
    for step in steps:
        at = instant(step.finished_at or step.started_at)
        if step.kind == "message" and step.state == "done":
            text = step.output["value"]["text"]
            said.append({"role": "assistant", "type": "message", "content": text, "at": at})
        elif step.kind == "asked":
            question = step.output["value"]
            said.append({"role": "assistant", "type": "question", "content": question, "at": at})
        elif step.kind == "ask" and step.state == "done":
            said.append({"role": "user", "type": "answer", "content": step.output, "at": at})
    return said
