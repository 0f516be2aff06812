"""`GET /agent-runs`, and the same under `/agents/sessions`: sessions, newest first."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from quintet_server.services.amdahl.agents.program import KIND
from quintet_server.services.amdahl.agents.sessions import (
    COLUMNS,
    NOT_TAKEN_UP,
    STATES,
    STATUSES,
    STEPS,
    Session,
    session_object,
)
from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.listing import ListArgs, common_filters, envelope, list_args
from quintet_server.services.amdahl.wire import ok

__all__ = ["list_runs"]

_MATCHES = f"""
WHERE r.project_id = %(project_id)s AND r.kind = '{KIND}'
  AND (%(profile)s::text IS NULL OR r.subject = %(profile)s)
  AND (%(states)s::text[] IS NULL OR r.state = ANY (%(states)s))
  AND (%(waits)s::bool IS NULL OR r.state <> 'running' OR {NOT_TAKEN_UP} = %(waits)s)
  AND (%(q)s::text IS NULL OR strpos(lower(r.input ->> 'task'), lower(%(q)s)) > 0)
  AND (%(created_at_gte)s::timestamptz IS NULL OR r.created_at >= %(created_at_gte)s)
  AND (%(created_at_lte)s::timestamptz IS NULL OR r.created_at <= %(created_at_lte)s)
  AND (%(updated_at_gte)s::timestamptz IS NULL OR a.updated_at >= %(updated_at_gte)s)
  AND (%(updated_at_lte)s::timestamptz IS NULL OR a.updated_at <= %(updated_at_lte)s)
"""
_FROM = "FROM runs r JOIN amdahl_agent_sessions a ON a.id = r.id"
_COUNT = f"SELECT count(*) {_FROM} {_MATCHES}"
# The page first, then the steps of its sessions only.
_PAGE = f"""
SELECT {COLUMNS} FROM (
    SELECT r.* {_FROM} {_MATCHES}
      AND (%(after_at)s::timestamptz IS NULL
           OR (r.created_at, r.id) < (%(after_at)s, %(after_id)s))
    ORDER BY r.created_at DESC, r.id DESC OFFSET %(offset)s LIMIT %(limit)s + 1) r
JOIN amdahl_agent_sessions a ON a.id = r.id {STEPS}
ORDER BY r.created_at DESC, r.id DESC
"""


async def list_runs(call: Call) -> Response:
    """Filters: `status`, `profile` (also `profile_id`), `q` in the task, and the dates."""
    filters = common_filters(call, statuses=STATUSES)
    profile = call.query("profile") or call.query("profile_id")
    args = list_args(call, profile=profile, **filters.as_mapping())
    values = {
        "project_id": call.project_id,
        "profile": profile,
        **filters.as_mapping(),
        "states": None if filters.status is None else list(STATES[filters.status]),
        "waits": {"queued": True, "running": False}.get(filters.status or ""),
    }
    sessions, total = await _page(call, values, args)
    keys = [(session.record.created_at, session.record.id) for session in sessions]
    return ok(envelope([session_object(session) for session in sessions], total, args, keys))


async def _page(call: Call, values: dict[str, Any], args: ListArgs) -> tuple[list[Session], int]:
    after_at, after_id = args.after or (None, None)
    place = {"after_at": after_at, "after_id": after_id, "offset": args.offset, "limit": args.limit}
    async with call.parts.db.connection() as conn:
        row = await (await conn.execute(_COUNT, values)).fetchone()
        rows = await (await conn.execute(_PAGE, {**values, **place})).fetchall()
    return [Session.from_row(one) for one in rows], row[0] if row else 0
