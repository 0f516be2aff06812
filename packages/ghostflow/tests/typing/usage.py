"""Code of a user: it must satisfy the type checkers as it stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ghostflow import (
    APIConnectionError,
    AsyncGhostFlowClient,
    GhostFlowClient,
    GhostFlowError,
    Page,
    PostbackTemplate,
    RateLimitedError,
    RateLimitInfo,
    RawResponse,
    ValidationError,
    WebhookVerifier,
    postback_url,
)
from ghostflow.resources import AsyncOffers, Campaigns
from ghostflow.types import Campaign, CostRule, Scope


def as_in_the_guide() -> None:
    gf = GhostFlowClient()
    campaigns, rl = gf.get("/campaigns")
    print(f"Found {len(campaigns)} campaigns, {rl.remaining} requests left")
    campaign, _ = gf.post(
        "/campaigns", json={"name": "Summer Promo", "url": "https://example.com/promo"}
    )
    print(f"Created campaign {campaign['id']}")
    stats, _ = gf.get("/reports/dashboard", **{"from": "2025-01-01", "to": "2025-01-31"})
    print(stats)
    try:
        gf.get("/campaigns/non-existent-id")
    except GhostFlowError as e:
        if e.code == "NOT_FOUND":
            print("Campaign does not exist")
        else:
            print(f"API error {e.status}: {e}")
    raised = GhostFlowError(code="X", message="m", status=400)
    info = RateLimitInfo(limit=1, remaining=1, reset=1)
    print(raised, info.reset_at, gf.request("GET", "/x", params={"a": 1})[1].retry_after)


def show(campaign: Campaign) -> None:
    print(campaign["id"], campaign.get("trackingUrl"), campaign.get("cost", {}).get("amount"))


def manage(gf: GhostFlowClient) -> None:
    cost: CostRule = {"model": "cpc", "amount": Decimal("0.20"), "currency": "USD"}
    campaign = gf.campaigns.create("S", "https://a.example", cost=cost, domain_id=None)
    show(gf.campaigns.update(campaign["id"], if_match=campaign.get("version"), tags=["a"]))
    page: Page[Campaign] = gf.campaigns.list(limit=10)
    print(len(page), page.total, page.next_cursor, page[0]["id"])
    for each in gf.campaigns.iter(max_items=5):
        show(each)
    offer = gf.offers.create("O", "https://o.example", payout=Decimal("1.5"), cap=None)
    payout: Decimal = offer["payout"]
    print(payout, gf.offers.delete(offer["id"])["already_deleted"])
    network = gf.networks.create("N", param_map={"clickId": "s"})
    print(postback_url(network, click_id="c", payout=payout, origin="http://127.0.0.1:8787"))
    scopes: list[Scope] = ["read:stats", "read"]
    print(gf.api_keys.create("k", scopes)["key"])
    raw: RawResponse = gf.with_raw_response.campaigns.get("c")
    model, headers, limits, attempts = raw
    print(model, headers.get("x"), limits.remaining, attempts)
    beside = gf.with_raw_response
    found: RawResponse[Campaign] = beside.campaigns.get("c")
    changed: Campaign = beside.campaigns.update("c", if_match=found.etag, tags=["b"]).model
    listed: Page[Campaign] = beside.campaigns.list(limit=10, search="c").model
    scope: list[str] = beside.me().model["scopes"]
    print(changed["id"], listed.total, scope, beside.reports.timeseries_csv("day").model.upper())
    beside.campaigns.get()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    beside.campaigns.iter()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def report(gf: GhostFlowClient) -> None:
    board = gf.reports.dashboard(date(2025, 1, 1), date(2025, 1, 31), country=["US", "!DE"])
    print(board["from"], board["totals"]["revenue"] + Decimal(1), board["totals"]["roi"])
    for row in gf.reports.breakdown(["campaign", "day"], campaign_id="c")["rows"]:
        print(row["keys"], row["clicks"])
    for point in gf.reports.timeseries("hour")["points"]:
        print(point["bucket"], point["cost"])


def fail_well(gf: GhostFlowClient) -> None:
    try:
        gf.with_options(timeout=5, max_retries=0).clicks.create("c", click_id="x")
    except ValidationError as error:
        print(error.details, error.body)
    except RateLimitedError as error:
        print(error.retry_after, error.rate_limit)
    except APIConnectionError as error:
        print(error.outcome_unknown)


async def asynchronously(client: AsyncGhostFlowClient) -> None:
    async with client as gf:
        campaigns, rl = await gf.get("/campaigns")
        print(len(campaigns), rl.limit)
        async for click in gf.clicks.iter(campaign_id="c", bots="include"):
            print(click["id"], click.get("cost"))
        raw = await gf.with_raw_response.offers.get("o")
        print(raw.model["payout"] + Decimal(1), raw.request_id)


def names(campaigns: Campaigns) -> list[str]:
    return [campaign["name"] for campaign in campaigns.iter()]


async def by_type(gf: GhostFlowClient, other: AsyncGhostFlowClient) -> None:
    offers: AsyncOffers = other.offers
    print(names(gf.campaigns), await offers.get("o"))


def receive(body: bytes, headers: Any, secret: str, url: str) -> Decimal | None:
    event = WebhookVerifier([secret]).verify(body, headers)
    print(event.id, event.type, event.object)
    return PostbackTemplate("https://a.example/pb?c={click_id}&p={payout}").read(url).payout
