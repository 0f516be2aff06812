"""What parameters fill into a click, and a click into templates."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from quintet_server.services.ghostflow.clicks.costing import NO_COST, CostRule
from quintet_server.services.ghostflow.clicks.incoming import read_incoming
from quintet_server.services.ghostflow.clicks.macros import KNOWN
from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.services.ghostflow.clicks.values import amount_text, click_values, fill_in


def click() -> Click:
    return Click(
        id=UUID(int=1),
        team_id=UUID(int=2),
        campaign_id=UUID(int=3),
        at=datetime(2026, 1, 2, 3, 4, 5, 999_999, UTC),
        visitor_id=UUID(int=4),
        cost_currency="USD",
        destination="",
        country="DE",
    )


def test_fill_in_sets_what_the_parameters_say() -> None:
    found = click()
    query = b"sub2=b&external_id=E&utm_term=t&x=1&cost=0.25&currency=EUR"
    fill_in(found, read_incoming(query, {}), CostRule("param", 0, None), "USD")
    assert (found.sub1, found.sub2, found.external_id) == (None, "b", "E")
    assert found.utm == {"term": "t"}
    assert found.extra == {"x": "1"}
    assert (found.cost, found.cost_currency) == (250_000, "EUR")


def test_fill_in_with_a_cost_that_is_none_keeps_what_came() -> None:
    found = click()
    incoming = read_incoming(b"cost=-1&costRejected=mine&x=1", {})
    fill_in(found, incoming, CostRule("param", 0, None), "USD")
    assert found.cost == 0
    assert found.extra == {"x": "1", "costRejected": "-1"}


def test_fill_in_without_parameters_leaves_nothing() -> None:
    found = click()
    fill_in(found, read_incoming(b"", {}), NO_COST, "CHF")
    assert (found.utm, found.extra, found.cost, found.cost_currency) == (None, None, 0, "CHF")


def test_click_values_are_those_it_has() -> None:
    found = click()
    fill_in(found, read_incoming(b"sub10=x&external_id=E", {}), CostRule("cpc", 1_500, None), "EUR")
    assert click_values(found, KNOWN) == {
        "click_id": str(UUID(int=1)),
        "campaign_id": str(UUID(int=3)),
        "country": "DE",
        "device": "other",
        "sub10": "x",
        "external_id": "E",
        "cost": "0.0015",
        "currency": "EUR",
        "timestamp": "1767323045",
    }
    assert click_values(found, ["sub10", "sub1", "payout"]) == {"sub10": "x"}


@pytest.mark.parametrize(
    ("micros", "text"), [(12_500_000, "12.5"), (0, "0"), (1, "0.000001"), (100_000_000, "100")]
)
def test_amount_text_is_the_shortest_decimal(micros: int, text: str) -> None:
    assert amount_text(micros) == text
