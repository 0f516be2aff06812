# Generated from quintet/_async/streams.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Streams that a caller iterates over: events, and bytes of a large body."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from quintet.core.download import download
from quintet.core.headers import Headers
from quintet.core.sse.fallbacks import Fallbacks
from quintet.core.sse.session import EventRules, follow
from quintet.errors import MisuseError, QuintetError

if TYPE_CHECKING:
    from quintet.core.call import CallContext, Plan
    from quintet.core.operation import Service
    from quintet.core.sse.event import ServerSentEvent
    from quintet.drive import Driver

__all__ = ["ByteStream", "EventStream"]


class EventStream:
    """The events of a stream, in order, each once; reconnects are invisible.

    The request is sent at the first step of the iteration.  The iterator ends after the terminal
    event.  Use it as a context manager, or call :meth:`close`, to stop earlier: that closes the
    connection at once.

    Attributes:
        last_event_id: Id of the last event that had one; pass it to a later stream to go on.
    """

    def __init__(
        self,
        driver: Driver,
        plan: Plan,
        context: CallContext,
        rules: EventRules,
        last_event_id: str = "",
        fallbacks: Fallbacks | None = None,
    ) -> None:
        self.last_event_id = last_event_id
        self._service = context.service
        self._ended = False
        self._left = False
        self._batches: Generator[list[ServerSentEvent], None, None] = driver.iterate(
            follow(plan, context, rules, last_event_id, fallbacks or Fallbacks())
        )
        self._ready: Iterator[ServerSentEvent] = iter(())

    def __iter__(self) -> Iterator[ServerSentEvent]:
        self.check_open()
        return self._walk()

    def check_open(self) -> None:
        """Refuse a stream that was closed before its end: it would look like one without events.

        Raises:
            MisuseError: In the SDK's class for it.
        """
        if self._left:
            raise _closed(self._service, "stream")

    def _walk(self) -> Iterator[ServerSentEvent]:
        # A generator and not a step per event: most of a fast stream's cost would be the calls.
        while True:
            for event in self._ready:
                event_id = event.id
                if event_id:
                    self.last_event_id = event_id
                yield event
            try:
                self._ready = iter(self._batches.__next__())
            except StopIteration:
                self._ended = self._ended or not self._left
                return

    def __next__(self) -> ServerSentEvent:
        event = next(self._ready, None)
        if event is None:
            try:
                self._ready = iter(self._batches.__next__())
            except StopIteration:
                self._ended = self._ended or not self._left
                raise
            event = next(self._ready)
        if event.id:
            self.last_event_id = event.id
        return event

    def close(self) -> None:
        """Stop the stream and close its connection.  Closing twice is fine."""
        self._left = not self._ended
        self._ready = iter(())
        self._batches.close()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class ByteStream:
    """The decoded body of an answer in pieces, as they come.

    The request is sent by :meth:`open`, or at the first step of the iteration.  Use it as a
    context manager, or call :meth:`close`, to stop earlier: that closes the connection at once.

    Attributes:
        status: HTTP status of the answer, 0 until its head has come.
        headers: Of the answer, none until its head has come.
    """

    def __init__(
        self,
        driver: Driver,
        plan: Plan,
        context: CallContext,
        max_bytes: int | None,
        idle_timeout: float | None,
    ) -> None:
        self._pieces: Generator[Any, None, None] = driver.iterate(
            download(plan, context, max_bytes, idle_timeout)
        )
        self._service = context.service
        self._ended = False
        self._left = False
        self.status = 0
        self.headers = Headers()

    def open(self) -> ByteStream:
        """Send the request and wait for the head of the answer, unless that has been done.

        Returns:
            The stream itself.

        Raises:
            QuintetError: In the SDK's class for it, an error status included.
        """
        if not self.status:
            try:
                head = self._pieces.__next__()
            except StopIteration:
                return self  # closed before it was begun: there is nothing to read
            self.status, self.headers = head.status, head.headers
        return self

    def __iter__(self) -> ByteStream:
        # A part would pass for the whole.
        if self._left:
            raise _closed(self._service, "download")
        return self

    def __next__(self) -> bytes:
        self.open()
        try:
            piece: bytes = self._pieces.__next__()
        except StopIteration:
            self._ended = self._ended or not self._left
            raise
        return piece

    def read(self) -> bytes:
        """Return all that has not been read yet, at once; ``max_bytes`` bounds it.

        Raises:
            MisuseError: It was closed before its end.
        """
        return b"".join([piece for piece in self])

    def close(self) -> None:
        """Stop reading and close the connection.  Closing twice is fine."""
        self._left = not self._ended
        self._pieces.close()

    def __enter__(self) -> ByteStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _closed(service: Service, what: str) -> QuintetError:
    return service.adopt(MisuseError(f"the {what} was closed before its end; ask for it again"))
