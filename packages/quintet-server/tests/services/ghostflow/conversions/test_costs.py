"""What conversions cost, by the rule of their click's own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..objects import Objects

CPA = {"model": "cpa", "amount": "2.5", "currency": "USD"}
SHARE = {"model": "revshare", "amount": "40"}


async def test_cost_per_conversion_is_the_amount(objects: Objects) -> None:
    await objects.change("campaign", cost=CPA)
    click = await objects.click(at=datetime.now(UTC))
    made = await objects.report(click, payout=10)
    assert (made["cost"], made["costCurrency"]) == (2.5, "USD")


async def test_cost_as_a_share_follows_the_revenue(objects: Objects) -> None:
    await objects.change("campaign", cost=SHARE)
    click = await objects.click(at=datetime.now(UTC))
    made = await objects.report(click, payout=10)
    assert made["cost"] == 4
    changed = await objects.api.ask("PATCH", f"/conversions/{made['id']}", {"payout": 20})
    assert changed["cost"] == 8
    unconverted = await objects.report(click, txId="2", payout=10, currency="JPY")
    assert (unconverted["revenue"], unconverted["cost"]) == (None, 0)


async def test_cost_of_the_source_counts_where_the_campaign_has_none(objects: Objects) -> None:
    await objects.change("source", cost=CPA)
    click = await objects.click(at=datetime.now(UTC))
    assert (await objects.report(click))["cost"] == 2.5


async def test_cost_after_a_change_of_the_rule_is_the_clicks_own(objects: Objects) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    await objects.change("campaign", cost=CPA)
    await objects.change("campaign", cost={**CPA, "amount": "4"})
    old, new = await objects.click(at=before), await objects.click(at=datetime.now(UTC))
    assert (await objects.report(old))["cost"] == 0
    assert (await objects.report(new))["cost"] == 4


async def test_cost_rules_go_with_their_owners(objects: Objects) -> None:
    await objects.change("source", cost=CPA)
    statement = "SELECT count(*) FROM ghostflow_cost_rules WHERE owner_id = %s"
    assert await objects.api.sql(statement, objects.source_id) == [(2,)]
    await objects.api.sql("DELETE FROM ghostflow_campaigns WHERE id = %s", objects.campaign_id)
    await objects.api.sql("DELETE FROM ghostflow_sources WHERE id = %s", objects.source_id)
    assert await objects.api.sql(statement, objects.source_id) == [(0,)]
