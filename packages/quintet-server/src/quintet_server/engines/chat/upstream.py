"""The model behind ``AI_BASE_URL``. The operator chose the address, so it may be a private one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import httpx
import structlog

from quintet_server.engines.chat.admission import Admission
from quintet_server.engines.chat.model import (
    ChatDelta,
    ChatEnd,
    ChatRequest,
    ChatUnavailable,
    ModelInfo,
)
from quintet_server.engines.chat.openai_stream import Call, stream_chat
from quintet_server.engines.chat.openai_wire import request_body
from quintet_server.engines.chat.settings import AiSettings

__all__ = ["PROVIDER", "Upstream", "estimated_tokens"]

PROVIDER = "upstream"
_log = structlog.get_logger(__name__)
_LIST_KEPT_SECONDS = 300.0
_LIST_TIMEOUT_SECONDS = 10.0
_BYTES_PER_TOKEN = 4


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has: a foreign model's tokenizer is not at hand."""
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)


class Upstream:
    """Any OpenAI-compatible server. Its list of models is asked for at most every five minutes."""

    def __init__(
        self,
        settings: AiSettings,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
    ):
        assert settings.base_url is not None
        self._settings = settings
        self._sleep = sleep
        self._now = now
        self.admission = Admission(settings.upstream_parallel_count, settings.waiting_count)
        self._names: list[str] = []
        self._names_until = float("-inf")
        self._listing = asyncio.Lock()
        key = settings.api_key.get_secret_value() if settings.api_key else None
        self._http = httpx.AsyncClient(
            base_url=f"{settings.base_url}/",
            headers={"Authorization": f"Bearer {key}"} if key else None,
            timeout=httpx.Timeout(settings.idle_seconds, connect=settings.connect_seconds),
            limits=httpx.Limits(max_connections=None),  # the admission is the bound
        )

    @property
    def name(self) -> str:
        """The model that answers by default, as far as known without asking."""
        return self._settings.model or (self._names[0] if self._names else "")

    async def find(self, name: str | None) -> str | None:
        """Return ``name`` if the server has such a model, None otherwise."""
        if name is None:
            return None
        return name if name == self._settings.model or name in await self.names() else None

    async def default(self) -> str:
        """Return the model for requests that name none; raises ChatUnavailable if there is none."""
        if self._settings.model is not None:
            return self._settings.model
        names = await self.names()
        if not names:
            raise ChatUnavailable(
                "AI_MODEL is not set, and the server at AI_BASE_URL does not list its models."
            )
        return names[0]

    async def names(self) -> list[str]:
        """Return the server's own list, the last known one while it cannot be had."""
        if self._now() < self._names_until or (self._names and self._listing.locked()):
            return self._names
        # Whoever comes while the first list is under way waits for it: no list is not "no models".
        async with self._listing:
            if self._now() >= self._names_until:
                await self._list()
        return self._names

    async def _list(self) -> None:
        kept_seconds = _LIST_KEPT_SECONDS
        try:
            answer = await self._http.get("models", timeout=_LIST_TIMEOUT_SECONDS)
            listed = answer.raise_for_status().json()["data"]
            self._names = [str(one["id"]) for one in listed]
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            _log.info("model_list_unavailable", error=type(error).__name__)
            kept_seconds = _LIST_TIMEOUT_SECONDS
        self._names_until = self._now() + kept_seconds

    async def infos(self) -> list[ModelInfo]:
        """Return the models of the server, the configured one among them."""
        names = list(await self.names())
        if self._settings.model is not None and self._settings.model not in names:
            names.insert(0, self._settings.model)
        return [ModelInfo(name, PROVIDER) for name in names]

    async def stream(
        self, request: ChatRequest, model: str
    ) -> AsyncGenerator[ChatDelta | ChatEnd, None]:
        """Generate an answer; see :meth:`Chat.stream <.engine.Chat.stream>`."""
        settings = self._settings
        call = Call(
            http=self._http,
            body=request_body(request, model, max_tokens_field=settings.max_tokens_field),
            model=model,
            provider=PROVIDER,
            max_chars=settings.answer_max_chars,
            retries_count=settings.retries_count,
            retry_max_seconds=settings.retry_max_seconds,
            sleep=self._sleep,
            estimate=estimated_tokens,
        )
        async with self.admission.turn(), aclosing(stream_chat(call)) as pieces:
            async for piece in pieces:
                yield piece

    async def stop(self) -> None:
        """Close every connection; answers under way break off with ChatFailed."""
        await self._http.aclose()
