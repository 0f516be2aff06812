"""What goes into a chat engine and what comes out: messages, requests, pieces, the end, errors.

Pure data, equal for the local model and for an upstream URL. The errors are split by what the
caller can do about them::

    ChatError
    ├─ ChatUnavailable   no model is configured or usable: an operator has to act
    ├─ ChatBusy          the queue is full: later is better
    ├─ ChatRefused       this request will never work (too long, bad values, a 4xx upstream)
    └─ ChatFailed        transport, 5xx, a lost stream: the same request may work next time
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "ChatBusy",
    "ChatDelta",
    "ChatEnd",
    "ChatError",
    "ChatFailed",
    "ChatMessage",
    "ChatRefused",
    "ChatRequest",
    "ChatUnavailable",
    "FinishReason",
    "ModelInfo",
    "Role",
    "ToolCall",
    "ToolSpec",
    "Usage",
]

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to have a tool run. ``arguments`` are parsed JSON, not checked by a schema."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that a model may ask for; ``parameters`` is a JSON Schema of an object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a conversation. ``tool_call_id`` names the call a ``tool`` message answers."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One answer to be generated. None means: the model's or this server's default.

    ``model``: an unknown name falls back to the configured model; :attr:`ChatEnd.model` says which
    one ran. ``response_schema``: the answer is JSON that this JSON Schema allows.
    ``continue_last``: the last message is an unfinished assistant answer; what is generated is its
    continuation only. It excludes ``response_schema``: a
    grammar cannot begin in the middle.
    """

    messages: tuple[ChatMessage, ...]
    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    seed: int | None = None
    response_schema: Mapping[str, Any] | None = None
    tools: tuple[ToolSpec, ...] = ()
    continue_last: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, counted by the engine that generated (never guessed from characters)."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class ChatDelta:
    """The next piece of the answer: whole characters, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ChatEnd:
    """The whole answer, once it is complete. ``text`` equals all pieces joined."""

    text: str
    finish_reason: FinishReason
    usage: Usage
    model: str
    provider: str
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that can be asked by ``name``. ``context_tokens`` where the engine tells it."""

    name: str
    provider: str
    context_tokens: int | None = None
    is_default: bool = False


class ChatError(Exception):
    """No answer, or no complete one; the subclass says whose turn it is."""

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ):
        super().__init__(message)
        self.message = message
        self.status = status
        """The HTTP status of the upstream's answer, where there was one."""
        self.retry_after = retry_after
        """Seconds after which the upstream wants to be asked again, where it said so."""


class ChatUnavailable(ChatError):
    """No model is configured or usable here. The message says how to get one."""


class ChatBusy(ChatError):
    """As many requests wait as may wait; nothing was generated."""


class ChatRefused(ChatError):
    """This request will not work, now or later: too long, invalid values, refused upstream."""


class ChatFailed(ChatError):
    """The engine or the way to it broke; the same request is worth another try."""
