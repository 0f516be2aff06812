"""How jobs look on the wire: the full object, the list item, the poll item, the webhook data.

Payloads are kept as the JSON text they came in and are spliced in as text, never re-encoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from quintet_server.engines.work.model import Job
from quintet_server.services.flare.timestamps import render_timestamp
from quintet_server.store.idempotency import Reply


def job_object(job: Job, *, payload: bool = True) -> dict[str, Any]:
    """The job as callers see it; list items, streams and webhooks go without the payload."""
    shown = _object(
        {
            "id": job.id,
            "state": str(job.state),
            "job_type": job.job_type,
            "queue": job.queue,
            "created_at": job.created_at,
            "run_at": job.run_at,
            "started_at": job.started_at,
            "completed_at": job.completed_at,
            "attempt": job.attempt,
            "max_attempts": job.max_attempts,
            "timeout_seconds": job.timeout_seconds,
            "progress": job.progress,
            "error": job.error,
            "tags": job.tags,
            "parent_id": job.parent_id,
            "schedule_id": job.schedule_id,
            "worker_id": job.worker_id,
            "duration_ms": job.duration_ms,
            "heartbeat_at": job.heartbeat_at,
            "cancel_requested_at": job.cancel_requested_at,
        }
    )
    if payload:
        shown["payload"] = orjson.Fragment(job.payload)
    return shown


def job_from_event(data: Mapping[str, Any]) -> dict[str, Any]:
    """The job as an event recorded it: the row as JSON, without payload."""
    return _object(data)


def _object(row: Mapping[str, Any]) -> dict[str, Any]:
    error = row["error"]
    return {
        "id": row["id"],
        "state": row["state"],
        "job_type": row["job_type"],
        "queue": row["queue"],
        "created_at": render_timestamp(row["created_at"]),
        "run_at": render_timestamp(row["run_at"]),
        "started_at": render_timestamp(row["started_at"]),
        "completed_at": render_timestamp(row["completed_at"]),
        "attempt": row["attempt"],
        "max_attempts": row["max_attempts"],
        "timeout_seconds": row["timeout_seconds"],
        "progress": row["progress"],
        "error_message": error.get("message") if error else None,
        "error": error_object(error),
        "tags": row["tags"],
        "parent_job_id": row["parent_id"],
        "recurring_job_id": row["schedule_id"],
        "worker_id": row["worker_id"],
        "duration_ms": row["duration_ms"],
        "last_heartbeat_at": render_timestamp(row["heartbeat_at"]),
        "cancel_requested_at": render_timestamp(row["cancel_requested_at"]),
    }


def error_object(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The three fields of a job's last error, whatever else the queue keeps with it."""
    if not error:
        return None
    return {name: error.get(name) for name in ("type", "message", "stack_trace")}


def poll_item(job: Job) -> dict[str, Any]:
    """One claimed job as a worker receives it; `traceparent` is there when the job has one."""
    item: dict[str, Any] = {
        "id": job.id,
        "job_type": job.job_type,
        "payload": orjson.Fragment(job.payload),
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "timeout_seconds": job.timeout_seconds,
        "enqueued_at": render_timestamp(job.created_at),
        "queue": job.queue,
        "tags": job.tags,
        "parent_job_id": job.parent_id,
    }
    if job.traceparent is not None:
        item["traceparent"] = job.traceparent
    return item


def reply(body: object, status: int = 200, *, headers: Iterable[tuple[str, str]] = ()) -> Reply:
    """The outcome of a write, as it can be stored under an idempotency key and replayed."""
    return Reply(status, b"" if status == 204 else orjson.dumps(body), tuple(headers))
