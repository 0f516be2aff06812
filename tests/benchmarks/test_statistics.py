"""The arithmetic that every published number goes through."""

from __future__ import annotations

import pytest

from benchmarks.report import Goal, Report, render
from benchmarks.statistics import Spread, interleave, paired, percentile


def test_spread_of_values_gives_median_quartiles_and_ends() -> None:
    assert Spread.of([5, 1, 2, 4, 3]) == Spread(3, 2, 4, 1, 5)
    assert Spread.of([7]) == Spread(7, 7, 7, 7, 7)


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (1, 1), (0, 1)])
def test_percentile_is_the_nearest_rank(percent: float, value: float) -> None:
    assert percentile(range(100, 0, -1), percent) == value


def test_paired_refuses_repetitions_that_do_not_match() -> None:
    assert paired([4, 9], [2, 3], lambda mine, other: mine / other) == [2, 3]
    with pytest.raises(ValueError, match="longer"):
        paired([1], [1, 2], lambda mine, other: mine - other)


def test_interleave_runs_every_contender_once_a_repetition_in_turning_order() -> None:
    order: list[str] = []

    def contender(name: str) -> float:
        order.append(name)
        return len(order)

    values = interleave(
        {name: lambda name=name: contender(name) for name in "abc"},  # type: ignore[misc]
        3,
        lambda _: None,
    )
    assert order == [*"abc", *"bca", *"cab"]
    assert values == {"a": [1, 6, 8], "b": [2, 4, 9], "c": [3, 5, 7]}


def test_row_ratio_is_taken_repetition_by_repetition() -> None:
    report = Report("name", "question")
    base = report.add("base", "s", [1, 10, 100])
    # The ratio of the medians would say 1.
    assert report.add("ours", "s", [10, 20, 30], versus=base).ratio == 2


def test_goal_missed_is_said_in_the_table() -> None:
    report = Report("name", "question")
    report.goals += [Goal("speed", 2.0, 3.0, at_least=True), Goal("delay", 2.0, 3.0)]
    text = render(report)
    assert "goal MISSED: speed: 2 (≥ 3)" in text
    assert "goal met: delay: 2 (≤ 3)" in text
