"""`/routines`: prompts on a schedule, and running one now."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints
from starlette.responses import Response

from quintet_server.services.amdahl.agents.starting import (
    TooManyRunning,
    check_order,
    started_object,
)
from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.endpoints import Body, Endpoint
from quintet_server.services.amdahl.errors import invalid_argument, quota_exceeded
from quintet_server.services.amdahl.listing import common_filters, envelope, list_args
from quintet_server.services.amdahl.routines import store
from quintet_server.services.amdahl.routines.firing import fire, start
from quintet_server.services.amdahl.routines.store import COLUMNS, FROM, Routine
from quintet_server.services.amdahl.wire import no_content_reply, ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["ENDPOINTS", "start"]

_READ, _WRITE = "routines:read", "routines:write"
_STATUSES = ("enabled", "disabled")
_NAMES = ("agent", "prompt", "config")
_DEFAULT_AGENT = "copilot"
_FULL_SECONDS = 5

_MATCHES = """
WHERE r.project_id = %(project_id)s
  AND (%(status)s::text IS NULL OR r.enabled = (%(status)s = 'enabled'))
  AND (%(q)s::text IS NULL OR strpos(lower(r.name || ' ' || r.prompt), lower(%(q)s)) > 0)
  AND (%(created_at_gte)s::timestamptz IS NULL OR r.created_at >= %(created_at_gte)s)
  AND (%(created_at_lte)s::timestamptz IS NULL OR r.created_at <= %(created_at_lte)s)
  AND (%(updated_at_gte)s::timestamptz IS NULL OR r.updated_at >= %(updated_at_gte)s)
  AND (%(updated_at_lte)s::timestamptz IS NULL OR r.updated_at <= %(updated_at_lte)s)
"""
_COUNT = f"SELECT count(*) FROM amdahl_routines r {_MATCHES}"
_PAGE = f"""
SELECT {COLUMNS} {FROM} {_MATCHES}
  AND (%(after_at)s::timestamptz IS NULL OR (r.created_at, r.id) < (%(after_at)s, %(after_id)s))
ORDER BY r.created_at DESC, r.id DESC OFFSET %(offset)s LIMIT %(limit)s + 1
"""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class CreateRoutine(Body):
    """A new routine: five fields of cron, in a time zone."""

    name: Name
    prompt: str
    cron: str
    timezone: str = "UTC"
    agent: str | None = None
    """The profile that works on the prompt; `copilot` if there is none."""
    config: dict[str, Any] | None = None
    """`input_params` of that profile."""
    enabled: bool = True


class ChangeRoutine(Body):
    """What is to change."""

    name: Name | None = None
    prompt: str | None = None
    cron: str | None = None
    timezone: str | None = None
    agent: str | None = None
    config: dict[str, Any] | None = None
    enabled: bool | None = None


async def list_routines(call: Call) -> Response:
    """Filters: `status` (enabled or disabled), `q` in names and prompts, and the dates."""
    filters = common_filters(call, statuses=_STATUSES)
    args = list_args(call, **filters.as_mapping())
    after_at, after_id = args.after or (None, None)
    values = {"project_id": call.project_id, **filters.as_mapping()}
    place = {"after_at": after_at, "after_id": after_id, "offset": args.offset, "limit": args.limit}
    async with call.parts.db.connection() as conn:
        row = await (await conn.execute(_COUNT, values)).fetchone()
        rows = await (await conn.execute(_PAGE, {**values, **place})).fetchall()
    found = [Routine(*one) for one in rows]
    keys = [(one.created_at, one.id) for one in found]
    return ok(envelope([one.wire() for one in found], row[0] if row else 0, args, keys))


async def get_routine(call: Call) -> Response:
    """`GET /routines/{id}`."""
    async with call.parts.db.connection() as conn:
        return ok((await store.find(conn, call.project_id, call.path("id"))).wire())


async def create_routine(call: Call, body: CreateRoutine) -> Response:
    """`POST /routines`."""
    values = {
        **body.model_dump(),
        "agent": body.agent or _DEFAULT_AGENT,
        "config": body.config or {},
    }

    async def action(conn: Connection) -> Reply:
        await _check(call, conn, values)
        routine = await store.create(
            conn, call.parts.schedules, call.project_id, values, call.user_id
        )
        return ok_reply(routine.wire(), 201)

    return await write(call, action)


async def change_routine(call: Call, body: ChangeRoutine) -> Response:
    """`PATCH /routines/{id}`: only what is sent changes."""
    given = body.model_dump(exclude_none=True)

    async def action(conn: Connection) -> Reply:
        routine = await store.find(conn, call.project_id, call.path("id"), lock=True)
        values = {name: getattr(routine, name) for name in ChangeRoutine.model_fields} | given
        await _check(call, conn, values)
        changed = await store.save(conn, call.parts.schedules, routine, values)
        return ok_reply(changed.wire())

    return await write(call, action)


async def _check(call: Call, conn: Connection, values: dict[str, Any]) -> None:
    order = (values[name] for name in _NAMES)
    await check_order(conn, call.project_id, *order, names=_NAMES)
    if len(values["cron"].split()) != 5:
        raise invalid_argument("cron: must have five fields", "cron")


async def delete_routine(call: Call) -> Response:
    """`DELETE /routines/{id}`; the sessions it started stay."""

    async def action(conn: Connection) -> Reply:
        await store.delete(conn, call.parts.schedules, call.project_id, call.path("id"))
        return no_content_reply()

    return await write(call, action)


async def run_now(call: Call) -> Response:
    """`POST /routines/{id}/run-now`: a session at once, also of a disabled routine."""

    async def action(conn: Connection) -> Reply:
        routine = await store.find(conn, call.project_id, call.path("id"), lock=True)
        record = await fire(call.parts, conn, routine)
        return ok_reply({**started_object(record), "routine_id": routine.id}, 202)

    try:
        return await write(call, action)
    except TooManyRunning as full:
        raise quota_exceeded(str(full), _FULL_SECONDS) from None


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/routines",
        handler=list_routines,
        operation_id="routines.list",
        summary="List routines",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/routines",
        handler=create_routine,
        operation_id="routines.create",
        summary="Create a routine",
        scope=_WRITE,
        role="editor",
        request=CreateRoutine,
        status=201,
    ),
    Endpoint(
        path="/routines/{id}",
        handler=get_routine,
        operation_id="routines.get",
        summary="Get a routine",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/routines/{id}",
        handler=change_routine,
        operation_id="routines.update",
        summary="Change a routine",
        scope=_WRITE,
        role="editor",
        request=ChangeRoutine,
        method="PATCH",
    ),
    Endpoint(
        path="/routines/{id}",
        handler=delete_routine,
        operation_id="routines.delete",
        summary="Delete a routine",
        scope=_WRITE,
        role="editor",
        method="DELETE",
        status=204,
    ),
    Endpoint(
        path="/routines/{id}/run-now",
        handler=run_now,
        operation_id="routines.run_now",
        summary="Run a routine now",
        scope=_WRITE,
        role="editor",
        status=202,
    ),
)
