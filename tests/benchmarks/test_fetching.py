"""The goals that are drawn from pairs of contenders."""

from __future__ import annotations

import pytest

from benchmarks.fetching import Measured, expect_ratio, expect_share
from benchmarks.report import Report


def test_share_is_of_what_each_costs_above_its_own_baseline() -> None:
    report = Report("name", "question")
    measured = Measured(cpu={"base": [100, 200, 300], "ours": [110, 230, 320], "theirs": [200] * 3})
    measured.cpu["theirs"] = [200, 300, 400]
    expect_share(report, measured, ("ours", "base"), ("theirs", "base"), 1 / 3)
    assert [row.samples for row in report.rows] == [[10, 30, 20], [100, 100, 100]]
    assert report.goals[0].value == pytest.approx(0.2)
    assert report.goals[0].met


def test_share_of_less_than_the_baseline_is_nothing_and_rows_come_once() -> None:
    report = Report("name", "question")
    measured = Measured(cpu={"base": [100.0], "ours": [50.0], "mine": [150.0], "theirs": [200.0]})
    for name in ("ours", "mine"):
        expect_share(report, measured, (name, "base"), ("theirs", "base"), 1 / 3)
    assert [goal.value for goal in report.goals] == [0, 0.5]
    assert [goal.met for goal in report.goals] == [True, False]
    assert len(report.rows) == 3


def test_ratio_is_taken_repetition_by_repetition() -> None:
    report = Report("name", "question")
    measured = Measured(cpu={"httpx": [1, 10, 100], "ours": [2, 11, 90]})
    expect_ratio(report, measured, "ours", "httpx", 1.3)
    assert report.goals[0].value == pytest.approx(1.1)
