"""`GET /auth/api-keys/{id}/audit-log`: what was done to a key and with it, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.responses import Response

from quintet_server.services.ghostflow.account.api_keys import NOUN, is_own
from quintet_server.services.ghostflow.account.auditing import Audit
from quintet_server.services.ghostflow.context import SERVICE, Call
from quintet_server.services.ghostflow.errors import invalid, not_found
from quintet_server.services.ghostflow.listing import keyset, list_args, list_response, paging
from quintet_server.services.ghostflow.parameters import choice_of
from quintet_server.services.ghostflow.wire import instant
from quintet_server.store.keys import find_key

__all__ = ["QUERY", "list_"]

_ACTIONS = ("created", "used", "denied", "revoked", "regenerated", "deleted")
_SORTS = {"at": "at"}
_NEWEST_FIRST = "-at"
QUERY = (choice_of("action", _ACTIONS), *paging(_SORTS, _NEWEST_FIRST))
"""What a query for the log may say."""
_WHERE = """
WHERE key_id = %(key_id)s AND project_id = %(project_id)s
  AND action = coalesce(%(action)s, action)
"""
_LIST = f"""
SELECT at, id, action, actor, ip, user_agent, method, path, status, count
FROM ghostflow_key_audit {_WHERE}
"""
_COUNT = f"SELECT count(*) FROM ghostflow_key_audit {_WHERE}"
_IS_KNOWN = """
SELECT 1 FROM ghostflow_key_audit
WHERE key_id = %(key_id)s AND project_id = %(project_id)s LIMIT 1
"""


async def list_(call: Call) -> Response:
    """The audit log of a key, of a deleted one too; the call that reads it is not in it yet."""
    key_id, action = call.path_id(NOUN), call.query("action")
    if action is not None and action not in _ACTIONS:
        raise invalid(f"action: must be one of {', '.join(_ACTIONS)}", "action")
    args = list_args(call, sorts=_SORTS, default_sort=_NEWEST_FIRST, action=action)
    await call.parts.room(Audit).flush()
    behind, page = keyset(args)
    project_id = call.principal.project_id
    values = {"key_id": str(key_id), "project_id": project_id, "action": action, **page}
    async with call.parts.db.connection() as conn:
        key = await find_key(conn, SERVICE, project_id, str(key_id))
        (total,) = await (await conn.execute(_COUNT.encode(), values)).fetchone() or (0,)
        is_there = await (await conn.execute(_IS_KNOWN, values)).fetchone() is not None
        # A deleted key is nobody's any more: those who may administer see what is left of it.
        seen = is_own(call, key) if key is not None else is_there and "admin" in call.scopes
        if not seen:
            raise not_found(NOUN, key_id)
        rows = await (await conn.execute((_LIST + behind).encode(), values)).fetchall()
    shown = [_shown(key_id, *row) for row in rows]
    return list_response(call, shown, [(row[0], row[1]) for row in rows], total, args)


def _shown(key_id: UUID, at: datetime, id: UUID, *values: Any) -> dict[str, Any]:
    names = ("action", "actor", "ip", "userAgent", "method", "path", "status", "count")
    return {
        "id": str(id),
        "keyId": str(key_id),
        "at": instant(at),
        **dict(zip(names, values, strict=True)),
    }
