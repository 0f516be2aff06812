"""The audit log, for reading."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.listing import common_filters, envelope, list_args
from quintet_server.services.amdahl.wire import instant, ok

_WHERE = """
WHERE project_id = %(project_id)s
  AND (%(q)s::text IS NULL OR operation ILIKE %(like)s OR subject ILIKE %(like)s
       OR user_id = %(q)s OR request_id = %(q)s)
  AND (%(status)s::text IS NULL OR status::text = %(status)s)
  AND (%(created_at_gte)s::timestamptz IS NULL OR created_at >= %(created_at_gte)s)
  AND (%(created_at_lte)s::timestamptz IS NULL OR created_at <= %(created_at_lte)s)
"""
_COUNT = f"SELECT count(*) FROM amdahl_audit {_WHERE}"
_LIST = f"""
SELECT created_at, id, operation, subject, user_id, key_id, status, request_id
FROM amdahl_audit {_WHERE}
  AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s, %(after_id)s))
ORDER BY created_at DESC, id DESC OFFSET %(offset)s LIMIT %(limit)s
"""


async def list_(call: Call) -> Response:
    """One row per operation, newest first; `q` looks into operation, path, user and request id."""
    filters = common_filters(call).as_mapping()
    args = list_args(call, **filters)
    await call.parts.audit.flush()
    at, after_id = args.after or (None, None)
    values = {
        **filters,
        "project_id": call.project_id,
        "like": f"%{_escaped(filters['q'] or '')}%",
        "at": at,
        "after_id": after_id,
        "offset": args.offset,
        "limit": args.limit + 1,
    }
    async with call.parts.db.connection() as conn:
        (total,) = await (await conn.execute(_COUNT, values)).fetchone() or (0,)
        rows = await (await conn.execute(_LIST, values)).fetchall()
    return ok(envelope([_shown(row) for row in rows], total, args, [row[:2] for row in rows]))


def _escaped(text: str) -> str:
    """Without the wildcards of LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    created_at, *values = row
    names = ("id", "operation", "subject", "user_id", "key_id", "status", "request_id")
    return {**dict(zip(names, values, strict=True)), "created_at": instant(created_at)}
