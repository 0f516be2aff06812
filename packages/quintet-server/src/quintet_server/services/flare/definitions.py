"""What `quintet apply` can define in Flare: schedules, webhooks, alerts, and a project's limits.

A document's `name` is what makes applying it again an update. A schedule's name is its id (with
`rjob_` in front if it is not there); for webhooks and alerts, whose ids are made here, the name is
remembered beside the id. A webhook's secret is not printed: rotating it shows a new one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, cast

import orjson
from psycopg import Rollback
from psycopg.types.json import Jsonb
from pydantic import Field

from quintet_server.definitions.apply import DefinitionError
from quintet_server.definitions.kinds import Kind, Outcome
from quintet_server.engines.hooks.formats import Formats
from quintet_server.engines.hooks.settings import HookSettings
from quintet_server.engines.hooks.subscriptions import InvalidSubscription, Subscriptions
from quintet_server.engines.hooks.target import TargetRefused
from quintet_server.engines.work.cron_zones import TimezoneError
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import InvalidSchedule, JobTypeConflict, Schedules
from quintet_server.services.flare.alerts import CreateAlert, insert_alert, replace_alert
from quintet_server.services.flare.context import lane_of
from quintet_server.services.flare.models import Body, PutRecurring
from quintet_server.services.flare.recurring import derived_id, log_schedule, replacing
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.services.flare.webhook_format import hook_format
from quintet_server.services.flare.webhooks import CreateWebhook, log_webhook, names, owner_of
from quintet_server.settings import ServerSettings
from quintet_server.store.database import Connection, Database

_REMEMBERED = """
SELECT target_id FROM flare_definitions WHERE project_id = %s AND kind = %s AND name = %s
"""
_REMEMBER = """
INSERT INTO flare_definitions (project_id, kind, name, target_id) VALUES (%s, %s, %s, %s)
ON CONFLICT (project_id, kind, name) DO UPDATE SET target_id = excluded.target_id
"""
_SCHEDULE = "SELECT to_jsonb(s) - 'updated_at' FROM work_schedules s WHERE lane = %s AND id = %s"
_WEBHOOK = (
    "SELECT to_jsonb(s) - '{updated_at,version}'::text[] FROM hook_subscriptions s WHERE id = %s"
)
_ALERT = "SELECT to_jsonb(a) - 'updated_at' FROM flare_alerts a WHERE id = %s"
_LIMITS = "UPDATE projects SET settings = %s WHERE id = %s AND settings <> %s"

_Count = Annotated[int, Field(ge=0)]


class ProjectLimits(Body):
    """A project's own limits; what is absent follows the server's settings."""

    requests_per_hour: Annotated[int, Field(ge=1)] | None = None
    quota_model: Literal["daily", "monthly"] | None = None
    jobs_per_day: _Count | None = None
    jobs_per_month: _Count | None = None
    overage_enabled: bool | None = None
    overage_cents_per_1000_jobs: _Count | None = None
    spend_cap_cents: _Count | None = None


async def apply_recurring(
    conn: Connection, project_id: str, name: str, spec: PutRecurring
) -> Outcome:
    """Create or update a schedule."""
    schedule_id = name if name.startswith("rjob_") else derived_id(name)
    lane = lane_of(project_id)
    payload = "{}" if spec.payload is None else orjson.dumps(spec.payload).decode()
    # Definitions are written on the connection they are given; the queue is for requests.
    schedules = Schedules(cast("Queue", None))

    async def put() -> None:
        wanted = replacing(schedule_id, spec, payload)
        try:
            schedule = await schedules.put(conn, lane, project_id, wanted)
        except InvalidSchedule as error:
            field = "timezone" if isinstance(error.cause, TimezoneError) else "cron_expression"
            raise DefinitionError(str(error), field) from error
        except JobTypeConflict as error:
            raise DefinitionError(str(error), "job_type") from error
        await log_schedule(conn, schedule)

    return await _unless_unchanged(conn, _SCHEDULE, (lane, schedule_id), put)


async def apply_webhook(
    conn: Connection, project_id: str, name: str, spec: CreateWebhook
) -> Outcome:
    """Create or update a webhook subscription."""
    owner, events, enabled = owner_of(project_id), names(spec.events), spec.enabled is not False
    subscriptions = _subscriptions()
    known = await _remembered(conn, project_id, "webhook", name, _WEBHOOK)

    async def put() -> None:
        try:
            if known is not None:
                changed = await subscriptions.update(
                    conn, owner, known, url=spec.url, events=events, enabled=enabled
                )
                await log_webhook(conn, "webhook.updated", changed)
                return
            made = await subscriptions.create(
                conn, owner, url=spec.url, events=events, enabled=enabled
            )
        except InvalidSubscription as error:
            raise DefinitionError(str(error), error.field) from error
        except TargetRefused as error:
            hint = "QUINTET_ALLOW_PRIVATE_TARGETS=true, for server and command, permits it"
            raise DefinitionError(f"{error} ({hint})", "url") from error
        await log_webhook(conn, "webhook.created", made)
        await conn.execute(_REMEMBER, (project_id, "webhook", name, made.id))

    return await _unless_unchanged(conn, _WEBHOOK, (known,), put)


async def apply_alert(conn: Connection, project_id: str, name: str, spec: CreateAlert) -> Outcome:
    """Create or update an alert."""
    known = await _remembered(conn, project_id, "alert", name, _ALERT)

    async def put() -> None:
        if known is not None:
            await replace_alert(conn, project_id, known, spec)
            return
        made = await insert_alert(conn, project_id, spec)
        await conn.execute(_REMEMBER, (project_id, "alert", name, made.id))

    return await _unless_unchanged(conn, _ALERT, (known,), put)


async def apply_project(
    conn: Connection, project_id: str, _name: str, spec: ProjectLimits
) -> Outcome:
    """Set the limits of the project the document names."""
    wanted = Jsonb(spec.model_dump(exclude_none=True))
    changed = await conn.execute(_LIMITS, (wanted, project_id, wanted))
    return "updated" if changed.rowcount else "unchanged"


KINDS: tuple[Kind, ...] = (
    Kind("flare", "recurring", PutRecurring, apply_recurring),
    Kind("flare", "webhook", CreateWebhook, apply_webhook),
    Kind("flare", "alert", CreateAlert, apply_alert),
    Kind("flare", "project", ProjectLimits, apply_project),
)


async def _unless_unchanged(
    conn: Connection,
    look: str,
    values: tuple[Any, ...],
    put: Callable[[], Awaitable[None]],
) -> Outcome:
    """Write, and take it back if the row is as it was: then nothing happened at all."""
    before = await _row(conn, look, values)
    async with conn.transaction() as savepoint:
        await put()
        if before is not None and before == await _row(conn, look, values):
            raise Rollback(savepoint)
        return "created" if before is None else "updated"
    return "unchanged"


async def _remembered(
    conn: Connection, project_id: str, kind: str, name: str, look: str
) -> str | None:
    """The id behind a name; None when there is none, or when it was deleted since."""
    row = await _row(conn, _REMEMBERED, (project_id, kind, name))
    return row[0] if row is not None and await _row(conn, look, (row[0],)) is not None else None


async def _row(conn: Connection, statement: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
    return await (await conn.execute(statement, values)).fetchone()


def _subscriptions() -> Subscriptions:
    formats = Formats()
    formats.register("flare", hook_format(FlareSettings()))
    return Subscriptions(
        cast("Database", None),  # as above: only for requests
        formats,
        HookSettings(),
        allow_private=ServerSettings().allow_private_targets,
    )
