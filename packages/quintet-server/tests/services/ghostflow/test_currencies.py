"""Amounts in another currency."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from quintet_server.services.ghostflow.currencies import Currencies
from quintet_server.services.ghostflow.settings import GhostFlowSettings


def table(**settings: Any) -> Currencies:
    return Currencies(GhostFlowSettings(**settings))


RATES = {"EUR": Decimal("1.08"), "JPY": Decimal("0.0064")}


def test_rate_with_a_table_leads_from_each_currency_to_each() -> None:
    currencies = table(rates=RATES)
    assert currencies.rate("EUR", "USD") == Decimal("1.08")
    assert currencies.rate("EUR", "JPY") == Decimal("168.75")
    assert currencies.rate("CHF", "CHF") == 1


def test_rate_of_an_unknown_currency_is_none() -> None:
    currencies = table(rates=RATES)
    assert currencies.rate("CHF", "USD") is None
    assert currencies.convert(1, "USD", "CHF") is None


def test_convert_without_a_table_keeps_to_its_own_currency() -> None:
    assert table().convert(12_345_678, "CHF", "CHF") == 12_345_678
    assert table().convert(12_345_678, "EUR", "USD") is None


def test_convert_in_the_middle_rounds_to_even() -> None:
    currencies = table(rates={"AAA": Decimal("0.5")})
    assert [currencies.convert(n, "AAA", "USD") for n in (1, 3, 5, 7)] == [0, 2, 2, 4]


def test_convert_beyond_what_can_be_stored_is_none() -> None:
    currencies = table(rates={"AAA": Decimal(1_000_000), "BBB": Decimal("0.000001")})
    assert currencies.convert(10**15, "AAA", "BBB") is None


def test_rates_in_another_currency_are_worth_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUINTET_GHOSTFLOW_RATES", '{"USD": "0.9"}')
    assert table(rates_currency="EUR").rate("EUR", "USD") == Decimal(10) / Decimal(9)


@pytest.mark.parametrize("rates", [{"EUR": 0}, {"EUR": "NaN"}, {"eur": 1}, {"EUR": -1}])
def test_rates_that_make_no_sense_are_refused(rates: Any) -> None:
    with pytest.raises(ValidationError):
        GhostFlowSettings(rates=rates)


@given(
    st.integers(0, 10**12),
    *[st.decimals("0.000001", "1000", places=6)] * 2,
)
def test_convert_is_exact_to_half_a_millionth(micros: int, one: Decimal, other: Decimal) -> None:
    converted = table(rates={"AAA": one, "BBB": other}).convert(micros, "AAA", "BBB")
    exact = micros * Fraction(one) / Fraction(other)
    if converted is None:
        assert exact > 10**18
    else:
        assert abs(converted - exact) <= Fraction(1, 2)
