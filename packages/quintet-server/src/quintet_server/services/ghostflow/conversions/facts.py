"""What is known about a click at the moment something is reported of it, in one round trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from quintet_server.services.ghostflow.clicks.costing import CostRule, cost_rule
from quintet_server.services.ghostflow.clicks.record import COLUMNS, Click, read_click
from quintet_server.services.ghostflow.conversions.access import Access
from quintet_server.services.ghostflow.conversions.model import (
    NAMES,
    Conversion,
    read_conversion,
)
from quintet_server.services.ghostflow.currencies import Currencies
from quintet_server.services.ghostflow.teams import Team

__all__ = ["Facts", "read_facts"]

# Campaigns that were deleted count on: their clicks may still convert. A deleted source is told
# nothing any more.
_READ = f"""
SELECT {", ".join(f"k.{name}" for name in COLUMNS)}, quintet_now() AS now,
    c.currency AS campaign_currency, o.payout AS offer_payout,
    o.payout_currency AS offer_currency, o.network_id AS offer_network_id,
    n.currency AS network_currency, s.postback_url, s.postback_on,
    {", ".join(f"v.{name} AS v_{name}" for name in NAMES)},
    (SELECT r.cost FROM ghostflow_cost_rules r WHERE r.owner_id = k.campaign_id AND r.at <= k.at
        ORDER BY r.at DESC LIMIT 1) AS campaign_cost,
    (SELECT r.cost FROM ghostflow_cost_rules r WHERE r.owner_id = k.source_id AND r.at <= k.at
        ORDER BY r.at DESC LIMIT 1) AS source_cost
FROM ghostflow_clicks k
LEFT JOIN ghostflow_campaigns c ON c.id = k.campaign_id
LEFT JOIN ghostflow_offers o ON o.id = k.offer_id
LEFT JOIN ghostflow_networks n ON n.id = coalesce(%(network_id)s, k.network_id)
LEFT JOIN ghostflow_sources s ON s.id = k.source_id AND s.deleted_at IS NULL
LEFT JOIN ghostflow_conversions v
    ON v.click_id = k.id AND v.event = %(event)s AND v.tx_id = %(tx_id)s
WHERE k.id = %(click_id)s AND k.team_id = %(team_id)s
""".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A click, what the objects it came through say today, and what it has led to already.

    Only the rule of what a conversion costs is the one of the click's own time.
    """

    click: Click
    now: datetime
    currency: str
    """The campaign's."""
    network_ids: frozenset[UUID]
    """The networks its offer belongs to: when it was clicked, and now."""
    offer_payout: int
    offer_currency: str
    reported_currency: str
    """Of a payout that is reported without one: the network's, else the offer's."""
    rule: CostRule
    postback_url: str | None
    """Where the source wants to hear of it."""
    postback_on: frozenset[str]
    """The statuses that it wants to hear of."""
    conversion: Conversion | None
    """What there is of this event and transaction."""

    def revenue(self, currencies: Currencies, payout: int, payout_currency: str) -> int | None:
        """A payout in the campaign's currency, at today's rates; None without a rate."""
        return currencies.convert(payout, payout_currency, self.currency)


async def read_facts(
    access: Access,
    team: Team,
    click_id: UUID,
    event: str,
    tx_id: str,
    network_id: UUID | None = None,
) -> Facts | None:
    """What is known of a click of the team; None if there is no such click.

    Args:
        access: To the database.
        team: Whose click it must be.
        click_id: Its id.
        event: What is reported of it.
        tx_id: The transaction that is named; empty: none.
        network_id: Who reports, if it is a network.
    """
    wanted = {
        "team_id": team.id,
        "click_id": click_id,
        "event": event,
        "tx_id": tx_id,
        "network_id": network_id,
    }
    row = await access.read(_READ, wanted)
    return None if row is None else _facts(team, row)


def _facts(team: Team, row: Mapping[str, Any]) -> Facts:
    click = read_click(row)
    offer_currency = row["offer_currency"] or team.currency
    networks = {click.network_id, row["offer_network_id"]} - {None}
    return Facts(
        click=click,
        now=row["now"],
        currency=row["campaign_currency"] or team.currency,
        network_ids=frozenset(networks),
        offer_payout=row["offer_payout"] or 0,
        offer_currency=offer_currency,
        reported_currency=row["network_currency"] or offer_currency,
        rule=cost_rule(row["campaign_cost"] or {}, row["source_cost"]),
        postback_url=row["postback_url"],
        postback_on=frozenset(row["postback_on"] or ()),
        conversion=_conversion(row),
    )


def _conversion(row: Mapping[str, Any]) -> Conversion | None:
    if row["v_id"] is None:
        return None
    return read_conversion([row[f"v_{name}"] for name in NAMES])
