"""Adding to counters."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from quintet_server.engines.kv.model import NotAnInteger, OutOfRange
from quintet_server.services.aerostack.cache.changing import change, once_of
from quintet_server.services.aerostack.cache.models import CacheIncrement
from quintet_server.services.aerostack.context import Call
from quintet_server.services.aerostack.errors import invalid
from quintet_server.store.database import Connection

__all__ = ["cache_increment"]


async def cache_increment(call: Call, body: CacheIncrement) -> Response:
    """Add to an integer, in one step that no other write can come between."""

    async def write(conn: Connection | None) -> Any:
        total = await call.parts.kv.increment(
            call.project_id,
            body.key,
            body.amount,
            initial=body.initial_value,
            ttl=body.ttl,
            conn=conn,
            once=once_of(call),
        )
        return {"value": total}

    try:
        return await change(call, write)
    except NotAnInteger:
        raise invalid(
            "The value under this key is not an integer, so nothing can be added to it; "
            "set it to one, or delete it",
            "CACHE_SET_FAILED",
        ) from None
    except OutOfRange:
        raise invalid(
            "The sum would not fit into 64 bits; the value is as it was", "CACHE_SET_FAILED"
        ) from None
