"""Reading, writing and removing entries, alone and many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from starlette.responses import Response

from quintet_server.engines.kv.model import AnswerTooLarge, Entry
from quintet_server.http.responses import JsonResponse
from quintet_server.services.aerostack.cache.as_sent import member, members_of_elements
from quintet_server.services.aerostack.cache.changing import change, reaching
from quintet_server.services.aerostack.cache.models import (
    CacheDelete,
    CacheDeleteMany,
    CacheEntry,
    CacheExpire,
    CacheGet,
    CacheGetMany,
    CacheSet,
    CacheSetMany,
)
from quintet_server.services.aerostack.context import Call
from quintet_server.services.aerostack.errors import invalid_field, too_large
from quintet_server.store.database import Connection

__all__ = [
    "cache_delete",
    "cache_delete_many",
    "cache_expire",
    "cache_get",
    "cache_get_many",
    "cache_set",
    "cache_set_many",
]

T = TypeVar("T")

# Finding the values in a body larger than this takes long enough to be noticed by others.
_QUICK_BYTES = 256 * 1024


async def cache_get(call: Call, body: CacheGet) -> Response:
    """The value, or `{"exists": false, "value": null}`."""
    with reaching():
        value = await call.parts.kv.get(call.project_id, body.key)
    return JsonResponse(b"{%b}" % _shown(value))


async def cache_get_many(call: Call, body: CacheGetMany) -> Response:
    """The values of one moment, one for each key, in the order of the keys."""
    most = call.parts.settings.cache_answer_max_bytes
    try:
        with reaching():
            values = await call.parts.kv.get_many(call.project_id, body.keys, max_bytes=most)
    except AnswerTooLarge as error:
        raise too_large(
            f"keys: the values of these keys are {error.total_bytes} bytes together, and one "
            f"answer holds at most {most}; ask for fewer at a time",
            "CACHE_GET_FAILED",
        ) from None
    results = (
        b'{"key":%b,%b}' % (orjson.dumps(key), _shown(value))
        for key, value in zip(body.keys, values, strict=True)
    )
    return JsonResponse(b'{"results":[%b]}' % b",".join(results))


async def cache_set(call: Call, body: CacheSet) -> Response:
    """Write an entry; what was there, with its expiry, is gone."""
    value = await _cut(call, lambda raw: member(raw, "value"))
    entry = _entry(call, body, value, "value")

    async def write(conn: Connection | None) -> Any:
        await call.parts.kv.set(call.project_id, entry, conn=conn)
        return {"success": True}

    return await change(call, write)


async def cache_set_many(call: Call, body: CacheSetMany) -> Response:
    """Write entries, all or none."""
    values = await _cut(call, lambda raw: members_of_elements(raw, "entries", "value"))
    entries = [
        _entry(call, entry, value, f"entries.{number}.value")
        for number, (entry, value) in enumerate(zip(body.entries, values, strict=True))
    ]

    async def write(conn: Connection | None) -> Any:
        await call.parts.kv.set_many(call.project_id, entries, conn=conn)
        return {"success": True, "count": len(entries)}

    return await change(call, write)


async def cache_delete(call: Call, body: CacheDelete) -> Response:
    """Remove an entry; it is no mistake that there is none."""

    async def write(conn: Connection | None) -> Any:
        await call.parts.kv.delete(call.project_id, body.key, conn=conn)
        return {"success": True}

    return await change(call, write)


async def cache_delete_many(call: Call, body: CacheDeleteMany) -> Response:
    """Remove entries; `deleted` says how many there were."""

    async def write(conn: Connection | None) -> Any:
        deleted = await call.parts.kv.delete_many(call.project_id, body.keys, conn=conn)
        return {"success": True, "count": len(body.keys), "deleted": deleted}

    return await change(call, write)


async def cache_expire(call: Call, body: CacheExpire) -> Response:
    """Let an entry live so many seconds from now; `success` is false when there is none."""

    async def write(conn: Connection | None) -> Any:
        done = await call.parts.kv.expire(call.project_id, body.key, body.ttl, conn=conn)
        return {"success": done}

    return await change(call, write)


def _shown(value: bytes | None) -> bytes:
    return b'"exists":false,"value":null' if value is None else b'"exists":true,"value":' + value


async def _cut(call: Call, cut: Callable[[bytes], T]) -> T:
    if len(call.raw) <= _QUICK_BYTES:
        return cut(call.raw)
    return await asyncio.to_thread(cut, call.raw)


def _entry(call: Call, body: CacheEntry, value: bytes | None, field: str) -> Entry:
    if value is None:
        raise invalid_field(field, "is required; null is a value, too")
    most = call.parts.settings.cache_value_max_bytes
    if len(value) > most:
        message = f"{field}: must be at most {most} bytes of JSON, this is {len(value)}"
        raise too_large(message, "CACHE_SET_FAILED")
    return Entry(body.key, value, body.ttl)
