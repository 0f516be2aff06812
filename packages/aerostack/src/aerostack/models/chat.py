"""Chat completions, of ``ai`` and of ``gateway``: requests, answers, and chunks of streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from typing_extensions import NotRequired, TypedDict

from aerostack._model import BaseModel
from aerostack.models._open_enum import OpenEnum

__all__ = [
    "AiChatRequestBody",
    "AiChatRequestBodyTypedDict",
    "AiChatResponseBody",
    "AiChatStreamRequestBodyTypedDict",
    "ChatChoice",
    "ChatChunk",
    "ChatChunkChoice",
    "ChatDelta",
    "ChatMessage",
    "ChatUsage",
    "FinishReason",
    "Messages",
    "MessagesTypedDict",
    "Role",
    "StreamOptions",
    "StreamOptionsTypedDict",
]


class Role(OpenEnum):
    """Who speaks; roles that are not listed pass as they are."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class FinishReason(OpenEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"


class MessagesTypedDict(TypedDict):
    """One message; both fields may be absent."""

    role: NotRequired[Role | str]
    content: NotRequired[str | list[dict[str, Any]]]


class Messages(BaseModel):
    """One message; both fields may be absent. A content is a text, or a list of parts of one."""

    role: Role | None = None
    content: str | list[dict[str, Any]] | None = None


class StreamOptionsTypedDict(TypedDict):
    """What a stream brings besides the text."""

    include_usage: NotRequired[bool]


class StreamOptions(BaseModel):
    """What a stream brings besides the text."""

    include_usage: bool | None = None


class _ChatFields(TypedDict):
    # A list that is built elsewhere is of plain dictionaries, as type checkers see it.
    messages: Sequence[MessagesTypedDict | Messages | Mapping[str, Any]]
    model: NotRequired[str]
    stream_options: NotRequired[StreamOptionsTypedDict]
    temperature: NotRequired[float]
    max_tokens: NotRequired[int]
    top_p: NotRequired[float]
    stop: NotRequired[str | list[str]]
    seed: NotRequired[int]
    response_format: NotRequired[dict[str, Any]]
    tools: NotRequired[list[dict[str, Any]]]
    tool_choice: NotRequired[str | dict[str, Any]]


class AiChatRequestBodyTypedDict(_ChatFields):
    """A chat that is answered in one piece."""

    stream: NotRequired[Literal[False]]


class AiChatStreamRequestBodyTypedDict(_ChatFields):
    """A chat that is answered in chunks."""

    stream: Literal[True]


class AiChatRequestBody(BaseModel):
    """A chat.

    Attributes:
        messages: The conversation so far.
        model: Such as ``"@cf/meta/llama-3-8b-instruct"``; the service's default without it.
        stream: Whether the answer comes in chunks.
        stream_options: What the stream brings besides.
        temperature: 0 to 2.
        max_tokens: Longest answer, in tokens.
        top_p: 0 to 1.
        stop: Texts at which the answer ends, up to four.
        seed: The same one gives the same answer, as far as the model can.
        response_format: Such as ``{"type": "json_object"}``, as OpenAI has it.
        tools: Functions the model may ask for, as OpenAI has them.
        tool_choice: ``"auto"``, ``"none"``, ``"required"``, or which function.
    """

    messages: list[Messages]
    model: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    response_format: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None


class ChatMessage(BaseModel):
    """What was answered."""

    role: Role | None = None
    content: str | None = None


class ChatChoice(BaseModel):
    """One answer."""

    index: int | None = None
    message: ChatMessage | None = None
    finish_reason: FinishReason | None = None


class ChatUsage(BaseModel):
    """Tokens counted."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None


class AiChatResponseBody(BaseModel):
    """The answer to a chat.

    Attributes:
        response: The text; where the service says it only in ``choices``, taken from there.
        choices: The same as an OpenAI-style completion.
        usage: Tokens counted.
    """

    response: str | None = None
    id: str | None = None
    object: str | None = None
    created: int | None = None
    model: str | None = None
    choices: list[ChatChoice] | None = None
    usage: ChatUsage | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Fill ``response`` from the first choice, if only that came."""
        if self.response is None and self.choices and self.choices[0].message is not None:
            self.response = self.choices[0].message.content


class ChatDelta(BaseModel):
    """What a chunk adds."""

    role: Role | None = None
    content: str | None = None


class ChatChunkChoice(BaseModel):
    """One answer's part of a chunk."""

    index: int | None = None
    delta: ChatDelta | None = None
    finish_reason: FinishReason | None = None


class ChatChunk(BaseModel):
    """One event of a streamed chat; the last may carry ``usage``."""

    id: str | None = None
    object: str | None = None
    created: int | None = None
    model: str | None = None
    choices: list[ChatChunkChoice] | None = None
    usage: ChatUsage | None = None

    @property
    def text(self) -> str:
        """The text that this chunk adds; ``""`` if it adds none."""
        first = self.choices[0].delta if self.choices else None
        return (first.content or "") if first is not None else ""
