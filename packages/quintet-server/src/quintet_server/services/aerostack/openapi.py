"""The OpenAPI document: plain routes are not in it by themselves, so the tables fill it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel
from starlette.routing import Route

from quintet_server.services.aerostack.endpoints import Endpoint
from quintet_server.services.aerostack.routes import ENDPOINTS, plain_routes

Schema = dict[str, Any]

_ERROR: Schema = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "details": {"type": "object"},
    },
}
_REFUSED: Schema = {
    "description": "Refused",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
_ANY: Schema = {"application/json": {"schema": {}}}


def describe(document: dict[str, Any]) -> None:
    """Complete FastAPI's document with every operation."""
    components = document.setdefault("components", {})
    schemas: Schema = components.setdefault("schemas", {})
    schemas["Error"] = _ERROR
    components["securitySchemes"] = {
        "key": {"type": "apiKey", "in": "header", "name": "X-Aerostack-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    document["security"] = [{"key": []}, {"bearer": []}]
    paths = document.setdefault("paths", {})
    for endpoint in ENDPOINTS:
        described = _operation(endpoint, schemas)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = described
    for route in plain_routes():
        path = re.sub(r":\w+\}", "}", route.path)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(path, {})[method.lower()] = _plain(route, path, method)


def _operation(endpoint: Endpoint, schemas: Schema) -> Schema:
    operation: Schema = {
        "operationId": endpoint.operation_id,
        "summary": endpoint.summary,
        "tags": [endpoint.path.split("/")[1]],
        "responses": {
            str(endpoint.status): {
                "description": "Done",
                "content": _content(endpoint.response, schemas, "serialization"),
            },
            "default": _REFUSED,
        },
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.request is not None:
        content = _content(endpoint.request, schemas, "validation")
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _content(model: type[BaseModel] | None, schemas: Schema, mode: Any) -> Schema:
    if model is None:
        return _ANY
    schema = model.model_json_schema(mode=mode, ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}


def _plain(route: Route, path: str, method: str) -> Schema:
    text = inspect.getdoc(route.endpoint) or ""
    name = getattr(route.endpoint, "__name__", "operation")
    parameters = [
        {"name": each, "in": "path", "required": True, "schema": {"type": "string"}}
        for each in re.findall(r"\{(\w+)\}", path)
    ]
    return {
        "operationId": f"{name}_{method.lower()}_{len(path)}",
        "summary": text.partition("\n\n")[0] or name.replace("_", " "),
        "tags": [path.split("/")[1]],
        "parameters": parameters,
        "responses": {"200": {"description": "Done"}, "default": _REFUSED},
    }
