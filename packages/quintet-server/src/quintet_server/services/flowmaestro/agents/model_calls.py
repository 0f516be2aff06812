"""The model calls of one turn: streamed into the log, continued, recorded, counted.

The rules this file obeys:

- Every piece of text becomes an event the moment it is generated. The answer is all pieces joined,
  so a piece that readers may have seen is never taken back.
- A model call is a step, recorded when it is over, behind its pieces. What is in the log beyond the
  recorded calls is therefore the beginning of the call that was under way: it is continued where
  the model can do that, and otherwise the turn fails and says so.
- Usage is what the turn would have cost without interruptions: an answer that was continued counts
  its prompt once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar, cast

import orjson

from quintet_server.engines.chat.engine import Chat
from quintet_server.engines.chat.model import (
    ChatBusy,
    ChatDelta,
    ChatEnd,
    ChatFailed,
    ChatMessage,
    ChatRefused,
    ChatRequest,
    ChatUnavailable,
    ToolCall,
    ToolSpec,
    Usage,
)
from quintet_server.engines.runs.program import Run, RunFailed
from quintet_server.engines.runs.values import encode
from quintet_server.services.flowmaestro.agents.account import Account, Round
from quintet_server.services.flowmaestro.agents.definitions import AgentSpec
from quintet_server.services.flowmaestro.agents.events import TurnInput, token

__all__ = ["ModelCalls", "call_json", "usage_json"]

T = TypeVar("T")

_BUSY_SECONDS = 1.0
_TRIES_COUNT = 3


class ModelCalls:
    """The calls of one segment of a turn, and the text they have come to."""

    def __init__(
        self,
        chat: Chat,
        run: Run,
        turn: TurnInput,
        spec: AgentSpec,
        account: Account,
        written: Sequence[str],
    ) -> None:
        """`written`: the pieces that are in the log already."""
        self._chat = chat
        self._run = run
        self._turn = turn
        self._spec = spec
        self._account = account
        self._pieces = list(written)
        # How much of the text belongs to calls that are over.
        self._settled = 0

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._pieces)

    async def ask(
        self, messages: Sequence[ChatMessage], schema: Mapping[str, Any], max_tokens: int
    ) -> ChatEnd:
        """The answer to a question that readers do not see, by a JSON Schema."""
        request = ChatRequest(
            tuple(messages),
            model=self._spec.model,
            temperature=0.0,
            max_tokens=max_tokens,
            response_schema=schema,
        )
        return await self._until_answered(lambda: self._chat.complete(request))

    async def stream(
        self, key: str, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]
    ) -> Round:
        """Stream one call into the log, unless it is over or was begun already."""
        step = self._run.steps.get(key)
        if step is not None and step.state == "done":
            output = step.output
        else:
            request = ChatRequest(
                tuple(messages),
                model=self._spec.model,
                temperature=self._spec.temperature,
                max_tokens=self._spec.max_tokens,
                tools=tuple(tools),
            )
            end, begun = await self._until_answered(lambda: self._attempt(request))
            text = self.text[self._settled :]
            output = {
                "text": text,
                "tool_calls": [call_json(call) for call in end.tool_calls],
                "finish_reason": end.finish_reason,
                "model": end.model,
                "provider": end.provider,
                "usage": await self._uninterrupted(end.usage, begun),
            }
            self._run.record_step(key, output=output)
        self._settled += len(output["text"])
        self._account.add(output["usage"])
        calls = tuple(ToolCall(**call) for call in output["tool_calls"])
        told = {name: output[name] for name in ("text", "finish_reason", "model", "provider")}
        return Round(tool_calls=calls, **told)

    async def _attempt(self, request: ChatRequest) -> tuple[ChatEnd, str]:
        """Run a request to its end; also returns the text that an earlier try had written."""
        begun = self.text[self._settled :]
        if begun:
            request = await self._continuation(request, begun)
        async with aclosing(self._chat.stream(request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, ChatDelta):
                    self._write(piece.text)
                else:
                    return piece, begun
        raise ChatFailed("The model's stream ended without an end")

    async def _continuation(self, request: ChatRequest, begun: str) -> ChatRequest:
        if not self._chat.can_continue:
            raise RunFailed(
                "The answer was interrupted, and this model cannot continue one", "interrupted"
            )
        left = (request.max_tokens or 0) - await self._chat.count_tokens(begun)
        return replace(
            request,
            messages=(*request.messages, ChatMessage("assistant", begun)),
            continue_last=True,
            max_tokens=max(1, left),
        )

    async def _uninterrupted(self, usage: Usage, begun: str) -> dict[str, int]:
        """The usage of a call as if it had never been interrupted."""
        moved = await self._chat.count_tokens(begun) if begun else 0
        prompt = max(0, usage.prompt_tokens - moved)
        completion = usage.completion_tokens + moved
        return usage_json(Usage(prompt, completion, prompt + completion))

    def _write(self, text: str) -> None:
        """Make a piece of text part of the answer."""
        text = text.replace("\x00", "\ufffd")  # PostgreSQL has no place for it
        if text:
            self._pieces.append(text)
            self._run.note(token(self._turn, text, len(self._pieces)))

    async def _until_answered(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Run a model call; one that broke off in the middle is continued, some times.

        Before its first piece the engine has tried again itself.
        """
        for tries_left in reversed(range(_TRIES_COUNT)):
            try:
                return await attempt()
            except ChatBusy:
                # Others are served first; this turn waits without holding a place.
                self._run.park(self._run.now() + timedelta(seconds=_BUSY_SECONDS))
            except ChatUnavailable as error:
                raise RunFailed(error.message, "service_unavailable") from error
            except ChatRefused as error:
                raise RunFailed(error.message, "model_refused") from error
            except ChatFailed as error:
                has_begun = len(self.text) > self._settled
                if not (tries_left and has_begun and self._chat.can_continue):
                    raise RunFailed(error.message, "model_failed") from error
        raise AssertionError("the last try has returned or raised")


def call_json(call: ToolCall) -> dict[str, Any]:
    """A tool call as it is stored and shown: without what PostgreSQL cannot hold."""
    shown = {"id": call.id, "name": call.name, "arguments": call.arguments}
    return cast("dict[str, Any]", orjson.loads(encode(shown)))


def usage_json(usage: Usage) -> dict[str, int]:
    """Usage as it is stored and shown."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }
