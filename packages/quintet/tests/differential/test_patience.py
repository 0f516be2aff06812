"""A run counts unless the machine may have had a hand in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from . import transports
from .catalogue import SCENARIOS
from .differences import expected
from .patience import ENOUGH_SECONDS, observe_all
from .peer import WAIT_SECONDS, Peer, Received
from .scenario import Drip, Failure, Observed, Scenario, Script
from .wires import broken, late, ok

SILENT = SCENARIOS["slow-silence-in-the-status-line"]
RIGHT = expected(SILENT, "native")
PLENTY = ENOUGH_SECONDS + 1.0


def outcome_of(scenario: Scenario, *observed: Observed) -> tuple[Observed, list[object]]:
    """Return what comes of a scenario whose runs end like that, and the limits of these runs."""
    runs = iter(observed)
    limits: list[object] = []

    def run(scenario: Scenario, transport: str) -> Observed:
        limits.append(scenario.options["timeout"])
        return next(runs)

    return observe_all([(scenario, "native")], run)[scenario.name, "native"], limits


def test_run_that_is_right_counts_at_once() -> None:
    assert outcome_of(SILENT, replace(RIGHT, silence=0.2)) == (RIGHT, [0.3])


@pytest.mark.parametrize(
    "early",
    [late("connect", 0), late("write", 1), late("read", 1), broken(1)],
)
def test_run_that_ended_too_early_is_run_again_more_slowly(early: Failure) -> None:
    behind = replace(RIGHT, first=early, silence=0.1)
    assert outcome_of(SILENT, behind, replace(RIGHT, silence=1.0)) == (RIGHT, [0.3, 1.5])


def test_run_whose_peer_was_not_there_yet_is_run_again_though_it_is_right() -> None:
    assert outcome_of(SILENT, RIGHT, replace(RIGHT, silence=1.0)) == (RIGHT, [0.3, 1.5])


@pytest.mark.parametrize(
    "wrong",
    [
        Observed(ok(b"good"), None, 1),
        Observed(broken(2), None, 1),
        Observed(late("read", 3), None, 1),
        replace(RIGHT, connections=2),
        replace(RIGHT, first=Failure("RuntimeError")),
    ],
)
def test_run_that_no_machine_makes_wrong_counts_at_once(wrong: Observed) -> None:
    assert outcome_of(SILENT, replace(wrong, silence=0.2)) == (wrong, [0.3])


def test_run_that_ends_too_early_in_spite_of_plenty_of_time_counts() -> None:
    wrong = replace(RIGHT, first=late("read", 1))
    runs = (
        replace(wrong, silence=0.2),
        replace(wrong, silence=1.4),
        replace(wrong, silence=PLENTY),
    )
    assert outcome_of(SILENT, *runs) == (wrong, [0.3, 1.5, 7.5])


def test_run_that_always_ends_too_early_counts_in_the_end() -> None:
    wrong = replace(RIGHT, first=late("connect", 0))
    assert outcome_of(SILENT, *[wrong] * 4) == (wrong, [0.3, 1.5, 7.5, 30.0])


def test_slower_scenario_drips_more_slowly_too() -> None:
    drip = SCENARIOS["slow-drip-of-the-head"].slower(5).turns[0][0]
    assert isinstance(drip, Drip)
    assert drip.pause == pytest.approx(0.1)


class _Behind(Peer):
    """A peer that comes to a request only when the call is over; the first of them does."""

    made = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        type(self).made += 1
        self._late = self.made == 1
        super().__init__(*args, **options)

    def begin(self, request: Received) -> Script:
        if self._late:
            assert self.answered.wait(WAIT_SECONDS)
        return super().begin(request)


@pytest.mark.slow  # a limit passes, and then a longer one
@pytest.mark.parametrize("transport", ["native", "httpx"])
def test_run_with_a_peer_that_is_late_is_run_again(
    transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Behind, "made", 0)
    monkeypatch.setattr(transports, "Peer", _Behind)
    observed = observe_all([(SILENT, transport)])[SILENT.name, transport]
    assert observed == expected(SILENT, transport)
    assert _Behind.made == 2
