"""What clicks and conversions cost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.clicks.costing import (
    NO_COST,
    Cost,
    CostRule,
    click_cost,
    conversion_cost,
    cost_rule,
)

PARAM = CostRule("param", 0, "EUR")


def test_cost_rule_of_a_campaign_without_one_is_that_of_its_source() -> None:
    cpc = {"model": "cpc", "amount": "0.2", "currency": "USD"}
    none = {"model": "none"}
    assert cost_rule(none, cpc) == CostRule("cpc", 200_000, "USD")
    assert cost_rule(cpc, {"model": "param"}) == CostRule("cpc", 200_000, "USD")
    assert cost_rule(none, none) == cost_rule(none, None) == cost_rule({}, None) == NO_COST


def test_click_cost_with_cpc_is_for_people_only() -> None:
    rule = CostRule("cpc", 200_000, None)
    assert click_cost(rule, False, "9", None, "USD") == Cost(200_000, "USD")
    assert click_cost(rule, True, None, None, "USD") == Cost(0, "USD")
    assert click_cost(CostRule("cpc", 5, "EUR"), False, None, None, "USD") == Cost(5, "EUR")


@pytest.mark.parametrize("model", ["none", "cpa", "revshare"])
def test_click_cost_with_models_of_conversions_is_nothing(model: str) -> None:
    assert click_cost(CostRule(model, 5, None), False, "1", None, "USD") == Cost(0, "USD")


@pytest.mark.parametrize("is_bot", [True, False])
def test_click_cost_by_parameter_is_what_came_also_for_robots(is_bot: bool) -> None:
    assert click_cost(PARAM, is_bot, "0.0125", None, "USD") == Cost(12_500, "EUR")
    assert click_cost(PARAM, is_bot, " 3 ", "gbp", "USD") == Cost(3_000_000, "GBP")
    assert click_cost(PARAM, is_bot, None, "GBP", "USD") == Cost(0, "EUR")


@pytest.mark.parametrize(
    "given", ["-1", "NaN", "inf", "1e3", "1,5", "{cost}", "", "1000000001", "٣", "0x1", "1_0", "."]
)
def test_click_cost_by_parameter_of_what_is_no_amount_is_rejected(given: str) -> None:
    assert click_cost(PARAM, False, given, None, "USD") == Cost(0, "EUR", given)


def test_click_cost_in_an_unknown_currency_is_rejected() -> None:
    found = click_cost(PARAM, False, "1", "euros", "USD")
    assert found == Cost(0, "EUR", "1 euros")


@given(st.decimals(min_value=0, max_value=10**9, places=6))
def test_click_cost_by_parameter_is_exact(amount: Decimal) -> None:
    assert click_cost(PARAM, False, f"{amount:f}", None, "USD").micros == amount * 10**6


def test_conversion_cost_is_an_amount_or_a_share_of_the_revenue() -> None:
    assert conversion_cost(CostRule("cpa", 7, "EUR"), None, "USD") == Cost(7, "EUR")
    share = CostRule("revshare", 12_500_000, "EUR")  # 12.5 %
    assert conversion_cost(share, 80_000_000, "USD") == Cost(10_000_000, "USD")
    assert conversion_cost(share, 4, "USD") == Cost(0, "USD")  # half a micro, to even
    assert conversion_cost(share, None, "USD").micros == 0
    assert conversion_cost(CostRule("cpc", 7, None), 10, "USD") == Cost(0, "USD")
