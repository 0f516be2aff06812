"""From the several forms in which the service answers to the one that the types describe.

Fields that have two names get both; nothing that arrived is taken away.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

_STATUSES = {
    "completed": "complete",
    "error": "failed",
    "cancelled": "canceled",
    "pending": "queued",
}
_OF_THE_PAGE = ("version", "layout")
_SCHEMA_WORDS = frozenset({"type", "properties", "$schema", "$ref", "enum", "oneOf", "anyOf"})


def mirror(item: MutableMapping[str, Any], one: str, other: str) -> None:
    """Give a field that has two names the one that it lacks."""
    if one in item:
        item.setdefault(other, item[one])
    elif other in item:
        item[one] = item[other]


def status_word(word: Any) -> Any:
    """Return the state that an older or a neighbouring lane writes otherwise."""
    return _STATUSES.get(word, word) if isinstance(word, str) else word


def shape_status(item: dict[str, Any]) -> None:
    """Make a status object of a run what the types say."""
    if "status" in item:
        item["status"] = status_word(item["status"])
    shape_pending(item.get("pending_input"))


def shape_pending(pending: Any) -> None:
    """Make the schema of a question a JSON Schema, if only the choices came."""
    schema = pending.get("schema") if isinstance(pending, dict) else None
    if not isinstance(schema, Mapping) or not schema or not _SCHEMA_WORDS.isdisjoint(schema):
        return
    if all(isinstance(options, list) for options in schema.values()):
        properties = {name: {"enum": options} for name, options in schema.items()}
        pending["schema"] = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
        }


def shape_webhook(item: dict[str, Any]) -> None:
    """Give a webhook both names of being switched on."""
    mirror(item, "active", "enabled")


def shape_profile(item: dict[str, Any]) -> None:
    """Give a profile the names in both spellings."""
    mirror(item, "produces_artifact_type", "producesArtifactType")
    mirror(item, "input_params_schema", "inputParamsSchema")


def shape_artifact(item: dict[str, Any]) -> None:
    """Give an artifact both names of its type and its content."""
    mirror(item, "artifact_type", "type")
    mirror(item, "content_json", "content")


def shape_nothing(item: dict[str, Any]) -> None:
    """Leave an object as it is."""


def opened(body: Any, wrapper: str) -> Any:
    """Take the wrapper off that one generation of the service puts around single objects."""
    if isinstance(body, dict) and len(body) <= 2 and isinstance(body.get(wrapper), dict):
        return body[wrapper]
    return body


def canonical_spec(spec: Any) -> Any:
    """Return a page's spec in the one form that every generation of the service takes.

    A bare node becomes the root, and what stands beside its type moves into its props; ``version``
    and ``layout`` are the page's own and stay beside the root.
    """
    if not isinstance(spec, Mapping) or "type" not in spec or "root" in spec:
        return spec
    node = {key: value for key, value in spec.items() if key not in _OF_THE_PAGE}
    kept = {key: spec[key] for key in _OF_THE_PAGE if key in spec}
    return {"version": 1, **kept, "root": _canonical_node(node)}


def canonical_queries(queries: Any) -> Any:
    """Return declared queries that all say where their rows come from."""
    if not isinstance(queries, (list, tuple)):
        return queries
    return [
        {**query, "source": "sql"}
        if isinstance(query, Mapping) and "sql" in query and "source" not in query
        else query
        for query in queries
    ]


def _canonical_node(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    beside = {key: node[key] for key in node if key not in {"type", "props", "children"}}
    props = node.get("props")
    found: dict[str, Any] = {"type": node.get("type")}
    if beside or props is not None:
        found["props"] = {**beside, **props} if isinstance(props, Mapping) else props or beside
    children = node.get("children")
    if isinstance(children, (list, tuple)):
        found["children"] = [_canonical_node(child) for child in children]
    elif children is not None:
        found["children"] = children
    return found
