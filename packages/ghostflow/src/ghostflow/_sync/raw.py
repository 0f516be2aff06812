# Generated from ghostflow/_async/raw.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.with_raw_response``: the same methods, with what came along beside the model."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from ghostflow._sync.account import Account
from ghostflow._sync.api_keys import ApiKeys
from ghostflow._sync.calls import Calls, Resource
from ghostflow._sync.campaigns import Campaigns
from ghostflow._sync.clicks import Clicks
from ghostflow._sync.conversions import Conversions
from ghostflow._sync.domains import Domains
from ghostflow._sync.networks import Networks
from ghostflow._sync.offers import Offers
from ghostflow._sync.postbacks import Postbacks
from ghostflow._sync.reports import Reports
from ghostflow._sync.sources import Sources
from ghostflow._sync.teams import Billing, Teams
from ghostflow._sync.webhooks import Webhooks
from ghostflow.errors import MisuseError
from ghostflow.responses import RawResponse, read_rate_limit

if TYPE_CHECKING:
    from quintet.core.response import Response

Given = ParamSpec("Given")
Kind = TypeVar("Kind", bound=Resource)
Model = TypeVar("Model")


if TYPE_CHECKING:

    class Beside(Generic[Given, Model]):
        """A method of a resource that returns its model with all that came along."""

        def __get__(
            self, view: RawResource, owner: Any = None
        ) -> Callable[Given, RawResponse[Model]]:
            """The method."""
            raise NotImplementedError


def beside(
    kind: type[Kind], method: Callable[[Kind], Callable[Given, Model]]
) -> Beside[Given, Model]:
    """Return a method as the property of a view: its answer comes with all that came along."""

    def answered(view: RawResource) -> Callable[Given, RawResponse[Model]]:
        def call(*args: Given.args, **options: Given.kwargs) -> RawResponse[Model]:
            seen: list[Response] = []
            calls = copy.copy(view._calls)
            calls.watch = seen.append
            model = method(kind(calls))(*args, **options)
            limits = read_rate_limit(seen[-1].headers, calls.clock.time())
            return RawResponse(model, seen[-1].headers, limits, seen[-1].attempts)

        return call

    return cast("Beside[Given, Model]", property(answered))


class RawResource:
    """The methods of one resource; each returns a :class:`~ghostflow.RawResponse`.

    Answers are not kept on the client, where another task could replace them before they are read:
    each call brings its own.
    """

    _kind: type[Resource]

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if not name.startswith("_") and hasattr(self._kind, name):
                message = f"{name}() has many answers; ask for its pages one by one"
                raise MisuseError(message=message)
            raise AttributeError(f"{self._kind.__name__} has no method {name!r}")


class RawAccount(RawResource):
    """What is no resource."""

    _kind = Account
    me = beside(Account, lambda of: of.me)


class RawApiKeys(RawResource):
    """The methods of :class:`ApiKeys`."""

    _kind = ApiKeys
    list = beside(ApiKeys, lambda of: of.list)
    create = beside(ApiKeys, lambda of: of.create)
    delete = beside(ApiKeys, lambda of: of.delete)
    revoke = beside(ApiKeys, lambda of: of.revoke)
    regenerate = beside(ApiKeys, lambda of: of.regenerate)
    audit_log = beside(ApiKeys, lambda of: of.audit_log)


class RawCampaigns(RawResource):
    """The methods of :class:`Campaigns`."""

    _kind = Campaigns
    list = beside(Campaigns, lambda of: of.list)
    get = beside(Campaigns, lambda of: of.get)
    create = beside(Campaigns, lambda of: of.create)
    update = beside(Campaigns, lambda of: of.update)
    delete = beside(Campaigns, lambda of: of.delete)
    pause = beside(Campaigns, lambda of: of.pause)
    resume = beside(Campaigns, lambda of: of.resume)
    archive = beside(Campaigns, lambda of: of.archive)
    restore = beside(Campaigns, lambda of: of.restore)
    clone = beside(Campaigns, lambda of: of.clone)
    add_cost = beside(Campaigns, lambda of: of.add_cost)


class RawClicks(RawResource):
    """The methods of :class:`Clicks`."""

    _kind = Clicks
    list = beside(Clicks, lambda of: of.list)
    get = beside(Clicks, lambda of: of.get)
    create = beside(Clicks, lambda of: of.create)
    create_many = beside(Clicks, lambda of: of.create_many)


class RawConversions(RawResource):
    """The methods of :class:`Conversions`."""

    _kind = Conversions
    list = beside(Conversions, lambda of: of.list)
    get = beside(Conversions, lambda of: of.get)
    create = beside(Conversions, lambda of: of.create)
    update = beside(Conversions, lambda of: of.update)


class RawDomains(RawResource):
    """The methods of :class:`Domains`."""

    _kind = Domains
    list = beside(Domains, lambda of: of.list)
    get = beside(Domains, lambda of: of.get)
    create = beside(Domains, lambda of: of.create)
    update = beside(Domains, lambda of: of.update)
    delete = beside(Domains, lambda of: of.delete)
    verify = beside(Domains, lambda of: of.verify)


class RawNetworks(RawResource):
    """The methods of :class:`Networks`."""

    _kind = Networks
    list = beside(Networks, lambda of: of.list)
    get = beside(Networks, lambda of: of.get)
    create = beside(Networks, lambda of: of.create)
    update = beside(Networks, lambda of: of.update)
    delete = beside(Networks, lambda of: of.delete)
    rotate_key = beside(Networks, lambda of: of.rotate_key)


class RawOffers(RawResource):
    """The methods of :class:`Offers`."""

    _kind = Offers
    list = beside(Offers, lambda of: of.list)
    get = beside(Offers, lambda of: of.get)
    create = beside(Offers, lambda of: of.create)
    update = beside(Offers, lambda of: of.update)
    delete = beside(Offers, lambda of: of.delete)


class RawPostbacks(RawResource):
    """The methods of :class:`Postbacks`."""

    _kind = Postbacks
    list = beside(Postbacks, lambda of: of.list)


class RawReports(RawResource):
    """The methods of :class:`Reports`."""

    _kind = Reports
    dashboard = beside(Reports, lambda of: of.dashboard)
    breakdown = beside(Reports, lambda of: of.breakdown)
    breakdown_csv = beside(Reports, lambda of: of.breakdown_csv)
    timeseries = beside(Reports, lambda of: of.timeseries)
    timeseries_csv = beside(Reports, lambda of: of.timeseries_csv)


class RawSources(RawResource):
    """The methods of :class:`Sources`."""

    _kind = Sources
    list = beside(Sources, lambda of: of.list)
    get = beside(Sources, lambda of: of.get)
    create = beside(Sources, lambda of: of.create)
    update = beside(Sources, lambda of: of.update)
    delete = beside(Sources, lambda of: of.delete)
    templates = beside(Sources, lambda of: of.templates)


class RawTeams(RawResource):
    """The methods of :class:`Teams`."""

    _kind = Teams
    list = beside(Teams, lambda of: of.list)
    get = beside(Teams, lambda of: of.get)
    update = beside(Teams, lambda of: of.update)


class RawBilling(RawResource):
    """The methods of :class:`Billing`."""

    _kind = Billing
    subscription = beside(Billing, lambda of: of.subscription)


class RawWebhooks(RawResource):
    """The methods of :class:`Webhooks`."""

    _kind = Webhooks
    list = beside(Webhooks, lambda of: of.list)
    get = beside(Webhooks, lambda of: of.get)
    create = beside(Webhooks, lambda of: of.create)
    update = beside(Webhooks, lambda of: of.update)
    delete = beside(Webhooks, lambda of: of.delete)
    rotate_secret = beside(Webhooks, lambda of: of.rotate_secret)
    test = beside(Webhooks, lambda of: of.test)
    deliveries = beside(Webhooks, lambda of: of.deliveries)
    redeliver = beside(Webhooks, lambda of: of.redeliver)


class RawResources:
    """The resources of a client, such as ``client.with_raw_response.campaigns``.

    Example::

        campaign, headers, rate_limit, attempts = client.with_raw_response.campaigns.get(id)
    """

    def __init__(self, calls: Calls) -> None:
        self.api_keys = RawApiKeys(calls)
        self.billing = RawBilling(calls)
        self.campaigns = RawCampaigns(calls)
        self.clicks = RawClicks(calls)
        self.conversions = RawConversions(calls)
        self.domains = RawDomains(calls)
        self.networks = RawNetworks(calls)
        self.offers = RawOffers(calls)
        self.postbacks = RawPostbacks(calls)
        self.reports = RawReports(calls)
        self.sources = RawSources(calls)
        self.teams = RawTeams(calls)
        self.webhooks = RawWebhooks(calls)
        self.me = RawAccount(calls).me
