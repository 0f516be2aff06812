"""What a click or a conversion costs, by the rule of its campaign or its source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

__all__ = ["NO_COST", "Cost", "CostRule", "click_cost", "conversion_cost", "cost_rule"]

_MICROS = 1_000_000
_MOST_MICROS = 10**9 * _MICROS
_AMOUNT = re.compile(r"[0-9]{1,10}(?:\.[0-9]{0,100})?|\.[0-9]{1,100}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class CostRule(NamedTuple):
    """How traffic is paid for."""

    model: str
    """`none`, `cpc`, `cpa`, `revshare` or `param`."""
    amount: int
    """Micro-units of `currency`; with `revshare` millionths of a percent."""
    currency: str | None
    """None: the campaign's."""


class Cost(NamedTuple):
    """What one click or conversion costs."""

    micros: int
    currency: str
    rejected: str | None = None
    """What came instead of an amount (`extra.costRejected`)."""


NO_COST = CostRule("none", 0, None)


def cost_rule(campaign: Mapping[str, Any], source: Mapping[str, Any] | None) -> CostRule:
    """The rule that holds: the campaign's, or its source's if the campaign's model is `none`.

    Args:
        campaign: As the column `cost` holds it: `{model, amount, currency}`, amounts as text.
        source: The same of the campaign's source, if there is one.
    """
    stored = campaign if campaign.get("model", "none") != "none" else source
    if not stored or stored.get("model", "none") == "none":
        return NO_COST
    amount = (Decimal(stored.get("amount") or 0) * _MICROS).to_integral_value(ROUND_HALF_EVEN)
    return CostRule(stored["model"], int(amount), stored.get("currency"))


def click_cost(
    rule: CostRule, is_bot: bool, given: str | None, given_currency: str | None, currency: str
) -> Cost:
    """What a click costs when it is recorded.

    Args:
        rule: Of its campaign.
        is_bot: Nobody pays per click for robots; but a source's own figure has been billed.
        given: The click's parameter `cost`.
        given_currency: Its parameter `currency`.
        currency: The campaign's, for what names none.
    """
    if rule.model == "cpc" and not is_bot:
        return Cost(rule.amount, rule.currency or currency)
    if rule.model == "param" and given is not None:
        return _given_cost(given, given_currency, rule.currency or currency)
    return Cost(0, rule.currency or currency)


def _given_cost(given: str, given_currency: str | None, default: str) -> Cost:
    micros = _micros(given.strip())
    if micros is None:
        return Cost(0, default, given)
    if not given_currency:
        return Cost(micros, default)
    currency = given_currency.strip().upper()
    if _CURRENCY.fullmatch(currency) is None:  # an amount of nothing known
        return Cost(0, default, f"{given} {given_currency}")
    return Cost(micros, currency)


def _micros(text: str) -> int | None:
    if _AMOUNT.fullmatch(text) is None:
        return None
    micros = int((Decimal(text) * _MICROS).to_integral_value(ROUND_HALF_EVEN))
    return micros if micros <= _MOST_MICROS else None


def conversion_cost(rule: CostRule, revenue: int | None, currency: str) -> Cost:
    """What a conversion costs while it is approved.

    Args:
        rule: Of its campaign.
        revenue: Micro-units in `currency`; None if it could not be converted: a share of what is
            not known is nothing.
        currency: The campaign's.
    """
    if rule.model == "cpa":
        return Cost(rule.amount, rule.currency or currency)
    if rule.model == "revshare" and revenue:
        share = Decimal(revenue) * rule.amount / (100 * _MICROS)
        return Cost(int(share.to_integral_value(ROUND_HALF_EVEN)), currency)
    return Cost(0, rule.currency or currency)
