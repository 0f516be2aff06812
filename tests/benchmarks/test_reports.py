"""A report that is timed must say what the rows say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from benchmarks.dashboard import expect_same

TOTALS: dict[str, Any] = {"clicks": 8, "cost": Decimal("1.6"), "revenue": Decimal("17.50")}


def test_report_with_the_numbers_of_the_rows_is_accepted() -> None:
    expect_same(
        "dashboard", {"clicks": 8, "cost": Decimal("1.60"), "revenue": 17.5, "x": 1}, TOTALS
    )


@pytest.mark.parametrize("metric", TOTALS)
def test_report_with_another_number_is_refused(metric: str) -> None:
    with pytest.raises(RuntimeError, match=f"dashboard: {metric} is 9"):
        expect_same("dashboard", {**TOTALS, metric: 9}, TOTALS)
