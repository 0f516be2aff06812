"""A call, start to end: pace, send, classify, then return, wait and resend, or raise.

This file is the whole policy of a call as one generator (see ``effects.py``).  Its rules:

* An attempt is bounded by ``timeout`` from connect to the last byte of the body, the call by
  ``deadline``; both are instants here, so a wait or a slow body cannot stretch them.
* Whether to send again is asked of ``retry.py`` only, and it is told how far the failed
  exchange got.
* The body of an error answer is read under the same bounds as any other; whatever goes wrong
  while reading it does not hide the status: the answer then has the part that arrived.
* Every attempt that was not interrupted from outside is reported exactly once.
* Every error leaves here complete (method, path, attempts, request id) and in the SDK's class,
  without the credentials of its request, whatever the answer echoes (see ``redaction.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quintet.core.attempts import AttemptReport, Attempts, CallContext, Plan, complete, fill
from quintet.core.decoding import BodyDecoder
from quintet.core.effects import Close, Exchange, Program, Read, Sleep
from quintet.core.rate_limit import parse_rate_limit
from quintet.core.redirect import next_request
from quintet.core.response import Response, check_declared_length
from quintet.core.retry import GiveUp, Progress, Retry
from quintet.errors import QuintetError, ResponseError, TimeoutFailure, TransportError

if TYPE_CHECKING:
    from quintet.core.attempts import Pacer
    from quintet.core.headers import Headers

__all__ = ["AttemptReport", "CallContext", "Opened", "Plan", "call", "open_exchange", "read_opened"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BODILESS = frozenset({204, 304})
_NOTES = {
    "not_repeatable": "; it was not repeated, since it may have taken effect",
    "body_not_rewindable": "; it was not repeated, since its body can be read only once",
    "deadline": "; the deadline left no time to repeat it",
    "elapsed": "; the time for retries was used up",
    "budget": "; it was not repeated, since too many calls of this client are failing",
}


class Opened:
    """A successful answer whose body has not been read."""

    __slots__ = ("attempts", "exchange")

    def __init__(self, exchange: Exchange, attempts: Attempts) -> None:
        self.exchange = exchange
        self.attempts = attempts

    def adopt(self, error: QuintetError) -> QuintetError:
        """Return the SDK's error for one that came up while the body was read."""
        return complete(self.attempts, self.attempts.clean(error))

    def head(self) -> Response:
        """Return the answer as far as it has come, its body empty."""
        attempts, exchange = self.attempts, self.exchange
        request = attempts.request
        return Response(
            exchange.status,
            exchange.headers,
            b"",
            request.url,
            request.method,
            exchange.http_version,
            attempts.context.clock.monotonic() - attempts.started,
            attempts.number,
        )

    def place(self, error: QuintetError) -> QuintetError:
        """Return an error that the answer told of within its body, with what it is about."""
        attempts = self.attempts
        return fill(
            attempts.clean(error),
            attempts=attempts.number,
            request_id=attempts.request_id(),
            method=attempts.request.method,
            url=attempts.request.url,
        )


def call(plan: Plan, context: CallContext) -> Program[Response]:
    """Send the request until it succeeds or must not be sent again; return the whole answer.

    Raises:
        QuintetError: In the SDK's class for it; see :class:`~quintet.core.operation.Service`.
    """
    attempts = Attempts(plan, context)
    while True:
        try:
            # Not by way of `_open`: most calls are over after this one effect, and a generator
            # within the generator would be a good part of what they cost.
            if context.pacer is not None:
                yield from _hold(attempts, context.pacer)
            exchange: Exchange = yield attempts.begin()
            attempts.exchange = exchange
            refused = not plan.operation.succeeded(exchange.status)
            response = _taken_whole(attempts, exchange) or (
                yield from _read_response(attempts, exchange, refused=refused)
            )
            if refused:
                yield from _turn_to_next(attempts, response)
                continue
        except QuintetError as error:
            yield from _wait_or_raise(attempts, error)
            continue
        context.budget.succeed()
        if plan.observe is not None:
            attempts.report()
        return response


def open_exchange(plan: Plan, context: CallContext) -> Program[Opened]:
    """Like :func:`call`, but return at the head of the successful answer, body unread."""
    attempts = Attempts(plan, context)
    while True:
        try:
            exchange = yield from _open(attempts)
        except QuintetError as error:
            yield from _wait_or_raise(attempts, error)
            continue
        context.budget.succeed()
        context.last_headers = exchange.headers
        if context.pacer is not None:
            _learn(context.pacer, context, exchange.headers)
        attempts.report()
        return Opened(exchange, attempts)


def read_opened(opened: Opened) -> Program[Response]:
    """Return the whole of an opened answer after all, within the bounds of its attempt.

    Raises:
        QuintetError: In the SDK's class for it.  Nothing is sent again.
    """
    try:
        return (yield from _read_response(opened.attempts, opened.exchange))
    except QuintetError as error:
        raise opened.adopt(error) from error.__cause__


def _open(attempts: Attempts) -> Program[Exchange]:
    """Attempt until a successful head arrives; failures are left to the caller."""
    plan, context = attempts.plan, attempts.context
    while True:
        if context.pacer is not None:
            yield from _hold(attempts, context.pacer)
        exchange: Exchange = yield attempts.begin()
        attempts.exchange = exchange
        if plan.operation.succeeded(exchange.status):
            return exchange
        response = _taken_whole(attempts, exchange) or (
            yield from _read_response(attempts, exchange, refused=True)
        )
        yield from _turn_to_next(attempts, response)


def _hold(attempts: Attempts, pacer: Pacer) -> Program[None]:
    """Wait for the request's turn, unless that comes after the deadline."""
    hold = pacer.before(attempts.context.clock.monotonic())
    remaining = attempts.remaining()
    if remaining is not None and hold >= remaining:
        raise attempts.too_late("the rate limit leaves no turn before the deadline")
    if hold > 0:
        yield Sleep(hold)


def _turn_to_next(attempts: Attempts, response: Response) -> Program[None]:
    """Get ready for the attempt after an answer that was no success, or raise the SDK's error."""
    if not _follow(attempts, response):
        yield from _wait_or_refuse(attempts, response)


def _follow(attempts: Attempts, response: Response) -> bool:
    """Turn to the target of a redirect; tell whether there is one to follow."""
    context = attempts.context
    if response.status not in _REDIRECTS or not context.redirects.follow:
        return False
    target = next_request(
        attempts.request,
        response.status,
        response.headers,
        credential_headers=context.service.credential_headers,
        policy=context.redirects,
        hops=attempts.hops,
    )
    if target is None:
        return False
    attempts.report(retry_in=0.0)
    attempts.hops += 1
    attempts.number -= 1
    attempts.request = target
    attempts.rewind()
    return True


def _read_response(
    attempts: Attempts, exchange: Exchange, *, refused: bool = False
) -> Program[Response]:
    """Read the whole body within its bounds, and give the connection back.

    Args:
        attempts: The call.
        exchange: Its answer, head read.
        refused: The status says it all: take what can be had of the body.
    """
    pieces: list[bytes] = []
    try:
        # Of a refusal as much as arrives is wanted, so it is read piece by piece.
        yield from _read_body(attempts, exchange, pieces, rest=not refused)
    except (ResponseError, TransportError):
        yield Close(exchange)
        if not refused:
            raise
    except Exception:
        # Not ``finally``: when the program itself is closed it must not yield any more, and the
        # driver drops the exchange.
        yield Close(exchange)
        raise
    else:
        yield Close(exchange)
    return _answered(attempts, exchange, pieces[0] if len(pieces) == 1 else b"".join(pieces))


def _taken_whole(attempts: Attempts, exchange: Exchange) -> Response | None:
    """Return the answer if its body came with its head and is to be taken as it is, else None."""
    body: bytes | None = getattr(exchange, "whole", None)
    if body is None or "content-encoding" in exchange.headers.index():
        return None
    limit = attempts.plan.max_response_bytes
    if limit is not None and len(body) > limit:
        return None
    return _answered(attempts, exchange, body)


def _answered(attempts: Attempts, exchange: Exchange, body: bytes) -> Response:
    """Return the answer, and remember it."""
    request, context = attempts.request, attempts.context
    headers = exchange.headers
    response = context.last = Response(
        exchange.status,
        headers,
        body,
        request.url,
        request.method,
        exchange.http_version,
        context.clock.monotonic() - attempts.started,
        attempts.number,
    )
    context.last_headers = headers
    if context.pacer is not None:
        _learn(context.pacer, context, headers)
    return response


def _read_body(
    attempts: Attempts, exchange: Exchange, pieces: list[bytes], *, rest: bool
) -> Program[None]:
    until, seconds = attempts.sent.until, attempts.sent.seconds
    if attempts.request.method == "HEAD" or exchange.status in _BODILESS:
        # Its headers speak of a body that does not come; its end must be read all the same,
        # or the connection could not be used again.
        yield Read(exchange, until, seconds)
        return
    headers = exchange.headers
    limit = attempts.plan.max_response_bytes
    check_declared_length(headers, limit)
    decoder = BodyDecoder(headers.get("content-encoding"), limit)
    monotonic = attempts.context.clock.monotonic
    if whole := getattr(exchange, "whole", None):
        # There is only the end left to read.
        pieces.append(decoder.feed(whole))
    while True:
        raw: bytes = yield Read(exchange, until, seconds, rest=rest)
        if not raw:
            break
        piece = decoder.feed(raw)
        if piece:
            pieces.append(piece)
        # A transport of someone else's may not keep the limit within a read.
        if until is not None and monotonic() >= until:
            raise TimeoutFailure(
                f"timed out: the answer was not complete within {seconds or 0:g} s",
                phase="read",
                seconds=seconds,
                progress=Progress.RESPONSE_BEGUN,
            )
    decoder.finish()


def _learn(pacer: Pacer, context: CallContext, headers: Headers) -> None:
    """Tell the pacer what the head of an answer says of the rate limit."""
    limit = parse_rate_limit(headers, now=context.clock.time())
    pacer.observe(limit, context.clock.monotonic())


def _wait_or_raise(attempts: Attempts, error: QuintetError) -> Program[None]:
    """Wait before the next attempt after a failed exchange, or raise the failure."""
    try:
        if attempts.complete:
            raise error
        attempts.clean(error)
        if not isinstance(error, TransportError):
            attempts.report(error)
            raise complete(attempts, error) from error.__cause__
        if attempts.by_deadline and isinstance(error, TimeoutFailure):
            error.phase = "deadline"
        decision = attempts.after_failure(error)
        if isinstance(decision, GiveUp):
            attempts.report(error)
            if attempts.lost:
                error.outcome_unknown = True
            raise complete(attempts, error, _NOTES.get(decision.reason, "")) from error.__cause__
        attempts.report(error, decision.delay)
    finally:
        # This frame is in the error's traceback: without this the two would keep each other.
        del error
    yield from _rest(attempts, decision)


def _rest(attempts: Attempts, decision: Retry) -> Program[None]:
    """Let the wait before the next attempt pass, then ask for the credentials of the moment."""
    attempts.rewind()
    if decision.delay > 0:
        yield Sleep(decision.delay)
    try:
        attempts.renew()
    except QuintetError as error:
        attempts.complete = True
        raise complete(attempts, error) from error.__cause__


def _wait_or_refuse(attempts: Attempts, response: Response) -> Program[None]:
    """Wait before the next attempt after an error status, or raise the SDK's error for it."""
    context = attempts.context
    response = attempts.cleaned(response)
    retry_after = context.service.retry_after(response, context.clock.time())
    decision = attempts.after_status(response, retry_after)
    if isinstance(decision, Retry):
        attempts.report(retry_in=decision.delay)
        yield from _rest(attempts, decision)
        return
    attempts.report()
    attempts.complete = True
    # Only this of the reasons: the others are in what the service said, or in the error's fields.
    note = _NOTES[decision.reason] if decision.reason == "body_not_rewindable" else ""
    raise fill(
        attempts.refusal(response, note),
        status=response.status,
        response=response,
        retry_after=retry_after,
        attempts=attempts.number,
        request_id=attempts.request_id(),
        method=attempts.request.method,
        url=attempts.request.url,
        outcome_unknown=attempts.lost or None,
    )
