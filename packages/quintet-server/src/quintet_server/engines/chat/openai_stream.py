"""One answer from an OpenAI-compatible URL: request, stream, repetition before the first token.

The same code talks to ``AI_BASE_URL`` and to the process that runs a local model. Closing the
generator closes the connection, which is how the other side learns that nobody listens.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from quintet_server.engines.chat.model import (
    ChatBusy,
    ChatDelta,
    ChatEnd,
    ChatFailed,
    ChatUnavailable,
    Usage,
)
from quintet_server.engines.chat.openai_errors import error_in_stream, error_of
from quintet_server.engines.chat.openai_wire import Answer

__all__ = ["Call", "stream_chat"]

_log = structlog.get_logger(__name__)
_BACKOFF_SECONDS = 0.5
_ERROR_MAX_BYTES = 64 * 1024
Pieces = AsyncGenerator[ChatDelta | ChatEnd, None]


@dataclass(frozen=True, slots=True)
class Call:
    """Where and how to ask.

    ``estimate`` counts tokens for a server that reports no usage. A wait that the server asks for
    and that is longer than ``retry_max_seconds`` is not waited for.
    """

    http: httpx.AsyncClient
    body: Mapping[str, Any]
    model: str
    provider: str
    max_chars: int
    retries_count: int
    retry_max_seconds: float
    sleep: Callable[[float], Awaitable[object]]
    estimate: Callable[[str], int]


async def stream_chat(call: Call) -> Pieces:
    """Yield the answer's pieces, then its end.

    Repeats a failed attempt only while nothing has come. Raises a
    :class:`~quintet_server.engines.chat.model.ChatError`, ChatFailed also for a stream cut short.
    """
    for attempt in range(call.retries_count + 1):
        answer = Answer(call.max_chars)
        try:
            async with aclosing(_attempt(call, answer)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except (ChatFailed, ChatBusy) as error:
            wait = _wait(error.retry_after, attempt)
            last = attempt == call.retries_count or wait > call.retry_max_seconds
            if last or answer.has_begun:
                raise
            _log.info("chat_attempt_failed", error=error.message, wait_seconds=round(wait, 2))
        await call.sleep(wait)


def _wait(asked: float | None, attempt: int) -> float:
    if asked is not None:
        return asked
    return random.uniform(0, _BACKOFF_SECONDS * 2**attempt)


async def _attempt(call: Call, answer: Answer) -> Pieces:
    try:
        async with call.http.stream("POST", "chat/completions", json=call.body) as response:
            if response.status_code != 200:
                raise error_of(
                    response.status_code,
                    await _beginning(response),
                    response.headers.get("retry-after"),
                )
            async with aclosing(_chunks(response)) as chunks:
                async for chunk in chunks:
                    if text := answer.feed(chunk):
                        yield ChatDelta(text)
    except httpx.HTTPError as error:
        raise _lost(error) from error
    if text := answer.end():
        yield ChatDelta(text)
    yield _end(call, answer)


async def _beginning(response: httpx.Response) -> bytes:
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > _ERROR_MAX_BYTES:
            break
    return body


async def _chunks(response: httpx.Response) -> AsyncGenerator[Mapping[str, Any], None]:
    if response.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
        # The server does not stream: one answer, whole.
        yield _parsed((await response.aread()).decode("utf-8", "replace"))
        return
    try:
        from httpx_sse import EventSource, SSEError
    except ImportError:
        raise ChatUnavailable(
            "The parts for language models are missing: pip install 'quintet-server[ai]'."
        ) from None
    try:
        async for event in EventSource(response).aiter_sse():
            if event.data == "[DONE]":
                return
            if event.data:
                yield _parsed(event.data)
    except SSEError as error:
        raise ChatFailed("The language model's server did not send an event stream.") from error


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        # Not orjson: it refuses halves of characters, which some servers send.
        chunk = json.loads(text)
    except ValueError as error:
        raise ChatFailed("The language model's server sent what is not JSON.") from error
    if not isinstance(chunk, dict):
        raise ChatFailed("The language model's answer is not in the OpenAI format.")
    if said := chunk.get("error"):
        raise error_in_stream(said)
    return chunk


def _lost(error: httpx.HTTPError) -> ChatFailed:
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return ChatFailed("The language model's server cannot be reached.")
    if isinstance(error, httpx.TimeoutException):
        return ChatFailed("The language model's server was silent for too long.")
    return ChatFailed("The connection to the language model's server was lost.")


def _end(call: Call, answer: Answer) -> ChatEnd:
    reason, tools, text = answer.finish_reason, answer.tool_calls, answer.text
    usage = answer.usage
    if usage is None:
        prompt = sum(call.estimate(str(one["content"])) for one in call.body["messages"])
        completion = call.estimate(text)
        usage = Usage(prompt, completion, prompt + completion)
    return ChatEnd(text, reason, usage, answer.model or call.model, call.provider, tools)
