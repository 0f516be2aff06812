# Generated from ghostflow/_async/raw.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.with_raw_response``: the same methods, with what came along beside the model."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ghostflow._sync.calls import Calls
from ghostflow.errors import MisuseError
from ghostflow.responses import RawResponse, read_rate_limit

if TYPE_CHECKING:
    from quintet.core.response import Response

RESOURCES = frozenset(
    {
        *("api_keys", "billing", "campaigns", "clicks", "conversions", "domains", "networks"),
        *("offers", "postbacks", "reports", "sources", "teams", "webhooks"),
    }
)


class RawResource:
    """The methods of one resource; each returns a :class:`~ghostflow.RawResponse`.

    Answers are not kept on the client, where another task could replace them before they are read:
    each call brings its own.
    """

    def __init__(self, kind: type[Any], calls: Calls) -> None:
        self._kind = kind
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., RawResponse]:
        if name.startswith("_"):
            # Before __init__, as in copying, there is no _kind to be asked either.
            raise AttributeError(name)
        method = getattr(self._kind, name, None)
        if method is None:
            raise AttributeError(f"{self._kind.__name__} has no method {name!r}")
        import inspect

        walks = inspect.isgeneratorfunction
        if walks(method):
            raise MisuseError(message=f"{name}() has many answers; ask for its pages one by one")

        def call(*args: Any, **options: Any) -> RawResponse:
            seen: list[Response] = []
            calls = copy.copy(self._calls)
            calls.watch = seen.append
            model = getattr(self._kind(calls), name)(*args, **options)
            return _beside(model, seen[-1], calls)

        return call


class RawResources:
    """The resources of a client, such as ``client.with_raw_response.campaigns``.

    Example::

        campaign, headers, rate_limit, attempts = client.with_raw_response.campaigns.get(id)
    """

    api_keys: RawResource
    billing: RawResource
    campaigns: RawResource
    clicks: RawResource
    conversions: RawResource
    domains: RawResource
    networks: RawResource
    offers: RawResource
    postbacks: RawResource
    reports: RawResource
    sources: RawResource
    teams: RawResource
    webhooks: RawResource

    def __init__(self, client: Any, calls: Calls) -> None:
        for name in RESOURCES:
            setattr(self, name, RawResource(type(getattr(client, name)), calls))
        self._account = RawResource(type(client._account), calls)

    def me(self) -> RawResponse:
        """Return who is asking, with what came along."""
        return self._account.me()


def _beside(model: Any, response: Response, calls: Calls) -> RawResponse:
    limits = read_rate_limit(response.headers, calls.clock.time())
    return RawResponse(model, response.headers, limits, response.attempts)
