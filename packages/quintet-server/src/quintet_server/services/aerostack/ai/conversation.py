"""What a client sends to be answered: the body of a chat, and the engine's request made of it.

It is OpenAI's format with the vendor's leniency: a message needs neither role nor content, and an
empty one is an empty turn of the user (the vendor's own example sends one). Names that OpenAI
spells with underscores are spelled so.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from quintet_server.engines.chat.model import ChatMessage, ChatRequest, Role
from quintet_server.services.aerostack.ai.tools import (
    Tool,
    ToolChoice,
    ToolUse,
    offered_tools,
    tool_uses,
)
from quintet_server.services.aerostack.endpoints import Body

__all__ = ["ChatBody", "Message", "chat_request"]

_INT64 = 2**63
_MAX_TOKENS = 2**31 - 1
# The engine takes top_p above 0 only; with so little left, the likeliest token is all there is.
_LEAST_TOP_P = 1e-6
# What a model of this machine takes as a seed; others take more, and these too.
_SEED_MASK = 0x7FFF_FFFF


class _Snake(Body):
    """OpenAI's names, as they are."""

    model_config = ConfigDict(alias_generator=None)


class TextPart(_Snake):
    """A piece of a message: text, or an assistant's refusal, which is text as well."""

    type: Literal["text", "refusal"]
    text: str | None = None
    refusal: str | None = None

    @model_validator(mode="after")
    def _has_words(self) -> TextPart:
        if (self.text if self.type == "text" else self.refusal) is None:
            raise ValueError(f"must have a field {self.type!r}")
        return self

    @property
    def words(self) -> str:
        """What it says."""
        return (self.text if self.type == "text" else self.refusal) or ""


class Message(_Snake):
    """One turn; without a role it is the user's."""

    role: Literal["system", "developer", "user", "assistant", "tool"] | None = None
    content: list[TextPart] | None = Field(
        default=None, json_schema_extra={"description": "A string, or parts that are text."}
    )
    tool_calls: list[ToolUse] | None = None
    tool_call_id: str | None = None

    @field_validator("content", mode="before")
    @classmethod
    def _text_only(cls, value: Any) -> Any:
        # Not a union of types: its mistakes would be reported once for each of them.
        if isinstance(value, str):
            return [{"type": "text", "text": value}]
        if value is not None and not isinstance(value, list):
            raise ValueError("must be a string or a list of parts")
        for part in value or ():
            if isinstance(part, dict) and part.get("type") not in ("text", "refusal"):
                raise ValueError("must be text: the language model reads nothing else here")
        return value

    @property
    def text(self) -> str:
        """Its words; those of several parts follow each other on lines of their own."""
        return "\n".join(part.words for part in self.content or ())

    def as_turn(self) -> ChatMessage:
        """The same for the engine."""
        role: Role = "system" if self.role == "developer" else self.role or "user"
        uses = tool_uses(self.tool_calls or ())
        return ChatMessage(role, self.text, uses, self.tool_call_id)


class StreamOptions(_Snake):
    """What a stream carries beside the answer."""

    include_usage: bool | None = None


class JsonSchema(_Snake):
    """The form of an answer."""

    schema_: dict[str, Any] | None = Field(default=None, alias="schema")


class ResponseFormat(_Snake):
    """Text, some JSON object, or JSON that a schema allows."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _has_schema(self) -> ResponseFormat:
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("must have a field 'json_schema' for this type")
        return self

    @property
    def schema_of_answer(self) -> dict[str, Any] | None:
        """The JSON Schema that the answer has to follow; None for any text."""
        if self.type == "text":
            return None
        return (self.json_schema.schema_ if self.json_schema else None) or {"type": "object"}


StopText = Annotated[str, Field(min_length=1)]


class ChatBody(_Snake):
    """A conversation to be continued by an answer."""

    messages: list[Message] = Field(min_length=1)
    model: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=_MAX_TOKENS)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=_MAX_TOKENS)
    stop: list[StopText] | None = Field(
        default=None, max_length=4, json_schema_extra={"description": "A string, or up to four."}
    )
    seed: int | None = Field(default=None, ge=-_INT64, lt=_INT64)
    n: int | None = None
    logprobs: bool | None = None
    response_format: ResponseFormat | None = None
    tools: list[Tool] | None = Field(default=None, max_length=128)
    tool_choice: ToolChoice | None = None

    @field_validator("stop", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("n")
    @classmethod
    def _one_answer(cls, value: int | None) -> int | None:
        if value not in (None, 1):
            raise ValueError("must be 1: one answer is generated for one request")
        return value

    @field_validator("logprobs")
    @classmethod
    def _no_logprobs(cls, value: bool | None) -> bool | None:
        if value:
            raise ValueError("must be false: probabilities of tokens are not given out")
        return value

    @property
    def is_forced_call(self) -> bool:
        """Whether the answer has to be a call of a tool."""
        return self.tool_choice is not None and self.tool_choice.is_forced

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with a frame of token counts."""
        return bool(self.stream_options and self.stream_options.include_usage)


def chat_request(
    body: ChatBody, *, model: str | None = None, system_prompt: str = ""
) -> ChatRequest:
    """The engine's request; a given model is used instead of the client's, a prompt comes first.

    Raises 400 for tools that do not fit together.
    """
    turns = [message.as_turn() for message in body.messages]
    if system_prompt:
        turns.insert(0, ChatMessage("system", system_prompt))
    request = ChatRequest(
        messages=tuple(turns),
        model=model or body.model or None,
        temperature=body.temperature,
        top_p=None if body.top_p is None else max(body.top_p, _LEAST_TOP_P),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        stop=tuple(body.stop or ()) or None,
        seed=None if body.seed is None else body.seed & _SEED_MASK,
        response_schema=body.response_format.schema_of_answer if body.response_format else None,
    )
    return offered_tools(request, body.tools or (), body.tool_choice)
