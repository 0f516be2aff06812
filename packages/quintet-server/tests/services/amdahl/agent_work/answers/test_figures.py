"""Numbers as they are shown, and as they are found again."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.agent_work.answers.figures import (
    amount,
    count,
    day,
    figures_in,
    percent,
    score,
    share,
)


def test_numbers_are_shown_as_people_write_them() -> None:
    assert count(1, "deal") == "1 deal"
    assert count("1204", "company", "companies") == "1,204 companies"
    assert (amount(540000.0), amount("12.5"), amount(None)) == ("540,000", "12.50", "0")
    assert (share(41, 100), share(1, 30), share(1, 0)) == ("41%", "3.3%", "0%")
    assert (percent(9.96), percent(50)) == ("10.0%", "50%")
    assert (score(0.421), score(-0.1), score(0.001), score(-0.001)) == (
        *("+0.42", "-0.10"),
        *("0.00", "0.00"),
    )
    assert day("2026-03-03T23:00:00Z") == "3 March 2026"
    assert day("no day") == "no day"


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("1,204 of 3000 (40.0%)", {"1204", "3000", "40"}),
        ("-0.10 and +0.42", {"0.1", "0.42"}),
        ("half of them doubled", {"50", "2"}),
        ("no figure at all", set()),
        ("Q1 2026", {"1", "2026"}),
    ],
)
def test_figures_of_a_text_are_found_however_they_are_written(text: str, figures: set[str]) -> None:
    assert figures_in(text) == figures


@given(st.integers(0, 10**12))
def test_figure_is_the_same_with_and_without_marks_for_thousands(value: int) -> None:
    assert figures_in(f"{value:,}") == figures_in(str(value)) == {str(value)}


@given(st.text(max_size=60))
def test_any_text_has_figures_or_none(text: str) -> None:
    figures_in(text)
