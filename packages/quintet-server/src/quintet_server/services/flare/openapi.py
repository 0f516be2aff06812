"""The OpenAPI document: plain routes are not in it by themselves, so it is drawn from the tables.

Paths and methods come from the route table, bodies from the request models, sentences from the
handlers' docstrings; only the shapes of answers are written down here.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from quintet_server.services.flare import alerts, export, models, webhooks
from quintet_server.services.flare.routes import ROUTES

_REF = "#/components/schemas/{model}"
_BODIES: dict[tuple[str, str], type[BaseModel]] = {
    ("POST", "/jobs"): models.CreateJob,
    ("POST", "/jobs/export"): export.Export,
    ("POST", "/workers/register"): models.RegisterWorker,
    ("POST", "/workers/poll"): models.Poll,
    ("POST", "/workers/heartbeat"): models.Heartbeat,
    ("POST", "/workers/ack"): models.Ack,
    ("PUT", "/recurring/{id}"): models.PutRecurring,
    ("POST", "/webhooks"): webhooks.CreateWebhook,
    ("PUT", "/webhooks/{id}"): webhooks.UpdateWebhook,
    ("POST", "/alerts"): alerts.CreateAlert,
    ("PUT", "/alerts/{id}"): alerts.UpdateAlert,
}
_QUERIES: dict[str, tuple[str, ...]] = {
    "/jobs": (
        "state",
        "queue",
        "job_type",
        "created_after",
        "created_before",
        "tag",
        "limit",
        "cursor",
    ),
    "/recurring": ("limit", "cursor"),
    "/webhooks": ("limit", "cursor"),
    "/webhooks/{id}/deliveries": ("limit", "cursor"),
    "/activity": ("limit", "cursor"),
    "/metrics/summary": ("period",),
    "/metrics/throughput": ("period", "granularity"),
    "/metrics/job-types": ("period", "limit"),
}
_TRACED = {("POST", "/jobs"), ("POST", "/recurring/{id}/trigger")}
_CREATED = {("POST", "/jobs"), ("POST", "/webhooks"), ("POST", "/alerts")}
_CREATED |= {("POST", "/recurring/{id}/trigger")}
_JOB_ANSWERS = {
    ("POST", "/jobs"),
    ("GET", "/jobs/{id}"),
    ("POST", "/jobs/{id}/cancel"),
    ("POST", "/jobs/{id}/retry"),
    ("POST", "/recurring/{id}/trigger"),
}
_ANSWERS: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/workers/poll"): {"jobs": {"type": "array", "items": {"type": "object"}}},
    ("POST", "/workers/heartbeat"): {"status": {"type": "string", "enum": ["ok", "cancel"]}},
    ("POST", "/workers/register"): {"status": {"type": "string", "const": "registered"}},
    ("POST", "/workers/ack"): {
        "action": {"type": "string", "enum": ["done", "retry"]},
        "retry_at": {"type": "string", "format": "date-time"},
        "children_activated": {"type": "integer"},
    },
    ("GET", "/jobs"): {
        "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}},
        "has_more": {"type": "boolean"},
        "next_cursor": {"type": ["string", "null"]},
        "cursor": {"type": ["string", "null"]},
    },
}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_TEXT = {"type": ["string", "null"]}
_COUNT = {"type": "integer"}
_JOB: dict[str, Any] = {
    "id": {"type": "string"},
    "state": {
        "type": "string",
        "description": "pending, scheduled, processing, succeeded, failed, cancelled or "
        "dead_letter; more may come.",
    },
    "job_type": {"type": "string"},
    "queue": {"type": "string"},
    "payload": {"description": "Any JSON; not in lists, streams and webhooks."},
    "created_at": {"type": "string", "format": "date-time"},
    "run_at": _INSTANT,
    "started_at": _INSTANT,
    "completed_at": _INSTANT,
    "attempt": _COUNT,
    "max_attempts": _COUNT,
    "timeout_seconds": _COUNT,
    "progress": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "error_message": _TEXT,
    "error": {
        "type": ["object", "null"],
        "properties": {"type": _TEXT, "message": _TEXT, "stack_trace": _TEXT},
    },
    "tags": {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
    "parent_job_id": _TEXT,
    "recurring_job_id": _TEXT,
    "worker_id": _TEXT,
    "duration_ms": {"type": ["integer", "null"]},
    "last_heartbeat_at": _INSTANT,
    "cancel_requested_at": _INSTANT,
}
_ERROR = {
    "error": {
        "type": "object",
        "required": ["code", "message", "request_id"],
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "request_id": {"type": "string"},
            "details": {},
        },
    }
}


def describe(document: dict[str, Any]) -> None:
    """Complete FastAPI's document with every path of the route table."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    bodies = [(model, "validation") for model in _BODIES.values()]
    _, definitions = models_json_schema(bodies, ref_template=_REF)  # type: ignore[arg-type]
    schemas.update(definitions.get("$defs", {}))
    schemas["Job"] = {"type": "object", "properties": _JOB}
    schemas["Error"] = {"type": "object", "properties": _ERROR}
    components["securitySchemes"] = {"apiKey": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"apiKey": []}]
    paths = document.setdefault("paths", {})
    for method, path, endpoint in ROUTES:
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, endpoint)


def _operation(method: str, path: str, endpoint: Any) -> dict[str, Any]:
    text = inspect.getdoc(endpoint) or ""
    operation: dict[str, Any] = {
        "operationId": endpoint.__name__,
        "summary": re.sub(r"^`[^`]*`[:.]?\s*", "", text.partition("\n\n")[0]) or endpoint.__name__,
        "tags": [path.split("/")[1]],
        "parameters": _parameters(method, path),
        "responses": _responses(method, path),
    }
    model = _BODIES.get((method, path))
    if model is not None:
        schema = {"$ref": _REF.format(model=model.__name__)}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _parameters(method: str, path: str) -> list[dict[str, Any]]:
    names = [("id", "path")] if "{id}" in path else []
    if method == "GET":
        names += [(name, "query") for name in _QUERIES.get(path, ())]
    else:
        names.append(("Idempotency-Key", "header"))
    if (method, path) in _TRACED:
        names.append(("traceparent", "header"))
    return [
        {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}
        for name, place in names
    ]


def _responses(method: str, path: str) -> dict[str, Any]:
    key = (method, path)
    error = {"$ref": "#/components/schemas/Error"}
    refused = {"description": "Refused", "content": {"application/json": {"schema": error}}}
    if method == "DELETE":
        return {"204": {"description": "Done"}, "default": refused}
    if key in _JOB_ANSWERS:
        schema: dict[str, Any] = {"$ref": "#/components/schemas/Job"}
    else:
        schema = {"type": "object", "properties": _ANSWERS.get(key, {})}
    media_type = "text/event-stream" if path.endswith("/events") else "application/json"
    done = {"description": "Done", "content": {media_type: {"schema": schema}}}
    return {"201" if key in _CREATED else "200": done, "default": refused}
