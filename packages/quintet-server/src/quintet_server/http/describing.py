"""OpenAPI for routes that FastAPI does not see: plain ones are not in its document by themselves.

A service that keeps its endpoints in tables says what they are there; the document is filled from
the tables, and from the docstrings of routes that are in none.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from pydantic import BaseModel
from starlette.routing import Route

__all__ = ["Described", "describe_routes"]

Schema = dict[str, Any]

_REFUSED: Schema = {
    "description": "Refused",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
_ANY: Schema = {"application/json": {"schema": {}}}


class Described(Protocol):
    """A line of a table."""

    @property
    def path(self) -> str: ...  # noqa: D102 - they say what they are
    @property
    def method(self) -> str: ...  # noqa: D102
    @property
    def operation_id(self) -> str: ...  # noqa: D102
    @property
    def summary(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> int: ...  # noqa: D102
    @property
    def request(self) -> type[BaseModel] | None: ...  # noqa: D102
    @property
    def response(self) -> type[BaseModel] | None: ...  # noqa: D102


def describe_routes(
    document: Schema,
    endpoints: Iterable[Described],
    plain_routes: Iterable[Route],
    *,
    error: Schema,
    security: Mapping[str, Schema],
) -> None:
    """Complete a document.

    Args:
        document: FastAPI's; changed in place.
        endpoints: The tables.
        plain_routes: What is in no table.
        error: The schema of a refusal.
        security: Ways to say who is calling, by name; each of them is enough.
    """
    components = document.setdefault("components", {})
    schemas: Schema = components.setdefault("schemas", {})
    schemas["Error"] = error
    components["securitySchemes"] = dict(security)
    document["security"] = [{name: []} for name in security]
    paths = document.setdefault("paths", {})
    for endpoint in endpoints:
        path = _without_converters(endpoint.path)
        described = _operation(endpoint, path, schemas)
        paths.setdefault(path, {})[endpoint.method.lower()] = described
    for route in plain_routes:
        if not route.include_in_schema:
            continue
        path = _without_converters(route.path)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(path, {})[method.lower()] = _plain(route, path, method)


def _without_converters(path: str) -> str:
    return re.sub(r":\w+\}", "}", path)


def _parameters(path: str) -> list[Schema]:
    return [
        {"name": each, "in": "path", "required": True, "schema": {"type": "string"}}
        for each in re.findall(r"\{(\w+)\}", path)
    ]


def _operation(endpoint: Described, path: str, schemas: Schema) -> Schema:
    answer: Schema = {"description": "Done"}
    if endpoint.status != 204:
        answer["content"] = _content(endpoint.response, schemas, "serialization")
    operation: Schema = {
        "operationId": endpoint.operation_id,
        "summary": endpoint.summary,
        "tags": [path.split("/")[1]],
        "responses": {str(endpoint.status): answer, "default": _REFUSED},
    }
    if parameters := _parameters(path):
        operation["parameters"] = parameters
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
    return {
        "operationId": f"{name}_{method.lower()}_{len(path)}",
        "summary": text.partition("\n\n")[0] or name.replace("_", " "),
        "tags": [path.split("/")[1]],
        "parameters": _parameters(path),
        "responses": {"200": {"description": "Done"}, "default": _REFUSED},
    }
