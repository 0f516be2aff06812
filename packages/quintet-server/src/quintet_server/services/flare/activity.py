"""`GET /activity`: what happened in a project, newest first, read from the event log.

Every job transition and every change to alerts, webhooks, schedules and workers is an event; this
is the same log with each event told in one sentence. Progress reports are left out: there are many
and the job shows the last one.
"""

from __future__ import annotations

from typing import Any

import orjson
from psycopg.rows import class_row
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.responses import json_response
from quintet_server.services.flare.context import call_of
from quintet_server.services.flare.cursors import decode_sequence, encode_sequence
from quintet_server.services.flare.query import clamped_limit, text
from quintet_server.services.flare.timestamps import render_timestamp
from quintet_server.store.event_log import Event, event_ulid

_PAGE = """
SELECT seq, project_id, stream, type, data, terminal, created_at FROM events
WHERE project_id = %s AND type <> 'job.progress' AND seq < %s
ORDER BY seq DESC LIMIT %s
"""
_LAST = 2**63 - 1
_TARGETS = {
    "job": "job",
    "alert": "alert",
    "webhook": "webhook",
    "recurring": "recurring_job",
    "worker": "worker",
}
_JOB_SAID = {
    "created": "was created",
    "started": "started",
    "succeeded": "succeeded",
    "failed": "failed",
    "dead_letter": "was dead-lettered",
    "cancelled": "was cancelled",
    "retry": "was retried by hand",
}


async def list_activity(request: Request) -> Response:
    """`GET /activity`."""
    call = call_of(request)
    limit = clamped_limit(request, call.flare.settings)
    cursor = text(request, "cursor")
    before = decode_sequence(cursor) if cursor else _LAST
    async with call.db.connection() as conn, conn.cursor(row_factory=class_row(Event)) as rows:
        await rows.execute(_PAGE, (call.project_id, before, limit + 1))
        events = await rows.fetchall()
    page = events[:limit]
    has_more = len(events) > limit
    return json_response(
        {
            "data": [activity_row(event) for event in page],
            "has_more": has_more,
            "next_cursor": encode_sequence(page[-1].seq) if has_more else None,
        }
    )


def activity_row(event: Event) -> dict[str, Any]:
    """One event, told."""
    noun, _, verb = event.type.partition(".")
    target = _TARGETS.get(noun, noun)
    return {
        "id": event_ulid(event.created_at, event.seq),
        "kind": event.type.replace(".", "_"),
        "target_type": target,
        "target_id": str(event.data.get("id", event.stream)),
        "summary": _summary(noun, verb, event.data),
        "metadata": _metadata(noun, event.data),
        "created_at": render_timestamp(event.created_at),
    }


def _summary(noun: str, verb: str, data: dict[str, Any]) -> str:
    if noun == "job":
        return f"Job {data['job_type']} {_JOB_SAID.get(verb, verb)}"
    name = data.get("name") or data.get("id", "")
    return f"{_TARGETS.get(noun, noun).replace('_', ' ').capitalize()} {name} {verb}"


def _metadata(noun: str, data: dict[str, Any]) -> str | None:
    """A JSON text, as the vendor sends it; None when there is nothing to add."""
    if noun == "job":
        error = data.get("error") or {}
        shown = {
            "job_type": data["job_type"],
            "queue": data["queue"],
            "state": data["state"],
            "attempt": data["attempt"],
            "error": error.get("message"),
        }
    else:
        shown = {name: value for name, value in data.items() if name not in {"id", "name"}}
    shown = {name: value for name, value in shown.items() if value is not None}
    return orjson.dumps(shown).decode() if shown else None
