"""Sessions as they stand: the run, and what its steps and its events say of it.

Tokens and turns are those of the run's steps (see :mod:`.recording`), so they are there while the
session runs, and after it has failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quintet_server.engines.runs.model import RunRecord
from quintet_server.engines.runs.statements import RUN_COLUMNS
from quintet_server.services.amdahl.agents import events
from quintet_server.services.amdahl.agents.model import Usage
from quintet_server.services.amdahl.agents.program import KIND
from quintet_server.services.amdahl.errors import not_found
from quintet_server.services.amdahl.wire import instant
from quintet_server.store.database import Connection, Database

__all__ = [
    "COLUMNS",
    "NOT_TAKEN_UP",
    "STATES",
    "STATUSES",
    "Session",
    "find_session",
    "session_object",
]

STATUSES = ("queued", "running", "awaiting_input", "complete", "failed", "canceled")
STATES: dict[str, tuple[str, ...]] = {
    "queued": ("pending", "running"),
    "running": ("running",),
    "awaiting_input": ("paused",),
    "complete": ("completed",),
    "failed": ("failed",),
    "canceled": ("cancelled",),
}
"""The states of runs behind a status. Running is queued until an answer has been taken up."""
_STATUS_OF = {states[0]: status for status, states in STATES.items()}

# Answered questions that no segment of the session has seen yet.
NOT_TAKEN_UP = """(
    SELECT count(*) FILTER (WHERE t.key LIKE 'ask:%%' AND t.state = 'done')
         > count(*) FILTER (WHERE t.key LIKE 'carried:%%')
    FROM run_steps t WHERE t.run_id = r.id)"""

COLUMNS = f"""{RUN_COLUMNS}, a.updated_at, a.event_count,
    (SELECT coalesce(max(e.seq), 0) FROM events e WHERE e.stream = r.id),
    r.state = 'running' AND {NOT_TAKEN_UP},
    s.turns, s.max_turns, s.input_tokens, s.output_tokens
"""
# The answers to questions are the user's and are not looked into.
STEPS = """CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE t.key LIKE 'turn:%%') AS turns,
        max((t.output #>> '{value,max_turns}')::int) FILTER (WHERE t.key LIKE 'turn:%%')
            AS max_turns,
        max((t.output #>> '{total,input_tokens}')::bigint) AS input_tokens,
        max((t.output #>> '{total,output_tokens}')::bigint) AS output_tokens
    FROM run_steps t WHERE t.run_id = r.id AND t.key NOT LIKE 'ask:%%') s"""
_GET = f"""
SELECT {COLUMNS} FROM runs r JOIN amdahl_agent_sessions a ON a.id = r.id {STEPS}
WHERE r.id = %s AND r.project_id = %s AND r.kind = '{KIND}'
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A session at one moment.

    Attributes:
        event_count: the number of its last event.
        log_seq: the number that event has in the whole log; 0 when it is no longer kept.
    """

    record: RunRecord
    status: str
    updated_at: datetime
    event_count: int
    log_seq: int
    turns_used: int
    max_turns: int
    usage: Usage

    @property
    def is_settled(self) -> bool:
        """Whether it does nothing by itself: it has ended, or waits for an answer."""
        return self.status not in ("queued", "running")

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Session:
        """Build from :data:`COLUMNS`."""
        *columns, updated_at, event_count, log_seq, waits, turns, max_turns, read, written = row
        record = RunRecord.from_row(tuple(columns))
        return cls(
            record=record,
            status="queued" if waits else _STATUS_OF[record.state],
            updated_at=updated_at,
            event_count=event_count,
            log_seq=log_seq,
            turns_used=turns,
            max_turns=max_turns or record.attributes["profile"]["max_turns"],
            usage=Usage(read or 0, written or 0),
        )


async def find_session(source: Database | Connection, project_id: str, session_id: str) -> Session:
    """The session. Raises 404."""
    if isinstance(source, Database):
        async with source.connection() as conn:
            return await find_session(conn, project_id, session_id)
    row = await (await source.execute(_GET, (session_id, project_id))).fetchone()
    if row is None:
        raise not_found("Session", session_id)
    return Session.from_row(row)


def session_object(session: Session) -> dict[str, Any]:
    """The status object."""
    record = session.record
    return {
        "session_id": record.id,
        "profile_id": record.subject,
        "task": record.input["task"],
        "input_params": record.input["input_params"],
        "status": session.status,
        "created_at": instant(record.created_at),
        "updated_at": instant(session.updated_at),
        "started_at": instant(record.started_at),
        "completed_at": instant(record.completed_at),
        "turns_used": session.turns_used,
        "max_turns": session.max_turns,
        "usage": session.usage.wire(),
        "pending_input": record.pause,
        "result": record.output if session.status == "complete" else None,
        "error": events.error_of(record) if session.status == "failed" else None,
        "last_event_id": str(session.event_count),
    }
