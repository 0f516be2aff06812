"""An event stream, start to end: open, decode, reconnect, end.

Rules of this program:

* A stream ends well after its terminal event, or on 204, which by the WHATWG rules means "do not
  come back".  For a service without terminal events the end of the body is the end.
* Anything else that ends it is a drop: the stream is opened again with ``Last-Event-ID``, after
  the server's ``retry`` or a growing wait, a bounded number of times without progress.
* Bytes of any kind, comments included, reset the idle timeout.
* A connection that cannot be opened again is a drop too, if the failure may pass: the server may
  be restarting.
* Events whose numeric id is not above the last one are dropped if the service numbers its events,
  so a replay after a reconnect never shows an event twice.
* What a service has besides the stream is tried as its ``Fallbacks`` say, the last of them before
  a stream that had been open is given up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from quintet.core.call import CallContext, Opened, Plan, call, open_exchange, read_opened
from quintet.core.decoding import BodyDecoder
from quintet.core.effects import Close, Emit, Exchange, Program, Read, Sleep
from quintet.core.record import Record
from quintet.core.request import Request
from quintet.core.response import Response
from quintet.core.retry import GiveUp
from quintet.core.sse.decoder import SSEDecoder
from quintet.core.sse.event import ServerSentEvent
from quintet.core.sse.fallbacks import Detour, Fallbacks, Reading
from quintet.core.sse.reconnect import Reconnect, numeric_id
from quintet.errors import (
    DecodeError,
    QuintetError,
    StreamError,
    StreamIdleTimeout,
    StreamInterrupted,
    TimeoutFailure,
    TransportError,
)

__all__ = ["EventRules", "Whereabouts", "follow"]


class EventRules(Record):
    """How the streams of an operation behave.

    Attributes:
        is_terminal: Tells the last event of a stream; None if the service has none.
        to_error: Turns an in-band error event into the exception to raise, None for others;
            itself None if the service has no such events.
        idle_timeout: Seconds without any byte after which the connection counts as dead.
            60 s: four times the usual heartbeat.  None: never.
        max_reconnects: Reconnects in a row that bring no new event before giving up.
        numbered: Whether ids are rising integers, so that repeats can be told.  A function gives
            the number of an event, for services that write it elsewhere; see ``Reconnect``.
        greets: Tells the event that each connection begins with; it is shown once.  None if the
            service has none.
        max_line_bytes: Bound of one line.
        max_event_bytes: Bound of one event.
    """

    __slots__ = _fields = (
        "is_terminal",
        "to_error",
        "idle_timeout",
        "max_reconnects",
        "numbered",
        "greets",
        "max_line_bytes",
        "max_event_bytes",
    )
    is_terminal: Callable[[ServerSentEvent], bool] | None
    to_error: Callable[[ServerSentEvent], QuintetError | None] | None
    idle_timeout: float | None
    max_reconnects: int
    numbered: bool | Callable[[ServerSentEvent], int | None]
    greets: Callable[[ServerSentEvent], bool] | None
    max_line_bytes: int
    max_event_bytes: int

    def __init__(
        self,
        is_terminal: Callable[[ServerSentEvent], bool] | None = None,
        to_error: Callable[[ServerSentEvent], QuintetError | None] | None = None,
        idle_timeout: float | None = 60.0,
        max_reconnects: int = 5,
        numbered: bool | Callable[[ServerSentEvent], int | None] = False,
        greets: Callable[[ServerSentEvent], bool] | None = None,
        max_line_bytes: int = 1 << 20,
        max_event_bytes: int = 8 << 20,
    ) -> None:
        self._fill(
            is_terminal,
            to_error,
            idle_timeout,
            max_reconnects,
            numbered,
            greets,
            max_line_bytes,
            max_event_bytes,
        )


class Whereabouts:
    """Where a stream is at the moment, for whoever makes errors of what it brings.

    Attributes:
        head: Of the last answer that was a stream, its body empty; None before the first.
    """

    __slots__ = ("head",)

    def __init__(self) -> None:
        self.head: Response | None = None


_PASSING = frozenset({408, 425, 429})
_MOST_DETOURS = 4
_BY_ID = {True: numeric_id, False: None}
_NO_FALLBACKS = Fallbacks()


def follow(
    plan: Plan,
    context: CallContext,
    rules: EventRules,
    last_event_id: str = "",
    fallbacks: Fallbacks = _NO_FALLBACKS,
    where: Whereabouts | None = None,
) -> Program[None]:
    """Emit the events of a stream, in lists, until it ends.

    Args:
        where: Told of every answer that is a stream.

    Raises:
        StreamError: The stream broke for good, in the SDK's class for it.
        QuintetError: It could not be opened, or an in-band error arrived.
    """
    state = Reconnect(
        rules.max_reconnects,
        sequence=rules.numbered if callable(rules.numbered) else _BY_ID[rules.numbered],
        greets=rules.greets,
    )
    if last_event_id:
        # As if it had just been seen: go on after it, and do not show it again.
        state.event(ServerSentEvent(id=last_event_id))
    try:
        yield from _stream(plan, context, rules, state, fallbacks, where or Whereabouts())
        return
    except QuintetError:
        if fallbacks.rescue is None or not state.exhausted:
            raise
        ended = yield from _rescued(fallbacks.rescue(), context)
        if not ended:
            # What broke the stream says more than what went wrong with looking after it.
            raise
    yield Emit(ended)


def _stream(
    plan: Plan,
    context: CallContext,
    rules: EventRules,
    state: Reconnect,
    fallbacks: Fallbacks,
    where: Whereabouts,
) -> Program[None]:
    """Emit the events of one connection after the other, until the end or until giving up."""
    begun = yield from _begin(plan, context, state, fallbacks)
    if begun is None:
        return
    wait: float | None = 0.0
    if isinstance(begun, Opened):
        where.head = begun.head()
        wait = yield from _connection(begun, context, rules, state, fallbacks)
    while wait is not None:
        opened = yield from _reopen(plan, context, state, fallbacks, wait)
        where.head = opened.head()
        wait = yield from _connection(opened, context, rules, state, fallbacks)


def _begin(
    plan: Plan, context: CallContext, state: Reconnect, fallbacks: Fallbacks
) -> Program[Opened | Literal["elsewhere"] | None]:
    """Return the opened stream; "elsewhere" to go on by ``resume``; None if all has been told."""
    request = _with_resume_headers(plan.request, state)
    reading: Reading
    try:
        opened = yield from open_exchange(plan.sending(request), context)
    except QuintetError as error:
        reading = fallbacks.refused.get(error.status)
        if reading is None:
            raise
    else:
        if fallbacks.answered is None or _is_stream(opened):
            return opened
        reading = fallbacks.answered((yield from read_opened(opened)))
        if reading is None:
            return "elsewhere"
    events = yield from _read_through(reading, context)
    if events:
        yield Emit(events)
    return None


def _reopen(
    plan: Plan, context: CallContext, state: Reconnect, fallbacks: Fallbacks, wait: float
) -> Program[Opened]:
    """Wait and connect again, as often as the state allows."""
    while True:
        if wait > 0:
            yield Sleep(wait)
        if fallbacks.resume is not None:
            plan = fallbacks.resume()
        try:
            plan = plan.renewed(plan.request)
            request = _with_resume_headers(plan.request, state)
            return (yield from open_exchange(plan.sending(request), context))
        except QuintetError as error:
            after = _after_refusal(error, state, context)
            if after is None:
                raise
            wait = after


def _connection(
    opened: Opened,
    context: CallContext,
    rules: EventRules,
    state: Reconnect,
    fallbacks: Fallbacks,
) -> Program[float | None]:
    """Emit the events of one connection; return the wait before the next, None after the end."""
    exchange = opened.exchange
    if exchange.status == 204:
        yield Close(exchange)
        return None
    drop: TransportError | None = None
    try:
        _check_content_type(exchange)
        end = yield from _events(opened, context, rules, state)
    except TransportError as failure:
        drop, end = failure, False
    except QuintetError as error:
        yield Close(exchange)
        if isinstance(error, StreamError):
            error.last_event_id = state.last_event_id
        raise opened.adopt(error) from error.__cause__
    except Exception:
        yield Close(exchange)
        raise
    yield Close(exchange)
    if fallbacks.ended is not None and drop is None and end is False:
        told = yield from _rescued(fallbacks.ended(), context)
        if told:
            yield Emit(told)
            return None
    try:
        if isinstance(end, QuintetError):
            raise end
        if end or (drop is None and rules.is_terminal is None):
            return None
        decision = state.dropped(random=context.clock.random())
        if isinstance(decision, GiveUp):
            raise opened.adopt(_broken(drop, rules, state)) from drop
    finally:
        # This frame is in their tracebacks: without this they would keep each other.
        del drop, end
    return decision.delay


def _after_refusal(error: QuintetError, state: Reconnect, context: CallContext) -> float | None:
    """Return the wait after a connection that could not be opened again; None to give up."""
    passing = isinstance(error, TransportError) or error.status in _PASSING
    if not (passing or error.status >= 500):
        return None
    decision = state.dropped(random=context.clock.random(), retry_after=error.retry_after)
    return None if isinstance(decision, GiveUp) else decision.delay


def _read_through(reading: Reading, context: CallContext) -> Program[list[ServerSentEvent]]:
    """Make the calls of a detour; return the events at its end, none if it tells nothing."""
    for _ in range(_MOST_DETOURS):
        if not isinstance(reading, Detour):
            break
        reading = reading.read((yield from call(reading.plan, context)))
    return [] if reading is None or isinstance(reading, Detour) else list(reading)


def _rescued(detour: Detour | None, context: CallContext) -> Program[list[ServerSentEvent]]:
    """Like :func:`_read_through`, but what fails tells nothing."""
    try:
        return (yield from _read_through(detour, context))
    except QuintetError:
        return []


def _events(
    opened: Opened, context: CallContext, rules: EventRules, state: Reconnect
) -> Program[bool | QuintetError]:
    """Emit events; return True after the terminal one, False at the end of the body.

    An in-band error is returned, not raised: it is no failure of this stream.
    """
    exchange = opened.exchange
    decoder = SSEDecoder(rules.max_line_bytes, rules.max_event_bytes)
    inflate = BodyDecoder(exchange.headers.get("content-encoding"), None)
    idle = rules.idle_timeout
    # All of it may have come with the head; then there is only the end left to read.
    whole: bytes | None = getattr(exchange, "whole", None)
    while True:
        until = None if idle is None else context.clock.monotonic() + idle
        raw: bytes = whole or (yield Read(exchange, until, idle))
        whole = None
        if not raw:
            inflate.finish()
            decoder.finish()
            return False
        for piece in inflate.pieces(raw):
            events = decoder.feed(piece)
            if decoder.retry is not None:
                state.server_retry(decoder.retry)
            # Events are handed on in batches, as many as a piece of the body brought: one step of
            # the program per event would cost more than decoding it.
            admitted = state.admit(events)
            batch, end = _until_end(admitted, rules)
            if batch:
                yield Emit(batch)
            if isinstance(end, QuintetError):
                return _in_band(admitted[len(batch)], end, opened, rules)
            if end is not None:
                return end


def _until_end(
    events: list[ServerSentEvent], rules: EventRules
) -> tuple[list[ServerSentEvent], QuintetError | Literal[True] | None]:
    """Cut a batch after its terminal event (True) or before an in-band error (the error)."""
    is_terminal, to_error = rules.is_terminal, rules.to_error
    # One loop per case: this runs once per event of a fast stream.
    if to_error is not None:
        for index, event in enumerate(events):
            error = to_error(event)
            if error is not None:
                return events[:index], error
            if is_terminal is not None and is_terminal(event):
                return events[: index + 1], True
    elif is_terminal is not None:
        for index, event in enumerate(events):
            if is_terminal(event):
                return events[: index + 1], True
    return events, None


def _in_band(
    event: ServerSentEvent, error: QuintetError, opened: Opened, rules: EventRules
) -> QuintetError:
    """Return the error of an event, made without the credentials that the event may echo."""
    from quintet.core.redaction import without

    data = without(event.data, opened.attempts.secrets())
    if data != event.data and rules.to_error is not None:
        error = rules.to_error(ServerSentEvent(event.event, data, event.id)) or error
    return opened.place(error)


def _with_resume_headers(request: Request, state: Reconnect) -> Request:
    extra = state.headers()
    if not extra:
        return request
    return Request(request.method, request.url, (*request.headers, *extra), request.body)


def _is_stream(opened: Opened) -> bool:
    return opened.exchange.status == 204 or _media_type(opened.exchange) == "text/event-stream"


def _media_type(exchange: Exchange) -> str:
    content_type = exchange.headers.get("content-type") or ""
    return content_type.partition(";")[0].strip().lower()


def _check_content_type(exchange: Exchange) -> None:
    if _media_type(exchange) != "text/event-stream":
        content_type = exchange.headers.get("content-type") or ""
        raise DecodeError(f"expected an event stream, got {content_type[:80] or 'no content type'}")


def _broken(drop: TransportError | None, rules: EventRules, state: Reconnect) -> StreamError:
    tries = f"{rules.max_reconnects} reconnects brought no event"
    if isinstance(drop, TimeoutFailure):
        return StreamIdleTimeout(
            f"nothing arrived for {rules.idle_timeout or 0:g} s; {tries}",
            last_event_id=state.last_event_id,
        )
    what = "the stream ended early" if drop is None else drop.message
    return StreamInterrupted(f"{what}; {tries}", last_event_id=state.last_event_id)
