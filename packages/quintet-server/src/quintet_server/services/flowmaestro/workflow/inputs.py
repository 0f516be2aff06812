"""What a workflow asks for: its inputs as JSON Schema and as fields, and what a caller forgot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from quintet_server.services.flowmaestro.workflow.definition import INPUT_TYPE, Definition, Node

_NAMES: Final = ("inputName", "variableName", "inputVariable")
_JSON_TYPES: Final = {
    "number": "number",
    "boolean": "boolean",
    "checkbox": "boolean",
    "json": None,  # anything
}


def input_schema(definition: Definition) -> dict[str, Any]:
    """A JSON Schema of the inputs, by the names the nodes read."""
    properties = {name: _property(node) for name, node in _named_inputs(definition)}
    required = [name for name, node in _named_inputs(definition) if _is_needed(node)]
    return {"type": "object", "properties": properties, "required": required}


def input_fields(definition: Definition) -> dict[str, Any] | None:
    """The inputs as fields of a form, by name; None if the workflow has no input node."""
    if not any(node.type == INPUT_TYPE for node in definition.nodes.values()):
        return None
    return {name: _field(node) for name, node in _named_inputs(definition)}


def missing_inputs(definition: Definition, inputs: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is required, has no default, and is absent or null; as `{field, message}`."""
    return [
        {"field": f"inputs.{name}", "message": f"Input '{name}' is required"}
        for name, node in _named_inputs(definition)
        if _is_needed(node) and inputs.get(name) is None
    ]


def _named_inputs(definition: Definition) -> Iterator[tuple[str, Node]]:
    seen: set[str] = set()
    for node in definition.nodes.values():
        if node.type != INPUT_TYPE:
            continue
        names = (node.config.get(key) for key in _NAMES)
        name = next((one for one in names if isinstance(one, str) and one), None)
        if name is not None and name not in seen:
            seen.add(name)
            yield name, node


def _default(node: Node) -> Any:
    """`defaultValue`, or a `value` that is not empty; None if there is neither."""
    default = node.config.get("defaultValue")
    if default is not None and default != "":
        return default
    value = node.config.get("value")
    return value if value != "" else None


def _is_required(node: Node) -> bool:
    return node.config.get("required") not in (False, "false")


def _is_needed(node: Node) -> bool:
    return _is_required(node) and _default(node) is None


def _input_type(node: Node) -> str:
    given = node.config.get("inputType")
    return given if isinstance(given, str) and given else "text"


def _label(node: Node) -> str:
    label = node.config.get("label")
    return label if isinstance(label, str) and label else node.name


def _options(node: Node) -> list[Any]:
    """The values to choose from; options may be written as values or as {value, label}."""
    options = node.config.get("options")
    if not isinstance(options, list):
        return []
    return [option.get("value") if isinstance(option, Mapping) else option for option in options]


def _property(node: Node) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    json_type = _JSON_TYPES.get(_input_type(node), "string")
    if json_type is not None:
        schema["type"] = json_type
    schema["description"] = str(node.config.get("description") or "")
    schema["title"] = _label(node)
    if options := _options(node):
        schema["enum"] = options
    default = _default(node)
    if default is not None:
        schema["default"] = default
    return schema


def _field(node: Node) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": _input_type(node),
        "label": _label(node),
        "required": _is_required(node),
        "description": str(node.config.get("description") or ""),
    }
    if options := node.config.get("options"):
        entry["options"] = options
    return entry
