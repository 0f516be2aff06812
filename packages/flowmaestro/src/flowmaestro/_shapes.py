"""From the several forms in which the service answers to the one that the types describe.

Fields that have two names get both; nothing that arrived is taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

_JSON_TYPES = {
    "text": "string",
    "string": "string",
    "select": "string",
    "file": "string",
    "number": "number",
    "boolean": "boolean",
    "checkbox": "boolean",
}
_USAGE = ("prompt_tokens", "completion_tokens", "total_tokens")


def mirror(item: MutableMapping[str, Any], one: str, other: str) -> None:
    """Give a field that has two names the one that it lacks."""
    if one in item:
        item.setdefault(other, item[one])
    elif other in item:
        item[one] = item[other]


def fill_pagination(answer: MutableMapping[str, Any], count: int) -> None:
    """Complete the facts of a page from those that arrived; without any it is the only page."""
    found = answer.get("pagination")
    page: dict[str, Any] = dict(found) if isinstance(found, Mapping) else {}
    mirror(page, "has_next", "has_more")
    page.setdefault("page", 1)
    page.setdefault("per_page", count)
    if "has_next" not in page:
        page["has_next"] = page["has_more"] = page["page"] < page.get("total_pages", 1)
    page.setdefault("has_prev", page["page"] > 1)
    if "total_count" not in page and not page["has_next"] and page["page"] == 1:
        page["total_count"] = count
    if "total_pages" not in page and "total_count" in page:
        page["total_pages"] = -(-page["total_count"] // max(1, page["per_page"]))
    answer["pagination"] = page


def messages_of(answer: MutableMapping[str, Any]) -> bool:
    """Make the messages of a page a list, whichever way they came; tell whether there are any."""
    data = answer.get("data")
    if isinstance(data, Mapping):
        data = data.get("messages")
    if not isinstance(data, list):
        return False
    # Imported here: with it comes the description of every answer.
    from flowmaestro.types import MessageList

    answer["data"] = MessageList(data)
    return True


def lift_message(data: MutableMapping[str, Any]) -> None:
    """Put an answer's text where it is documented, if it came one level down."""
    inner = data.get("message")
    if isinstance(inner, Mapping):
        for name in ("id", "role", "content", "tool_calls", "created_at"):
            if data.get(name) is None and name in inner:
                data[name] = inner[name]
    mirror(data, "id", "message_id")
    data.setdefault("role", "assistant")
    usage = data.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}
    data["usage"] = {**dict.fromkeys(_USAGE, 0), **counts}


def mirror_results(results: Any) -> None:
    """Give the results of a query both names of their score and of their id."""
    for result in _objects(results):
        mirror(result, "similarity", "score")
        mirror(result, "id", "chunk_id")


def mirror_triggers(triggers: Any) -> None:
    """Give triggers both names of their type."""
    for trigger in _objects(triggers):
        mirror(trigger, "type", "trigger_type")


def describe_inputs(workflow: MutableMapping[str, Any]) -> None:
    """Make the JSON Schema of a workflow's inputs from their table, if only that came."""
    inputs = workflow.get("inputs")
    if "input_schema" in workflow or "inputs" not in workflow:
        return
    table = inputs if isinstance(inputs, Mapping) else {}
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, known in table.items():
        facts = known if isinstance(known, Mapping) else {}
        properties[name] = _property(facts)
        if facts.get("required"):
            required.append(name)
    workflow["input_schema"] = {"type": "object", "properties": properties, "required": required}


def _property(facts: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    kind = _JSON_TYPES.get(str(facts.get("type")))
    if kind is not None:
        found["type"] = kind
    for name, key in (("label", "title"), ("description", "description"), ("options", "enum")):
        if facts.get(name):
            found[key] = facts[name]
    return found


def _objects(items: Any) -> Iterable[MutableMapping[str, Any]]:
    return (item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
