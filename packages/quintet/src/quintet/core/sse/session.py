"""An event stream, start to end: open, decode, reconnect, end.

Rules of this program:

* A stream ends well after its terminal event, or on 204, which by the WHATWG rules means "do not
  come back".  For a service without terminal events the end of the body is the end.
* Anything else that ends it is a drop: the stream is opened again with ``Last-Event-ID``, after
  the server's ``retry`` or a growing wait, a bounded number of times without progress.
* Bytes of any kind, comments included, reset the idle timeout.
* Events whose numeric id is not above the last one are dropped if the service numbers its events,
  so a replay after a reconnect never shows an event twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from quintet.core.call import CallContext, Plan, open_exchange
from quintet.core.decoding import BodyDecoder
from quintet.core.effects import Close, Emit, Exchange, Program, Read, Sleep
from quintet.core.request import Request
from quintet.core.retry import GiveUp
from quintet.core.sse.decoder import SSEDecoder
from quintet.core.sse.event import ServerSentEvent
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

__all__ = ["EventRules", "follow"]


@dataclass(frozen=True, slots=True)
class EventRules:
    """How the streams of an operation behave.

    Attributes:
        is_terminal: Tells the last event of a stream; None if the service has none.
        to_error: Turns an in-band error event into the exception to raise, None for others;
            itself None if the service has no such events.
        idle_timeout: Seconds without any byte after which the connection counts as dead.
            60 s: four times the usual heartbeat.  None: never.
        max_reconnects: Reconnects in a row that bring no new event before giving up.
        numbered: Whether ids are rising integers, so that repeats can be told.
        max_line_bytes: Bound of one line.
        max_event_bytes: Bound of one event.
    """

    is_terminal: Callable[[ServerSentEvent], bool] | None = None
    to_error: Callable[[ServerSentEvent], QuintetError | None] | None = None
    idle_timeout: float | None = 60.0
    max_reconnects: int = 5
    numbered: bool = False
    max_line_bytes: int = 1 << 20
    max_event_bytes: int = 8 << 20


def follow(
    plan: Plan, context: CallContext, rules: EventRules, last_event_id: str = ""
) -> Program[None]:
    """Emit the events of a stream, in lists, until it ends.

    Raises:
        StreamError: The stream broke for good, in the SDK's class for it.
        QuintetError: It could not be opened, or an in-band error arrived.
    """
    state = Reconnect(rules.max_reconnects, sequence=numeric_id if rules.numbered else None)
    if last_event_id:
        # As if it had just been seen: go on after it, and do not show it again.
        state.event(ServerSentEvent(id=last_event_id))
    while True:
        request = _with_resume_headers(plan.request, state)
        opened = yield from open_exchange(replace(plan, request=request), context)
        exchange = opened.exchange
        if exchange.status == 204:
            yield Close(exchange)
            return
        drop: TransportError | None = None
        try:
            _check_content_type(exchange)
            end = yield from _events(exchange, context, rules, state)
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
        try:
            if isinstance(end, QuintetError):
                raise end
            if end or (drop is None and rules.is_terminal is None):
                return
            decision = state.dropped(random=context.clock.random())
            if isinstance(decision, GiveUp):
                raise opened.adopt(_broken(drop, rules, state)) from drop
        finally:
            # This frame is in their tracebacks: without this they would keep each other.
            del drop, end
        if decision.delay > 0:
            yield Sleep(decision.delay)


def _events(
    exchange: Exchange, context: CallContext, rules: EventRules, state: Reconnect
) -> Program[bool | QuintetError]:
    """Emit events; return True after the terminal one, False at the end of the body.

    An in-band error is returned, not raised: it is no failure of this stream.
    """
    decoder = SSEDecoder(rules.max_line_bytes, rules.max_event_bytes)
    inflate = BodyDecoder(exchange.headers.get("content-encoding"), None)
    idle = rules.idle_timeout
    while True:
        until = None if idle is None else context.clock.monotonic() + idle
        raw: bytes = yield Read(exchange, until, idle)
        if not raw:
            inflate.finish()
            decoder.finish()
            return False
        events = decoder.feed(inflate.feed(raw))
        if decoder.retry is not None:
            state.server_retry(decoder.retry)
        # Events are handed on in batches, as many as a piece of the body brought: one step of the
        # program per event would cost more than decoding it.
        batch, end = _until_end(state.admit(events), rules)
        if batch:
            yield Emit(batch)
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


def _with_resume_headers(request: Request, state: Reconnect) -> Request:
    extra = state.headers()
    if not extra:
        return request
    return replace(request, headers=(*request.headers, *extra))


def _check_content_type(exchange: Exchange) -> None:
    content_type = exchange.headers.get("content-type") or ""
    if content_type.partition(";")[0].strip().lower() != "text/event-stream":
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
