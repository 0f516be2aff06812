"""`/alerts`: who is told by mail about failed jobs, dead letters and silent workers.

`job_failed` fires for every failed attempt, as the webhook of that name does. `channel` is `email`;
the vendor reserves `slack` and `webhook`, and so do we. How a mail leaves: :mod:`.alert_mail`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from psycopg.rows import class_row
from pydantic import AfterValidator, ValidationInfo
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.responses import json_response
from quintet_server.services.flare.context import Call, call_of, write
from quintet_server.services.flare.errors import alert_not_found, invalid_field
from quintet_server.services.flare.models import Body, limit_of, validate
from quintet_server.services.flare.timestamps import render_timestamp
from quintet_server.services.flare.wire import reply
from quintet_server.store.database import Connection
from quintet_server.store.event_log import append
from quintet_server.store.idempotency import Reply
from quintet_server.store.ids import new_id

ALERT_TYPES = ("job_failed", "dead_letter", "worker_offline")
AlertType = Literal["job_failed", "dead_letter", "worker_offline"]
# RFC 5322 without quoting, comments, groups and lists: one plain address, whatever its alphabet.
_PART = r"[^@\s\x00-\x20\x7f()<>\[\]:;,\\\"]+"
_ADDRESS = re.compile(rf"{_PART}@{_PART}")
_COLUMNS = "id, alert_type, channel, destination, enabled, created_at"
_INSERT = f"""
INSERT INTO flare_alerts (id, project_id, alert_type, channel, destination, enabled)
VALUES (%s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}
"""
_UPDATE = f"""
UPDATE flare_alerts SET alert_type = coalesce(%s, alert_type), channel = coalesce(%s, channel),
    destination = coalesce(%s, destination), enabled = coalesce(%s, enabled),
    updated_at = quintet_now()
WHERE project_id = %s AND id = %s RETURNING {_COLUMNS}
"""
_LIST = f"SELECT {_COLUMNS} FROM flare_alerts WHERE project_id = %s ORDER BY created_at, id"
_GET = f"SELECT {_COLUMNS} FROM flare_alerts WHERE project_id = %s AND id = %s"
_DELETE = "DELETE FROM flare_alerts WHERE project_id = %s AND id = %s"


def _destination(value: str, info: ValidationInfo) -> str:
    most = limit_of(info, "destination_max_chars")
    if len(value) > most:
        raise ValueError(f"must have at most {most} characters")
    if not _ADDRESS.fullmatch(value):
        raise ValueError("must be an e-mail address")
    return value


Destination = Annotated[str, AfterValidator(_destination)]


class CreateAlert(Body):
    """`POST /alerts`."""

    alert_type: AlertType
    channel: Literal["email"] | None = None
    destination: Destination
    enabled: bool | None = None


class UpdateAlert(Body):
    """`PUT /alerts/{id}`: absent fields keep their value."""

    alert_type: AlertType | None = None
    channel: Literal["email"] | None = None
    destination: Destination | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One row."""

    id: str
    alert_type: str
    channel: str
    destination: str
    enabled: bool
    created_at: datetime

    def shown(self) -> dict[str, Any]:
        """As callers see it."""
        return {
            "id": self.id,
            "alert_type": self.alert_type,
            "channel": self.channel,
            "destination": self.destination,
            "enabled": self.enabled,
            "created_at": render_timestamp(self.created_at),
        }


async def create_alert(request: Request) -> Response:
    """`POST /alerts`: 201 with the alert."""

    async def action(conn: Connection, call: Call) -> Reply:
        body = validate(CreateAlert, call.body, call.flare.settings)
        alert = await insert_alert(conn, call.project_id, body)
        return reply(alert.shown(), 201)

    return await write(request, action)


async def list_alerts(request: Request) -> Response:
    """`GET /alerts`: all of them; there are few."""
    call = call_of(request)
    async with call.db.connection() as conn, conn.cursor(row_factory=class_row(Alert)) as cursor:
        await cursor.execute(_LIST, (call.project_id,))
        alerts = await cursor.fetchall()
    return json_response({"data": [alert.shown() for alert in alerts]})


async def get_alert(request: Request) -> Response:
    """`GET /alerts/{id}`."""
    call = call_of(request)
    async with call.db.connection() as conn:
        alert = await _one(conn, _GET, (call.project_id, call.path_id()), call.path_id())
    return json_response(alert.shown())


async def update_alert(request: Request) -> Response:
    """`PUT /alerts/{id}`."""

    async def action(conn: Connection, call: Call) -> Reply:
        body = validate(UpdateAlert, call.body, call.flare.settings)
        if not body.model_dump(exclude_none=True):
            raise invalid_field("body", "names nothing to change")
        values = (
            body.alert_type,
            body.channel,
            body.destination,
            body.enabled,
            call.project_id,
            call.path_id(),
        )
        alert = await _one(conn, _UPDATE, values, call.path_id())
        await _log(conn, call.project_id, "alert.updated", alert)
        return reply(alert.shown())

    return await write(request, action)


async def delete_alert(request: Request) -> Response:
    """`DELETE /alerts/{id}`: 204."""

    async def action(conn: Connection, call: Call) -> Reply:
        alert_id = call.path_id()
        alert = await _one(conn, _GET, (call.project_id, alert_id), alert_id)
        await conn.execute(_DELETE, (call.project_id, alert_id))
        await _log(conn, call.project_id, "alert.deleted", alert)
        return reply(None, 204)

    return await write(request, action, has_body=False)


async def insert_alert(conn: Connection, project_id: str, body: CreateAlert) -> Alert:
    """Add an alert in the caller's transaction."""
    values = (
        new_id("alert"),
        project_id,
        body.alert_type,
        body.channel or "email",
        body.destination,
        body.enabled is not False,
    )
    alert = await _one(conn, _INSERT, values, "")
    await _log(conn, project_id, "alert.created", alert)
    return alert


async def replace_alert(
    conn: Connection, project_id: str, alert_id: str, body: CreateAlert
) -> Alert:
    """Make an alert what `body` says, in the caller's transaction."""
    values = (
        body.alert_type,
        body.channel or "email",
        body.destination,
        body.enabled is not False,
        project_id,
        alert_id,
    )
    alert = await _one(conn, _UPDATE, values, alert_id)
    await _log(conn, project_id, "alert.updated", alert)
    return alert


async def _one(conn: Connection, statement: str, values: tuple[Any, ...], alert_id: str) -> Alert:
    async with conn.cursor(row_factory=class_row(Alert)) as cursor:
        await cursor.execute(statement, values)
        alert = await cursor.fetchone()
    if alert is None:
        raise alert_not_found(alert_id)
    return alert


async def _log(conn: Connection, project_id: str, type: str, alert: Alert) -> None:
    data = {
        "id": alert.id,
        "alert_type": alert.alert_type,
        "channel": alert.channel,
        "enabled": alert.enabled,
    }
    await append(conn, project_id, alert.id, type, data)
