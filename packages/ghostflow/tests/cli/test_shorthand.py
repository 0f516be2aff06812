"""Short ways to write costs, caps and shares."""

from __future__ import annotations

import argparse
from decimal import Decimal
from typing import Any

import pytest

from ghostflow.cli.shorthand import (
    read_cap,
    read_cost,
    read_pair,
    read_share,
    write_cap,
    write_cost,
)


@pytest.mark.parametrize(
    ("text", "cost", "shown"),
    [
        (
            "cpc:0.20:usd",
            {"model": "cpc", "amount": Decimal("0.20"), "currency": "USD"},
            "cpc 0.20 USD",
        ),
        ("cpa:3", {"model": "cpa", "amount": Decimal(3)}, "cpa 3.00"),
        ("revshare:40", {"model": "revshare", "amount": Decimal(40)}, "revshare 40 %"),
        ("param", {"model": "param"}, "param"),
        ("none", {"model": "none"}, "–"),
    ],
)
def test_cost_is_read_and_written(text: str, cost: dict[str, Any], shown: str) -> None:
    assert read_cost(text) == cost
    assert write_cost(cost) == shown


def test_cap_share_and_parameter_are_read() -> None:
    assert read_cap("100/day") == {"limit": 100, "period": "day", "counts": "conversions"}
    assert read_cap("5/total/clicks")["counts"] == "clicks"
    assert write_cap(read_cap("100/day")) == "100 conversions/day"
    assert write_cap(None) == "–"
    assert read_share("Shoes") == ("Shoes", 1)
    assert read_share("Shoes: red:30") == ("Shoes: red", 30)
    assert read_pair("utm_source=a=b") == ("utm_source", "a=b")


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_cost, "cpc"),
        (read_cost, "cpc:-1"),
        (read_cost, "cpm:1"),
        (read_cap, "0/day"),
        (read_cap, "10/year"),
        (read_share, "Shoes:0"),
        (read_share, "Shoes:1001"),
        (read_share, ""),
        (read_pair, "x"),
        (read_pair, "=x"),
    ],
)
def test_what_is_not_like_that_is_refused(read: Any, text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        read(text)
