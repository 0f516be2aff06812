"""The client that an SDK wraps: options, transport and driver put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quintet._acompat import ASYNC
from quintet.clock import SystemClock
from quintet.core.backoff import Backoff
from quintet.core.budget import RetryBudget
from quintet.core.call import CallContext, call
from quintet.core.headers import Headers
from quintet.core.plan import Planner
from quintet.core.rate_limit import parse_rate_limit
from quintet.core.request import NO_BODY
from quintet.core.retry import RetryPolicy
from quintet.drive import AsyncDriver
from quintet.errors import QuintetError
from quintet.hooks import Attempt, is_log_on, log_attempt, report
from quintet.one_process import OneProcess
from quintet.options import UNSET, Unset, check_retries, check_seconds
from quintet.transport.choosing import achoose_transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from quintet._async.streams import AsyncByteStream, AsyncEventStream
    from quintet.clock import Clock
    from quintet.core.attempts import AttemptReport, Plan
    from quintet.core.body import Body
    from quintet.core.operation import Operation, Service
    from quintet.core.pacing import Pacer
    from quintet.core.rate_limit import RateLimit
    from quintet.core.request import Request
    from quintet.core.response import Response
    from quintet.core.sse.fallbacks import Fallbacks
    from quintet.core.sse.session import EventRules
    from quintet.options import ClientOptions
    from quintet.transport.choosing import EngineName
    from quintet.transport.interface import AsyncTransport

__all__ = ["AsyncApiClient"]

_ONCE = RetryPolicy(statuses=frozenset(), backoff=Backoff(0.0, 0.0), max_retries=0)
_EVENT_HEADERS = {
    "Accept": "text/event-stream",
    # Compression makes proxies hold events back until a block is full.
    "Accept-Encoding": "identity",
    "Cache-Control": "no-store",
}


class AsyncApiClient(OneProcess):
    """Calls operations of one service; every SDK client holds one.

    It is safe to share between tasks, and usable from several event loops in turn.  Opening it
    costs nothing: connections are made when first needed.

    Args:
        service: The facts of the service.
        options: Bounds, retries, hooks; see :class:`~quintet.options.ClientOptions`.
        credentials: Returns the credential headers; asked at each call.
        http_client: An httpx-shaped client to drive instead of the runtime's own engine.  It
            stays open when this client is closed.
        transport: ``"native"`` or ``"httpx"``, an engine of the runtime; or a transport to use as
            it is, such as :class:`~quintet.AsyncNativeTransport` with a private certificate
            authority, or the scripted one of :mod:`quintet.testing`.  None: the environment
            variable ``QUINTET_TRANSPORT``, else the native engine.
        clock: Time and chance; the real ones unless a test says otherwise.

    Raises:
        ConfigurationError: ``http_client`` is not of the needed shape, both it and ``transport``
            are given, or ``transport`` (or the environment) names no engine that is there.
    """

    def __init__(
        self,
        service: Service,
        options: ClientOptions,
        credentials: Callable[[], Iterable[tuple[str, str]]],
        *,
        http_client: Any = None,
        transport: AsyncTransport | EngineName | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.options = options
        self._service = service
        self._clock: Clock = SystemClock() if clock is None else clock
        self._transport = achoose_transport(http_client, transport, self._clock.monotonic)
        self._driver = AsyncDriver(self._transport, self._clock.asleep)
        self._planner = Planner(
            service,
            options.base_url,
            Headers(options.headers),
            credentials,
            self._clock.new_id,
            options.max_response_bytes,
        )
        self._usual_limits = options.retry, options.timeout, options.deadline
        self._context = CallContext(
            service,
            self._clock,
            RetryBudget(),
            options.redirects,
            _make_pacer() if options.pacing else None,
        )

    async def request(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        json: Any = NO_BODY,
        body: bytes | Body | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
        deadline: float | None | Unset = UNSET,
        max_retries: int | None = None,
        retry: RetryPolicy | None | Unset = UNSET,
        base_url: str | None = None,
        amend: Callable[[Request], Request] | None = None,
    ) -> Response:
        """Call ``operation`` and return its whole answer, retrying as its retry class allows.

        Args:
            retry: In place of the client's policy; None for a single attempt.
            base_url: In place of the client's; the credentials go there too.
            amend: Sees the request of every attempt last, and returns the one to send.

        Raises:
            QuintetError: In the SDK's class for it.
        """
        policy, seconds, total = self._limits(timeout, deadline, max_retries, retry)
        # By position: this is the way of every call, and twenty names would cost a third of it.
        plan = self._planner.plan(
            operation,
            policy,
            seconds,
            total,
            self._observer(operation),
            path,
            query,
            json,
            body,
            content_type,
            headers,
            idempotency_key,
            request_id,
            base_url,
            amend,
        )
        return await self._driver.run(call(plan, self._context))

    def events(
        self,
        operation: Operation,
        rules: EventRules,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        json: Any = NO_BODY,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        last_event_id: str = "",
        timeout: float | None | Unset = UNSET,
        max_retries: int | None = None,
        retry: RetryPolicy | None | Unset = UNSET,
        base_url: str | None = None,
        amend: Callable[[Request], Request] | None = None,
        fallbacks: Fallbacks | None = None,
    ) -> AsyncEventStream:
        """Return a stream of server-sent events; nothing is sent until it is iterated over.

        The attempt timeout bounds the wait for the head of the answer; after that only the idle
        timeout of ``rules`` counts.

        Args:
            fallbacks: What there is besides the stream; see :meth:`plan` and :meth:`plan_events`.
        """
        plan = self.plan_events(
            operation,
            path=path,
            query=query,
            json=json,
            headers=headers,
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
            max_retries=max_retries,
            retry=retry,
            base_url=base_url,
            amend=amend,
        )
        # Imported here, like the other kind of streams: most programs have neither.
        from quintet._async.streams import AsyncEventStream

        return AsyncEventStream(self._driver, plan, self._context, rules, last_event_id, fallbacks)

    def download(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        json: Any = NO_BODY,
        body: bytes | Body | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
        deadline: float | None | Unset = UNSET,
        max_retries: int | None = None,
        retry: RetryPolicy | None | Unset = UNSET,
        base_url: str | None = None,
        amend: Callable[[Request], Request] | None = None,
        max_bytes: int | None = None,
        idle_timeout: float | None = 60.0,
    ) -> AsyncByteStream:
        """Return a stream of the decoded body in pieces; nothing is sent until iterated over.

        Memory stays constant however long the body is, so by default it has no size bound.  The
        attempt timeout and the deadline end with the head of the answer; the body is bounded by
        ``idle_timeout`` alone.  For a part of it send ``Range``; then compression is asked not to
        be used.

        Args:
            max_bytes: Bound of the decoded body; None for no bound.
            idle_timeout: Seconds without any byte after which the stream fails.
        """
        plan = self._plan(
            operation,
            timeout,
            deadline,
            max_retries,
            retry,
            path=path,
            query=query,
            json=json,
            body=body,
            content_type=content_type,
            headers=headers,
            idempotency_key=idempotency_key,
            request_id=request_id,
            base_url=base_url,
            amend=amend,
        )
        from quintet._async.streams import AsyncByteStream

        return AsyncByteStream(self._driver, plan, self._context, max_bytes, idle_timeout)

    def cleaned(self, response: Response) -> Response:
        """Return an answer without the client's credentials, to make an error from its body.

        For services that refuse with the status of a success; of error statuses it is done.
        """
        from quintet.core.redaction import clean_response, secrets_in

        names = self._service.credential_headers
        return clean_response(response, secrets_in(self._planner.credentials(), names))

    @property
    def last_response(self) -> Response | None:
        """The last complete answer of this client, success or error; None before the first.

        With several threads or tasks it is whichever came last; use the response that a call
        returns, or the error's, where that matters.
        """
        return self._context.last

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the last answer said of the rate limit; None if it said nothing."""
        headers = self._context.last_headers
        return None if headers is None else parse_rate_limit(headers, now=self._clock.time())

    def plan(
        self,
        operation: Operation,
        *,
        timeout: float | None | Unset = UNSET,
        deadline: float | None | Unset = UNSET,
        max_retries: int | None = None,
        retry: RetryPolicy | None | Unset = UNSET,
        **parts: Any,
    ) -> Plan:
        """Return a call ready to be performed, for the fallbacks of a stream.

        Args:
            parts: The further keywords of :meth:`request`.
        """
        return self._plan(operation, timeout, deadline, max_retries, retry, **parts)

    def plan_events(
        self,
        operation: Operation,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None | Unset = UNSET,
        max_retries: int | None = None,
        retry: RetryPolicy | None | Unset = UNSET,
        **parts: Any,
    ) -> Plan:
        """Return the opening of a stream of events, ready to be performed."""
        wanted = {**_EVENT_HEADERS, **(headers or {})}
        return self._plan(operation, timeout, UNSET, max_retries, retry, headers=wanted, **parts)

    def _plan(
        self,
        operation: Operation,
        timeout: float | None | Unset,
        deadline: float | None | Unset,
        max_retries: int | None,
        retry: RetryPolicy | None | Unset,
        **parts: Any,
    ) -> Plan:
        policy, seconds, total = self._limits(timeout, deadline, max_retries, retry)
        observe = self._observer(operation)
        return self._planner.plan(operation, policy, seconds, total, observe, **parts)

    def _limits(
        self,
        timeout: float | None | Unset,
        deadline: float | None | Unset,
        max_retries: int | None,
        retry: RetryPolicy | None | Unset,
    ) -> tuple[RetryPolicy, float | None, float | None]:
        """Return when a call is repeated, and its two bounds: its own, else the client's."""
        usual = self._usual_limits
        if timeout is UNSET and deadline is UNSET and max_retries is None and retry is UNSET:
            return usual
        policy, seconds, total = usual
        try:
            if not isinstance(retry, Unset):
                policy = retry or _ONCE
            if max_retries is not None:
                policy = policy.retrying(check_retries(max_retries))
            if not isinstance(timeout, Unset):
                seconds = check_seconds("timeout", timeout)
            if not isinstance(deadline, Unset):
                total = check_seconds("deadline", deadline)
        except QuintetError as error:
            raise self._service.adopt(error) from error.__cause__
        return policy, seconds, total

    def _observer(self, operation: Operation) -> Callable[[AttemptReport], None] | None:
        hooks = self.options.hooks
        if is_log_on():
            hooks = (*hooks, log_attempt)
        if not hooks:
            return None

        def observe(seen: AttemptReport) -> None:
            report(
                hooks,
                Attempt(
                    service=self._service.name,
                    operation=operation.name,
                    method=operation.method,
                    url=seen.url.partition("?")[0],
                    number=seen.number,
                    status=seen.status,
                    error=None if seen.error is None else type(seen.error).__name__,
                    progress=seen.progress,
                    elapsed=seen.elapsed,
                    retry_in=seen.retry_in,
                    request_id=seen.request_id,
                    # Only later does the call put its URL before it.
                    reason=None if seen.error is None else seen.error.message,
                ),
            )

        return observe

    async def aclose(self) -> None:
        """Close the connections; calls under way fail, later ones raise ``ClientClosedError``.

        An ``http_client`` that was passed in stays open.
        """
        self._context.closed = True
        await self._transport.close()

    def abandon(self) -> None:
        """Close from anywhere, without awaiting: from blocking code, or beside the event loop.

        Connections of a loop that runs elsewhere are ended there at its next round.
        """
        self._context.closed = True
        # Any, since either branch is only right on its own side.
        transport: Any = self._transport
        if ASYNC:
            transport.abandon()
        else:
            transport.close()

    async def __aenter__(self) -> AsyncApiClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


def _make_pacer() -> Pacer:
    from quintet.core.pacing import Pacer

    return Pacer()
