"""Streams of events, as dictionaries, for a caller to iterate over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from flowmaestro._events import FAILURES, decode
from flowmaestro.errors import FlowMaestroStreamError

if TYPE_CHECKING:
    from typing_extensions import Self

    from quintet._async.streams import AsyncEventStream as RuntimeStream

__all__ = ["AsyncEventStream"]

E = TypeVar("E")


class AsyncEventStream(Generic[E]):
    """The events of an execution or of an answer, in order, each once.

    The request is sent at the first step of the iteration. Reconnects are invisible. The iteration
    ends after the last event, without waiting for the service to hang up, or with an exception:
    never silently.

    Leaving the loop early does not close the connection at once, and gives a ``ResourceWarning``
    when the stream is dropped; ``async with`` closes it, and so does :meth:`aclose`::

        async with client.executions.stream("exec_1") as events:
            async for event in events:
                print(event["type"])
    """

    def __init__(
        self,
        source: RuntimeStream,
        ends: frozenset[str],
        note: Callable[[Mapping[str, Any]], bool] | None = None,
    ) -> None:
        self._source = source
        self._ends = ends
        self._note = note
        self._final: E | None = None

    @property
    def last_event_id(self) -> str:
        """Id of the last event that had one; give it to a later stream to go on after it."""
        return self._source.last_event_id

    @property
    def final(self) -> E | None:
        """The event that ended the stream; ``None`` until it came."""
        return self._final

    @property
    def failed(self) -> bool:
        """Whether the stream ended with a failure or a cancellation."""
        final: Any = self._final
        return final is not None and final["type"] in FAILURES

    async def until_end(self) -> E | None:
        """Read to the end; return the last event. ``None`` if the service ended without one."""
        async with self:
            async for _ in self:
                pass
        return self._final

    def __aiter__(self) -> Self:
        self._source.check_open()
        return self

    async def __anext__(self) -> E:
        # No generator of our own: it and this object would keep each other, and a stream that is
        # dropped has to let go of its connection at once.
        while True:
            event = await self._source.__anext__()
            try:
                found: Any = decode(event)
            except FlowMaestroStreamError:
                await self._source.aclose()
                raise
            if self._note is not None and not self._note(found):
                continue
            if found["type"] in self._ends:
                self._final = found
            return cast("E", found)

    async def aclose(self) -> None:
        """Stop the stream and close its connection. Closing twice is fine."""
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
