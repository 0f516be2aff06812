"""The functions of the service's guide, each taking the client first.

They are the client's resources under other names; what they return can be used as a dictionary.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from amdahl._arguments import mapping, text
from amdahl._async.pager import AsyncPager
from amdahl._paths import split_path
from amdahl._retry_scope import RetryScope, check_retry_limits
from amdahl._wire import for_path
from amdahl.errors import AmdahlError
from quintet.clock import Clock, SystemClock

if TYPE_CHECKING:
    from amdahl._async.client import AsyncAmdahlClient
    from amdahl._events import AgentEvent
    from amdahl.results import QueryResult
    from amdahl.types import (
        AgentStatus,
        CreatedWebhook,
        Page,
        PageList,
        StartedAgent,
        Webhook,
        WebhookList,
    )

__all__ = [
    "archive_page",
    "create_page",
    "delete_webhook",
    "get_agent_status",
    "get_page",
    "iter_pages",
    "list_pages",
    "list_webhooks",
    "query_data",
    "register_webhook",
    "resume_agent",
    "start_agent",
    "stream_agent",
    "update_page",
    "update_webhook",
    "wait_for_agent",
    "with_retry",
]

T = TypeVar("T")


async def query_data(client: AsyncAmdahlClient, sql: str, **options: Any) -> QueryResult:
    """Run one SELECT; ``result["rows"]`` are dictionaries. See ``client.data.query``."""
    return await client.data.query(sql, **options)


async def list_pages(client: AsyncAmdahlClient) -> PageList:
    """Return the first page of the list of pages. See ``client.pages.list`` and ``iter``."""
    return await client.pages.list()


async def get_page(client: AsyncAmdahlClient, page_id: str) -> Page:
    """Return a page with its spec and queries. See ``client.pages.get``."""
    return await client.pages.get(page_id)


async def create_page(client: AsyncAmdahlClient, payload: Mapping[str, Any]) -> Page:
    """Make a page of a whole body. See ``client.pages.create``, and :mod:`amdahl.page`."""
    return await client.pages.create_from(payload)


async def update_page(client: AsyncAmdahlClient, page_id: str, patch: Mapping[str, Any]) -> Page:
    """Change a page and return it. See ``client.pages.update``."""
    return await client.pages.update_from(page_id, patch)


async def archive_page(client: AsyncAmdahlClient, page_id: str) -> None:
    """Archive a page. See ``client.pages.archive``."""
    await client.pages.archive(page_id)


async def start_agent(
    client: AsyncAmdahlClient,
    *,
    profile_id: str,
    task: str,
    input_params: Mapping[str, Any] | None = None,
) -> StartedAgent:
    """Start a run, once however often it has to be sent. See ``client.agents.start``."""
    return await client.agents.start(profile_id, task, input_params)


async def get_agent_status(client: AsyncAmdahlClient, session_id: str) -> AgentStatus:
    """Return a run as it is now. See ``client.agents.status``."""
    return await client.agents.status(session_id)


async def resume_agent(
    client: AsyncAmdahlClient, session_id: str, input_value: Mapping[str, Any]
) -> AgentStatus:
    """Answer what a run asks. See ``client.agents.resume``."""
    return await client.agents.resume(session_id, input_value)


async def wait_for_agent(
    client: AsyncAmdahlClient,
    session_id: str,
    *,
    interval_s: float = 3.0,
    timeout_s: float | None = 600.0,
) -> AgentStatus:
    """Return a run when it has ended, however it did, or waits for input.

    ``client.agents.wait`` raises for a run that failed or was canceled.

    Args:
        client: The client.
        session_id: The run.
        interval_s: Seconds between looks.
        timeout_s: Seconds in all; ``None`` for ever.

    Raises:
        WaitTimeoutError: A ``TimeoutError``: it did not settle in time; ``session_id`` and
            ``last`` are on it.
    """
    return await client.agents.wait_settled(session_id, timeout=timeout_s, poll_interval=interval_s)


async def stream_agent(
    client: AsyncAmdahlClient, session_id: str, **options: Any
) -> AsyncIterator[AgentEvent]:
    """Yield the events of a run as dictionaries, to its end. See ``client.agents.stream``."""
    async with client.agents.stream(session_id, **options) as events:
        async for event in events:
            yield event


async def register_webhook(
    client: AsyncAmdahlClient,
    *,
    url: str,
    events: Sequence[str],
    description: str | None = None,
) -> CreatedWebhook:
    """Have events delivered to a URL; the ``secret`` is shown here only.

    See ``client.webhooks.create``.
    """
    return await client.webhooks.create(url, events, description=description)


async def list_webhooks(client: AsyncAmdahlClient) -> WebhookList:
    """Return the first page of the list of webhooks. See ``client.webhooks.list``."""
    return await client.webhooks.list()


async def update_webhook(
    client: AsyncAmdahlClient, webhook_id: str, patch: Mapping[str, Any]
) -> Webhook:
    """Change a webhook and return it. See ``client.webhooks.update``."""
    return await client.webhooks.update_from(webhook_id, patch)


async def delete_webhook(client: AsyncAmdahlClient, webhook_id: str) -> None:
    """Delete a webhook. See ``client.webhooks.delete``."""
    await client.webhooks.delete(webhook_id)


def iter_pages(
    client: AsyncAmdahlClient,
    path: str = "/pages",
    items_key: str = "items",
    *,
    limit: int = 100,
    params: Mapping[str, Any] | None = None,
) -> AsyncPager[dict[str, Any]]:
    """Return everything in a list of the service, whichever way it pages.

    Args:
        client: The client.
        path: The list's path; a word without a slash is taken as ``items_key``.
        items_key: The name under which a page has its items.
        limit: Items per request.
        params: Filters.

    Raises:
        PaginationError: While iterating: the pages loop.
    """
    params = mapping("params", params)
    if not text("path", path).startswith("/"):
        path, items_key = "/pages", path

    async def fetch(at: dict[str, Any]) -> Any:
        sent, query = split_path(path, {"limit": limit, **(params or {}), **at})
        return await client._calls.page(for_path("GET", sent), key=items_key, query=query)

    return AsyncPager(fetch, items_key)


async def with_retry(
    fn: Callable[[], Awaitable[T]],
    *,
    max_attempts: int = 4,
    base_s: float = 0.5,
    max_wait_s: float = 60.0,
    clock: Clock | None = None,
) -> T:
    """Call a function until it succeeds, on 429, 5xx and failures of the connection.

    The client repeats calls by itself; this is for a function of several calls, or for a service
    that is away for longer. Writes within keep their idempotency keys over all attempts, so what
    succeeded without being seen to is not done again. After a write that has no key, such as a POST
    to an endpoint that this package does not know, the function is not called again.

    Args:
        fn: What to call.
        max_attempts: How often at most.
        base_s: Seconds of the first wait; later ones double it, and the service's own word counts
            if it is longer.
        max_wait_s: Seconds that one wait may take. Where the service asks for more, its error is
            raised at once with ``retry_after``; a window of the rate limit is a minute.
        clock: Time and chance, for tests.

    Raises:
        AmdahlError: The last one, or one that a repeat does not help or must not follow.
        MisuseError: ``max_attempts`` is less than 1, or a number of seconds is none.
    """
    check_retry_limits(max_attempts, base_s, max_wait_s)
    clock = SystemClock() if clock is None else clock
    scope = RetryScope(clock)
    attempt = 1
    while True:
        try:
            with scope.attempt():
                return await fn()
        except AmdahlError as error:
            if attempt >= max_attempts or not scope.allows(error):
                raise
            hint = error.retry_after or 0.0
            if hint > max_wait_s:
                raise
        delay = max(hint, base_s * 2 ** (attempt - 1) + clock.random() * 0.2)
        await clock.asleep(min(delay, max_wait_s))
        attempt += 1
