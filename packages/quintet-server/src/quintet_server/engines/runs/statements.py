"""The texts of the engine's statements; the larger part is in the functions of migration 0005."""

from __future__ import annotations

from dataclasses import fields
from typing import LiteralString, cast

from quintet_server.engines.runs.model import RunRecord, Step

# Names of our own fields: as literal as if they were written out.
_RUN_NAMES = cast("list[LiteralString]", [field.name for field in fields(RunRecord)])
_STEP_NAMES = cast("list[LiteralString]", [field.name for field in fields(Step)])

RUN_COLUMNS = ", ".join(f"r.{name}" for name in _RUN_NAMES)
_BEGUN_COLUMNS = ", ".join(f"(b.run).{name}" for name in _RUN_NAMES)

INSERT = f"""
INSERT INTO runs AS r (id, project_id, kind, subject, state, input, attributes, job_id, created_at)
VALUES (%s, %s, %s, %s, 'pending', %s, %s, %s, quintet_now())
RETURNING {RUN_COLUMNS}
"""
BEGIN = f"SELECT b.epoch, b.is_first, {_BEGUN_COLUMNS} FROM run_begin(%s) b"
STEPS = f"""
SELECT s.run_id, {", ".join(f"s.{name}" for name in _STEP_NAMES)}
FROM run_steps s WHERE s.run_id = ANY (%s) ORDER BY s.position
"""
RENEW = "SELECT run_renew(%s, %s)"
TELL = "SELECT run_tell(%s, %s)"
NOW = "SELECT quintet_now()"
WRITE = "SELECT w.id, w.verdict, w.at FROM run_write(%s, %s, %s) w"

GET = f"SELECT {RUN_COLUMNS} FROM runs r WHERE r.id = %s AND r.project_id = %s"
LOCK = f"""
SELECT quintet_now(), r.epoch, r.job_id, {RUN_COLUMNS}
FROM runs r WHERE r.id = %s AND r.project_id IS NOT DISTINCT FROM %s FOR NO KEY UPDATE
"""
_MATCHES = """
FROM runs r WHERE r.project_id = %(project_id)s AND r.kind = %(kind)s
  AND (%(subject)s::text IS NULL OR r.subject = %(subject)s)
  AND (%(state)s::text IS NULL OR r.state = %(state)s)
"""
LIST = f"""
SELECT {RUN_COLUMNS} {_MATCHES}
ORDER BY r.created_at DESC, r.id DESC LIMIT %(limit)s OFFSET %(offset)s
"""
COUNT = f"SELECT count(*) {_MATCHES}"
CLOSE = "SELECT run_close(%s, %s, %s, %s)"
RESUME = "SELECT run_resume(%s, %s, %s, %s)"
PRUNE = "SELECT run_prune(%s, %s)"

# Runs whose job is over, or gone, although they are not: nobody will go on with them.
ABANDONED = f"""
SELECT quintet_now(), j.error, {RUN_COLUMNS}
FROM runs r LEFT JOIN LATERAL (
    SELECT j.id, j.state, j.error FROM work_jobs j WHERE j.id = r.job_id OFFSET 0) j ON true
WHERE r.state IN ('pending', 'running') AND r.kind = ANY (%s)
  AND (j.id IS NULL OR j.state IN ('succeeded', 'failed', 'cancelled', 'dead_letter'))
ORDER BY r.id LIMIT %s FOR NO KEY UPDATE OF r SKIP LOCKED
"""
