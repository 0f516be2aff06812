"""`/artifacts`: list, read, create, change, delete, and look at earlier versions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, AliasChoices, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from quintet_server.engines.runs.values import encode
from quintet_server.services.amdahl.artifacts import store
from quintet_server.services.amdahl.artifacts.model import (
    COLUMNS,
    STATUSES,
    VERSION_COLUMNS,
    Artifact,
    Version,
)
from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.endpoints import Body, Endpoint
from quintet_server.services.amdahl.errors import invalid_argument, not_found, version_conflict
from quintet_server.services.amdahl.listing import common_filters, envelope, list_args
from quintet_server.services.amdahl.wire import no_content_reply, ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["ENDPOINTS"]

_READ, _WRITE = "artifacts:read", "artifacts:write"

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Status = Literal["draft", "saved", "archived"]

_MATCHES = """
FROM amdahl_artifacts a WHERE a.project_id = %(project_id)s
  AND (%(status)s::text IS NULL OR a.status = %(status)s)
  AND (%(artifact_type)s::text IS NULL OR a.artifact_type = %(artifact_type)s)
  AND (%(session_id)s::text IS NULL OR a.session_id = %(session_id)s)
  AND (%(q)s::text IS NULL OR strpos(lower(a.title), lower(%(q)s)) > 0)
  AND (%(created_at_gte)s::timestamptz IS NULL OR a.created_at >= %(created_at_gte)s)
  AND (%(created_at_lte)s::timestamptz IS NULL OR a.created_at <= %(created_at_lte)s)
  AND (%(updated_at_gte)s::timestamptz IS NULL OR a.updated_at >= %(updated_at_gte)s)
  AND (%(updated_at_lte)s::timestamptz IS NULL OR a.updated_at <= %(updated_at_lte)s)
"""
_COUNT = f"SELECT count(*) {_MATCHES}"
_PAGE = f"""
SELECT {COLUMNS} {_MATCHES}
  AND (%(after_at)s::timestamptz IS NULL OR (a.created_at, a.id) < (%(after_at)s, %(after_id)s))
ORDER BY a.created_at DESC, a.id DESC OFFSET %(offset)s LIMIT %(limit)s + 1
"""
_VERSIONS = f"""
SELECT {VERSION_COLUMNS} FROM amdahl_artifact_versions v
WHERE v.project_id = %(project_id)s AND v.artifact_id = %(id)s
  AND (%(after_at)s::timestamptz IS NULL OR v.version < %(after_id)s::int)
ORDER BY v.version DESC OFFSET %(offset)s LIMIT %(limit)s + 1
"""


def _as_kept(content: dict[str, Any]) -> dict[str, Any]:
    """The content as the database gives it back: answers to a write tell what a read will tell."""
    kept: dict[str, Any] = orjson.loads(encode(content))
    return kept


Content = Annotated[dict[str, Any], AfterValidator(_as_kept)]


class CreateArtifact(Body):
    """A new artifact."""

    model_config = ConfigDict(populate_by_name=True)

    artifact_type: str = Field(
        validation_alias=AliasChoices("artifact_type", "type"),
        pattern=r"^[a-z][a-z0-9_]{0,63}$",
    )
    title: Title
    content_json: Content = Field(default_factory=dict)
    status: Status = "draft"
    session_id: str | None = Field(default=None, max_length=100)


class ChangeArtifact(Body):
    """What is to change; another title or content makes a version."""

    title: Title | None = None
    content_json: Content | None = None
    status: Status | None = None
    change_summary: str | None = Field(default=None, max_length=1_000)
    expected_version: int | None = None


async def list_artifacts(call: Call) -> Response:
    """Filters: `status`, `artifact_type` (or `type`), `session_id`, `q` in titles, the dates."""
    filters = common_filters(call, statuses=STATUSES)
    own = {
        "artifact_type": call.query("artifact_type") or call.query("type"),
        "session_id": call.query("session_id"),
    }
    args = list_args(call, **own, **filters.as_mapping())
    after_at, after_id = args.after or (None, None)
    values = {"project_id": call.project_id, **own, **filters.as_mapping()}
    place = {"after_at": after_at, "after_id": after_id, "offset": args.offset, "limit": args.limit}
    async with call.parts.db.connection() as conn:
        row = await (await conn.execute(_COUNT, values)).fetchone()
        rows = await (await conn.execute(_PAGE, {**values, **place})).fetchall()
    found = [Artifact(*one) for one in rows]
    keys = [(one.created_at, one.id) for one in found]
    return ok(envelope([one.summary() for one in found], row[0] if row else 0, args, keys))


async def get_artifact(call: Call) -> Response:
    """`GET /artifacts/{id}`, archived ones too."""
    async with call.parts.db.connection() as conn:
        artifact, content = await store.find(conn, call.project_id, call.path("id"))
    return ok(artifact.full(content))


async def create_artifact(call: Call, body: CreateArtifact) -> Response:
    """`POST /artifacts`."""

    async def action(conn: Connection) -> Reply:
        artifact = await store.create(
            conn,
            call.project_id,
            artifact_type=body.artifact_type,
            title=body.title,
            content=body.content_json,
            status=body.status,
            session_id=body.session_id,
            created_by=call.user_id,
        )
        return ok_reply(artifact.full(body.content_json), 201)

    return await write(call, action)


async def change_artifact(call: Call, body: ChangeArtifact) -> Response:
    """`PATCH /artifacts/{id}`: only what is sent changes; content is replaced whole."""

    async def action(conn: Connection) -> Reply:
        artifact, content = await store.lock(conn, call.project_id, call.path("id"))
        if body.expected_version not in (None, artifact.current_version):
            raise version_conflict(artifact.current_version)
        wanted = content if body.content_json is None else body.content_json
        title = body.title or artifact.title
        if (title, wanted) != (artifact.title, content):
            artifact = await store.add_version(
                conn,
                artifact,
                title=title,
                content=wanted,
                change_summary=body.change_summary,
                by=call.user_id,
            )
        if body.status not in (None, artifact.status):
            assert body.status is not None  # for the type checker
            artifact = await store.set_status(conn, artifact, body.status)
        return ok_reply(artifact.full(wanted))

    return await write(call, action)


async def delete_artifact(call: Call) -> Response:
    """`DELETE /artifacts/{id}`: for good, with its versions; to keep it, archive it."""

    async def action(conn: Connection) -> Reply:
        await store.delete(conn, call.project_id, call.path("id"))
        return no_content_reply()

    return await write(call, action)


async def list_versions(call: Call) -> Response:
    """`GET /artifacts/{id}/versions`, the newest first, without their contents."""
    args = list_args(call)
    after_at, after_id = args.after or (None, None)
    values = {
        "project_id": call.project_id,
        "id": call.path("id"),
        "after_at": after_at,
        "after_id": after_id,
        "offset": args.offset,
        "limit": args.limit,
    }
    async with call.parts.db.connection() as conn:
        artifact, _ = await store.find(conn, call.project_id, call.path("id"))
        rows = await (await conn.execute(_VERSIONS, values)).fetchall()
    found = [Version(*one) for one in rows]
    keys = [(one.created_at, str(one.version)) for one in found]
    return ok(envelope([one.wire() for one in found], artifact.current_version, args, keys))


async def get_version(call: Call) -> Response:
    """`GET /artifacts/{id}/versions/{version}`."""
    number = call.path("version")
    if not (number.isascii() and number.isdigit()):
        raise invalid_argument("version: must be a whole number", "version")
    if len(number) > 9:
        raise not_found("Artifact version", number)
    async with call.parts.db.connection() as conn:
        version, content = await store.read_version(
            conn, call.project_id, call.path("id"), int(number)
        )
    return ok(version.full(content))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/artifacts",
        handler=list_artifacts,
        operation_id="artifacts.list",
        summary="List artifacts",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/artifacts",
        handler=create_artifact,
        operation_id="artifacts.create",
        summary="Create an artifact",
        scope=_WRITE,
        role="editor",
        request=CreateArtifact,
        status=201,
    ),
    Endpoint(
        path="/artifacts/{id}",
        handler=get_artifact,
        operation_id="artifacts.get",
        summary="Get an artifact",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/artifacts/{id}",
        handler=change_artifact,
        operation_id="artifacts.update",
        summary="Change an artifact",
        description="Another title or content makes a new version; `status` does not.",
        scope=_WRITE,
        role="editor",
        request=ChangeArtifact,
        method="PATCH",
    ),
    Endpoint(
        path="/artifacts/{id}",
        handler=delete_artifact,
        operation_id="artifacts.delete",
        summary="Delete an artifact for good",
        scope=_WRITE,
        role="editor",
        method="DELETE",
        status=204,
    ),
    Endpoint(
        path="/artifacts/{id}/versions",
        handler=list_versions,
        operation_id="artifacts.versions.list",
        summary="List the versions of an artifact",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/artifacts/{id}/versions/{version}",
        handler=get_version,
        operation_id="artifacts.versions.get",
        summary="Get a version of an artifact",
        scope=_READ,
        method="GET",
    ),
)
