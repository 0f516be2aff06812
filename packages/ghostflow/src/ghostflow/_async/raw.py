"""``client.with_raw_response``: the same methods, with what came along beside the model."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from ghostflow._async.account import AsyncAccount
from ghostflow._async.api_keys import AsyncApiKeys
from ghostflow._async.calls import AsyncCalls, AsyncResource
from ghostflow._async.campaigns import AsyncCampaigns
from ghostflow._async.clicks import AsyncClicks
from ghostflow._async.conversions import AsyncConversions
from ghostflow._async.domains import AsyncDomains
from ghostflow._async.networks import AsyncNetworks
from ghostflow._async.offers import AsyncOffers
from ghostflow._async.postbacks import AsyncPostbacks
from ghostflow._async.reports import AsyncReports
from ghostflow._async.sources import AsyncSources
from ghostflow._async.teams import AsyncBilling, AsyncTeams
from ghostflow._async.webhooks import AsyncWebhooks
from ghostflow.errors import MisuseError
from ghostflow.responses import RawResponse, read_rate_limit

if TYPE_CHECKING:
    from quintet.core.response import Response

Given = ParamSpec("Given")
Kind = TypeVar("Kind", bound=AsyncResource)
Model = TypeVar("Model")


if TYPE_CHECKING:

    class Beside(Generic[Given, Model]):
        """A method of a resource that returns its model with all that came along."""

        def __get__(
            self, view: AsyncRawResource, owner: Any = None
        ) -> Callable[Given, Awaitable[RawResponse[Model]]]:
            """The method."""
            raise NotImplementedError


def beside(
    kind: type[Kind], method: Callable[[Kind], Callable[Given, Awaitable[Model]]]
) -> Beside[Given, Model]:
    """Return a method as the property of a view: its answer comes with all that came along."""

    def answered(view: AsyncRawResource) -> Callable[Given, Awaitable[RawResponse[Model]]]:
        async def call(*args: Given.args, **options: Given.kwargs) -> RawResponse[Model]:
            seen: list[Response] = []
            calls = copy.copy(view._calls)
            calls.watch = seen.append
            model = await method(kind(calls))(*args, **options)
            limits = read_rate_limit(seen[-1].headers, calls.clock.time())
            return RawResponse(model, seen[-1].headers, limits, seen[-1].attempts)

        return call

    return cast("Beside[Given, Model]", property(answered))


class AsyncRawResource:
    """The methods of one resource; each returns a :class:`~ghostflow.RawResponse`.

    Answers are not kept on the client, where another task could replace them before they are read:
    each call brings its own.
    """

    _kind: type[AsyncResource]

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if not name.startswith("_") and hasattr(self._kind, name):
                message = f"{name}() has many answers; ask for its pages one by one"
                raise MisuseError(message=message)
            raise AttributeError(f"{self._kind.__name__} has no method {name!r}")


class AsyncRawAccount(AsyncRawResource):
    """What is no resource."""

    _kind = AsyncAccount
    me = beside(AsyncAccount, lambda of: of.me)


class AsyncRawApiKeys(AsyncRawResource):
    """The methods of :class:`AsyncApiKeys`."""

    _kind = AsyncApiKeys
    list = beside(AsyncApiKeys, lambda of: of.list)
    create = beside(AsyncApiKeys, lambda of: of.create)
    delete = beside(AsyncApiKeys, lambda of: of.delete)
    revoke = beside(AsyncApiKeys, lambda of: of.revoke)
    regenerate = beside(AsyncApiKeys, lambda of: of.regenerate)
    audit_log = beside(AsyncApiKeys, lambda of: of.audit_log)


class AsyncRawCampaigns(AsyncRawResource):
    """The methods of :class:`AsyncCampaigns`."""

    _kind = AsyncCampaigns
    list = beside(AsyncCampaigns, lambda of: of.list)
    get = beside(AsyncCampaigns, lambda of: of.get)
    create = beside(AsyncCampaigns, lambda of: of.create)
    update = beside(AsyncCampaigns, lambda of: of.update)
    delete = beside(AsyncCampaigns, lambda of: of.delete)
    pause = beside(AsyncCampaigns, lambda of: of.pause)
    resume = beside(AsyncCampaigns, lambda of: of.resume)
    archive = beside(AsyncCampaigns, lambda of: of.archive)
    restore = beside(AsyncCampaigns, lambda of: of.restore)
    clone = beside(AsyncCampaigns, lambda of: of.clone)
    add_cost = beside(AsyncCampaigns, lambda of: of.add_cost)


class AsyncRawClicks(AsyncRawResource):
    """The methods of :class:`AsyncClicks`."""

    _kind = AsyncClicks
    list = beside(AsyncClicks, lambda of: of.list)
    get = beside(AsyncClicks, lambda of: of.get)
    create = beside(AsyncClicks, lambda of: of.create)
    create_many = beside(AsyncClicks, lambda of: of.create_many)


class AsyncRawConversions(AsyncRawResource):
    """The methods of :class:`AsyncConversions`."""

    _kind = AsyncConversions
    list = beside(AsyncConversions, lambda of: of.list)
    get = beside(AsyncConversions, lambda of: of.get)
    create = beside(AsyncConversions, lambda of: of.create)
    update = beside(AsyncConversions, lambda of: of.update)


class AsyncRawDomains(AsyncRawResource):
    """The methods of :class:`AsyncDomains`."""

    _kind = AsyncDomains
    list = beside(AsyncDomains, lambda of: of.list)
    get = beside(AsyncDomains, lambda of: of.get)
    create = beside(AsyncDomains, lambda of: of.create)
    update = beside(AsyncDomains, lambda of: of.update)
    delete = beside(AsyncDomains, lambda of: of.delete)
    verify = beside(AsyncDomains, lambda of: of.verify)


class AsyncRawNetworks(AsyncRawResource):
    """The methods of :class:`AsyncNetworks`."""

    _kind = AsyncNetworks
    list = beside(AsyncNetworks, lambda of: of.list)
    get = beside(AsyncNetworks, lambda of: of.get)
    create = beside(AsyncNetworks, lambda of: of.create)
    update = beside(AsyncNetworks, lambda of: of.update)
    delete = beside(AsyncNetworks, lambda of: of.delete)
    rotate_key = beside(AsyncNetworks, lambda of: of.rotate_key)


class AsyncRawOffers(AsyncRawResource):
    """The methods of :class:`AsyncOffers`."""

    _kind = AsyncOffers
    list = beside(AsyncOffers, lambda of: of.list)
    get = beside(AsyncOffers, lambda of: of.get)
    create = beside(AsyncOffers, lambda of: of.create)
    update = beside(AsyncOffers, lambda of: of.update)
    delete = beside(AsyncOffers, lambda of: of.delete)


class AsyncRawPostbacks(AsyncRawResource):
    """The methods of :class:`AsyncPostbacks`."""

    _kind = AsyncPostbacks
    list = beside(AsyncPostbacks, lambda of: of.list)


class AsyncRawReports(AsyncRawResource):
    """The methods of :class:`AsyncReports`."""

    _kind = AsyncReports
    dashboard = beside(AsyncReports, lambda of: of.dashboard)
    breakdown = beside(AsyncReports, lambda of: of.breakdown)
    breakdown_csv = beside(AsyncReports, lambda of: of.breakdown_csv)
    timeseries = beside(AsyncReports, lambda of: of.timeseries)
    timeseries_csv = beside(AsyncReports, lambda of: of.timeseries_csv)


class AsyncRawSources(AsyncRawResource):
    """The methods of :class:`AsyncSources`."""

    _kind = AsyncSources
    list = beside(AsyncSources, lambda of: of.list)
    get = beside(AsyncSources, lambda of: of.get)
    create = beside(AsyncSources, lambda of: of.create)
    update = beside(AsyncSources, lambda of: of.update)
    delete = beside(AsyncSources, lambda of: of.delete)
    templates = beside(AsyncSources, lambda of: of.templates)


class AsyncRawTeams(AsyncRawResource):
    """The methods of :class:`AsyncTeams`."""

    _kind = AsyncTeams
    list = beside(AsyncTeams, lambda of: of.list)
    get = beside(AsyncTeams, lambda of: of.get)
    update = beside(AsyncTeams, lambda of: of.update)


class AsyncRawBilling(AsyncRawResource):
    """The methods of :class:`AsyncBilling`."""

    _kind = AsyncBilling
    subscription = beside(AsyncBilling, lambda of: of.subscription)


class AsyncRawWebhooks(AsyncRawResource):
    """The methods of :class:`AsyncWebhooks`."""

    _kind = AsyncWebhooks
    list = beside(AsyncWebhooks, lambda of: of.list)
    get = beside(AsyncWebhooks, lambda of: of.get)
    create = beside(AsyncWebhooks, lambda of: of.create)
    update = beside(AsyncWebhooks, lambda of: of.update)
    delete = beside(AsyncWebhooks, lambda of: of.delete)
    rotate_secret = beside(AsyncWebhooks, lambda of: of.rotate_secret)
    test = beside(AsyncWebhooks, lambda of: of.test)
    deliveries = beside(AsyncWebhooks, lambda of: of.deliveries)
    redeliver = beside(AsyncWebhooks, lambda of: of.redeliver)


class AsyncRawResources:
    """The resources of a client, such as ``client.with_raw_response.campaigns``.

    Example::

        campaign, headers, rate_limit, attempts = await client.with_raw_response.campaigns.get(id)
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self.api_keys = AsyncRawApiKeys(calls)
        self.billing = AsyncRawBilling(calls)
        self.campaigns = AsyncRawCampaigns(calls)
        self.clicks = AsyncRawClicks(calls)
        self.conversions = AsyncRawConversions(calls)
        self.domains = AsyncRawDomains(calls)
        self.networks = AsyncRawNetworks(calls)
        self.offers = AsyncRawOffers(calls)
        self.postbacks = AsyncRawPostbacks(calls)
        self.reports = AsyncRawReports(calls)
        self.sources = AsyncRawSources(calls)
        self.teams = AsyncRawTeams(calls)
        self.webhooks = AsyncRawWebhooks(calls)
        self.me = AsyncRawAccount(calls).me
