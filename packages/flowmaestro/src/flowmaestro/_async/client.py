"""The client: resources as attributes, plain dictionaries back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from flowmaestro._service import (
    DEFAULT_TIMEOUT,
    MIB,
    SERVICE,
    find_credentials,
    make_options,
    seconds,
)
from flowmaestro.errors import adopt
from quintet._acompat import ASYNC
from quintet.clock import Clock, SystemClock
from quintet.errors import QuintetError
from quintet.first_use import resource
from quintet.one_process import OneProcess

if TYPE_CHECKING:
    from typing_extensions import Self

    from flowmaestro._async.agents import AsyncAgents
    from flowmaestro._async.executions import AsyncExecutions
    from flowmaestro._async.knowledge_bases import AsyncKnowledgeBases
    from flowmaestro._async.threads import AsyncThreads
    from flowmaestro._async.triggers import AsyncTriggers
    from flowmaestro._async.webhooks import AsyncWebhooks
    from flowmaestro._async.workflows import AsyncWorkflows
    from flowmaestro.responses import ResponseInfo
    from quintet.hooks import Hook
    from quintet.transport.choosing import EngineName
    from quintet.transport.interface import AsyncTransport

__all__ = ["AsyncFlowMaestroClient"]


class AsyncFlowMaestroClient(OneProcess):
    """A client of the FlowMaestro API. Opening it costs nothing; it is safe to share.

    Example::

        async with AsyncFlowMaestroClient(api_key="fm_live_...") as client:
            started = await client.workflows.execute("wf_123", inputs={"name": "World"})
            execution_id = started["data"]["execution_id"]
            execution = await client.executions.wait_for_completion(execution_id)
            print(execution["outputs"])

    Failed calls are repeated when that is safe: on 408, 425, 429, 500, 502, 503 and 504, and on
    failures of the connection. Starting an execution carries an idempotency key for that purpose;
    other writes are sent again only if the service cannot have taken them.

    Args:
        api_key: The key; the environment variable ``FLOWMAESTRO_API_KEY`` without it.
        base_url: The service; ``FLOWMAESTRO_BASE_URL`` without it, else
            ``https://api.flowmaestro.io``. ``/api/v1`` is added unless it is there.
        timeout: Seconds for one attempt, from connecting to the last byte; sending a message has
            130 unless this is longer. ``None`` is the default, ``float("inf")`` no limit.
        max_retries: Attempts beyond the first; 0 for none. Waits between them are random, growing
            to 8 seconds; a wait asked for by the service is kept up to 60 seconds, and a longer
            one is raised as :class:`RateLimitError` at once.
        headers: Sent with every request. They cannot replace the client's own.
        deadline: Seconds for a whole call, attempts and waits included; no limit by default.
        max_response_bytes: Bound of an answer after decompression, enforced while it is read;
            0 for no bound. Streams are not bounded by it.
        http_client: An httpx-shaped client to send with. It stays yours: :meth:`aclose` leaves
            it open, and its own base URL is not used.
        transport: The engine to send with, ``"native"`` or ``"httpx"``; ``QUINTET_TRANSPORT``
            without it, else the native one. Or a transport, such as
            ``quintet.AsyncNativeTransport`` with a certificate authority of your own, or the
            scripted one of ``quintet.testing``.
        hooks: Called with one record per attempt; see ``quintet.hooks``.
        clock: Time and chance, for tests.

    Raises:
        ConfigurationError: There is no key, or an option is out of its range.
    """

    _is_view = False
    _adopt = staticmethod(adopt)

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        max_retries: int = 3,
        headers: Mapping[str, str] | None = None,
        *,
        deadline: float | None = None,
        max_response_bytes: int = 10 * MIB,
        http_client: Any = None,
        transport: AsyncTransport | EngineName | None = None,
        hooks: Iterable[Hook] = (),
        clock: Clock | None = None,
    ) -> None:
        # See quintet.lazy_resources for what is imported where.
        from flowmaestro._async.calls import AsyncCalls
        from quintet._async.client import AsyncApiClient

        options = make_options(
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            headers=headers,
            deadline=deadline,
            max_response_bytes=max_response_bytes,
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
        self._calls = AsyncCalls(api, clock)

    @resource
    def workflows(self) -> AsyncWorkflows:
        """What can be executed."""
        from flowmaestro._async.workflows import AsyncWorkflows

        return AsyncWorkflows(self._calls)

    @resource
    def executions(self) -> AsyncExecutions:
        """Executions and their events."""
        from flowmaestro._async.executions import AsyncExecutions

        return AsyncExecutions(self._calls)

    @resource
    def agents(self) -> AsyncAgents:
        """Agents, and what they remember."""
        from flowmaestro._async.agents import AsyncAgents

        return AsyncAgents(self._calls)

    @resource
    def threads(self) -> AsyncThreads:
        """Conversations."""
        from flowmaestro._async.threads import AsyncThreads

        return AsyncThreads(self._calls)

    @resource
    def knowledge_bases(self) -> AsyncKnowledgeBases:
        """Documents that answer questions."""
        from flowmaestro._async.knowledge_bases import AsyncKnowledgeBases

        return AsyncKnowledgeBases(self._calls)

    @resource
    def triggers(self) -> AsyncTriggers:
        """What starts workflows."""
        from flowmaestro._async.triggers import AsyncTriggers

        return AsyncTriggers(self._calls)

    @resource
    def webhooks(self) -> AsyncWebhooks:
        """Deliveries of events to a URL."""
        from flowmaestro._async.webhooks import AsyncWebhooks

        return AsyncWebhooks(self._calls)

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
            timeout: Seconds for one attempt of any call, sending a message included;
                ``float("inf")`` for no limit.
            deadline: Seconds for a whole call, its retries and waits included.
            max_retries: Attempts beyond the first.

        Raises:
            ConfigurationError: A limit is out of its range.
        """
        seconds("timeout", timeout, None)
        seconds("deadline", deadline, None)
        changed = {"timeout": timeout, "deadline": deadline, "max_retries": max_retries}
        said = {name: value for name, value in changed.items() if value is not None}
        from quintet.lazy_resources import view_of

        return view_of(self, {"last": None, **said})

    @property
    def base_url(self) -> str:
        """The URL under which the endpoints are."""
        return self._calls.api.options.base_url

    @property
    def last_response(self) -> ResponseInfo | None:
        """Headers, id and rate limit of the last answer; ``None`` before the first.

        Errors carry their own answer as ``error.response``.
        """
        from flowmaestro.responses import ResponseInfo

        last = self._calls.last
        return None if last is None else ResponseInfo(last, self._calls.clock.time())

    async def aclose(self) -> None:
        """Close the connections. Calls under way and later ones raise ``ClientClosedError``.

        Of a view (see :meth:`with_options`) nothing is closed: the connections are its client's.
        """
        if not self._is_view:
            await self._calls.api.aclose()

    if ASYNC:
        # The name that the blocking client has; earlier versions had it here, too.
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
