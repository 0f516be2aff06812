"""`/sessions`: workspaces that a client opens, names and closes again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field
from starlette.responses import Response

from quintet_server.engines.runs.values import encode
from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.endpoints import Body, Endpoint
from quintet_server.services.amdahl.errors import not_found
from quintet_server.services.amdahl.listing import common_filters, envelope, list_args
from quintet_server.services.amdahl.wire import instant, ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply
from quintet_server.store.ids import new_id

__all__ = ["ENDPOINTS"]

ID_PREFIX = "plat"

_COLUMNS = "s.project_id, s.id, s.user_id, s.title, s.metadata, s.created_at, s.updated_at"
_INSERT = f"""
INSERT INTO amdahl_platform_sessions AS s (project_id, id, user_id, title, metadata)
VALUES (%s, %s, %s, %s, %s) RETURNING {_COLUMNS}
"""
_GET = f"SELECT {_COLUMNS} FROM amdahl_platform_sessions s WHERE s.project_id = %s AND s.id = %s"
_DELETE = "DELETE FROM amdahl_platform_sessions WHERE project_id = %s AND id = %s RETURNING 1"
_MATCHES = """
FROM amdahl_platform_sessions s WHERE s.project_id = %(project_id)s
  AND (%(q)s::text IS NULL OR strpos(lower(s.title), lower(%(q)s)) > 0)
  AND (%(created_at_gte)s::timestamptz IS NULL OR s.created_at >= %(created_at_gte)s)
  AND (%(created_at_lte)s::timestamptz IS NULL OR s.created_at <= %(created_at_lte)s)
  AND (%(updated_at_gte)s::timestamptz IS NULL OR s.updated_at >= %(updated_at_gte)s)
  AND (%(updated_at_lte)s::timestamptz IS NULL OR s.updated_at <= %(updated_at_lte)s)
"""
_COUNT = f"SELECT count(*) {_MATCHES}"
_PAGE = f"""
SELECT {_COLUMNS} {_MATCHES}
  AND (%(after_at)s::timestamptz IS NULL OR (s.created_at, s.id) < (%(after_at)s, %(after_id)s))
ORDER BY s.created_at DESC, s.id DESC OFFSET %(offset)s LIMIT %(limit)s + 1
"""


class CreateSession(Body):
    """A new workspace; the body may be `{}`."""

    title: str | None = Field(default=None, max_length=300)
    metadata: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlatformSession:
    """A workspace; the fields are those of its row."""

    project_id: str
    id: str
    user_id: str | None
    title: str | None
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime

    def wire(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "business_id": self.project_id,
            "user_id": self.user_id,
            "title": self.title,
            "metadata": self.metadata,
            "created_at": instant(self.created_at),
            "updated_at": instant(self.updated_at),
        }


async def list_sessions(call: Call) -> Response:
    """`GET /sessions`; `q` looks into titles."""
    filters = common_filters(call)
    args = list_args(call, **filters.as_mapping())
    after_at, after_id = args.after or (None, None)
    values = {"project_id": call.project_id, **filters.as_mapping()}
    place = {"after_at": after_at, "after_id": after_id, "offset": args.offset, "limit": args.limit}
    async with call.parts.db.connection() as conn:
        row = await (await conn.execute(_COUNT, values)).fetchone()
        rows = await (await conn.execute(_PAGE, {**values, **place})).fetchall()
    found = [PlatformSession(*one) for one in rows]
    keys = [(one.created_at, one.id) for one in found]
    return ok(envelope([one.wire() for one in found], row[0] if row else 0, args, keys))


async def create_session(call: Call, body: CreateSession) -> Response:
    """`POST /sessions`."""

    async def action(conn: Connection) -> Reply:
        metadata = encode(body.metadata).decode()
        values = (call.project_id, new_id(ID_PREFIX), call.user_id, body.title, metadata)
        row = await (await conn.execute(_INSERT, values)).fetchone()
        assert row is not None  # INSERT … RETURNING of one row
        return ok_reply(PlatformSession(*row).wire(), 201)

    return await write(call, action)


async def get_session(call: Call) -> Response:
    """`GET /sessions/{id}`."""
    session_id = call.path("id")
    async with call.parts.db.connection() as conn:
        row = await (await conn.execute(_GET, (call.project_id, session_id))).fetchone()
    if row is None:
        raise not_found("Session", session_id)
    return ok(PlatformSession(*row).wire())


async def delete_session(call: Call) -> Response:
    """`DELETE /sessions/{id}`: `{"deleted": true}`."""

    async def action(conn: Connection) -> Reply:
        session_id = call.path("id")
        row = await (await conn.execute(_DELETE, (call.project_id, session_id))).fetchone()
        if row is None:
            raise not_found("Session", session_id)
        return ok_reply({"deleted": True})

    return await write(call, action)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/sessions",
        handler=list_sessions,
        operation_id="sessions.list",
        summary="List data workspaces",
        scope="workflows:read",
        method="GET",
    ),
    Endpoint(
        path="/sessions",
        handler=create_session,
        operation_id="sessions.create",
        summary="Open a data workspace",
        scope="workflows:write",
        role="editor",
        request=CreateSession,
        status=201,
    ),
    Endpoint(
        path="/sessions/{id}",
        handler=get_session,
        operation_id="sessions.get",
        summary="Get a data workspace",
        scope="workflows:read",
        method="GET",
    ),
    Endpoint(
        path="/sessions/{id}",
        handler=delete_session,
        operation_id="sessions.delete",
        summary="Delete a data workspace",
        scope="workflows:write",
        role="editor",
        method="DELETE",
    ),
)
