"""The OpenAPI document: plain routes are not in it by themselves, so it is drawn from the tables.

Paths and methods come from the route table and sentences from the handlers' docstrings; what goes
in and the shape every answer shares are written down here.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from quintet_server.services.flowmaestro.routes import ROUTES

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object"}
_INTEGER: Schema = {"type": "integer"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_HEADERS: Schema = {"type": ["object", "null"], "additionalProperties": _TEXT}
_WEBHOOK: dict[str, Schema] = {
    "name": _TEXT,
    "url": {"type": "string", "format": "uri"},
    "events": {**_TEXTS, "minItems": 1},
    "headers": _HEADERS,
}
# (method, path) → (properties, the required ones) of the request body.
_BODIES: dict[tuple[str, str], tuple[dict[str, Schema], tuple[str, ...]]] = {
    ("POST", "/workflows/{id}/execute"): ({"inputs": _OBJECT}, ()),
    ("POST", "/executions/{id}/resume"): ({"input": {}}, ("input",)),
    ("POST", "/triggers/{id}/execute"): ({"inputs": _OBJECT}, ()),
    ("POST", "/agents/{id}/threads"): ({"metadata": _OBJECT}, ()),
    ("POST", "/threads/{id}/messages"): (
        {"content": _TEXT, "stream": {"type": "boolean"}, "timeout": _INTEGER},
        ("content",),
    ),
    ("POST", "/knowledge-bases/{id}/query"): ({"query": _TEXT, "top_k": _INTEGER}, ("query",)),
    ("PUT", "/agents/{id}/memory/{user_id}"): (
        {"working_memory": _TEXT, "metadata": _OBJECT},
        ("working_memory",),
    ),
    ("POST", "/agents/{id}/memory/search"): (
        {
            "query": _TEXT,
            "top_k": _INTEGER,
            "similarity_threshold": {"type": "number"},
            "user_id": _TEXT,
        },
        ("query",),
    ),
    ("POST", "/webhooks"): (_WEBHOOK, ("name", "url", "events")),
    ("PATCH", "/webhooks/{id}"): ({**_WEBHOOK, "is_active": {"type": "boolean"}}, ()),
}
_PAGE = ("page", "per_page")
_QUERIES: dict[str, tuple[str, ...]] = {
    "/workflows": _PAGE,
    "/executions": (*_PAGE, "workflow_id", "status"),
    "/executions/{id}/events": ("last_event_id",),
    "/agents": _PAGE,
    "/threads/{id}/messages": _PAGE,
    "/threads/{id}/events": ("message_id", "last_event_id"),
    "/triggers": (*_PAGE, "workflow_id", "type", "enabled"),
    "/knowledge-bases": _PAGE,
    "/webhooks": _PAGE,
    "/webhooks/{id}/deliveries": _PAGE,
}
_KEYED = {
    ("POST", "/workflows/{id}/execute"),
    ("POST", "/triggers/{id}/execute"),
    ("POST", "/agents/{id}/threads"),
    ("POST", "/webhooks"),
}
_STATUSES = {
    ("POST", "/workflows/{id}/execute"): "202",
    ("POST", "/triggers/{id}/execute"): "202",
    ("POST", "/agents/{id}/threads"): "201",
    ("POST", "/webhooks"): "201",
}
_META: Schema = {
    "type": "object",
    "properties": {"request_id": _TEXT, "timestamp": {"type": "string", "format": "date-time"}},
}
_BOOLEANS = {name: {"type": "boolean"} for name in ("has_next", "has_prev", "has_more")}
_COUNTS = dict.fromkeys(("page", "per_page", "total_count", "total_pages"), _INTEGER)
_SCHEMAS: dict[str, Schema] = {
    "Error": {
        "type": "object",
        "required": ["error", "meta"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": _TEXT, "message": _TEXT, "details": _OBJECT},
            },
            "meta": _META,
        },
    },
    "One": {"type": "object", "properties": {"data": _OBJECT, "meta": _META}},
    "List": {
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": _OBJECT},
            "pagination": {"type": "object", "properties": {**_COUNTS, **_BOOLEANS}},
            "meta": _META,
        },
    },
}


def describe(document: dict[str, Any]) -> None:
    """Complete FastAPI's document with every path of the route table."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(_SCHEMAS)
    components["securitySchemes"] = {
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    document["security"] = [{"key": []}, {"bearer": []}]
    paths = document.setdefault("paths", {})
    for method, path, endpoint in ROUTES:
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, endpoint)


def _operation(method: str, path: str, endpoint: Any) -> Schema:
    text = inspect.getdoc(endpoint) or ""
    summary = re.sub(r"^`[^`]*`[:.]?\s*", "", text.partition("\n\n")[0])
    operation: Schema = {
        "operationId": f"{endpoint.__name__}_{method.lower()}",
        "summary": summary or endpoint.__name__.replace("_", " "),
        "tags": [path.split("/")[1]],
        "parameters": _parameters(method, path),
        "responses": _responses(method, path),
    }
    if path.startswith("/hooks/"):
        operation["security"] = []
    if (method, path) in _BODIES:
        properties, required = _BODIES[method, path]
        schema = {"type": "object", "properties": properties, "required": list(required)}
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": bool(required), "content": content}
    return operation


def _parameters(method: str, path: str) -> list[Schema]:
    names = [(name, "path") for name in re.findall(r"\{(\w+)\}", path)]
    if method == "GET":
        names += [(name, "query") for name in _QUERIES.get(path, ())]
    if (method, path) in _KEYED:
        names.append(("Idempotency-Key", "header"))
    return [
        {"name": name, "in": place, "required": place == "path", "schema": _TEXT}
        for name, place in names
    ]


def _responses(method: str, path: str) -> Schema:
    if path.endswith("/events"):
        content: Schema = {"text/event-stream": {"schema": _TEXT}}
    else:
        is_list = method == "GET" and "page" in _QUERIES.get(path, ())
        content = {"application/json": {"schema": _ref("List" if is_list else "One")}}
    refused = {"application/json": {"schema": _ref("Error")}}
    return {
        _STATUSES.get((method, path), "200"): {"description": "Done", "content": content},
        "default": {"description": "Refused", "content": refused},
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
