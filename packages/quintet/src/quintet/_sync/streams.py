# Generated from quintet/_async/streams.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Streams that a caller iterates over: events, and bytes of a large body.

One that was begun, and is dropped before its end without being closed, gives a ``ResourceWarning``
that names the line where it was asked for.  Not if its client was closed meanwhile, which ended its
connection, nor when the interpreter exits.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from quintet.core.download import download
from quintet.core.headers import Headers
from quintet.core.sse.fallbacks import Fallbacks
from quintet.core.sse.session import EventRules, Whereabouts, follow
from quintet.errors import MisuseError, QuintetError
from quintet.transport.sites import creation_site, warn_unclosed

if TYPE_CHECKING:
    from quintet.core.call import CallContext, Plan
    from quintet.core.response import Response
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
        self._context = context
        self._site = creation_site()
        self._is_terminal = rules.is_terminal
        self._ended = False
        self._left = False
        self._reading = False
        self._where = Whereabouts()
        self._batches: Generator[list[ServerSentEvent], None, None] = driver.iterate(
            follow(plan, context, rules, last_event_id, fallbacks or Fallbacks(), self._where)
        )
        self._batch: list[ServerSentEvent] = []
        self._ready: Iterator[ServerSentEvent] = iter(())

    @property
    def head(self) -> Response | None:
        """The head of the answer that the events come by, its body empty; None before the first."""
        return self._where.head

    def __iter__(self) -> Iterator[ServerSentEvent]:
        self.check_open()
        return self._walk()

    def check_open(self) -> None:
        """Refuse a stream that was closed before its end: it would look like one without events.

        Raises:
            MisuseError: In the SDK's class for it.
        """
        if self._left:
            raise _closed(self._context, "stream")

    def _walk(self) -> Iterator[ServerSentEvent]:
        # A generator and not a step per event: most of a fast stream's cost would be the calls.
        while True:
            for event in self._ready:
                event_id = event.id
                if event_id:
                    self.last_event_id = event_id
                yield event
            try:
                self._fetch()
            except StopIteration:
                return

    def __next__(self) -> ServerSentEvent:
        event = next(self._ready, None)
        if event is None:
            self._fetch()
            event = next(self._ready)
        if event.id:
            self.last_event_id = event.id
        return event

    def _fetch(self) -> None:
        """Wait for the next events."""
        self._reading = True
        try:
            self._batch = self._batches.__next__()
        except BaseException as end:
            # However it ended, its connection is no longer open.
            self._reading = False
            if isinstance(end, StopIteration):
                self._ended = self._ended or not self._left
            raise
        self._ready = iter(self._batch)

    def __del__(self) -> None:
        # An interrupt may have come before there was anything in it.
        if getattr(self, "_reading", False) and not self._left and not self._at_end():
            _dropped(self._context, "stream of events", self._site)

    def _at_end(self) -> bool:
        """Tell whether the terminal event has been handed out: nothing comes after it."""
        if self._is_terminal is None or not self._batch or next(self._ready, None) is not None:
            return False
        return self._is_terminal(self._batch[-1])

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
        quiet: Whether it may be dropped half-read without a warning, as an SDK wants it where its
            answers stand for those of another library, which does not warn.
    """

    quiet = False

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
        self._context = context
        self._site = creation_site()
        self._ended = False
        self._left = False
        self._reading = False
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
                head = self._fetch()
            except StopIteration:
                return self  # closed before it was begun: there is nothing to read
            self.status, self.headers = head.status, head.headers
        return self

    def __iter__(self) -> ByteStream:
        # A part would pass for the whole.
        if self._left:
            raise _closed(self._context, "download")
        return self

    def __next__(self) -> bytes:
        self.open()
        try:
            piece: bytes = self._fetch()
        except StopIteration:
            self._ended = self._ended or not self._left
            raise
        return piece

    def _fetch(self) -> Any:
        """Wait for the head of the answer, or the next piece of its body."""
        self._reading = True
        try:
            return self._pieces.__next__()
        except BaseException:
            # However it ended, its connection is no longer open.
            self._reading = False
            raise

    def __del__(self) -> None:
        # An interrupt may have come before there was anything in it.
        if getattr(self, "_reading", False) and not self._left and not self.quiet:
            _dropped(self._context, "download", self._site)

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


def _closed(context: CallContext, what: str) -> QuintetError:
    error = MisuseError(f"the {what} was closed before its end; ask for it again")
    return context.service.adopt(error)


def _dropped(context: CallContext, what: str, site: str) -> None:
    if not context.closed and not sys.is_finalizing():
        warn_unclosed(f"{what} that was not read to its end", site)
