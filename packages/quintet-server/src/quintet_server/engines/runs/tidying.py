"""What nobody else does for runs: give up those that have no future, delete those that are old."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from quintet_server.engines.runs import statements
from quintet_server.engines.runs.closing import close, close_silently
from quintet_server.engines.runs.model import RunRecord, RunState
from quintet_server.engines.runs.program import Program
from quintet_server.engines.runs.settings import RunSettings
from quintet_server.store.database import Database

_log = structlog.get_logger(__name__)

_PRUNE_COUNT = 200


async def keep_tidy(db: Database, programs: Mapping[str, Program], settings: RunSettings) -> None:
    """Give up and delete, every now and then, until cancelled.

    Several processes may do this at once.
    """
    pruned_at = time.monotonic()
    while True:
        try:
            await give_up(db, programs)
            if time.monotonic() - pruned_at >= settings.retention_period_seconds:
                pruned_at = time.monotonic()
                await prune(db, settings.retention_seconds)
        except (psycopg.Error, PoolTimeout) as error:
            _log.warning("runs_tidy_failed", error=str(error).strip())
        await asyncio.sleep(settings.tidy_period_seconds)


async def give_up(db: Database, programs: Mapping[str, Program]) -> int:
    """End as failed every unfinished run whose job is over or gone; returns how many.

    That happens when the process died in every attempt, or could never reach the end for other
    reasons outside the program's control. Runs of kinds this process does not know are left to
    those that do.
    """
    total = 0
    while await _give_up_one(db, programs):
        total += 1
    return total


async def _give_up_one(db: Database, programs: Mapping[str, Program]) -> bool:
    """One run a transaction: a program that fails here must not keep the others open."""
    async with db.transaction() as conn:
        cursor = await conn.execute(statements.ABANDONED, (list(programs), 1))
        row = await cursor.fetchone()
        if row is None:
            return False
        now, job_error, *columns = row
        record = RunRecord.from_row(tuple(columns))
        error = _why(job_error)
        _log.error("run_given_up", run=record.id, kind=record.kind, reason=error["details"])
        try:
            async with conn.transaction():
                await close(conn, programs[record.kind], record, RunState.FAILED, now, error)
        except psycopg.OperationalError:
            raise
        except Exception:  # what a program says about an end must not keep a run open for ever
            _log.exception("run_ended_silently", run=record.id, kind=record.kind)
            await close_silently(conn, record, error)
    return True


def _why(job_error: dict[str, Any] | None) -> dict[str, Any]:
    said = job_error or {}
    return {
        "code": "gave_up",
        "message": "The run was interrupted too often and has been given up.",
        "details": {"type": said.get("type"), "message": said.get("message")},
    }


async def prune(db: Database, retention_seconds: float) -> int:
    """Delete runs that ended longer ago than the retention; returns how many."""
    total = 0
    while True:
        async with db.connection() as conn:
            cursor = await conn.execute(statements.PRUNE, (retention_seconds, _PRUNE_COUNT))
            row = await cursor.fetchone()
        deleted = 0 if row is None else int(row[0])
        total += deleted
        if deleted < _PRUNE_COUNT:
            return total
