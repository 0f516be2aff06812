"""`/recurring`: schedules that enqueue a job at each tick of a cron expression.

A schedule comes into being by `PUT` under an id its caller chooses, or when a worker registers,
under an id made from the job type. Ticks count as created jobs but are never refused by a quota,
which gates `POST /jobs` alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.work.cron_zones import TimezoneError
from quintet_server.engines.work.schedules import (
    InvalidSchedule,
    JobTypeConflict,
    Schedule,
    ScheduleNotFound,
    ScheduleSpec,
)
from quintet_server.http.errors import ApiError
from quintet_server.http.responses import json_response
from quintet_server.services.flare import query
from quintet_server.services.flare.context import Call, call_of, lane_of, write
from quintet_server.services.flare.cursors import decode_name, encode_name
from quintet_server.services.flare.errors import (
    invalid_cron_expression,
    invalid_field,
    invalid_timezone,
    job_type_conflict,
    recurring_not_found,
)
from quintet_server.services.flare.models import PutRecurring, ScheduleEntry, validate
from quintet_server.services.flare.payloads import EMPTY, payload_text
from quintet_server.services.flare.timestamps import render_timestamp
from quintet_server.services.flare.trace_context import traceparent_of
from quintet_server.services.flare.wire import job_object, reply
from quintet_server.store.database import Connection
from quintet_server.store.event_log import append
from quintet_server.store.idempotency import Reply

_ID = re.compile(r"[A-Za-z0-9_.:-]+")
_TAKEN = "SELECT id, job_type FROM work_schedules WHERE lane = %s AND id = ANY(%s)"


async def list_recurring(request: Request) -> Response:
    """`GET /recurring`: every schedule, a page at a time, in order of id."""
    call = call_of(request)
    limit = query.clamped_limit(request, call.flare.settings)
    cursor = query.text(request, "cursor")
    after = decode_name(cursor) if cursor else ""
    page, following = await call.flare.schedules.list(call.lane, limit, after)
    return json_response(
        {
            "recurring": [recurring_object(schedule) for schedule in page],
            "has_more": following is not None,
            "next_cursor": None if following is None else encode_name(following),
        }
    )


async def get_recurring(request: Request) -> Response:
    """`GET /recurring/{id}`."""
    call = call_of(request)
    with refusing_schedules():
        schedule = await call.flare.schedules.get(call.lane, call.path_id())
    return json_response(recurring_object(schedule))


async def put_recurring(request: Request) -> Response:
    """`PUT /recurring/{id}`: create or replace; absent limits keep their stored value."""

    async def action(conn: Connection, call: Call) -> Reply:
        settings = call.flare.settings
        schedule_id = call.path_id()
        if not _ID.fullmatch(schedule_id) or len(schedule_id) > settings.recurring_id_max_chars:
            most = settings.recurring_id_max_chars
            raise invalid_field("id", f"must be 1 to {most} letters, digits, '_', '-', '.' or ':'")
        body = validate(PutRecurring, call.body, settings)
        text = payload_text(call.raw_body, call.body, max_bytes=settings.payload_max_bytes)
        spec = replacing(schedule_id, body, text)
        with refusing_schedules():
            schedule = await call.flare.schedules.put(conn, call.lane, call.project_id, spec)
        await log_schedule(conn, schedule)
        return reply(recurring_object(schedule))

    return await write(request, action)


async def delete_recurring(request: Request) -> Response:
    """`DELETE /recurring/{id}`: 204; jobs it has enqueued stay."""

    async def action(conn: Connection, call: Call) -> Reply:
        schedule_id = call.path_id()
        with refusing_schedules():
            await call.flare.schedules.delete(conn, call.lane, schedule_id)
        stream = _stream(call.project_id, schedule_id)
        await append(conn, call.project_id, stream, "recurring.deleted", {"id": schedule_id})
        return reply(None, 204)

    return await write(request, action, has_body=False)


async def trigger_recurring(request: Request) -> Response:
    """`POST /recurring/{id}/trigger`: 201 with a job that runs now; the ticks go on unchanged."""

    async def action(conn: Connection, call: Call) -> Reply:
        with refusing_schedules():
            job = await call.flare.schedules.trigger(
                conn, call.lane, call.path_id(), traceparent=traceparent_of(request)
            )
        await call.flare.quotas.note(conn, call.project_id, call.plan, 1)
        location = f"/flare/v1/jobs/{job.id}"
        return reply(job_object(job), 201, headers=[("Location", location)])

    return await write(request, action, has_body=False)


async def apply_registered(conn: Connection, call: Call, entries: Sequence[ScheduleEntry]) -> None:
    """Create or update the schedules of a registering worker, all of them or (raising) none."""
    if not entries:
        return
    ids = await _ids_for(conn, call.lane, [entry.job_type for entry in entries])
    specs = [
        ScheduleSpec(
            id=schedule_id,
            job_type=entry.job_type,
            cron_expression=entry.cron_expression,
            queue=entry.queue,
            timezone=entry.timezone,
            max_attempts=entry.max_attempts,
            timeout_seconds=entry.timeout_seconds,
        )
        for schedule_id, entry in zip(ids, entries, strict=True)
    ]
    with refusing_schedules("recurring_schedules."):
        written = await call.flare.schedules.register(conn, call.lane, call.project_id, specs)
    for schedule in written:
        if schedule.created_at == schedule.updated_at:
            await log_schedule(conn, schedule)


def replacing(schedule_id: str, body: PutRecurring, payload: str = EMPTY) -> ScheduleSpec:
    """The spec of a PUT: what is absent gets its default, except attempts and timeout."""
    return ScheduleSpec(
        id=schedule_id,
        job_type=body.job_type,
        cron_expression=body.cron_expression,
        queue=body.queue or "default",
        timezone=body.timezone or "UTC",
        payload=payload,
        enabled=body.enabled is not False,
        max_attempts=body.max_attempts,
        timeout_seconds=body.timeout_seconds,
    )


def derived_id(job_type: str) -> str:
    """The id a registration gives to the schedule of a job type."""
    return "rjob_" + re.sub(r"[^A-Za-z0-9_-]", "_", job_type)


async def _ids_for(conn: Connection, lane: str, job_types: Sequence[str]) -> list[str]:
    """An id for each job type. `a.b` and `a_b` read the same; the later one gets a suffix."""
    wanted = [derived_id(job_type) for job_type in job_types]
    rows = await (await conn.execute(_TAKEN, (lane, wanted))).fetchall()
    owners: dict[str, str] = {row[0]: row[1] for row in rows}
    ids = []
    for schedule_id, job_type in zip(wanted, job_types, strict=True):
        if owners.setdefault(schedule_id, job_type) != job_type:
            digest = hashlib.sha256(job_type.encode()).hexdigest()
            schedule_id = f"{schedule_id}_{digest[:8]}"  # noqa: PLW2901 - the same, told apart
        ids.append(schedule_id)
    return ids


def recurring_object(schedule: Schedule) -> dict[str, Any]:
    """A schedule as callers see it."""
    return {
        "id": schedule.id,
        "job_type": schedule.job_type,
        "queue": schedule.queue,
        "cron_expression": schedule.cron_expression,
        "timezone": schedule.timezone,
        "enabled": schedule.enabled,
        "last_run_at": render_timestamp(schedule.last_run_at),
        "next_run_at": render_timestamp(schedule.next_run_at),
        "max_attempts": schedule.max_attempts,
        "timeout_seconds": schedule.timeout_seconds,
        "created_at": render_timestamp(schedule.created_at),
        "updated_at": render_timestamp(schedule.updated_at),
        "payload": orjson.Fragment(schedule.payload),
    }


async def log_schedule(conn: Connection, schedule: Schedule) -> None:
    """Tell the event log that a schedule was written."""
    verb = "created" if schedule.created_at == schedule.updated_at else "updated"
    data = {
        "id": schedule.id,
        "job_type": schedule.job_type,
        "cron_expression": schedule.cron_expression,
        "timezone": schedule.timezone,
        "enabled": schedule.enabled,
    }
    stream = _stream(schedule.project_id, schedule.id)
    await append(conn, schedule.project_id, stream, f"recurring.{verb}", data)


@contextmanager
def refusing_schedules(prefix: str | None = None) -> Iterator[None]:
    """Turn what the engine refuses into Flare's errors; `prefix` leads to a spec's index."""
    try:
        yield
    except ScheduleNotFound as error:
        raise recurring_not_found(error.schedule_id) from error
    except JobTypeConflict as error:
        raise job_type_conflict(error.job_type, error.schedule_id) from error
    except InvalidSchedule as error:
        raise _invalid(error, "" if prefix is None else f"{prefix}{error.index}.") from error


def _invalid(error: InvalidSchedule, place: str) -> ApiError:
    if isinstance(error.cause, TimezoneError):
        return invalid_timezone(f"{place}timezone", str(error.cause))
    return invalid_cron_expression(f"{place}cron_expression", str(error.cause))


def _stream(project_id: str, schedule_id: str) -> str:
    """Callers choose these ids, so their streams are set apart from those of jobs."""
    return f"{lane_of(project_id)}:recurring:{schedule_id}"
