"""Runs the scenarios that take real time, so that what comes of them is not the machine's doing.

A limit is short, so that it soon passes.  On a busy machine it may pass before the peer has come to
where its script falls silent, or before the client has seen what came until then.  Such a run says
nothing of the transport: the scenario is run again with more time for everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from .differences import expected
from .scenario import Failure, Observed, Outcome, Scenario
from .transports import observe

__all__ = ["ENOUGH_SECONDS", "Run", "observe_all", "says_something"]

Run = tuple[Scenario, str]
"""A scenario and a transport."""

ENOUGH_SECONDS = 5.0
"""So much behind the last that the peer said or took, a client has seen it on any machine."""

# How many times as long, and how many side by side: the longer they take, the less each has to do.
_ROUNDS = ((1, 12), (5, 24), (25, 48), (100, 48))


def observe_all(
    runs: Sequence[Run], observe: Callable[[Scenario, str], Observed] = observe
) -> dict[tuple[str, str], Observed]:
    """Return what came of each, by the names of scenario and transport."""
    outcomes: dict[tuple[str, str], Observed] = {}
    left = list(runs)
    for factor, beside in _ROUNDS:
        if not left:
            break
        slower = [(scenario.slower(factor), transport) for scenario, transport in left]
        with ThreadPoolExecutor(beside) as pool:
            for (scenario, transport), outcome in zip(
                left, pool.map(lambda run: observe(*run), slower), strict=True
            ):
                outcomes[scenario.name, transport] = outcome
        left = [run for run in left if not says_something(run, outcomes[run[0].name, run[1]])]
    return outcomes


def says_something(run: Run, observed: Observed) -> bool:
    """Tell whether an outcome, right or wrong, is one of the transport and not of the machine.

    Only what a slow machine can bring about is doubted: an end that came too early.  And if there
    was plenty of time behind all that the peer had done, it counts too.
    """
    scenario, transport = run
    right = expected(scenario, transport)
    if observed == right:
        return observed.silence is not None or not scenario.falls_silent
    too_early = _is_earlier(observed.first, right.first)
    return not too_early or (observed.silence or 0.0) >= ENOUGH_SECONDS


def _is_earlier(seen: Outcome, right: Outcome) -> bool:
    """Tell whether a call ended at an earlier point than was right."""
    if not isinstance(seen, Failure) or seen.progress is None or seen == right:
        return False
    if (
        isinstance(right, Failure)
        and right.progress is not None
        and seen.progress != right.progress
    ):
        return seen.progress < right.progress
    return seen.kind == "TimeoutFailure"
