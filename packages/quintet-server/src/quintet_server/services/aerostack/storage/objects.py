"""The operations on objects that are there already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.objects import ObjectInfo
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.context import Call, parts_of, write
from quintet_server.services.aerostack.errors import not_found
from quintet_server.services.aerostack.storage.keys import (
    checked_key,
    checked_prefix,
    cursor_of,
    key_of,
)
from quintet_server.services.aerostack.storage.model import (
    ObjectKey,
    ObjectList,
    ObjectUrl,
    TwoKeys,
)
from quintet_server.services.aerostack.storage.sending import send_object
from quintet_server.services.aerostack.storage.urls import check_url, url_of
from quintet_server.services.aerostack.wire import instant, ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply


async def storage_get(call: Call, body: ObjectKey) -> Response:
    """Send the object's bytes."""
    key = checked_key(body.key)
    info = await call.parts.objects.head(call.project_id, key)
    if info is None:
        raise _absent(key)
    return await send_object(call.parts, call.request, info)


async def storage_get_url(call: Call, body: ObjectUrl) -> Response:
    """Name the object's URL, whether it is there or not."""
    key = checked_key(body.key)
    expires_in = body.expires_in
    url = url_of(call.parts, call.request, call.project_id, key, expires_in=expires_in)
    return ok({"url": url})


async def storage_list(call: Call, body: ObjectList) -> Response:
    """List objects, page by page."""
    page = await call.parts.objects.list(
        call.project_id,
        prefix=checked_prefix(body.prefix),
        limit=body.limit,
        after=None if body.cursor is None else key_of(body.cursor),
    )
    shown: dict[str, Any] = {
        "objects": [{"key": info.key, **_facts(info)} for info in page.objects],
        "truncated": page.truncated,
    }
    if page.truncated:
        shown["cursor"] = cursor_of(page.objects[-1].key)
    return ok(shown)


async def storage_delete(call: Call, body: ObjectKey) -> Response:
    """Delete the object; fine if there is none."""
    key = checked_key(body.key)

    async def delete(conn: Connection) -> Reply:
        await call.parts.objects.delete(conn, call.project_id, key)
        return ok_reply({"success": True})

    return await write(call, delete)


async def storage_exists(call: Call, body: ObjectKey) -> Response:
    """Tell whether the object is there."""
    info = await call.parts.objects.head(call.project_id, checked_key(body.key))
    return ok({"exists": info is not None})


async def storage_get_metadata(call: Call, body: ObjectKey) -> Response:
    """Tell what is known of the object, without its bytes."""
    info = await call.parts.objects.head(call.project_id, checked_key(body.key))
    if info is None:
        return ok({"exists": False})
    return ok({"exists": True, **_facts(info), "metadata": info.metadata})


async def storage_copy(call: Call, body: TwoKeys) -> Response:
    """Copy an object, replacing the one at the target."""
    return await _place(call, body, call.parts.objects.copy)


async def storage_move(call: Call, body: TwoKeys) -> Response:
    """Rename an object in one step, replacing the one at the target."""
    return await _place(call, body, call.parts.objects.move)


async def object_at_url(request: Request) -> Response:
    """Send the object at its URL; no key is needed, a signature may be."""
    parts = parts_of(request)
    project_id, key = request.path_params["project_id"], request.path_params["key"]
    check_url(parts, request, project_id, key)
    # No key of an object has it, and PostgreSQL would not take it.
    info = None if "\0" in project_id + key else await parts.objects.head(project_id, key)
    if info is None:
        raise _absent(key)
    return await send_object(parts, request, info, shown=True)


_Place = Callable[[Connection, str, str, str], Awaitable[ObjectInfo | None]]


async def _place(call: Call, body: TwoKeys, place: _Place) -> Response:
    source = checked_key(body.source_key, "sourceKey")
    target = checked_key(body.dest_key, "destKey")

    async def change(conn: Connection) -> Reply:
        if await place(conn, call.project_id, source, target) is None:
            raise _absent(source)
        url = url_of(call.parts, call.request, call.project_id, target)
        return ok_reply({"success": True, "url": url})

    return await write(call, change)


def _absent(key: str) -> ApiError:
    return not_found(f"There is no object with the key '{key}'.")


def _facts(info: ObjectInfo) -> dict[str, Any]:
    return {
        "size": info.size,
        "lastModified": instant(info.last_modified),
        "contentType": info.content_type,
        "etag": info.etag,
    }
