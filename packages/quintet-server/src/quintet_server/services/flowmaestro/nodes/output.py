"""output: a named result of the run, converted to a format."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from quintet_server.services.flowmaestro.expressions.values import is_falsy, to_number, to_text
from quintet_server.services.flowmaestro.nodes.config import Choice, Name, NodeConfig, Value
from quintet_server.services.flowmaestro.nodes.model import (
    NodeCall,
    NodeError,
    NodeResult,
    NodeType,
)
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.values import as_number, from_json


class OutputConfig(NodeConfig):
    """`value` may be any template; one that is a single placeholder keeps its type."""

    output_name: Name
    value: Value
    format: Annotated[str, Choice(("string", "json", "number", "boolean"), {"text": "string"})] = (
        Field(default="string")
    )


async def execute(call: NodeCall) -> NodeResult:
    """`{outputName: value}`.

    Raises:
        NodeError: format is `number` and the value is none.
    """
    config = resolved(call.config, call.scope)
    assert isinstance(config, OutputConfig)
    return NodeResult({config.output_name: formatted(config.value, config.format)})


def formatted(value: Any, format: str) -> Any:
    """A value as text, JSON, number or truth value.

    `string` leaves null alone and writes objects as compact JSON; `json` parses text and keeps
    text that is none; `boolean` takes "false", "0", "no" and "off" at their word.
    """
    match format:
        case "json":
            return from_json(value, otherwise=value) if isinstance(value, str) else value
        case "number":
            return _number(value)
        case "boolean":
            if isinstance(value, str):
                return value.strip().lower() not in ("", "false", "0", "no", "off", "null")
            return not is_falsy(value)
    return None if value is None else to_text(value)


def _number(value: Any) -> int | float | None:
    if value is None:
        return None
    number = as_number(value) if isinstance(value, str) else value
    if isinstance(number, bool):
        return to_number(number)
    if not isinstance(number, int | float):
        raise NodeError(f"value cannot be read as a number: {to_text(value)[:60]!r}", "bad_format")
    return number


TYPE = NodeType("output", OutputConfig, execute)
