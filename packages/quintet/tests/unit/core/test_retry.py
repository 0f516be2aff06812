"""The retry decision, as tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet.core.backoff import Backoff
from quintet.core.budget import RetryBudget
from quintet.core.retry import (
    GiveUp,
    Progress,
    Retry,
    RetryClass,
    RetryPolicy,
    after_failure,
    after_status,
)

POLICY = RetryPolicy(
    statuses=frozenset({429, 500, 503}), backoff=Backoff(1.0, 8.0), max_retry_after=30.0
)
STATUS: dict[str, Any] = {
    "attempt": 1,
    "status": 500,
    "retry_after": None,
    "retry_class": RetryClass.SAFE,
    "has_key": False,
    "rewindable": True,
    "remaining": None,
    "random": 0.5,
    "budget": None,
}
FAILURE: dict[str, Any] = {
    "attempt": 1,
    "progress": Progress.REQUEST_SENT,
    "retryable_kind": True,
    "retry_class": RetryClass.SAFE,
    "has_key": False,
    "rewindable": True,
    "remaining": None,
    "random": 0.5,
    "budget": None,
}
SAFE, IDEMPOTENT, KEYED, NEVER = RetryClass


def status(policy: RetryPolicy = POLICY, **changes: Any) -> Retry | GiveUp:
    return after_status(policy, **{**STATUS, **changes})


def failure(policy: RetryPolicy = POLICY, **changes: Any) -> Retry | GiveUp:
    return after_failure(policy, **{**FAILURE, **changes})


@pytest.mark.parametrize(
    ("retry_class", "has_key", "status_code", "retry_after", "repeats"),
    [
        (SAFE, False, 500, None, True),
        (IDEMPOTENT, False, 500, None, True),
        (KEYED, True, 500, None, True),
        (KEYED, False, 500, None, False),
        (NEVER, False, 500, None, False),
        (NEVER, True, 500, None, False),
        (KEYED, False, 429, None, True),
        (NEVER, False, 429, None, True),
        (NEVER, False, 503, None, False),
        (NEVER, False, 503, 1.0, True),
        (KEYED, False, 503, 1.0, True),
        (NEVER, False, 500, 1.0, False),
    ],
)
def test_status_is_repeated_only_where_that_does_no_harm(
    retry_class: RetryClass,
    has_key: bool,
    status_code: int,
    retry_after: float | None,
    repeats: bool,
) -> None:
    decision = status(
        retry_class=retry_class, has_key=has_key, status=status_code, retry_after=retry_after
    )
    if repeats:
        assert isinstance(decision, Retry)
        assert decision.reason == f"status {status_code}"
    else:
        assert decision == GiveUp("not_repeatable")


@pytest.mark.parametrize(
    ("retry_class", "has_key", "progress", "repeats"),
    [
        (NEVER, False, Progress.NOTHING_SENT, True),
        (KEYED, False, Progress.NOTHING_SENT, True),
        (SAFE, False, Progress.REQUEST_SENT, True),
        (SAFE, False, Progress.RESPONSE_BEGUN, True),
        (IDEMPOTENT, False, Progress.RESPONSE_BEGUN, True),
        (KEYED, True, Progress.REQUEST_SENT, True),
        (KEYED, True, Progress.RESPONSE_BEGUN, True),
        (KEYED, False, Progress.REQUEST_SENT, False),
        (NEVER, False, Progress.REQUEST_SENT, False),
        (NEVER, True, Progress.REQUEST_SENT, False),
        (NEVER, False, Progress.RESPONSE_BEGUN, False),
    ],
)
def test_failure_is_repeated_only_where_that_does_no_harm(
    retry_class: RetryClass, has_key: bool, progress: Progress, repeats: bool
) -> None:
    decision = failure(retry_class=retry_class, has_key=has_key, progress=progress)
    if repeats:
        assert decision == Retry(0.5, "connection failure")
    else:
        assert decision == GiveUp("not_repeatable")


@pytest.mark.parametrize(
    ("changes", "decision"),
    [
        ({"status": 404}, GiveUp("status")),
        ({"status": 501}, GiveUp("status")),
        ({"attempt": 3}, Retry(2.0, "status 500")),
        ({"attempt": 4}, GiveUp("attempts")),
        ({"rewindable": False}, GiveUp("body_not_rewindable")),
        ({"retry_after": 5.0}, Retry(5.0, "status 500")),
        ({"retry_after": 0.1}, Retry(0.5, "status 500")),
        ({"retry_after": 30.0}, Retry(30.0, "status 500")),
        ({"retry_after": 30.1}, GiveUp("retry_after_too_long")),
        ({"remaining": 0.6}, Retry(0.5, "status 500")),
        ({"remaining": 0.5}, GiveUp("deadline")),
        ({"remaining": 4.0, "retry_after": 5.0}, GiveUp("deadline")),
    ],
)
def test_status_decision_names_the_first_reason(
    changes: dict[str, Any], decision: Retry | GiveUp
) -> None:
    assert status(**changes) == decision


@pytest.mark.parametrize(
    ("changes", "decision"),
    [
        ({"retryable_kind": False}, GiveUp("failure")),
        ({"attempt": 4}, GiveUp("attempts")),
        ({"rewindable": False}, GiveUp("body_not_rewindable")),
        ({"rewindable": False, "progress": Progress.NOTHING_SENT}, GiveUp("body_not_rewindable")),
        ({"remaining": 0.5}, GiveUp("deadline")),
        ({"timed_out": True}, Retry(0.5, "timeout")),
    ],
)
def test_failure_decision_names_the_first_reason(
    changes: dict[str, Any], decision: Retry | GiveUp
) -> None:
    assert failure(**changes) == decision


def test_policy_without_retries_gives_up_at_once() -> None:
    none = replace(POLICY, max_retries=0)
    assert status(none) == GiveUp("attempts")
    assert failure(none) == GiveUp("attempts")


def test_policy_that_clamps_waits_its_longest() -> None:
    clamping = replace(POLICY, beyond_cap="clamp")
    assert status(clamping, retry_after=3600.0) == Retry(30.0, "status 500")


def test_policy_covers_statuses_all_5xx_and_codes() -> None:
    assert POLICY.covers(429)
    assert not POLICY.covers(502)
    assert replace(POLICY, retry_all_5xx=True).covers(599)
    assert not replace(POLICY, retry_all_5xx=True).covers(600)
    busy = replace(POLICY, codes=frozenset({"in_progress"}))
    assert busy.covers(409, "in_progress")
    assert not busy.covers(409, "conflict")
    assert not busy.covers(409)
    assert status(busy, status=409, code="in_progress") == Retry(0.5, "status 409")


def test_budget_pays_for_each_retry_and_more_for_timeouts() -> None:
    budget = RetryBudget(capacity=21, cost=5, timeout_cost=10)
    status(budget=budget)
    assert budget.tokens == 16
    failure(budget=budget)
    assert budget.tokens == 11
    failure(budget=budget, timed_out=True)
    assert budget.tokens == 1
    assert status(budget=budget) == GiveUp("budget")
    assert failure(budget=budget) == GiveUp("budget")


def test_budget_is_not_charged_for_a_retry_that_does_not_happen() -> None:
    budget = RetryBudget()
    status(budget=budget, remaining=0.0)
    status(budget=budget, status=404)
    failure(budget=budget, retryable_kind=False)
    assert budget.tokens == 500


@given(
    st.integers(1, 6),
    st.sampled_from([429, 500, 503]),
    st.none() | st.floats(0, 1e5),
    st.sampled_from(RetryClass),
    st.booleans(),
    st.none() | st.floats(0, 100),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(["raise", "clamp"]),
)
def test_any_retry_is_within_attempts_cap_and_deadline(
    attempt: int,
    code: int,
    hint: float | None,
    retry_class: RetryClass,
    has_key: bool,
    remaining: float | None,
    random: float,
    beyond: Any,
) -> None:
    decision = status(
        replace(POLICY, beyond_cap=beyond),
        attempt=attempt,
        status=code,
        retry_after=hint,
        retry_class=retry_class,
        has_key=has_key,
        remaining=remaining,
        random=random,
    )
    if isinstance(decision, Retry):
        assert attempt <= 3
        assert 0 <= decision.delay <= 30
        assert remaining is None or decision.delay < remaining
        if hint is not None and beyond == "raise":
            assert decision.delay >= hint


# The span of time of a policy, hints taken exactly, failures opted out of.


@pytest.mark.parametrize("decide", [status, failure])
@pytest.mark.parametrize(
    ("elapsed", "again"), [(0.0, True), (9.4, True), (9.5, False), (10.0, False), (99.0, False)]
)
def test_no_attempt_begins_after_the_span_of_the_policy(
    decide: Any, elapsed: float, again: bool
) -> None:
    # The wait is 0.5 s.
    decision = decide(replace(POLICY, max_elapsed=10.0), elapsed=elapsed)
    assert decision == (GiveUp("elapsed") if not again else decision)
    assert isinstance(decision, Retry) == again
    assert isinstance(decide(elapsed=elapsed), Retry), "without a span there is no such bound"


def test_hint_that_does_not_fit_the_span_gives_up_at_once_and_costs_nothing() -> None:
    budget = RetryBudget()
    policy = replace(POLICY, max_elapsed=0.1)
    decision = status(policy, status=429, retry_after=4.0, budget=budget)
    assert (decision, budget.tokens) == (GiveUp("elapsed"), 500)


@pytest.mark.parametrize(("hint", "wait"), [(0.0, 0.0), (0.25, 0.25), (4.0, 4.0), (None, 0.5)])
def test_hint_is_taken_exactly_without_a_floor(hint: float | None, wait: float) -> None:
    policy = replace(POLICY, jitter_floor=False)
    assert status(policy, retry_after=hint) == Retry(wait, "status 500")
    assert status(retry_after=hint) == Retry(max(wait, 0.5), "status 500")


@pytest.mark.parametrize("progress", list(Progress))
def test_failures_are_not_repeated_if_the_policy_says_so(progress: Progress) -> None:
    policy = replace(POLICY, failures=False)
    assert failure(policy, progress=progress) == GiveUp("failure")
    assert isinstance(status(policy), Retry)


def test_policy_with_another_number_of_retries_differs_in_nothing_else() -> None:
    usual = RetryPolicy(frozenset({503}), Backoff(0.5, 8.0), codes=frozenset({"busy"}))
    assert usual.retrying(usual.max_retries) is usual
    assert usual.retrying(9) == replace(usual, max_retries=9)
