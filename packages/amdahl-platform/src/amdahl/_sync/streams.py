# Generated from amdahl/_async/streams.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The events of a run, for a caller to iterate over."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from amdahl._arguments import text
from amdahl._events import (
    CANCELED,
    FAILED,
    AgentEvent,
    decode,
    end_of_run,
    ends_or_pauses,
    ends_run,
    number_of,
)
from amdahl._service import IDLE_TIMEOUT, seconds
from quintet.core.sse.event import ServerSentEvent
from quintet.core.sse.fallbacks import Detour, Fallbacks
from quintet.core.sse.session import EventRules

if TYPE_CHECKING:
    from typing_extensions import Self

    from amdahl._sync.calls import Calls
    from quintet._sync.streams import EventStream as RuntimeStream
    from quintet.core.operation import Operation

__all__ = ["AgentStream"]

_MAX_EVENT_BYTES = 1 << 20


class AgentStream:
    """The events of a run, in order, each once.

    The request is sent at the first step of the iteration. Reconnects are invisible. The iteration
    ends after the last event, without waiting for the service to hang up, or with an exception:
    never silently.

    Leaving the loop early does not close the connection at once, and gives a ``ResourceWarning``
    when the stream is dropped; ``with`` closes it, and so does :meth:`close`::

        with client.agents.stream("as_1") as events:
            for event in events:
                print(event["type"], event.get("data"))
    """

    def __init__(self, source: RuntimeStream) -> None:
        self._source = source
        # An id to go on after is the number of the last event seen.
        self._seen = number_of(ServerSentEvent(id=source.last_event_id)) or 0
        self._final: AgentEvent | None = None

    @property
    def last_event_id(self) -> str:
        """Id of the last event that had one; give it to a later stream to go on after it."""
        return self._source.last_event_id

    @property
    def final(self) -> AgentEvent | None:
        """The event that ended the run; ``None`` until it came."""
        return self._final

    @property
    def failed(self) -> bool:
        """Whether the run ended with a failure or a cancellation."""
        return self._final is not None and self._final.type in {FAILED, CANCELED}

    def until_end(self) -> AgentEvent | None:
        """Read to the end; return the event that ended the run, ``None`` if none did."""
        with self:
            for _ in self:
                pass
        return self._final

    def __iter__(self) -> Self:
        self._source.check_open()
        return self

    def __next__(self) -> AgentEvent:
        # No generator of our own: it and this object would keep each other, and a stream that is
        # dropped has to let go of its connection at once.
        while True:
            found = decode(self._source.__next__())
            number = found.seq
            if number is not None:
                if number <= self._seen:
                    continue
                self._seen = number
            if found.is_final:
                self._final = found
            return found

    def close(self) -> None:
        """Stop the stream and close its connection. Closing twice is fine."""
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


def follow(
    calls: Calls,
    events: Operation,
    status: Operation,
    path: Mapping[str, str],
    *,
    last_event_id: str = "",
    stop_on_input: bool = False,
    idle_timeout: float | None = IDLE_TIMEOUT,
) -> AgentStream:
    """Return the events of a run, of whichever lane.

    Args:
        calls: The connection.
        events: What streams.
        status: What tells whether the run has ended, for a stream that ends without saying.
        path: The ids in both.
        last_event_id: Go on after this event.
        stop_on_input: End also when the run asks something.
        idle_timeout: Seconds of silence after which a connection counts as dead.
    """
    rules = EventRules(
        is_terminal=ends_or_pauses if stop_on_input else ends_run,
        idle_timeout=seconds("idle_timeout", idle_timeout),
        numbered=number_of,
        max_event_bytes=_MAX_EVENT_BYTES,
    )

    def look() -> Detour:
        plan = calls.api.plan(
            status, path=path, timeout=calls.attempt_seconds(), headers=calls.headers()
        )
        return Detour(plan, end_of_run)

    return AgentStream(
        calls.api.events(
            events,
            rules,
            path=path,
            last_event_id=text("last_event_id", last_event_id),
            timeout=calls.attempt_seconds(),
            max_retries=calls.max_retries,
            headers=calls.headers(),
            fallbacks=Fallbacks(ended=look, rescue=look),
        )
    )
