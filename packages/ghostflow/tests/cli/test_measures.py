"""How values are written: nothing, thousands, decimals, currencies."""

from __future__ import annotations

import argparse
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ghostflow.cli.measures import (
    METRICS,
    Kind,
    metric_name,
    metric_names,
    money,
    sort_key,
    write,
)


@pytest.mark.parametrize(
    ("value", "kind", "currency", "shown"),
    [
        (None, Kind.PERCENT, "", "–"),
        (0, Kind.COUNT, "", "0"),
        (1_234_567, Kind.COUNT, "", "1,234,567"),
        (1234.5, Kind.MONEY, "USD", "1,234.50"),
        (Decimal("17.5"), Kind.MONEY, "USD", "17.50"),
        (Decimal("-0.001"), Kind.MONEY, "USD", "0.00"),
        (1234.5, Kind.MONEY, "JPY", "1,234"),
        (0.2, Kind.PRICE, "USD", "0.20"),
        (0.5333, Kind.PRICE, "USD", "0.5333"),
        (0.5333, Kind.PRICE, "JPY", "0.53"),
        (993.75, Kind.PERCENT, "", "993.75"),
        (-11.305, Kind.PERCENT, "", "-11.30"),
        (10.9375, Kind.RATIO, "", "10.94"),
    ],
)
def test_value_is_written_to_be_read(value: Any, kind: Kind, currency: str, shown: str) -> None:
    assert write(value, kind, currency) == shown


@given(st.decimals(-(10**12), 10**12, places=6), st.sampled_from(list(Kind)))
def test_written_value_is_the_value_rounded(value: Decimal, kind: Kind) -> None:
    shown = Decimal(write(value, kind, "USD").replace(",", ""))
    assert abs(shown - value) <= (0 if kind is Kind.COUNT else Decimal("0.005"))
    assert not write(value, kind, "USD").startswith("-0.00") or shown < 0


def test_money_says_its_currency() -> None:
    assert money(Decimal("12.5"), "USD") == "12.50 USD"
    assert money(0.2, None) == "0.20"
    assert money(None, "USD") == "–"


def test_metric_is_found_however_its_words_are_joined() -> None:
    for text in ("uniqueClicks", "unique-clicks", "unique_clicks", "UNIQUECLICKS"):
        assert metric_name(text) == "uniqueClicks"
    assert metric_names("cr,revenue,CR") == ("cr", "revenue")
    assert metric_names("all") == tuple(METRICS)
    assert sort_key("-unique-clicks") == "-uniqueClicks"
    assert sort_key("day") == "day"


def test_unknown_metric_names_the_one_that_was_meant() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="did you mean revenue"):
        metric_name("revenu")
    with pytest.raises(argparse.ArgumentTypeError, match="there are clicks, uniqueClicks"):
        metric_name("zzzzzz")
