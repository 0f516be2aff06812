"""After a drop: whether to reconnect, when, from where, and what has been seen already."""

from __future__ import annotations

from collections.abc import Callable

from quintet.core.backoff import Backoff
from quintet.core.budget import RetryBudget
from quintet.core.retry import GiveUp, Retry
from quintet.core.sse.event import ServerSentEvent

__all__ = ["Reconnect", "numeric_id"]

_MAX_ID_CHARS = 4096
_MAX_NUMBER_DIGITS = 18


def numeric_id(event: ServerSentEvent) -> int | None:
    """Return the event's id as a number; for services that give every event a number of its own."""
    text = event.id
    if text.isascii() and text.isdigit() and len(text) <= _MAX_NUMBER_DIGITS:
        return int(text)
    return None


class Reconnect:
    """The state of one logical stream over its connections.

    An event not seen before is progress and sets the count of attempts back: a stream that drops
    once an hour may go on for ever, one that gives nothing new ends after ``max_attempts``.

    Args:
        max_attempts: Reconnects in a row without a new event between; 0 never reconnects.
        backoff: The wait where the server gives none; drawn with full jitter.
        max_wait: Longest server-given wait (``retry:``) to sit out, in seconds.
        sequence: Gives an event's number, rising over the stream, or None.  Events whose number
            has been passed are then seen only once although a server replays them.  Pass
            :func:`numeric_id` only if the service numbers every single event, since an event
            without an id of its own carries the one before.
    """

    def __init__(
        self,
        max_attempts: int = 5,
        backoff: Backoff | None = None,
        *,
        max_wait: float = 60.0,
        sequence: Callable[[ServerSentEvent], int | None] | None = None,
        greets: Callable[[ServerSentEvent], bool] | None = None,
    ) -> None:
        self._max_attempts = max_attempts
        self._backoff = backoff or Backoff(base=1.0, cap=30.0)
        self._max_wait = max_wait
        self._sequence = sequence
        self._greets = greets
        self._greeted = False
        self._highest: int | None = None
        self._server_wait = 0.0
        self._replaying = True
        self.attempts = 0
        """Reconnects since the last new event."""
        self.last_event_id = ""
        """Where to go on."""

    @property
    def exhausted(self) -> bool:
        """Whether the last drop was one too many."""
        return self.attempts > self._max_attempts

    def event(self, event: ServerSentEvent) -> bool:
        """Note an event; return False if it has been seen before and is to be dropped."""
        if event.retry is not None:
            self.server_retry(event.retry)
        number = None if self._sequence is None else self._sequence(event)
        if number is not None:
            if self._highest is not None and number <= self._highest:
                return False
            self._highest = number
        self.attempts = 0
        self.last_event_id = event.id
        return True

    def admit(self, events: list[ServerSentEvent]) -> list[ServerSentEvent]:
        """Note a batch of events; return those that have not been seen before.

        Only the beginning of a connection can repeat what an earlier one brought, so the batch
        is searched only until its first new event.
        """
        fresh = events
        if self._replaying and events:
            fresh = self._without_replay(events)
        if fresh and not self._replaying:
            last = fresh[-1]
            self.attempts = 0
            self.last_event_id = last.id
            if self._sequence is not None:
                self._highest = self._sequence(last) or self._highest
        return fresh

    def _without_replay(self, events: list[ServerSentEvent]) -> list[ServerSentEvent]:
        greetings: list[ServerSentEvent] = []
        for index, event in enumerate(events):
            if self._greets is not None and self._greets(event):
                if not self._greeted:
                    self._greeted = True
                    greetings.append(event)
                continue
            number = None if self._sequence is None else self._sequence(event)
            if number is None or self._highest is None or number > self._highest:
                self._replaying = False
                return greetings + events[index:] if greetings else events[index:]
        return greetings

    def server_retry(self, milliseconds: int) -> None:
        """Note a ``retry:`` of the stream, also one that came without an event."""
        self._server_wait = min(milliseconds / 1000, self._max_wait)

    def dropped(
        self,
        *,
        random: float,
        remaining: float | None = None,
        retry_after: float | None = None,
        budget: RetryBudget | None = None,
    ) -> Retry | GiveUp:
        """Decide after the connection ended without the stream being at its end.

        Args:
            random: From [0, 1).
            remaining: Seconds to the deadline, None without one.
            retry_after: The server's hint, if it refused the reconnect with one.
            budget: Pays for the reconnect; None for no budget.
        """
        self._replaying = True
        self.attempts += 1
        if self.attempts > self._max_attempts:
            return GiveUp("attempts")
        if retry_after is not None and retry_after > self._max_wait:
            return GiveUp("retry_after_too_long")
        jitter = self._backoff.delay(self.attempts, random)
        delay = max(jitter, self._server_wait, retry_after or 0.0)
        if remaining is not None and delay >= remaining:
            return GiveUp("deadline")
        if budget is not None and not budget.try_spend():
            return GiveUp("budget")
        return Retry(delay, "stream dropped")

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers to reconnect with: ``Last-Event-ID``, if there is one to send.

        The id goes out as UTF-8.  One that no header can carry is left out, and the stream begins
        anew.
        """
        text = self.last_event_id
        if not text or len(text) > _MAX_ID_CHARS:
            return []
        if any(character < " " or character == "\x7f" for character in text):
            return []
        return [("Last-Event-ID", text.encode().decode("latin-1"))]
