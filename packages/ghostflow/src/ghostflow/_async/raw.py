"""``client.with_raw_response``: the same methods, with what came along beside the model."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ghostflow._async.calls import AsyncCalls
from ghostflow.errors import MisuseError
from ghostflow.responses import RawResponse, read_rate_limit
from quintet._acompat import ASYNC

if TYPE_CHECKING:
    from quintet.core.response import Response

RESOURCES = frozenset(
    {
        *("api_keys", "billing", "campaigns", "clicks", "conversions", "domains", "networks"),
        *("offers", "postbacks", "reports", "sources", "teams", "webhooks"),
    }
)


class AsyncRawResource:
    """The methods of one resource; each returns a :class:`~ghostflow.RawResponse`.

    Answers are not kept on the client, where another task could replace them before they are read:
    each call brings its own.
    """

    def __init__(self, kind: type[Any], calls: AsyncCalls) -> None:
        self._kind = kind
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., Awaitable[RawResponse]]:
        if name.startswith("_"):
            # Before __init__, as in copying, there is no _kind to be asked either.
            raise AttributeError(name)
        method = getattr(self._kind, name, None)
        if method is None:
            raise AttributeError(f"{self._kind.__name__} has no method {name!r}")
        import inspect

        walks = inspect.isasyncgenfunction if ASYNC else inspect.isgeneratorfunction
        if walks(method):
            raise MisuseError(message=f"{name}() has many answers; ask for its pages one by one")

        async def call(*args: Any, **options: Any) -> RawResponse:
            seen: list[Response] = []
            calls = copy.copy(self._calls)
            calls.watch = seen.append
            model = await getattr(self._kind(calls), name)(*args, **options)
            return _beside(model, seen[-1], calls)

        return call


class AsyncRawResources:
    """The resources of a client, such as ``client.with_raw_response.campaigns``.

    Example::

        campaign, headers, rate_limit, attempts = await client.with_raw_response.campaigns.get(id)
    """

    api_keys: AsyncRawResource
    billing: AsyncRawResource
    campaigns: AsyncRawResource
    clicks: AsyncRawResource
    conversions: AsyncRawResource
    domains: AsyncRawResource
    networks: AsyncRawResource
    offers: AsyncRawResource
    postbacks: AsyncRawResource
    reports: AsyncRawResource
    sources: AsyncRawResource
    teams: AsyncRawResource
    webhooks: AsyncRawResource

    def __init__(self, client: Any, calls: AsyncCalls) -> None:
        for name in RESOURCES:
            setattr(self, name, AsyncRawResource(type(getattr(client, name)), calls))
        self._account = AsyncRawResource(type(client._account), calls)

    async def me(self) -> RawResponse:
        """Return who is asking, with what came along."""
        return await self._account.me()


def _beside(model: Any, response: Response, calls: AsyncCalls) -> RawResponse:
    limits = read_rate_limit(response.headers, calls.clock.time())
    return RawResponse(model, response.headers, limits, response.attempts)
