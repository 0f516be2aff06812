"""A chat that comes in chunks."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from aerostack._chat_events import chunk_of, is_end
from aerostack.errors import ResponseValidationError

if TYPE_CHECKING:
    from typing_extensions import Self

    from aerostack.models import ChatChunk, ChatUsage
    from quintet._async.streams import AsyncEventStream

__all__ = ["AsyncChatStream"]


class AsyncChatStream:
    """The chunks of an answer, as they come.

    The request is sent at the first step of the iteration, so a refusal is raised there. The
    iteration ends when the answer is complete, or with an exception: ``errors.ErrorResponse`` if
    the service failed on the way, ``errors.StreamError`` if the connection broke. Nothing is asked
    for twice: what came until then is all there is.

    Leaving early closes the connection, which stops the answer, if it is done by ``async with`` or
    by :meth:`aclose`::

        async with await sdk.ai.ai_chat_stream_async({"messages": messages}) as chunks:
            async for chunk in chunks:
                print(chunk.text, end="")
    """

    def __init__(self, source: AsyncEventStream) -> None:
        self._source = source
        self._usage: ChatUsage | None = None
        self._ended = False
        self._complete = False

    @property
    def usage(self) -> ChatUsage | None:
        """Tokens counted, if ``stream_options`` asked for it and the last chunk has come."""
        return self._usage

    def __aiter__(self) -> Self:
        if not self._complete:
            self._source.check_open()
        return self

    async def __anext__(self) -> ChatChunk:
        if self._ended:
            raise StopAsyncIteration
        event = await self._source.__anext__()
        if is_end(event):
            self._complete = True
            await self.aclose()
            raise StopAsyncIteration
        try:
            chunk = chunk_of(event, self._source.head)
        except ResponseValidationError:
            await self.aclose()
            raise
        if chunk.usage is not None:
            self._usage = chunk.usage
        return chunk

    async def text(self) -> str:
        """Read to the end; return the text of all chunks that were not read before."""
        async with self:
            return "".join([chunk.text async for chunk in self])

    async def aclose(self) -> None:
        """Stop the answer and close its connection. Closing twice is fine."""
        self._ended = True
        await self._source.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
