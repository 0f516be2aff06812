"""Every method of every resource once over the wire; the answer is what its type says."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import pytest

from ghostflow import AsyncGhostFlowClient, Page, types
from tests.e2e.ghostflow.agreement import disagreements
from tests.e2e.ghostflow.things import BROWSER, EMAIL, PASSWORD, Things

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("ghostflow")]

Call = Callable[[AsyncGhostFlowClient, Things], Any]
DAYS = (date.today() - timedelta(days=1), date.today() + timedelta(days=1))
TIMES = tuple(datetime.now(UTC) + timedelta(days=days) for days in (-1, 1))

CALLS: dict[str, tuple[Call, Any]] = {
    "campaigns.get": (lambda gf, made: gf.campaigns.get(made.campaign), types.Campaign),
    "campaigns.create": (
        lambda gf, made: gf.campaigns.create(
            "C",
            "https://example.com/{country}",
            slug=uuid.uuid4().hex,
            domain_id=made.domain,
            source_id=made.source,
            offers=[{"offerId": made.offer, "weight": 7}],
            sticky=False,
            cost={"model": "revshare", "amount": Decimal("12.5")},
            append_click_id=None,
            pass_through=True,
            unique_window_hours=1,
            tags=["a"],
            notes="n",
        ),
        types.Campaign,
    ),
    "campaigns.update": (
        lambda gf, made: gf.campaigns.update(made.new_campaign(), name="D", if_match=1),
        types.Campaign,
    ),
    "campaigns.pause": (
        lambda gf, made: gf.campaigns.pause(made.new_campaign()),
        types.Campaign,
    ),
    "campaigns.resume": (
        lambda gf, made: gf.campaigns.resume(made.new_campaign(status="paused")),
        types.Campaign,
    ),
    "campaigns.archive": (
        lambda gf, made: gf.campaigns.archive(made.new_campaign()),
        types.Campaign,
    ),
    "campaigns.restore": (
        lambda gf, made: gf.campaigns.restore(made.new_campaign()),
        types.Campaign,
    ),
    "campaigns.delete": (
        lambda gf, made: gf.campaigns.delete(made.new_campaign()),
        types.Deletion,
    ),
    "campaigns.clone": (lambda gf, made: gf.campaigns.clone(made.campaign), types.Campaign),
    "campaigns.add_cost": (
        lambda gf, made: gf.campaigns.add_cost(
            made.campaign, from_=DAYS[0], to=DAYS[1], amount=Decimal("9.99"), currency="USD"
        ),
        types.BookedCost,
    ),
    "offers.get": (lambda gf, made: gf.offers.get(made.offer), types.Offer),
    "offers.create": (
        lambda gf, made: gf.offers.create(
            "O",
            "https://o.example/?c={click_id}",
            network_id=made.network,
            payout=Decimal("12.50"),
            payout_currency="EUR",
            countries=["US"],
            cap={"limit": 5, "period": "day", "counts": "clicks", "timezone": "Asia/Kolkata"},
        ),
        types.Offer,
    ),
    "offers.update": (
        lambda gf, made: gf.offers.update(
            made.new("offers", name="O", url="https://o.example/"), status="paused"
        ),
        types.Offer,
    ),
    "offers.delete": (
        lambda gf, made: gf.offers.delete(
            made.new("offers", name="O", url="https://o.example/"), if_match=1
        ),
        types.Deletion,
    ),
    "sources.get": (lambda gf, made: gf.sources.get(made.source), types.Source),
    "sources.create": (
        lambda gf, made: gf.sources.create(
            "S",
            postback_url="https://s.example/?c={click_id}&p={payout}",
            postback_on=["approved", "reversed"],
            params={"gclid": "externalId", "kw": "sub1"},
            cost={"model": "param"},
        ),
        types.Source,
    ),
    "sources.update": (
        lambda gf, made: gf.sources.update(made.new("sources", name="S"), postback_url=None),
        types.Source,
    ),
    "sources.delete": (
        lambda gf, made: gf.sources.delete(made.new("sources", name="S")),
        types.Deletion,
    ),
    "networks.get": (lambda gf, made: gf.networks.get(made.network), types.Network),
    "networks.create": (
        lambda gf, made: gf.networks.create(
            "N",
            currency="EUR",
            param_map={"clickId": "aff_sub"},
            status_map={"won": "approved"},
            require_ip=["10.0.0.0/8"],
        ),
        types.Network,
    ),
    "networks.update": (
        lambda gf, made: gf.networks.update(made.new("networks", name="N"), name="M"),
        types.Network,
    ),
    "networks.delete": (
        lambda gf, made: gf.networks.delete(made.new("networks", name="N")),
        types.Deletion,
    ),
    "networks.rotate_key": (
        lambda gf, made: gf.networks.rotate_key(made.new("networks", name="N")),
        types.Network,
    ),
    "domains.get": (lambda gf, made: gf.domains.get(made.domain), types.Domain),
    "domains.create": (
        lambda gf, made: gf.domains.create(
            f"{uuid.uuid4().hex}.example", fallback_url="https://example.com/"
        ),
        types.Domain,
    ),
    "domains.update": (
        lambda gf, made: gf.domains.update(
            made.new("domains", host=f"{uuid.uuid4().hex}.localhost"), fallback_url=None
        ),
        types.Domain,
    ),
    "domains.delete": (
        lambda gf, made: gf.domains.delete(
            made.new("domains", host=f"{uuid.uuid4().hex}.localhost")
        ),
        types.Deletion,
    ),
    "domains.verify": (lambda gf, made: gf.domains.verify(made.domain), types.Domain),
    "clicks.get": (lambda gf, made: gf.clicks.get(made.click), types.Click),
    "clicks.create": (
        lambda gf, made: gf.clicks.create(
            made.campaign,
            click_id=str(uuid.uuid4()),
            at=datetime.now(UTC) - timedelta(minutes=5),
            ip="198.51.100.8",
            user_agent=BROWSER,
            country="US",
            referrer="https://news.example/page",
            language="de",
            external_id="e1",
            sub10="ten",
            utm={"source": "newsletter"},
            extra={"k": "v"},
        ),
        types.Click,
    ),
    "clicks.create_many": (
        lambda gf, made: gf.clicks.create_many(
            [{"campaign_id": made.campaign, "ip": "198.51.100.9"}, {"campaign_id": "nobody"}]
        ),
        list[types.IngestedClick],
    ),
    "conversions.get": (lambda gf, made: gf.conversions.get(made.conversion), types.Conversion),
    "conversions.create": (
        lambda gf, made: gf.conversions.create(
            made.new_click(),
            tx_id="T1",
            event="sale",
            status="pending",
            payout=Decimal("12.50"),
            currency="USD",
            at=datetime.now(UTC),
        ),
        types.Conversion,
    ),
    "conversions.update": (
        lambda gf, made: gf.conversions.update(
            made.new_conversion(), if_match=1, status="reversed", payout=1
        ),
        types.Conversion,
    ),
    "reports.dashboard": (
        lambda gf, made: gf.reports.dashboard(*DAYS, compare="previous", bots="include"),
        types.Dashboard,
    ),
    "reports.breakdown": (
        lambda gf, made: gf.reports.breakdown(
            ["campaign", "sub1"], *DAYS, sort="-clicks", limit=2, country="!DE"
        ),
        types.Breakdown,
    ),
    "reports.timeseries": (
        lambda gf, made: gf.reports.timeseries("hour", *DAYS, timezone="America/New_York"),
        types.Timeseries,
    ),
    "reports.breakdown_csv": (lambda gf, made: gf.reports.breakdown_csv("campaign"), str),
    "reports.timeseries_csv": (lambda gf, made: gf.reports.timeseries_csv("week"), str),
    "api_keys.create": (
        lambda gf, made: gf.api_keys.create(
            "CI", ["read:stats"], expires_at=datetime(2100, 1, 1, tzinfo=UTC)
        ),
        types.ApiKeyWithSecret,
    ),
    "api_keys.regenerate": (
        lambda gf, made: gf.api_keys.regenerate(made.new_key()),
        types.ApiKeyWithSecret,
    ),
    "api_keys.revoke": (lambda gf, made: gf.api_keys.revoke(made.new_key()), types.ApiKey),
    "api_keys.delete": (lambda gf, made: gf.api_keys.delete(made.new_key()), types.Deletion),
    "teams.get": (lambda gf, made: gf.teams.get(made.team), types.Team),
    "teams.update": (lambda gf, made: gf.teams.update(made.team, name="Team"), types.Team),
    "billing.subscription": (lambda gf, made: gf.billing.subscription(), types.Subscription),
    "webhooks.get": (lambda gf, made: gf.webhooks.get(made.hook), types.Webhook),
    "webhooks.create": (
        lambda gf, made: gf.webhooks.create(
            "http://127.0.0.1:9/hook", ["conversion.created"], description="Mine"
        ),
        types.WebhookWithSecret,
    ),
    "webhooks.update": (
        lambda gf, made: gf.webhooks.update(made.new_hook(), if_match=1, status="disabled"),
        types.Webhook,
    ),
    "webhooks.delete": (lambda gf, made: gf.webhooks.delete(made.new_hook()), types.Deletion),
    "webhooks.rotate_secret": (
        lambda gf, made: gf.webhooks.rotate_secret(made.new_hook()),
        types.WebhookWithSecret,
    ),
    "webhooks.test": (lambda gf, made: gf.webhooks.test(made.new_hook()), types.Delivery),
    "webhooks.redeliver": (
        lambda gf, made: gf.webhooks.redeliver(made.hook, made.delivery),
        types.Delivery,
    ),
    "me": (lambda gf, made: gf.me(), types.Me),
    "login": (lambda gf, made: gf.login(EMAIL, PASSWORD), types.Login),
}
LISTS: dict[str, tuple[Call, Any]] = {
    "campaigns.list": (
        lambda gf, made: gf.campaigns.list(limit=2, status="all", search="camp", sort="name"),
        types.Campaign,
    ),
    "offers.list": (lambda gf, made: gf.offers.list(sort="name"), types.Offer),
    "sources.list": (lambda gf, made: gf.sources.list(), types.Source),
    "sources.templates": (lambda gf, made: gf.sources.templates(), types.SourceTemplate),
    "networks.list": (lambda gf, made: gf.networks.list(), types.Network),
    "domains.list": (lambda gf, made: gf.domains.list(), types.Domain),
    "clicks.list": (
        lambda gf, made: gf.clicks.list(*DAYS, campaign_id=made.campaign, sub1="one"),
        types.Click,
    ),
    "conversions.list": (
        lambda gf, made: gf.conversions.list(*TIMES, campaign_id=made.campaign, status="approved"),
        types.Conversion,
    ),
    "postbacks.list": (lambda gf, made: gf.postbacks.list(*TIMES), types.Postback),
    "api_keys.list": (lambda gf, made: gf.api_keys.list(), types.ApiKey),
    "api_keys.audit_log": (
        lambda gf, made: gf.api_keys.audit_log(made.api_key),
        types.AuditEntry,
    ),
    "teams.list": (lambda gf, made: gf.teams.list(), types.Team),
    "webhooks.list": (lambda gf, made: gf.webhooks.list(), types.Webhook),
    "webhooks.deliveries": (
        lambda gf, made: gf.webhooks.deliveries(made.hook),
        types.Delivery,
    ),
}
WALKS: dict[str, Call] = {
    "campaigns.iter": lambda gf, made: gf.campaigns.iter(page_size=1, max_items=2),
    "offers.iter": lambda gf, made: gf.offers.iter(page_size=1, max_items=2),
    "sources.iter": lambda gf, made: gf.sources.iter(page_size=1, max_items=2),
    "networks.iter": lambda gf, made: gf.networks.iter(page_size=1, max_items=2),
    "domains.iter": lambda gf, made: gf.domains.iter(page_size=1, max_items=2),
    "clicks.iter": lambda gf, made: gf.clicks.iter(page_size=1, max_items=2),
    "conversions.iter": lambda gf, made: gf.conversions.iter(page_size=1, max_items=2),
    "postbacks.iter": lambda gf, made: gf.postbacks.iter(page_size=1, max_items=2),
    "api_keys.iter": lambda gf, made: gf.api_keys.iter(page_size=1, max_items=2),
    "api_keys.iter_audit_log": lambda gf, made: gf.api_keys.iter_audit_log(made.api_key),
    "teams.iter": lambda gf, made: gf.teams.iter(page_size=1),
    "webhooks.iter": lambda gf, made: gf.webhooks.iter(page_size=1, max_items=2),
    "webhooks.iter_deliveries": lambda gf, made: gf.webhooks.iter_deliveries(made.hook),
    "reports.iter_breakdown": lambda gf, made: gf.reports.iter_breakdown(
        "campaign", page_size=1, max_items=2
    ),
}


@pytest.fixture
async def gf(things: Things) -> AsyncIterator[AsyncGhostFlowClient]:
    async with AsyncGhostFlowClient(things.key, things.server.api) as client:
        yield client


@pytest.mark.parametrize("name", CALLS)
async def test_call_is_answered_with_what_its_type_says(
    gf: AsyncGhostFlowClient, things: Things, name: str
) -> None:
    call, kind = CALLS[name]
    found = await call(gf, things)
    assert found
    assert list(disagreements(found, kind)) == []


@pytest.mark.parametrize("name", LISTS)
async def test_list_is_a_page_of_what_its_type_says(
    gf: AsyncGhostFlowClient, things: Things, name: str
) -> None:
    call, kind = LISTS[name]
    page = await call(gf, things)
    assert isinstance(page, Page)
    assert len(page) > 0
    assert list(disagreements(page, list[kind])) == []


@pytest.mark.parametrize("name", WALKS)
async def test_walk_yields_things_that_differ(
    gf: AsyncGhostFlowClient, things: Things, name: str
) -> None:
    found = [one async for one in WALKS[name](gf, things)]
    assert found
    assert len({str(one) for one in found}) == len(found)


def test_every_method_is_called_here() -> None:
    client = AsyncGhostFlowClient("gf_x")
    methods = {
        f"{name}.{method}"
        for name, member in vars(AsyncGhostFlowClient).items()
        if isinstance(member, cached_property) and not name.startswith("_")
        for method, _ in inspect.getmembers(type(getattr(client, name)), inspect.isfunction)
        if not method.startswith("_")
    }
    assert methods | {"me", "login"} == {*CALLS, *LISTS, *WALKS}
