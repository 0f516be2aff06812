"""One answer from the engine to the client: whole or streamed, stopped as soon as nobody listens.

A stream's status waits for the first piece, so that a missing model or a full queue is an honest
503; after one heartbeat of silence the stream begins all the same, and what goes wrong from then on
is a frame in it. Silence is filled with comments. Whoever pays is told what was generated in every
case, also when the client hung up in the middle.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
from psycopg_pool import PoolTimeout
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from quintet_server.engines.chat.engine import Chat
from quintet_server.engines.chat.model import (
    ChatDelta,
    ChatEnd,
    ChatError,
    ChatFailed,
    ChatRequest,
    Usage,
)
from quintet_server.http.disconnect import watch_disconnect
from quintet_server.http.errors import translate
from quintet_server.http.sse import sse_response
from quintet_server.services.aerostack.ai.completions import DONE, Frames, error_frame
from quintet_server.services.aerostack.ai.failures import refusal_of
from quintet_server.services.aerostack.ai.tools import as_tool_call
from quintet_server.services.aerostack.errors import AerostackErrors

__all__ = ["Answer", "Generated", "streamed", "whole"]

T = TypeVar("T")
Pieces = AsyncGenerator[ChatDelta | ChatEnd, None]


@dataclass(frozen=True, slots=True)
class Generated:
    """What became of a request: the text so far, and the engine's count if it came to an end."""

    text: str
    usage: Usage | None

    @property
    def is_nothing(self) -> bool:
        """The model was not heard of at all."""
        return not self.text and self.usage is None


async def _nobody_pays(_generated: Generated) -> None:
    """The default account."""


@dataclass(slots=True)
class Answer:
    """One answer to be generated.

    `settle` is called once with what was generated, before the client sees the end.
    """

    chat: Chat
    request: ChatRequest
    is_forced_call: bool = False
    wants_usage: bool = False
    settle: Callable[[Generated], Awaitable[None]] = _nobody_pays
    headers: dict[str, str] = field(default_factory=dict)

    async def pieces(self) -> Pieces:
        """The engine's pieces. Closing the generator stops the model; then the account is kept."""
        texts: list[str] = []
        end: ChatEnd | None = None
        try:
            async with aclosing(self.chat.stream(self.request)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, ChatEnd):
                        end = piece
                    else:
                        texts.append(piece.text)
                        yield piece
        finally:
            # Shielded: a second cancellation must not leave an answer that nobody pays.
            generated = Generated("".join(texts), end.usage if end else None)
            await asyncio.shield(asyncio.ensure_future(self.settle(generated)))
        if end is not None:
            yield end

    def shown_pieces(self) -> Pieces:
        """The pieces that a client sees."""
        return as_tool_call(self.pieces()) if self.is_forced_call else self.pieces()

    async def model_name(self) -> str:
        """The model as the frames of a stream call it, before the engine has said which ran."""
        asked, default = self.request.model, self.chat.name
        if asked is None or asked == default:
            return default
        known = {one.name for one in await self.chat.models()}
        return asked if asked in known else self.chat.name


async def whole(request: Request, answer: Answer) -> ChatEnd:
    """Generate it all. Raises the refusal, or ClientDisconnect once the client is gone."""
    return await _unless_gone(request, _collected(answer))


async def _collected(answer: Answer) -> ChatEnd:
    try:
        async with aclosing(answer.shown_pieces()) as pieces:
            async for piece in pieces:
                if isinstance(piece, ChatEnd):
                    return piece
        raise _broken_off()
    except ChatError as error:
        raise refusal_of(error) from error


async def streamed(request: Request, answer: Answer) -> Response:
    """Begin a stream. Raises the refusal if there is one before the first piece."""
    beat = request.app.state.runtime.http_settings.sse_heartbeat_seconds
    pieces = _with_beats(answer.shown_pieces(), beat)
    try:
        first = await _unless_gone(request, _first(pieces))
        created = int(request.app.state.runtime.clock.now())
        frames = Frames(await answer.model_name(), created, wants_usage=answer.wants_usage)
    except BaseException:
        await pieces.aclose()
        raise
    return sse_response(request, _frames(frames, first, pieces), _as_it_is, headers=answer.headers)


def _broken_off() -> ChatFailed:
    return ChatFailed("The language model's answer broke off before its end.")


def _as_it_is(frame: Any) -> bytes | None:
    written: bytes = frame
    return written


async def _first(pieces: AsyncGenerator[ChatDelta | ChatEnd | None, None]) -> Any:
    try:
        return await anext(pieces)
    except StopAsyncIteration:
        raise refusal_of(_broken_off()) from None
    except ChatError as error:
        raise refusal_of(error) from error


async def _frames(
    frames: Frames,
    first: ChatDelta | ChatEnd | None,
    pieces: AsyncGenerator[ChatDelta | ChatEnd | None, None],
) -> AsyncGenerator[Any, None]:
    """Frames, and None for a moment of silence."""
    async with aclosing(pieces):
        yield frames.role()
        piece = first
        try:
            while not isinstance(piece, ChatEnd):
                yield None if piece is None else frames.text(piece.text)
                piece = await anext(pieces)
        except ChatError as error:
            yield error_frame(refusal_of(error))
            return
        except (psycopg.Error, PoolTimeout) as error:  # of who keeps the account
            yield error_frame(translate(error, AerostackErrors()))
            return
        except StopAsyncIteration:
            yield error_frame(refusal_of(_broken_off()))
            return
        for frame in frames.end(piece):
            yield frame
        yield DONE


async def _with_beats(
    pieces: AsyncGenerator[T, None], seconds: float
) -> AsyncGenerator[T | None, None]:
    """The same, with None for every so many seconds without a piece."""
    ended = object()
    pending: asyncio.Future[Any] | None = None
    try:
        while True:
            if pending is None:
                pending = asyncio.ensure_future(anext(pieces, ended))
            await asyncio.wait({pending}, timeout=seconds)
            if not pending.done():
                yield None
                continue
            piece, pending = pending.result(), None
            if piece is ended:
                return
            yield piece
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
        await pieces.aclose()


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of `work`, which is cancelled when the client leaves."""
    task = asyncio.ensure_future(work)
    async with watch_disconnect(request) as gone:
        left = asyncio.ensure_future(gone.wait())
        try:
            await asyncio.wait({task, left}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ClientDisconnect
            return task.result()
        finally:
            left.cancel()
            task.cancel()
            await asyncio.gather(task, left, return_exceptions=True)
