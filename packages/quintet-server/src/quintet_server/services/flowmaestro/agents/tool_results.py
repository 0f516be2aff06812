"""What a tool gives back to the model, and the checks every call passes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = ["ToolFailed", "ToolResult", "check_arguments", "text_of"]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`value` is JSON; `sources` are the passages an answer may rest on."""

    value: Any
    sources: list[dict[str, Any]] = field(default_factory=list)


class ToolFailed(Exception):
    """The tool could not do it. The message goes to the model, which may try something else."""


def check_arguments(arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """Refuse arguments that the tool could not use; raises :class:`ToolFailed`.

    Looks at the first level: what is missing, of another type, or not among the allowed values.
    Deeper mistakes are for the tool itself to find.
    """
    missing = [str(name) for name in parameters.get("required", ()) if name not in arguments]
    if missing:
        raise ToolFailed(f"missing arguments: {', '.join(missing)}")
    properties = parameters.get("properties", {})
    for name, value in arguments.items():
        schema = properties.get(name)
        if isinstance(schema, Mapping):
            _check_value(name, value, schema)
        elif parameters.get("additionalProperties") is False:
            raise ToolFailed(f"there is no argument {name!r}")


def _check_value(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    wanted = schema.get("type")
    names = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
    if names and not any(_is(value, one) for one in names):
        raise ToolFailed(f"argument {name!r} must be of type {' or '.join(map(str, names))}")
    allowed = schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        raise ToolFailed(f"argument {name!r} must be one of {orjson.dumps(allowed).decode()}")


def _is(value: Any, name: Any) -> bool:
    types = _TYPES.get(name)
    if types is None:
        return True
    if isinstance(value, bool):  # a subclass of int, which JSON does not know
        return bool in types
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, types)


def text_of(value: Any, max_chars: int) -> str:
    """A result as the model reads it: text as it is, anything else as JSON, cut at a bound."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= max_chars else text[:max_chars] + " …(cut)"
