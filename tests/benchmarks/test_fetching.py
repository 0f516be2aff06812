"""The goals that are drawn from pairs of contenders."""

from __future__ import annotations

import pytest

from benchmarks.authority import authority
from benchmarks.fetching import (
    Contender,
    Measured,
    calls_of,
    expect_ratio,
    expect_share,
    expect_times,
    peer_arguments,
)
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


def test_times_as_quick_is_taken_repetition_by_repetition_for_cpu_and_wall() -> None:
    report = Report("name", "question")
    measured = Measured(
        cpu={"httpx": [4, 30, 500], "ours": [2, 10, 100]},
        wall={"httpx": [2, 20, 200], "ours": [1, 10, 100]},
    )
    expect_times(report, measured, "ours", "httpx", 2.5)
    assert [goal.value for goal in report.goals] == pytest.approx([3, 2])
    assert [goal.met for goal in report.goals] == [True, False]


@pytest.mark.parametrize(
    ("share", "tasks", "calls"), [(1.0, 1, 1000), (0.1, 1, 100), (1.0, 300, 900), (0.01, 300, 300)]
)
def test_calls_are_shared_evenly_and_every_task_makes_one(
    share: float, tasks: int, calls: int
) -> None:
    assert calls_of(Contender("name", "who", share=share, tasks=tasks), 1000) == calls


def test_peer_is_told_of_the_authority_and_of_closing() -> None:
    assert peer_arguments(None) == []
    assert peer_arguments(None, closes=True) == ["--close"]
    with authority() as trusted:
        assert peer_arguments(trusted) == ["--tls", str(trusted.server)]
        assert "PRIVATE KEY" not in trusted.trust.read_text()
    assert not trusted.server.exists()
