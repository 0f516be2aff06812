# Generated from aerostack/_async/streams.py by tools/async_to_sync; edit the source and run scripts/fix.
"""A chat that comes in chunks."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from aerostack._chat_events import chunk_of, is_end
from aerostack.errors import ResponseValidationError

if TYPE_CHECKING:
    from typing_extensions import Self

    from aerostack.models import ChatChunk, ChatUsage
    from quintet._sync.streams import EventStream

__all__ = ["ChatStream"]


class ChatStream:
    """The chunks of an answer, as they come.

    The request is sent at the first step of the iteration, so a refusal is raised there. The
    iteration ends when the answer is complete, or with an exception: ``errors.ErrorResponse`` if
    the service failed on the way, ``errors.StreamError`` if the connection broke. Nothing is asked
    for twice: what came until then is all there is.

    Leaving early closes the connection, which stops the answer, if it is done by ``with`` or
    by :meth:`close`::

        with sdk.ai.ai_chat_stream({"messages": messages}) as chunks:
            for chunk in chunks:
                print(chunk.text, end="")
    """

    def __init__(self, source: EventStream) -> None:
        self._source = source
        self._usage: ChatUsage | None = None
        self._ended = False
        self._complete = False

    @property
    def usage(self) -> ChatUsage | None:
        """Tokens counted, if ``stream_options`` asked for it and the last chunk has come."""
        return self._usage

    def __iter__(self) -> Self:
        if not self._complete:
            self._source.check_open()
        return self

    def __next__(self) -> ChatChunk:
        if self._ended:
            raise StopIteration
        event = self._source.__next__()
        if is_end(event):
            self._complete = True
            self.close()
            raise StopIteration
        try:
            chunk = chunk_of(event, self._source.head)
        except ResponseValidationError:
            self.close()
            raise
        if chunk.usage is not None:
            self._usage = chunk.usage
        return chunk

    def text(self) -> str:
        """Read to the end; return the text of all chunks that were not read before."""
        with self:
            return "".join([chunk.text for chunk in self])

    def close(self) -> None:
        """Stop the answer and close its connection. Closing twice is fine."""
        self._ended = True
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
