"""The OpenAI chat-completions format: a request as JSON, streamed chunks as an answer. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from quintet_server.engines.chat.model import (
    ChatFailed,
    ChatMessage,
    ChatRefused,
    ChatRequest,
    FinishReason,
    ToolCall,
    Usage,
)
from quintet_server.engines.chat.whole_text import WholeText

__all__ = ["Answer", "request_body"]

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_TOOLS_MAX = 128


def request_body(
    request: ChatRequest, model: str, *, max_tokens_field: str = "max_tokens"
) -> dict[str, Any]:
    """Return the body of ``POST /chat/completions``: streamed, with usage at the end."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    options = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        max_tokens_field: request.max_tokens,
        "stop": list(request.stop) if request.stop else None,
        "seed": request.seed,
    }
    body.update({name: value for name, value in options.items() if value is not None})
    if request.response_schema is not None:
        schema = {"name": "answer", "schema": dict(request.response_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters or {"type": "object", "properties": {}},
                },
            }
            for tool in request.tools
        ]
    return body


def _message(message: ChatMessage) -> dict[str, Any]:
    shown: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        shown["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        shown["tool_call_id"] = message.tool_call_id
    return shown


class _PartialCall:
    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = self.name = self.arguments = ""

    def feed(self, delta: Mapping[str, Any]) -> None:
        function = delta.get("function") or {}
        self.id = delta.get("id") or self.id
        self.name += function.get("name") or ""
        self.arguments += function.get("arguments") or ""

    def finished(self, index: int) -> ToolCall:
        try:
            arguments = json.loads(self.arguments or "{}")
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict) or not self.name:
            raise ChatFailed("The model asked for a tool with arguments that are no JSON object.")
        return ToolCall(self.id or f"call_{index + 1}", self.name, arguments)


class Answer:
    """An answer growing from chunks.

    Args:
        max_chars: An answer longer than this raises ChatFailed.
    """

    def __init__(self, max_chars: int):
        self.model: str | None = None
        self.usage: Usage | None = None
        self.reason: str | None = None
        self._max_chars = max_chars
        self._chars = 0
        self._texts: list[str] = []
        self._whole = WholeText()
        self._calls: dict[int, _PartialCall] = {}

    @property
    def text(self) -> str:
        """All pieces joined."""
        return "".join(self._texts)

    @property
    def has_begun(self) -> bool:
        """Whether something has come that a repetition would double."""
        return bool(self._texts)

    def feed(self, chunk: Mapping[str, Any]) -> str:
        """Take one chunk, or a whole answer that was not streamed; return its piece of text.

        Raises ChatFailed for what is not the format.
        """
        try:
            return self._feed(chunk)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ChatFailed("The language model's answer is not in the OpenAI format.") from error

    def _feed(self, chunk: Mapping[str, Any]) -> str:
        self.model = chunk.get("model") or self.model
        if usage := chunk.get("usage"):
            prompt, completion = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
            self.usage = Usage(
                prompt, completion, int(usage.get("total_tokens", prompt + completion))
            )
        choices = chunk.get("choices")
        if not choices:
            return ""
        choice = choices[0]
        self.reason = choice.get("finish_reason") or self.reason
        delta = choice.get("delta") or choice.get("message") or {}
        for position, call in enumerate(delta.get("tool_calls") or ()):
            index = call.get("index", position)
            if not 0 <= index < _TOOLS_MAX:
                raise ValueError("index of a tool call")
            self._calls.setdefault(index, _PartialCall()).feed(call)
        return self._keep(self._whole.feed(delta.get("content") or ""))

    def end(self) -> str:
        """Return the last piece of text, once no chunk follows."""
        return self._keep(self._whole.end())

    def _keep(self, text: str) -> str:
        if text:
            self._chars += len(text)
            if self._chars > self._max_chars:
                raise ChatFailed(
                    f"The answer is longer than {self._max_chars} characters "
                    "(QUINTET_AI_ANSWER_MAX_CHARS)."
                )
            self._texts.append(text)
        return text

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools asked for; raises ChatFailed if their arguments are not JSON objects."""
        return tuple(call.finished(index) for index, call in sorted(self._calls.items()))

    @property
    def finish_reason(self) -> FinishReason:
        """Why it ended; raises ChatRefused for a content filter, ChatFailed if nothing says why."""
        if self.reason is None:
            raise ChatFailed("The language model's answer broke off before its end.")
        if self.reason == "content_filter":
            raise ChatRefused("The language model's content filter ended the answer.")
        if self._calls:
            return "tool_calls"
        return _REASONS.get(self.reason, "stop")
