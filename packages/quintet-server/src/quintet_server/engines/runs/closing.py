"""Ending a run from outside of its segments: cancelled, or given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from quintet_server.engines.runs import statements
from quintet_server.engines.runs.journal import numbered, settle
from quintet_server.engines.runs.model import RunRecord, RunState
from quintet_server.engines.runs.program import Program
from quintet_server.engines.runs.segment import note_row
from quintet_server.engines.runs.values import encode
from quintet_server.store.database import Connection


async def close(
    conn: Connection,
    program: Program,
    record: RunRecord,
    state: RunState,
    now: datetime,
    error: dict[str, Any] | None = None,
) -> RunRecord:
    """End a run whose row the caller's transaction has locked and found unfinished.

    A segment under way can write nothing from now on. The program's notes are appended and its own
    rows written, in the same transaction. Returns the run as it is now.
    """
    ended = replace(record, state=state, error=error, pause=None, completed_at=now)
    notes = numbered([note_row(ended, note) for note in program.ended(ended)])
    await _close(conn, ended, notes)
    await settle(conn, program, ended)
    return ended


async def close_silently(conn: Connection, record: RunRecord, error: dict[str, Any]) -> None:
    """End a run as failed without asking its program, when that is what fails."""
    await _close(conn, replace(record, state=RunState.FAILED, error=error), "[]")


async def _close(conn: Connection, record: RunRecord, notes: str) -> None:
    error = None if record.error is None else encode(record.error).decode()
    await conn.execute(statements.CLOSE, (record.id, record.state, error, notes))
