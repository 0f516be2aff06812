"""The state of one call between its attempts, and what is decided from it.

:mod:`~quintet.core.call` is the order in which things happen; this is what it knows while they do.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from quintet.core.effects import Send
from quintet.core.error_map import parse_error_body
from quintet.core.redaction import clean_error, clean_response, clean_text, secrets_of
from quintet.core.redirect import RedirectPolicy
from quintet.core.request import Request
from quintet.core.retry import (
    GiveUp,
    Progress,
    Retry,
    RetryClass,
    after_failure,
    after_status as decide_after_status,
)
from quintet.errors import QuintetError, ResponseError, TimeoutFailure, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from quintet.core.budget import RetryBudget
    from quintet.core.effects import Exchange
    from quintet.core.headers import Headers
    from quintet.core.operation import Operation, Service
    from quintet.core.rate_limit import RateLimit
    from quintet.core.response import Response
    from quintet.core.retry import RetryPolicy

    class Pacer(Protocol):
        """Decides how long to hold a request back (see ``pacing.py``)."""

        def before(self, now: float) -> float: ...
        def observe(self, limit: RateLimit | None, now: float) -> None: ...

    class Timekeeper(Protocol):
        """The part of a clock that a call reads; it never waits on it."""

        def monotonic(self) -> float: ...
        def time(self) -> float: ...
        def random(self) -> float: ...


__all__ = ["AttemptReport", "Attempts", "CallContext", "Plan", "complete", "fill"]

_NOT_FOLLOWED = RedirectPolicy()
# A gateway that had handed the request on and then lost the answer.  Not 503, which says that the
# request was not taken, nor 500: that is the service's own word, whose meaning its SDK knows.
_LOST_BEHIND = frozenset({502, 504})
_LEAST_CHARS = 6


class AttemptReport(NamedTuple):
    """One attempt as the program saw it; the client turns it into the public record."""

    url: str
    number: int
    status: int
    error: QuintetError | None
    progress: int
    elapsed: float
    retry_in: float | None
    request_id: str | None


class CallContext:
    """What all calls of one client share.

    Attributes:
        service: The facts of the service.
        clock: Tells the time.
        budget: Pays for retries.
        redirects: Whether they are followed.
        pacer: Holds requests back, if wanted.
        last: The last complete answer of the client.
        last_headers: The head of the last answer, of streams too.
        closed: Whether the client was closed.
    """

    __slots__ = (
        "budget",
        "clock",
        "closed",
        "last",
        "last_headers",
        "pacer",
        "redirects",
        "service",
    )

    def __init__(
        self,
        service: Service,
        clock: Timekeeper,
        budget: RetryBudget,
        redirects: RedirectPolicy = _NOT_FOLLOWED,
        pacer: Pacer | None = None,
    ) -> None:
        self.service = service
        self.clock = clock
        self.budget = budget
        self.redirects = redirects
        self.pacer = pacer
        self.last: Response | None = None
        self.last_headers: Headers | None = None
        self.closed = False


class Plan:
    """One call, ready to be performed.

    Attributes:
        operation: What is called.
        request: What is sent, the same each time.
        policy: When it is sent again.
        timeout: Seconds for an attempt.
        deadline: Seconds for the whole call.
        max_response_bytes: Bound of the decoded body.
        key: The idempotency key that the request carries, if any.
        observe: Told of every attempt.
        renew: Returns the credential headers of the moment; None if they are the caller's own.
        credentials: Those that ``request`` carries.
        amend: Sees the request of every attempt last, and returns the one to send.
    """

    __slots__ = (
        "amend",
        "credentials",
        "deadline",
        "key",
        "max_response_bytes",
        "observe",
        "operation",
        "policy",
        "renew",
        "request",
        "timeout",
    )

    def __init__(
        self,
        operation: Operation,
        request: Request,
        policy: RetryPolicy,
        timeout: float | None,
        deadline: float | None,
        max_response_bytes: int | None,
        key: str | None = None,
        observe: Callable[[AttemptReport], None] | None = None,
        renew: Callable[[], tuple[tuple[str, str], ...]] | None = None,
        credentials: tuple[tuple[str, str], ...] = (),
        amend: Callable[[Request], Request] | None = None,
    ) -> None:
        self.operation = operation
        self.request = request
        self.policy = policy
        self.timeout = timeout
        self.deadline = deadline
        self.max_response_bytes = max_response_bytes
        self.key = key
        self.observe = observe
        self.renew = renew
        self.credentials = credentials
        self.amend = amend

    def renewed(self, request: Request) -> Plan:
        """Return the plan with the credentials of the moment in ``request``; itself if unchanged.

        Raises:
            QuintetError: There are none any more.
        """
        fresh = self.credentials if self.renew is None else self.renew()
        if fresh == self.credentials:
            return self
        kept = (line for line in request.headers if line not in self.credentials)
        request = Request(request.method, request.url, (*kept, *fresh), request.body)
        return self.sending(request, fresh)

    def sending(
        self, request: Request, credentials: tuple[tuple[str, str], ...] | None = None
    ) -> Plan:
        """Return the plan for another request, which carries other credentials if any are said."""
        return Plan(
            self.operation,
            request,
            self.policy,
            self.timeout,
            self.deadline,
            self.max_response_bytes,
            self.key,
            self.observe,
            self.renew,
            self.credentials if credentials is None else credentials,
            self.amend,
        )


class Attempts:
    """The state of one call between its attempts."""

    # What most calls never touch is said here and not in the constructor, which runs for each.
    number = 0
    free = 0
    """Attempts that do not count against max_retries."""
    hops = 0
    readmitted = False
    """Whether a 401 was answered with other credentials; that happens once."""
    renewed = False
    """Whether the request has the credentials of the moment already."""
    former: tuple[Request, ...] = ()
    """The requests with credentials that have been replaced meanwhile."""
    lost = False
    """Whether an attempt of this write may have had an effect that no answer told of."""
    complete = False
    """Whether the error on its way out is complete already, whatever its class.  A flag, not the
    error: an error that its own traceback leads back to is freed late."""
    call_until: float | None = None
    # Of the attempt under way:
    sent: Send
    by_deadline = False
    exchange: Exchange | None = None
    amended: Request | None = None

    def __init__(self, plan: Plan, context: CallContext) -> None:
        self.plan = plan
        self.context = context
        self.request = plan.request
        self.begun = self.started = context.clock.monotonic()
        if plan.deadline is not None:
            self.call_until = self.begun + plan.deadline

    def begin(self) -> Send:
        """Count an attempt and say until when it may last."""
        plan = self.plan
        if self.number or self.context.pacer is not None:
            self.started = self.context.clock.monotonic()
        seconds = plan.timeout
        until = None if seconds is None else self.started + seconds
        if self.call_until is not None:
            self.by_deadline = until is None or self.call_until < until
            if self.by_deadline:
                if self.call_until <= self.started:
                    raise self.too_late("the deadline passed before the request could be sent")
                until, seconds = self.call_until, plan.deadline
        self.number += 1
        self.exchange = None
        request = self.request
        if plan.amend is not None:
            request = self.amended = plan.amend(request)
        self.sent = sent = Send(request, until, seconds)
        return sent

    def renew(self) -> bool:
        """Put the credentials of the moment into the request; tell whether they are others.

        Not after a redirect: what travels on from there was decided when it was followed.
        """
        if self.renewed:
            # They were asked for a moment ago; whoever gives each out once would lose these.
            self.renewed = False
            return False
        if self.hops:
            return False
        plan = self.plan.renewed(self.request)
        if plan is self.plan:
            return False
        self.former = (*self.former, self.request)
        self.plan = plan
        self.request = plan.request
        return True

    def too_late(self, message: str) -> QuintetError:
        """Return the error for a deadline that leaves no time for a further attempt."""
        self.exchange = None
        self.complete = True
        error = TimeoutFailure(
            message, phase="deadline", seconds=self.plan.deadline, outcome_unknown=self.lost
        )
        return complete(self, error)

    def remaining(self) -> float | None:
        """Return the seconds to the deadline of the call, None without one."""
        if self.call_until is None:
            return None
        return self.call_until - self.context.clock.monotonic()

    def request_id(self) -> str | None:
        """Return the service's id of the request, if an answer named one."""
        if self.exchange is None:
            return None
        found = self.exchange.headers.get(self.context.service.request_id_header)
        # Whoever echoes headers may have mixed them up; and this goes into logs.
        if found and any(_echoes(found, value) for _, value in self.plan.credentials):
            return None
        return found

    def secrets(self) -> tuple[str, ...]:
        """Return what no error of this call may show."""
        # After a redirect the request is another one, with fewer headers.
        sent = (self.plan.request, self.request, self.amended, *self.former)
        names = self.context.service.credential_headers
        return secrets_of((each for each in sent if each is not None), names)

    def clean(self, error: QuintetError) -> QuintetError:
        """Return an error without what it may not show, whoever wrote its text."""
        clean_error(error, self.secrets())
        return error

    def cleaned(self, response: Response) -> Response:
        """Return an answer with an error status without the credentials that it may echo."""
        clean = clean_response(response, self.secrets())
        if clean is not response and self.context.last is response:
            self.context.last = clean
        return clean

    def refusal(self, response: Response, note: str) -> QuintetError:
        """Return the SDK's error for an answer with an error status, and why it was the last."""
        error = self.clean(self.context.service.status_error(response, self.plan.operation))
        if note:
            error.message += note
            error.args = (error.message,)
        self.add_place(error)
        return error

    def add_place(self, error: QuintetError) -> None:
        """Let the traceback of an error say what was asked, where its message does not."""
        place = f"{self.request.method} {self.request.url.partition('?')[0]}"
        if sys.version_info >= (3, 11) and place not in error.message:
            request_id = error.request_id or self.request_id()
            said = f"{place} (request id {request_id})" if request_id else place
            error.add_note(clean_text(said, self.secrets()))

    def report(self, error: QuintetError | None = None, retry_in: float | None = None) -> None:
        """Tell the observer of the call, if there is one, what became of the attempt."""
        observe = self.plan.observe
        if observe is not None:
            begun = 0 if self.exchange is None else Progress.RESPONSE_BEGUN
            observe(
                AttemptReport(
                    url=self.request.url,
                    number=self.number,
                    status=0 if self.exchange is None else self.exchange.status,
                    error=error,
                    progress=int(getattr(error, "progress", begun)),
                    elapsed=self.context.clock.monotonic() - self.started,
                    retry_in=retry_in,
                    request_id=self.request_id(),
                )
            )

    def after_failure(self, failure: TransportError) -> Retry | GiveUp:
        """Decide after an attempt without a complete answer."""
        plan, context = self.plan, self.context
        remaining = self.remaining()
        if self.stale(failure) and (remaining is None or remaining > 0):
            self.free += 1
            return Retry(0.0, "stale connection")
        if failure.progress >= Progress.REQUEST_SENT:
            self.doubt()
        return after_failure(
            plan.policy,
            attempt=self.number - self.free,
            progress=Progress(failure.progress),
            retryable_kind=failure.repeatable,
            retry_class=plan.operation.retry,
            has_key=plan.key is not None,
            rewindable=self.request.rewindable,
            remaining=remaining,
            random=context.clock.random(),
            budget=context.budget,
            timed_out=isinstance(failure, TimeoutFailure),
            elapsed=context.clock.monotonic() - self.begun,
        )

    def doubt(self) -> None:
        """Note that what the attempt did is unknown, which a later error does not clear up."""
        self.lost = self.lost or self.plan.operation.retry is not RetryClass.SAFE

    def stale(self, failure: TransportError) -> bool:
        """Tell whether to repeat at once, free of the count and the budget.

        A kept-alive connection that broke before the first byte of an answer was almost surely
        closed while idle, and the server never saw the request.  Almost: so only for what may
        be repeated anyway, and only once.
        """
        if not failure.reused or failure.progress != Progress.REQUEST_SENT or self.free:
            return False
        if isinstance(failure, TimeoutFailure) or not self.request.rewindable:
            return False
        kind = self.plan.operation.retry
        if kind is RetryClass.KEYED:
            return self.plan.key is not None
        return kind is not RetryClass.NEVER

    def after_status(self, response: Response, retry_after: float | None) -> Retry | GiveUp:
        """Decide after a complete answer with an error status."""
        plan, context = self.plan, self.context
        if self.admitted_now(response):
            self.free += 1
            return Retry(0.0, "other credentials")
        if response.status in _LOST_BEHIND:
            self.doubt()
        code = None
        if plan.policy.codes:
            code = parse_error_body(response).code
        if not plan.policy.covers(response.status, code) or context.service.is_final(response):
            return GiveUp("status")
        return decide_after_status(
            plan.policy,
            attempt=self.number - self.free,
            status=response.status,
            retry_after=retry_after,
            retry_class=plan.operation.retry,
            has_key=plan.key is not None,
            rewindable=self.request.rewindable,
            remaining=self.remaining(),
            random=context.clock.random(),
            budget=context.budget,
            code=code,
            elapsed=context.clock.monotonic() - self.begun,
        )

    def admitted_now(self, response: Response) -> bool:
        """Tell whether to answer a 401 at once, by credentials that changed meanwhile.

        The server did nothing, so any operation may be repeated; the retry policy has no say,
        since nothing is tried again as it was.
        """
        if response.status != 401 or self.readmitted or not self.request.rewindable:
            return False
        remaining = self.remaining()
        if remaining is not None and remaining <= 0:
            return False
        self.readmitted = True
        self.renewed = self.renew()
        return self.renewed

    def rewind(self) -> None:
        """Set the body back to its beginning."""
        body = self.request.body
        if body is not None and not isinstance(body, bytes):
            body.rewind()


def fill(error: QuintetError, **fields: Any) -> QuintetError:
    """Set what the error does not say itself."""
    for name, value in fields.items():
        if value is not None and getattr(error, name, None) in (None, 0, ""):
            setattr(error, name, value)
    return error


def _echoes(text: str, header_value: str) -> bool:
    credential = header_value.rpartition(" ")[2]
    # A shorter one may be part of any word.
    return len(credential) >= _LEAST_CHARS and credential in text


def complete(attempts: Attempts, error: QuintetError, note: str = "") -> QuintetError:
    """Put the call's circumstances into an error and turn it into the SDK's class."""
    request = attempts.request
    place = f"{request.method} {request.url.partition('?')[0]}"
    tries = f" ({attempts.number} attempts)" if attempts.number > 1 else ""
    error.message = f"{place}: {error.message}{note}{tries}"
    error.args = (error.message,)
    fill(
        error,
        attempts=attempts.number,
        request_id=attempts.request_id(),
        method=request.method,
        url=request.url,
    )
    if attempts.exchange is not None and isinstance(error, ResponseError):
        fill(error, status=attempts.exchange.status)
    return attempts.context.service.adopt(error)
