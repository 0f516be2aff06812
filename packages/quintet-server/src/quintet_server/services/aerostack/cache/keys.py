"""Lists of keys, and removing entries by what their keys start with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.responses import Response

from quintet_server.services.aerostack.cache.changing import change, reaching
from quintet_server.services.aerostack.cache.cursors import decode_cursor, encode_cursor
from quintet_server.services.aerostack.cache.models import (
    KEYS_CAP,
    CacheFlush,
    CacheKeys,
    CacheList,
)
from quintet_server.services.aerostack.context import Call
from quintet_server.services.aerostack.errors import too_many
from quintet_server.services.aerostack.wire import ok
from quintet_server.store.database import Connection

__all__ = ["cache_flush", "cache_keys", "cache_list"]

_FLUSHES_MAX_COUNT = 5
_WINDOW = timedelta(minutes=1)

# Counted in the database, for all processes together. A refused one does not count.
_ADMIT = b"""
INSERT INTO kv_flushes AS f (space, times) VALUES (%(space)s, ARRAY[quintet_now()])
ON CONFLICT (space) DO UPDATE
   SET times = ARRAY(SELECT t FROM unnest(f.times) AS t WHERE t > quintet_now() - %(window)s)
               || quintet_now()
 WHERE (SELECT count(*) FROM unnest(f.times) AS t WHERE t > quintet_now() - %(window)s) < %(most)s
RETURNING 1
"""
_NEXT = b"""
SELECT extract(epoch FROM min(t) + %(window)s - quintet_now())::float8
  FROM kv_flushes, unnest(times) AS t WHERE space = %(space)s AND t > quintet_now() - %(window)s
"""


async def cache_list(call: Call, body: CacheList) -> Response:
    """One page of keys, in the order of their bytes, with the second by which each is gone."""
    prefix = body.prefix or ""
    after = None if body.cursor is None else decode_cursor(body.cursor, prefix)
    with reaching():
        page = await call.parts.kv.page(
            call.project_id, prefix=prefix, after=after, limit=body.limit
        )
    keys = [{"key": each.key, "expiration": each.expiration} for each in page.keys]
    shown: dict[str, Any] = {"keys": keys, "list_complete": page.is_last}
    if not page.is_last:
        shown["cursor"] = encode_cursor(page.keys[-1].key)
    return ok(shown)


async def cache_keys(call: Call, body: CacheKeys) -> Response:
    """The first ten thousand keys; `truncated` says that there are more."""
    with reaching():
        page = await call.parts.kv.page(
            call.project_id, prefix=body.prefix or "", after=None, limit=KEYS_CAP
        )
    return ok({"keys": [each.key for each in page.keys], "truncated": not page.is_last})


async def cache_flush(call: Call, body: CacheFlush) -> Response:
    """Remove the first ten thousand entries; five times a minute and project."""

    async def write(conn: Connection | None) -> Any:
        await _admit(call, conn)
        flushed = await call.parts.kv.flush(
            call.project_id, prefix=body.prefix or "", cap=KEYS_CAP, conn=conn
        )
        return {"success": True, "deleted": flushed.deleted, "truncated": flushed.is_truncated}

    return await change(call, write)


async def _admit(call: Call, conn: Connection | None) -> None:
    """Count one flush. Raises 429 when the minute has had its share."""
    if conn is None:
        async with call.parts.db.connection() as own:
            return await _admit(call, own)
    values = {"space": call.project_id, "window": _WINDOW, "most": _FLUSHES_MAX_COUNT}
    if await (await conn.execute(_ADMIT, values)).fetchone() is not None:
        return None
    row = await (await conn.execute(_NEXT, values)).fetchone()
    message = f"The cache of a project can be flushed {_FLUSHES_MAX_COUNT} times a minute."
    raise too_many(message, row[0] if row and row[0] is not None else 1.0)
