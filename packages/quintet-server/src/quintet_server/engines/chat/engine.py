"""The chat engine: one conversation in, one answer out, whichever model there is.

``AI_BASE_URL`` comes first; models on this machine answer when they are named, or when there is no
URL. A model is never made up: without one every call raises ChatUnavailable.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import structlog

from quintet_server.engines.chat.local_models import LocalModels, is_runner_installed
from quintet_server.engines.chat.model import (
    ChatDelta,
    ChatEnd,
    ChatError,
    ChatFailed,
    ChatRefused,
    ChatRequest,
    ChatUnavailable,
    ModelInfo,
)
from quintet_server.engines.chat.model_files import ModelFile
from quintet_server.engines.chat.settings import AiSettings
from quintet_server.engines.chat.upstream import Upstream, estimated_tokens

__all__ = ["Chat"]

_log = structlog.get_logger(__name__)
_NO_MODEL = (
    "No language model is set up: run `quintet models install smollm2`{runner}, or set AI_BASE_URL "
    "to any OpenAI-compatible URL."
)
_TEMPERATURE_MAX = 2.0

# As in ChatML: two marks, the role, and two ends of lines; a mark, the role and one.
_TOKENS_PER_MESSAGE = 5
_TOKENS_BEFORE_ANSWER = 3


class Chat:
    """Every model of this server. One per process; use it from one event loop.

    Args:
        settings: Which models, and every bound.
        data_dir: Where ``models/*.gguf`` are looked for, at every request.
        sleep: Waits between attempts; a test passes one that does not wait.
    """

    def __init__(
        self,
        settings: AiSettings,
        data_dir: Path,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ):
        self._settings = settings
        self._local = LocalModels(settings, data_dir)
        self._upstream = Upstream(settings, sleep=sleep) if settings.base_url is not None else None

    async def start(self) -> None:
        """Load the local model if the settings say so. A model that fails is logged, not raised."""
        file = self._local.find(None)
        if self._upstream is not None or file is None or not self._settings.load_at_start:
            return
        try:
            await self._local.load(file)
        except ChatError as error:
            _log.error("model_not_loaded", model=file.name, error=error.message)

    async def stop(self) -> None:
        """End local models and close connections. What still generates fails with ChatFailed."""
        await self._local.stop()
        if self._upstream is not None:
            await self._upstream.stop()

    @property
    def is_available(self) -> bool:
        """Whether a model is set up. Looks at files only: the model may still fail to load."""
        if self._upstream is not None:
            return True
        return is_runner_installed() and self._local.find(None) is not None

    @property
    def supports_tools(self) -> bool:
        """Whether the default model answers with tool calls; if not, ask for JSON by a schema."""
        return self._upstream is not None and self._settings.upstream_tools

    @property
    def can_continue(self) -> bool:
        """Whether the default model can go on with an unfinished answer (``continue_last``)."""
        return self._upstream is None or self._settings.upstream_continues

    @property
    def name(self) -> str:
        """The model that answers when none is named; empty if there is none or it is not known."""
        if self._upstream is not None:
            return self._upstream.name
        file = self._local.find(None)
        return file.name if file is not None else ""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta | ChatEnd, None]:
        """Generate an answer: pieces of text, then exactly one ChatEnd.

        Waits in a bounded queue for its turn. Closing the generator, or cancelling the task that
        reads it, stops the model: at its next token, or within a batch while it reads the prompt.
        A failed attempt is repeated only upstream and only before the first piece.

        Raises:
            ChatUnavailable: No model, or it cannot be loaded.
            ChatBusy: The queue is full, or the upstream has too much to do.
            ChatRefused: The request is invalid or too long for the model.
            ChatFailed: The model or the connection broke, or the answer broke off.
        """
        request = _checked(request)
        async with aclosing(await self._routed(request)) as pieces:
            async for piece in pieces:
                yield piece

    async def complete(self, request: ChatRequest) -> ChatEnd:
        """Generate an answer and return it whole; raises what :meth:`stream` raises."""
        async with aclosing(self.stream(request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, ChatEnd):
                    return piece
        raise ChatFailed("The language model's answer broke off before its end.")

    async def models(self) -> list[ModelInfo]:
        """Return every model that can be named, the default one first. Never raises."""
        upstream = await self._upstream.infos() if self._upstream is not None else []
        found = [*upstream, *(self._local.infos() if is_runner_installed() else ())]
        found.sort(key=lambda one: one.name != self.name)
        return [replace(one, is_default=index == 0) for index, one in enumerate(found)]

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens the default model makes of a text.

        Exact for a local model, which is loaded for it; for ``AI_BASE_URL`` an estimate of one
        token per four bytes. Raises ChatUnavailable without a model.
        """
        if self._upstream is not None:
            return estimated_tokens(text)
        return await self._local.count_tokens(text, self._local_file(None))

    def estimated_prompt_tokens(self, request: ChatRequest) -> int:
        """Return about how many tokens the model reads for a request, before it is asked.

        One for every four bytes, what a template puts around every message and before the answer,
        and the system prompt that a local model gets when the conversation has none.
        """
        texts = [one.content for one in request.messages]
        system = self._settings.system_prompt if self._upstream is None else ""
        if system and not any(one.role == "system" for one in request.messages):
            texts.append(system)
        tokens = sum(estimated_tokens(text) + _TOKENS_PER_MESSAGE for text in texts)
        return tokens + _TOKENS_BEFORE_ANSWER

    async def _routed(self, request: ChatRequest) -> AsyncGenerator[ChatDelta | ChatEnd, None]:
        if self._upstream is None:
            return self._local.stream(request, self._local_file(request.model))
        known = await self._upstream.find(request.model)
        if known is None and (file := self._local.named(request.model)) is not None:
            return self._local.stream(request, file)
        if request.continue_last and not self._settings.upstream_continues:
            raise ChatRefused("This model cannot go on with an unfinished answer.")
        return self._upstream.stream(request, known or await self._upstream.default())

    def _local_file(self, name: str | None) -> ModelFile:
        file = self._local.find(name)
        if file is not None:
            return file
        if self._settings.model_path is not None:
            raise ChatUnavailable(
                "The file that QUINTET_AI_MODEL_PATH names does not exist: "
                f"{self._settings.model_path}."
            )
        runner = "" if is_runner_installed() else " after `pip install 'quintet-server[ai]'`"
        raise ChatUnavailable(_NO_MODEL.format(runner=runner))


def _checked(request: ChatRequest) -> ChatRequest:
    if not request.messages:
        raise ChatRefused("A conversation needs at least one message.")
    if request.temperature is not None and not 0 <= request.temperature <= _TEMPERATURE_MAX:
        raise ChatRefused(f"temperature has to be from 0 to {_TEMPERATURE_MAX:g}.")
    if request.top_p is not None and not 0 < request.top_p <= 1:
        raise ChatRefused("top_p has to be above 0 and at most 1.")
    if request.max_tokens is not None and request.max_tokens < 1:
        raise ChatRefused("max_tokens has to be 1 or more.")
    return _continued(request) if request.continue_last else request


def _continued(request: ChatRequest) -> ChatRequest:
    if request.messages[-1].role != "assistant":
        raise ChatRefused("Only an assistant message that comes last can be continued.")
    if request.messages[-1].content:
        if request.response_schema is not None:
            raise ChatRefused("An answer that has to follow a schema cannot be continued.")
        return request
    # Nothing to go on with: an ordinary answer.
    return _checked(replace(request, messages=request.messages[:-1], continue_last=False))
