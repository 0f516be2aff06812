"""Tools for a model that cannot call them: it fills in a form instead.

Two small questions, each answered under a JSON Schema, so that even a tiny model cannot answer
anything else: which tool (or none), then with which arguments. A choice that was made before with
the same arguments means that the model has nothing new to ask for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from quintet_server.engines.chat.model import ChatMessage, ToolSpec

__all__ = ["NO_TOOL", "argument_question", "chosen_arguments", "chosen_tool", "tool_question"]

NO_TOOL = "none"
_GAPS: Mapping[str, Any] = {
    "integer": 0,
    "number": 0,
    "boolean": True,
    "array": [],
    "object": {},
    "null": None,
}
Question = tuple[list[ChatMessage], dict[str, Any]]


def tool_question(conversation: Sequence[ChatMessage], tools: Sequence[ToolSpec]) -> Question:
    """Messages and schema that ask which of the tools to use next."""
    lines = [f"- {tool.name}: {tool.description}" for tool in tools]
    lines.append(f"- {NO_TOOL}: answer now, no tool is needed")
    ask = (
        "Which tool helps to answer the last message? Tools:\n"
        + "\n".join(lines)
        + '\nAnswer with JSON of this form only: {"tool": "<name>"}'
    )
    schema = {
        "type": "object",
        "properties": {
            "tool": {"type": "string", "enum": [*(tool.name for tool in tools), NO_TOOL]}
        },
        "required": ["tool"],
        "additionalProperties": False,
    }
    return [ChatMessage("system", ask), *_without_prompt(conversation)], schema


def argument_question(conversation: Sequence[ChatMessage], tool: ToolSpec) -> Question:
    """Messages and schema that ask for a tool's arguments.

    The form stands behind the message it is filled in from, with gaps instead of a schema: a small
    model copies whatever it is shown, words of a schema too.
    """
    *before, last = _without_prompt(conversation)
    ask = (
        f"Message: {last.content}\n\nFill in this form for {tool.name} ({tool.description}) "
        f"with the words of the message: {_form(tool.parameters)}"
    )
    head = ChatMessage("system", "You fill in forms with the words of a message.")
    schema = {"additionalProperties": False, **tool.parameters}
    return [head, *before, ChatMessage("user", ask)], schema


def _without_prompt(conversation: Sequence[ChatMessage]) -> list[ChatMessage]:
    return [message for message in conversation if message.role != "system"]


def _form(parameters: Mapping[str, Any]) -> str:
    properties = parameters.get("properties", {})
    return orjson.dumps({name: _gap(schema) for name, schema in properties.items()}).decode()


def _gap(schema: Any) -> Any:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return _GAPS.get(kind, "...") if isinstance(kind, str) else "..."


def chosen_tool(text: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """The tool an answer names; None for none, and for an answer that is not to be understood."""
    name = _object(text).get("tool")
    return next((tool for tool in tools if tool.name == name), None)


def chosen_arguments(text: str) -> dict[str, Any]:
    """The arguments in an answer; empty if it is not JSON (cut off at its length)."""
    return dict(_object(text))


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
