"""How an answer looks on the wire: whole, or as the frames of a stream (OpenAI's format)."""

from __future__ import annotations

from typing import Any

from quintet_server.engines.chat.model import ChatEnd, Usage
from quintet_server.http.errors import ApiError
from quintet_server.http.sse import sse_frame
from quintet_server.services.aerostack.ai.failures import with_openai_error
from quintet_server.services.aerostack.ai.tools import shown_calls
from quintet_server.store.ids import new_ulid

__all__ = ["DONE", "Frames", "completion", "error_frame"]

DONE = b"data: [DONE]\n\n"


def _new_completion_id() -> str:
    return f"chatcmpl-{new_ulid()}"


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }


def completion(end: ChatEnd, created: int) -> dict[str, Any]:
    """A whole answer. `created`: seconds since 1970."""
    message: dict[str, Any] = {"role": "assistant", "content": end.text}
    if end.tool_calls:
        message["content"] = end.text or None
        message["tool_calls"] = shown_calls(end.tool_calls)
    choice = {"index": 0, "message": message, "finish_reason": end.finish_reason}
    return {
        "id": _new_completion_id(),
        "object": "chat.completion",
        "created": created,
        "model": end.model,
        "choices": [choice],
        "usage": _usage(end.usage),
    }


class Frames:
    """The frames of one streamed answer; all carry the same id, time and model.

    `created` is in seconds since 1970. With `wants_usage` every frame has a field `usage`, null
    until the last one.
    """

    def __init__(
        self,
        model: str,
        created: int,
        *,
        wants_usage: bool,
    ) -> None:
        self._head = {
            "id": _new_completion_id(),
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        self._wants_usage = wants_usage

    def role(self) -> bytes:
        """The first: who speaks."""
        return self._choice({"role": "assistant", "content": ""})

    def text(self, text: str) -> bytes:
        """A piece of the answer."""
        return self._choice({"content": text})

    def end(self, end: ChatEnd) -> list[bytes]:
        """Calls of tools, why it ended, and the token counts if they are wanted."""
        frames = []
        if end.tool_calls:
            calls = [{"index": n, **one} for n, one in enumerate(shown_calls(end.tool_calls))]
            frames.append(self._choice({"tool_calls": calls}))
        frames.append(self._choice({}, end.finish_reason))
        if self._wants_usage:
            frames.append(sse_frame({**self._head, "choices": [], "usage": _usage(end.usage)}))
        return frames

    def _choice(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        frame = {**self._head, "choices": [choice]}
        if self._wants_usage:
            frame["usage"] = None
        return sse_frame(frame)


def error_frame(error: ApiError) -> bytes:
    """The frame that ends a stream which cannot go on; no `[DONE]` follows it."""
    return sse_frame(with_openai_error(error))
