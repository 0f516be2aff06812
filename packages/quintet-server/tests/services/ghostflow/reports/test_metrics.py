"""Ratios: of exact sums, with four decimals, a half to the even one."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.reports.metrics import Sums, numbers

# Sums in other currencies have as many digits as the rates make them have.
MONEY = st.one_of(
    st.sampled_from([Decimal(0), Decimal("0.5"), Decimal("0.00005"), Decimal("0.00015")]),
    st.decimals(0, 10**20, places=40, allow_nan=False),
)
COUNTS = st.integers(0, 10**30)


def rounded(numerator: Fraction, denominator: Fraction) -> Fraction | None:
    return Fraction(round(numerator / denominator * 10**4), 10**4) if denominator else None


@given(MONEY, MONEY, COUNTS, st.integers(0, 8), st.integers(0, 8))
def test_ratios_are_rounded_once_from_what_is_exact(
    cost: Decimal, revenue: Decimal, clicks: int, approved: int, rejected: int
) -> None:
    sums = Sums(clicks=clicks, approved=approved, rejected=rejected, cost=cost, revenue=revenue)
    found = {
        name: value if value is None else Fraction(value)
        for name, value in numbers(sums, 0).items()
    }
    paid, earned = Fraction(cost), Fraction(revenue)
    assert found["roi"] == rounded(100 * (earned - paid), paid)
    assert found["roas"] == rounded(earned, paid)
    assert found["epc"] == rounded(earned, Fraction(clicks))
    assert found["cpa"] == rounded(paid, Fraction(approved))
    assert found["approvalRate"] == rounded(Fraction(100 * approved), Fraction(approved + rejected))
    assert found["cr"] == rounded(Fraction(100 * approved), Fraction(clicks))


def test_half_goes_to_the_even_neighbour_on_both_sides_of_zero() -> None:
    for revenue, roas in (("0.00005", "0"), ("0.00015", "0.0002"), ("0.00025", "0.0002")):
        found = numbers(Sums(cost=Decimal(1), revenue=Decimal(revenue)), 0)
        assert found["roas"] == Decimal(roas)
    for revenue, roi in (("0.9999995", "0"), ("0.9999985", "-0.0002"), ("0.9999984", "-0.0002")):
        found = numbers(Sums(cost=Decimal(1), revenue=Decimal(revenue)), 0)
        assert found["roi"] == Decimal(roi)
        assert str(found["roi"]).startswith("-") is (roi != "0")
