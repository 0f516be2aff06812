"""The texts of the engine's statements; the work itself is in functions of the migrations."""

from __future__ import annotations

from dataclasses import fields
from typing import LiteralString, cast

from psycopg.sql import SQL

from quintet_server.engines.work.model import Job, State

# Names of our own fields: as literal as if they were written out.
_NAMES = cast("list[LiteralString]", [field.name for field in fields(Job)])


def _columns(source: LiteralString) -> LiteralString:
    """The columns of a Job, in the order of its fields, with the state its readers see."""
    seen = f"work_state({source}.state, {source}.blocked, {source}.due_at)"
    return ", ".join(seen if name == "state" else f"{source}.{name}" for name in _NAMES)


JOB_COLUMNS = _columns("j")

ENQUEUE = "SELECT * FROM work_enqueue(%s)"
# Claimed rows are `processing`: their state needs no second look.
CLAIM = (
    "SELECT " + ", ".join(f"j.{name}" for name in _NAMES) + " "
    "FROM work_claim(%s, %s, %s, %s, %s, %s, %s, %s) j"
)
NEXT_DUE = """
SELECT work_next_due(k.lane, k.queues, k.types)
FROM jsonb_to_recordset(%s) AS k(ord int, lane text, queues text[], types text[]) ORDER BY k.ord
"""
SETTLE = "SELECT * FROM work_settle(%s, %s)"
BEAT = "SELECT * FROM work_beat(%s, %s, %s)"
RELEASE = "SELECT * FROM work_release(%s)"
PUT_OFF = "SELECT work_put_off(%s, %s, %s, %s, %s)"
GET = f"SELECT {JOB_COLUMNS} FROM work_get(%s) j WHERE j.lane IS NOT DISTINCT FROM %s"
CANCEL = f"SELECT c.verdict, {_columns('(c.job)')} FROM work_cancel(%s, %s) c"
RETRY = f"SELECT c.verdict, {_columns('(c.job)')} FROM work_retry(%s, %s) c"
REAP = "SELECT work_reap(%s, %s, %s)"
BURY = "SELECT work_bury(%s, %s)"
APPEAR = "SELECT work_appear(%s)"
SHOW = "UPDATE work_processes SET beat_at = clock_timestamp() WHERE id = %s"
LEAVE = """
WITH left_alone AS (SELECT work_abandon(%s))
DELETE FROM work_processes USING left_alone WHERE id = %s
"""
PROMOTE = "SELECT work_promote(%s)"
PRUNE = "SELECT work_prune(%s, %s)"
COUNT_BY_STATE = """
SELECT work_state(j.state, j.blocked, j.due_at), count(*)
FROM work_jobs j WHERE j.lane = %s GROUP BY 1
"""
COUNT_BY_QUEUE = """
SELECT j.queue, work_state(j.state, j.blocked, j.due_at), count(*)
FROM work_jobs j
WHERE j.lane = %s AND j.state IN ('pending', 'scheduled', 'processing') GROUP BY 1, 2
"""

STATE_TESTS = {
    State.PENDING: SQL(
        "(j.state = 'pending' OR (j.state = 'scheduled' AND NOT j.blocked"
        " AND j.due_at <= quintet_now()))"
    ),
    State.SCHEDULED: SQL("(j.state = 'scheduled' AND (j.blocked OR j.due_at > quintet_now()))"),
    State.PROCESSING: SQL("j.state = 'processing'"),
    State.SUCCEEDED: SQL("j.state = 'succeeded'"),
    State.FAILED: SQL("j.state = 'failed'"),
    State.CANCELLED: SQL("j.state = 'cancelled'"),
    State.DEAD_LETTER: SQL("j.state = 'dead_letter'"),
}
