"""The client: resources as attributes, dictionaries back, and a way to every other endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from amdahl._arguments import text
from amdahl._error_map import adopt
from amdahl._paths import split_path
from amdahl._service import (
    API_VERSION,
    DEFAULT_TIMEOUT,
    MAX_RESPONSE_BYTES,
    SERVICE,
    find_credentials,
    make_options,
    seconds,
)
from amdahl._wire import for_path
from quintet._acompat import ASYNC
from quintet.clock import Clock, SystemClock
from quintet.core.request import NO_BODY
from quintet.errors import QuintetError
from quintet.first_use import resource
from quintet.one_process import OneProcess

if TYPE_CHECKING:
    from typing_extensions import Self

    from amdahl._async.account import AsyncAccount
    from amdahl._async.agents import AsyncAgents
    from amdahl._async.artifacts import AsyncArtifacts
    from amdahl._async.chat import AsyncChats
    from amdahl._async.data import AsyncData
    from amdahl._async.pages import AsyncPages
    from amdahl._async.routines import AsyncRoutines
    from amdahl._async.search import AsyncSearch
    from amdahl._async.session import AsyncSession
    from amdahl._async.sessions import AsyncSessions
    from amdahl._async.webhooks import AsyncWebhooks
    from amdahl.responses import ResponseInfo
    from amdahl.types import Me
    from quintet.core.rate_limit import RateLimit
    from quintet.hooks import Hook
    from quintet.transport.choosing import EngineName
    from quintet.transport.interface import AsyncTransport

__all__ = ["AsyncAmdahlClient"]


class AsyncAmdahlClient(OneProcess):
    """A client of the Amdahl Platform API. Opening it costs nothing; it is safe to share.

    Example::

        async with AsyncAmdahlClient() as client:
            result = await client.data.query(
                "SELECT channel, COUNT(*) AS n FROM interactions GROUP BY channel"
            )
            for row in result.rows:
                print(row["channel"], row["n"])

    Failed calls are repeated when that is safe: on 429 (unless an allowance is used up), 500, 502
    and 503, on a write that is still under way, and on failures of the connection. Writes carry an
    idempotency key for that purpose; a POST to an endpoint that this package does not know is sent
    again only if the service cannot have taken it.

    Args:
        base_url: The service, with ``/api/platform/v1`` or without; the environment variable
            ``AMDAHL_URL`` if omitted.
        api_key: The key; the environment variable ``API_KEY`` if omitted.
        timeout: Seconds for one attempt, from connecting to the last byte; ``None`` for no limit.
        max_retries: Attempts beyond the first; 0 for none. Waits between them are random, growing
            to 8 seconds; a wait asked for by the service is kept up to 60 seconds, and a longer
            one is raised as :class:`RateLimitError` at once.
        deadline: Seconds for a whole call, attempts and waits included; no limit by default.
        retry_timeouts: Repeat queries that the service stopped at its own deadline (408, 504).
        business_id: Sent as ``X-Business-Id``, which some deployments want.
        api_version: Sent as ``X-Amdahl-API-Version``; ``None`` to leave it to the service.
        headers: Sent with every request. ``Authorization``, ``Content-Type``, ``Idempotency-Key``
            and ``Last-Event-ID`` are refused here. ``session.headers`` and the ``headers`` of one
            call go over these and over the client's own, so ``Authorization`` there sends another
            key than ``api_key``.
        max_response_bytes: Bound of an answer after decompression, enforced while it is read; 0
            for no bound. 16 MiB by default: results of queries have up to 10. Streams are not
            bounded by it.
        pacing: Hold requests back while the last answer said that the rate limit is used up.
        http_client: An httpx-shaped client to send with. It stays yours: :meth:`aclose` leaves
            it open, and its own base URL is not used.
        transport: The engine to send with, ``"native"`` or ``"httpx"``; ``QUINTET_TRANSPORT``
            without it, else the native one. Or a transport, such as
            ``quintet.AsyncNativeTransport`` with a certificate authority of your own, or the
            scripted one of ``quintet.testing``.
        hooks: Called with one record per attempt; see ``quintet.hooks``.
        clock: Time and chance, for tests.

    Raises:
        ConfigurationError: There is no URL or no key, or an option is out of its range.
    """

    _is_view = False
    _adopt = staticmethod(adopt)

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        *,
        max_retries: int = 3,
        deadline: float | None = None,
        retry_timeouts: bool = False,
        business_id: str | None = None,
        api_version: str | None = API_VERSION,
        headers: Mapping[str, str] | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        pacing: bool = False,
        http_client: Any = None,
        transport: AsyncTransport | EngineName | None = None,
        hooks: Iterable[Hook] = (),
        clock: Clock | None = None,
    ) -> None:
        # See quintet.lazy_resources for what is imported where.
        from amdahl._async.calls import AsyncCalls
        from amdahl._async.session import ExtraHeaders
        from quintet._async.client import AsyncApiClient

        options = make_options(
            base_url=base_url,
            timeout=timeout,
            deadline=deadline,
            max_retries=max_retries,
            retry_timeouts=retry_timeouts,
            business_id=business_id,
            api_version=api_version,
            headers=headers,
            max_response_bytes=max_response_bytes,
            pacing=pacing,
            hooks=hooks,
        )
        clock = SystemClock() if clock is None else clock
        try:
            api = AsyncApiClient(
                SERVICE,
                options,
                find_credentials(api_key),
                http_client=http_client,
                transport=transport,
                clock=clock,
            )
        except QuintetError as error:
            raise adopt(error) from error.__cause__
        self._extra = ExtraHeaders()
        self._calls = AsyncCalls(api, clock, self._extra)

    @resource
    def data(self) -> AsyncData:
        """Queries, searches, and the documents of the knowledge base."""
        from amdahl._async.data import AsyncData

        return AsyncData(self._calls)

    @resource
    def search(self) -> AsyncSearch:
        """Filters, groups and measures without SQL."""
        from amdahl._async.search import AsyncSearch

        return AsyncSearch(self._calls)

    @resource
    def pages(self) -> AsyncPages:
        """Pages."""
        from amdahl._async.pages import AsyncPages

        return AsyncPages(self._calls)

    @resource
    def agents(self) -> AsyncAgents:
        """Agents and their runs."""
        from amdahl._async.agents import AsyncAgents

        return AsyncAgents(self._calls)

    @resource
    def chat(self) -> AsyncChats:
        """Conversations."""
        from amdahl._async.chat import AsyncChats

        return AsyncChats(self._calls)

    @resource
    def webhooks(self) -> AsyncWebhooks:
        """Deliveries of events to a URL."""
        from amdahl._async.webhooks import AsyncWebhooks

        return AsyncWebhooks(self._calls)

    @resource
    def sessions(self) -> AsyncSessions:
        """Workspaces of data."""
        from amdahl._async.sessions import AsyncSessions

        return AsyncSessions(self._calls)

    @resource
    def artifacts(self) -> AsyncArtifacts:
        """What agents and people made."""
        from amdahl._async.artifacts import AsyncArtifacts

        return AsyncArtifacts(self._calls)

    @resource
    def routines(self) -> AsyncRoutines:
        """Work that begins by the clock."""
        from amdahl._async.routines import AsyncRoutines

        return AsyncRoutines(self._calls)

    @resource
    def account(self) -> AsyncAccount:
        """The key, and the workspace it belongs to."""
        from amdahl._async.account import AsyncAccount

        return AsyncAccount(self._calls)

    @resource
    def session(self) -> AsyncSession:
        """The connection, for code that was written for one."""
        from amdahl._async.session import AsyncSession

        return AsyncSession(self._calls, self._extra)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json_body: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Call any endpoint and return what its answer holds, ``None`` if it is empty.

        An answer that is nothing but ``{"data": …}`` is unwrapped.

        Args:
            method: HTTP method.
            path: Below the base URL, such as ``"/pages"``. Put ids into it percent-encoded, or use
                the resources, which do so: a path that steps aside by ``..`` is refused.
            json_body: The body; ``None`` for none.
            params: The query.
            headers: For this request, over the client's own and those of ``session.headers``; an
                ``Authorization`` sends another key.
            idempotency_key: A key of your own. A service that honours it does things once however
                often they are sent, so the call is repeated like one that only reads.
            request_id: An id of your own, sent as ``X-Request-Id`` and echoed by the service.
            timeout: Seconds for one attempt of this call.

        Raises:
            MisuseError: The path cannot be sent.
            AmdahlError: The service answered with an error, or not at all.
        """
        sent, query = split_path(path, params)
        return await self._calls.value(
            for_path(text("method", method).upper(), sent),
            query=query,
            json=NO_BODY if json_body is None else json_body,
            headers=headers,
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )

    async def get(self, path: str, **options: Any) -> Any:
        """Call :meth:`request` with GET."""
        return await self.request("GET", path, **options)

    async def post(self, path: str, json_body: Any = None, **options: Any) -> Any:
        """Call :meth:`request` with POST."""
        return await self.request("POST", path, json_body=json_body, **options)

    async def patch(self, path: str, json_body: Any = None, **options: Any) -> Any:
        """Call :meth:`request` with PATCH."""
        return await self.request("PATCH", path, json_body=json_body, **options)

    async def delete(self, path: str, **options: Any) -> Any:
        """Call :meth:`request` with DELETE; any body of a success will do."""
        return await self.request("DELETE", path, **options)

    async def me(self) -> Me:
        """Return the key's business, its scopes, and when it expires."""
        return await self.account.me()

    def with_options(
        self,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        max_retries: int | None = None,
    ) -> Self:
        """Return a view of this client with other limits and a ``last_response`` of its own.

        It shares the connections, so it costs nothing and need not be closed.
        Closing it closes nothing. Use one view per task where you read ``last_response``: a client
        shared between tasks keeps only the answer that came last.

        Args:
            timeout: Seconds for one attempt; ``float("inf")`` for no limit.
            deadline: Seconds for a whole call, its retries and waits included.
            max_retries: Attempts beyond the first.

        Raises:
            ConfigurationError: A limit is out of its range.
        """
        seconds("timeout", timeout)
        seconds("deadline", deadline)
        changed = {"timeout": timeout, "deadline": deadline, "max_retries": max_retries}
        said = {name: value for name, value in changed.items() if value is not None}
        from quintet.lazy_resources import view_of

        return view_of(self, {"last": None, **said})

    @property
    def base_url(self) -> str:
        """The URL under which the endpoints are."""
        return self._calls.api.options.base_url

    @property
    def timeout(self) -> float | None:
        """Seconds for one attempt, ``None`` for no limit."""
        return self._calls.attempt_seconds()

    @property
    def last_response(self) -> ResponseInfo | None:
        """Headers, id and rate limit of the last answer; ``None`` before the first.

        Errors carry their own answer as ``error.response``.
        """
        from amdahl.responses import ResponseInfo

        last = self._calls.last
        return None if last is None else ResponseInfo(last, self._calls.clock.time())

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the last answer said of the rate limit; ``None`` if nothing was said."""
        return self._calls.api.rate_limit

    async def aclose(self) -> None:
        """Close the connections. Calls under way and later ones raise ``ClientClosedError``.

        Of a view (see :meth:`with_options`) nothing is closed: the connections are its client's.
        """
        if not self._is_view:
            await self._calls.api.aclose()

    if ASYNC:
        # The name that the blocking client has.
        close = aclose

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"
