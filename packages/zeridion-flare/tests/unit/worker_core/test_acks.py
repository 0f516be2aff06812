"""How outcomes are chosen, sent, and repeated until the lease ends."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from zeridion_flare._worker_core.actions import Cancel, Interrupt, Run
from zeridion_flare._worker_core.failure import Failure, FailureKind
from zeridion_flare._worker_core.outcome import (
    MAX_STACK_BYTES,
    Ending,
    ErrorReport,
    Outcome,
    cut_report,
    decide,
)
from zeridion_flare._worker_core.wording import describe_error

from .rig import (
    BUSY,
    LOST,
    REFUSED,
    RETURNED,
    UNAUTHORIZED,
    UNREACHABLE,
    Rig,
    acks,
    beats,
    events,
    item,
    only,
    polls,
    raised,
)

OBEYED = raised("JobCancelledError", obeyed=True)
SAW_TOKEN = Ending(saw_token=True)


@pytest.mark.parametrize(
    ("reason", "ending", "status", "error"),
    [
        (None, RETURNED, "succeeded", None),
        (None, SAW_TOKEN, "succeeded", None),
        (None, raised(), "failed", "ValueError"),
        (None, OBEYED, "failed", "JobCancelledError"),
        ("cancelled", RETURNED, "cancelled", None),
        ("cancelled", OBEYED, "cancelled", None),
        ("cancelled", raised(), "cancelled", "ValueError"),
        ("timeout", RETURNED, "failed", "JobTimeoutError"),
        ("timeout", OBEYED, "failed", "JobTimeoutError"),
        ("timeout", raised(), "failed", "JobTimeoutError"),
        ("shutdown", RETURNED, "succeeded", None),
        ("shutdown", SAW_TOKEN, "released", "WorkerShutdownError"),
        ("shutdown", OBEYED, "released", "WorkerShutdownError"),
        ("shutdown", raised(), "failed", "ValueError"),
    ],
)
def test_w14_outcome_records_why_the_handler_was_stopped(
    reason: str | None, ending: Ending, status: str, error: str | None
) -> None:
    outcome = decide(ending, reason=reason, elapsed=1.0, timeout=10.0)
    assert outcome is not None
    assert outcome.status == status
    assert (outcome.error.type if outcome.error else None) == error


@pytest.mark.parametrize("ending", [RETURNED, OBEYED, raised()])
def test_w13_lost_lease_has_no_outcome(ending: Ending) -> None:
    assert decide(ending, reason="lease_lost", elapsed=1.0, timeout=10.0) is None


def test_w14_overrun_is_a_timeout_even_if_the_timer_was_late() -> None:
    outcome = decide(RETURNED, reason=None, elapsed=10.1, timeout=10.0)
    assert outcome is not None
    assert outcome.error is not None
    assert outcome.error.type == "JobTimeoutError"
    assert "10.1 s" in outcome.error.message


def test_timeout_keeps_what_the_handler_raised() -> None:
    outcome = decide(raised("KeyError"), reason="timeout", elapsed=11.0, timeout=10.0)
    assert outcome is not None
    assert outcome.error is not None
    assert "KeyError: no" in outcome.error.message


def test_ack_carries_worker_attempt_and_duration() -> None:
    rig = Rig()
    (key,) = rig.claim(item(attempt=2))
    rig.now += 1.5
    assert acks(rig.finish(key)) == [
        {
            "job_id": "job_1",
            "worker_id": "wrk_1",
            "status": "succeeded",
            "duration_ms": 1500,
            "attempt": 2,
        }
    ]


def test_ack_does_not_fence_an_attempt_the_server_never_named() -> None:
    rig = Rig()
    nameless = item()
    del nameless["attempt"]
    (key,) = rig.claim(nameless)
    assert "attempt" not in acks(rig.finish(key))[0]


def test_ack_reads_the_older_name_of_the_attempt() -> None:
    rig = Rig()
    older = item(attempt_number=3)
    del older["attempt"]
    (key,) = rig.claim(older)
    assert acks(rig.finish(key))[0]["attempt"] == 3


def test_ack_carries_the_stack_of_a_failure() -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    ending = Ending(error=cut_report("ValueError", "no", "Traceback ..."))
    (ack,) = acks(rig.finish(key, ending))
    assert ack["error"] == {"type": "ValueError", "message": "no", "stack_trace": "Traceback ..."}


def test_w23_permanent_error_is_not_retryable() -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    (ack,) = acks(rig.finish(key, raised(permanent=True)))
    assert ack["error"] == {"type": "ValueError", "message": "no", "retryable": False}


def test_handlers_own_attempt_limit_makes_the_last_failure_permanent() -> None:
    rig = Rig(attempt_limits={"T": 2}, concurrency=3)
    first, second, stopped = rig.claim(item("a"), item("b", attempt=2), item("c", attempt=2))
    assert "retryable" not in acks(rig.finish(first, raised()))[0]["error"]
    assert acks(rig.finish(second, raised()))[0]["error"]["retryable"] is False
    rig.shut_down()
    rig.advance(26.0)
    assert acks(rig.finish(stopped, OBEYED))[0]["status"] == "released"


@pytest.mark.parametrize("failure", [BUSY, UNREACHABLE, UNAUTHORIZED])
def test_w7_ack_is_repeated_until_it_is_taken(failure: Failure) -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    rig.finish(key)
    for _ in range(12):
        rig.ack_fails(key, failure)
        assert len(acks(rig.advance(5.0))) == 1
    assert events(rig.ack_ok(key), "job_finished")
    assert not acks(rig.advance(100.0))


def test_w7_ack_is_given_up_when_the_lease_has_ended() -> None:
    rig = Rig()
    (key,) = rig.claim(item(timeout_seconds=10))  # a lease of 60 s
    rig.finish(key)
    tries = 1
    while not events(rig.ack_fails(key, BUSY), "ack_given_up"):
        tries += len(acks(rig.advance(5.0)))
    assert 1055 <= rig.now <= 1065
    assert tries > 12
    assert rig.core.health(rig.now).acking == 0


def test_w7_heartbeats_go_on_between_the_tries_and_lengthen_the_lease() -> None:
    rig = Rig()
    (key,) = rig.claim(item(timeout_seconds=100))
    rig.finish(key)
    seen = 0
    for _ in range(25):
        rig.ack_fails(key, BUSY)
        if beats(rig.advance(5.0)):
            seen += 1
            rig.beat_ok(key)
    assert seen
    assert not events(rig.log, "ack_given_up")


def test_w7_last_try_is_at_the_end_of_the_lease_even_if_the_hint_is_longer() -> None:
    rig = Rig()
    (key,) = rig.claim(item(timeout_seconds=10))
    rig.finish(key)
    rig.ack_fails(key, Failure(FailureKind.BUSY, "429", retry_after=500.0))
    rig.advance(59.0)
    assert len(acks(rig.advance(1.0))) == 1
    assert events(rig.ack_fails(key, BUSY), "ack_given_up")


@pytest.mark.parametrize("failure", [LOST, REFUSED])
def test_final_answers_to_an_ack_end_it(failure: Failure) -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    rig.finish(key)
    assert events(rig.ack_fails(key, failure), "ack_given_up")
    assert not acks(rig.advance(100.0))


def test_w8_slot_is_free_while_the_ack_is_on_its_way() -> None:
    rig = Rig(concurrency=1)
    (key,) = rig.claim(item("job_1"))
    assert polls(rig.finish(key))
    (second,) = rig.claim(item("job_2"))
    assert second != key
    assert rig.core.health(rig.now).running == 1


def test_retry_answer_is_reported() -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    rig.finish(key, raised())
    actions = rig.ack_ok(key, action="retry", retry_at="2026-01-01T00:01:00Z")
    (event,) = events(actions, "job_finished")
    assert (event.will_retry, event.retry_at) == (True, "2026-01-01T00:01:00Z")
    assert event.level == logging.WARNING
    assert event.message == (
        "job job_1 (T): failed on attempt 1/3: ValueError: no; next attempt at 00:01:00 UTC"
    )
    assert not events(actions, "job_dead_lettered")


def test_w28_failure_without_another_attempt_calls_the_dead_letter_event() -> None:
    rig = Rig()
    (key,) = rig.claim(item(attempt=3))
    rig.finish(key, raised())
    actions = rig.ack_ok(key)
    (event,) = events(actions, "job_dead_lettered")
    assert (event.level, event.message) == (
        logging.ERROR,
        "job job_1 (T): failed for good on attempt 3/3: ValueError: no",
    )
    (finished,) = events(actions, "job_finished")
    assert finished.level == logging.DEBUG  # one line per failure
    assert event.error is not None
    assert (event.job_id, event.error.type, event.attempt) == ("job_1", "ValueError", 3)


def test_error_in_the_log_is_one_short_line() -> None:
    error = ErrorReport("E", "first\nERROR forged\x1b[31m\t" + "x" * 1000)
    line = describe_error(error)
    assert line.startswith(": E: first ERROR forged [31m xxx")
    assert line.isprintable()
    assert len(line) < 510
    assert describe_error(ErrorReport("E", "")) == ": E"


@pytest.mark.parametrize("reply", [None, [], "done", {"action": 3, "retry_at": 5}])
def test_odd_ack_answers_end_the_job(reply: object) -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    rig.finish(key)
    rig.core.acked(rig.now, key, reply)
    assert events(rig.step(), "job_finished")


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "job_9"},
        {"id": "job_9", "job_type": ""},
        {"id": "job_9", "job_type": 7, "attempt": 2},
    ],
)
def test_w17_unusable_item_is_acked_as_a_permanent_failure(bad: dict[str, Any]) -> None:
    rig = Rig()
    actions = rig.answer_poll(bad, item("job_1"))
    (ack,) = acks(actions)
    assert (ack["job_id"], ack["status"]) == ("job_9", "failed")
    assert ack["error"]["retryable"] is False
    assert ack.get("attempt") == bad.get("attempt")
    assert [run.claim.job_id for run in only(Run, actions)] == ["job_1"]


@pytest.mark.parametrize("bad", [7, None, [], {}, {"id": ""}, {"id": 3, "job_type": "T"}])
def test_w17_item_without_an_id_is_reported_and_passed_over(bad: object) -> None:
    rig = Rig()
    actions = rig.answer_poll(bad, item("job_1"))
    assert events(actions, "bad_item")
    assert len(only(Run, actions)) == 1
    assert not acks(actions)


@pytest.mark.parametrize("number", [True, "3", None, float("nan"), 1e300, -4, [1]])
def test_w17_odd_numbers_fall_back_to_their_defaults(number: object) -> None:
    rig = Rig()
    (run,) = only(
        Run, rig.answer_poll(item(attempt=number, max_attempts=number, timeout_seconds=number))
    )
    assert (run.claim.attempt, run.claim.max_attempts, run.claim.timeout_seconds) == (1, 1, 0.0)


def test_timeout_trips_the_token_and_later_interrupts() -> None:
    rig = Rig()
    (key,) = rig.claim(item(timeout_seconds=30))
    assert only(Cancel, rig.advance(30.0)) == [Cancel(key, "timeout")]
    assert not only(Interrupt, rig.advance(4.9))
    assert only(Interrupt, rig.advance(0.2)) == [Interrupt(key)]


def test_timeout_declared_by_the_handler_wins_when_it_is_tighter() -> None:
    rig = Rig(timeouts={"T": 5.0})
    rig.claim(item(timeout_seconds=600))
    assert only(Cancel, rig.advance(5.0))


def test_missing_timeout_falls_back_to_the_workers_default() -> None:
    rig = Rig(default_timeout=7.0)
    rig.claim(item(timeout_seconds=None))
    assert not only(Cancel, rig.advance(6.9))
    assert only(Cancel, rig.advance(0.2))


def test_interrupt_is_not_sent_to_a_handler_that_has_ended() -> None:
    rig = Rig()
    (key,) = rig.claim(item(timeout_seconds=30))
    rig.advance(30.0)
    rig.finish(key, OBEYED)
    assert not only(Interrupt, rig.advance(10.0))


def test_w22_stack_is_cut_to_the_stored_size_keeping_its_end() -> None:
    report = cut_report("x" * 900, "m" * 9000, "é" * 40_000 + "the end")
    assert (len(report.type), len(report.message)) == (500, 4000)
    assert report.stack_trace is not None
    assert len(report.stack_trace.encode()) <= MAX_STACK_BYTES
    assert report.stack_trace.endswith("the end")


def test_report_with_lone_surrogates_can_be_encoded() -> None:
    report = cut_report("E", "m", "\ud800 tail")
    assert report.stack_trace is not None
    report.stack_trace.encode()


def test_outcome_defaults_are_retryable() -> None:
    assert Outcome("failed").retryable
