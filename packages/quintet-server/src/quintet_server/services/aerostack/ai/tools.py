"""Functions that a model may ask for, in OpenAI's format, and a choice that must be kept to.

An engine is offered tools and decides by itself. A request that insists on one (`required`, or a
function by name) is asked as a form instead: the model fills in JSON that a schema allows, which
any model with a grammar can do, and the answer is given back as the call it stands for.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from quintet_server.engines.chat.model import (
    ChatDelta,
    ChatEnd,
    ChatMessage,
    ChatRequest,
    ToolCall,
    ToolSpec,
)
from quintet_server.services.aerostack.endpoints import Body
from quintet_server.services.aerostack.errors import invalid_field
from quintet_server.store.ids import new_ulid

__all__ = [
    "Tool",
    "ToolChoice",
    "ToolUse",
    "as_tool_call",
    "offered_tools",
    "shown_calls",
    "tool_uses",
]

_FIELD = "tool_choice"
Pieces = AsyncGenerator[ChatDelta | ChatEnd, None]


class _Snake(Body):
    model_config = ConfigDict(alias_generator=None)


class Function(_Snake):
    """A function as a client describes it."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(_Snake):
    """What may be asked for."""

    type: Literal["function"] = "function"
    function: Function


class FunctionName(_Snake):
    """A function by its name."""

    name: str


class ToolChoice(_Snake):
    """Whether the answer may be a call, has to be one, or of which function."""

    type: Literal["none", "auto", "required", "function"]
    function: FunctionName | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_word(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_name(self) -> ToolChoice:
        if self.type == "function" and self.function is None:
            raise ValueError("must have a field 'function' for this type")
        return self

    @property
    def is_forced(self) -> bool:
        """The answer has to be a call."""
        return self.type in ("required", "function")


class FunctionUse(_Snake):
    """A call of an earlier turn: the name and JSON text of the arguments."""

    name: str
    arguments: str = ""


class ToolUse(_Snake):
    """A call that the assistant made in an earlier turn."""

    id: str
    type: Literal["function"] = "function"
    function: FunctionUse


def tool_uses(uses: Iterable[ToolUse]) -> tuple[ToolCall, ...]:
    """Earlier calls for the engine. Raises 400 for arguments that are no JSON object."""
    calls = []
    for use in uses:
        try:
            arguments = json.loads(use.function.arguments or "{}")
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            message = f"the arguments of {use.function.name} must be the text of a JSON object"
            raise invalid_field("messages.tool_calls", message)
        calls.append(ToolCall(use.id, use.function.name, arguments))
    return tuple(calls)


def shown_calls(calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
    """Calls as a client reads them."""
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {
                "name": call.name,
                "arguments": json.dumps(call.arguments, separators=(",", ":"), ensure_ascii=False),
            },
        }
        for call in calls
    ]


def offered_tools(
    request: ChatRequest, tools: Sequence[Tool], choice: ToolChoice | None
) -> ChatRequest:
    """The request with the tools that the choice leaves, or with a form in their place."""
    specs = [
        ToolSpec(one.name, one.description or "", one.parameters or {})
        for one in (tool.function for tool in tools)
    ]
    if choice is not None and choice.function is not None:
        specs = [spec for spec in specs if spec.name == choice.function.name]
    if choice is not None and choice.is_forced:
        if not specs:
            raise invalid_field(_FIELD, "there is no such function among the tools")
        if request.response_schema is not None:
            raise invalid_field(_FIELD, "a call cannot have a response_format too")
        return _as_form(request, specs)
    if choice is not None and choice.type == "none":
        return request
    return replace(request, tools=tuple(specs))


def _as_form(request: ChatRequest, specs: Sequence[ToolSpec]) -> ChatRequest:
    lines = [
        f"- {spec.name}: {spec.description} Arguments: {json.dumps(_parameters(spec))}"
        for spec in specs
    ]
    ask = (
        "Call one of these functions for the last message:\n"
        + "\n".join(lines)
        + '\nAnswer with JSON only: {"name": "<function>", "arguments": {...}}'
    )
    forms = [_form(spec) for spec in specs]
    schema = forms[0] if len(forms) == 1 else {"anyOf": forms}
    messages = (ChatMessage("system", ask), *request.messages)
    return replace(request, messages=messages, response_schema=schema)


def _parameters(spec: ToolSpec) -> dict[str, Any]:
    return spec.parameters or {"type": "object", "properties": {}}


def _form(spec: ToolSpec) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string", "enum": [spec.name]},
            "arguments": _parameters(spec),
        },
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


async def as_tool_call(pieces: Pieces) -> Pieces:
    """The answer to a form as the call it stands for; a form cut short is an answer without one."""
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, ChatEnd):
                yield _called(piece)


def _called(end: ChatEnd) -> ChatEnd:
    try:
        form = json.loads(end.text)
        call = ToolCall(f"call_{new_ulid()}", str(form["name"]), dict(form["arguments"]))
    except (KeyError, TypeError, ValueError):
        return replace(end, text="")
    return replace(end, text="", finish_reason="tool_calls", tool_calls=(call,))
