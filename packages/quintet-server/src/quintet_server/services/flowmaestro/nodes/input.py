"""input (`trigger`): where the values given to a run enter it."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import AliasChoices, Field

from quintet_server.services.flowmaestro.expressions.interpolation import resolve
from quintet_server.services.flowmaestro.expressions.values import to_text
from quintet_server.services.flowmaestro.nodes.config import (
    Choice,
    Flag,
    NodeConfig,
    Text,
    Value,
)
from quintet_server.services.flowmaestro.nodes.model import (
    NodeCall,
    NodeError,
    NodeResult,
    NodeType,
)
from quintet_server.services.flowmaestro.nodes.values import as_number

TYPES = ("text", "number", "boolean", "json", "select", "file")
_TYPE_ALIASES = {"string": "text", "textarea": "text", "checkbox": "boolean", "object": "json"}


class InputConfig(NodeConfig):
    """Without a name all inputs of the run pass through."""

    input_name: str = Field(
        default="",
        validation_alias=AliasChoices("inputName", "variableName", "inputVariable"),
    )
    input_type: Annotated[str, Choice(TYPES, _TYPE_ALIASES)] = "text"
    label: Text = ""
    description: Text = ""
    required: Annotated[bool, Flag()] = True
    default_value: Value = None
    value: Value = ""
    options: Value = None


async def execute(call: NodeCall) -> NodeResult:
    """`{name: value}`: the run's input, else `defaultValue`, else `value`, read as `inputType`.

    Raises:
        NodeError: it is required and missing, or not of its type.
    """
    config = call.config
    assert isinstance(config, InputConfig)
    name = config.input_name
    if not name:
        return NodeResult(dict(call.inputs))
    value = call.inputs.get(name)
    if value is None:
        value = resolve(config.default_value, call.scope)
    if value is None and config.value != "":
        value = resolve(config.value, call.scope)
    if value is None:
        if config.required:
            raise NodeError(f"Input '{name}' is required", "missing_input")
        return NodeResult({name: None})
    return NodeResult({name: coerced(value, config.input_type, name)})


def coerced(value: Any, input_type: str, name: str) -> Any:
    """The value as its type: JSON parsed, numbers and truth values read from text.

    Raises:
        NodeError: it cannot be read so; the message names the input.
    """
    match input_type:
        case "json":
            return _json(value, name)
        case "number":
            return _number(value, name)
        case "boolean":
            return _boolean(value, name)
        case "text" | "select":
            return to_text(value) if isinstance(value, bool | int | float) else value
    return value


def _json(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise NodeError(f"Input '{name}' is not valid JSON: {error}", "invalid_input") from None


def _number(value: Any, name: str) -> int | float:
    number = as_number(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise NodeError(f"Input '{name}' must be a number", "invalid_input")
    return number


def _boolean(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    word = to_text(value).strip().lower()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off", ""):
        return False
    raise NodeError(f"Input '{name}' must be true or false", "invalid_input")


TYPE = NodeType("input", InputConfig, execute, aliases=("trigger",))
