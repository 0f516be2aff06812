"""Heartbeats, progress and what the answers mean."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from zeridion_flare._worker_core.actions import Beat, Cancel, Run
from zeridion_flare._worker_core.claims import Claim
from zeridion_flare._worker_core.outcome import clamp_progress

from .rig import (
    BUSY,
    LOST,
    RETURNED,
    UNREACHABLE,
    Rig,
    acks,
    beats,
    events,
    item,
    only,
    raised,
)


def started(**settings: Any) -> tuple[Rig, int]:
    rig = Rig(**settings)
    (key,) = rig.claim(item())
    return rig, key


def test_w9_handler_starts_before_any_heartbeat() -> None:
    rig = Rig()
    actions = rig.answer_poll(item())
    assert only(Run, actions)
    assert not beats(actions)


@pytest.mark.parametrize("timeout", [1800, 86_400])
def test_w11_cadence_does_not_depend_on_the_timeout(timeout: int) -> None:
    rig = Rig()
    (key,) = rig.claim(item(timeout_seconds=timeout))
    sent = []
    for _ in range(5):
        while not (found := only(Beat, rig.step())):
            wake = rig.core.next_wake()
            assert wake is not None
            rig.now = wake
        sent.append(rig.now)
        assert found[0].key == key
        rig.beat_ok(key)
    gaps = [late - early for early, late in pairwise([1000.0, *sent])]
    assert max(gaps) <= 15.0


def test_w11_first_heartbeat_comes_within_the_interval() -> None:
    rig, _ = started(random=0.0)
    assert len(beats(rig.advance(10.0))) == 1


def test_w10_one_timetable_serves_every_job() -> None:
    rig = Rig(concurrency=50)
    keys = rig.claim(*[item(f"job_{n}") for n in range(50)])
    actions = rig.advance(10.0)
    assert sorted(beat.key for beat in only(Beat, actions)) == sorted(keys)


def test_beat_in_flight_is_not_doubled() -> None:
    rig, _ = started()
    assert len(beats(rig.advance(300.0))) == 1


def test_beat_without_progress_omits_the_field() -> None:
    rig, _ = started()
    assert beats(rig.advance(10.0)) == [{"job_id": "job_1", "worker_id": "wrk_1", "attempt": 1}]


def test_w12_progress_is_sent_soon_after_a_change() -> None:
    rig, key = started()
    rig.progress(key, 0.25)
    assert [body["progress"] for body in beats(rig.advance(0.2))] == [0.25]


def test_w12_progress_is_coalesced_to_one_report_a_second() -> None:
    rig, key = started()
    sent = []
    for step in range(1, 101):
        rig.progress(key, step / 100)
        for beat in only(Beat, rig.advance(0.05)):
            sent.append((rig.now, beat.body["progress"]))
            rig.beat_ok(key)
    assert 5 <= len(sent) <= 6
    assert all(late[0] - early[0] >= 0.95 for early, late in pairwise(sent))


def test_w12_last_progress_is_flushed_before_the_ack() -> None:
    rig, key = started()
    rig.progress(key, 0.5)
    rig.progress(key, 1.0)
    actions = rig.finish(key)
    assert [body["progress"] for body in beats(actions)] == [1.0]
    assert not acks(actions)
    assert acks(rig.beat_ok(key))[0]["status"] == "succeeded"


def test_w12_flush_waits_for_a_beat_in_flight_and_then_sends_the_rest() -> None:
    rig, key = started()
    rig.progress(key, 0.3)
    rig.advance(0.2)
    rig.progress(key, 0.9)
    assert not rig.finish(key)[:0] and not acks(rig.log)
    actions = rig.beat_ok(key)
    assert [body["progress"] for body in beats(actions)] == [0.9]
    assert acks(rig.beat_ok(key))


def test_w12_flush_that_hangs_does_not_hold_the_ack_for_long() -> None:
    rig, key = started()
    rig.progress(key, 0.5)
    rig.finish(key)
    assert acks(rig.advance(2.0))


def test_w12_flush_that_fails_lets_the_ack_go() -> None:
    rig, key = started()
    rig.progress(key, 0.5)
    rig.finish(key)
    assert acks(rig.beat_fails(key, BUSY))


def test_progress_that_falls_is_not_sent() -> None:
    rig, key = started()
    rig.progress(key, 0.6)
    rig.advance(0.2)
    rig.beat_ok(key)
    rig.progress(key, 0.4)
    assert not beats(rig.advance(1.5))


@pytest.mark.parametrize("value", [0, -1, math.nan, None, "0.5", True, -math.inf])
def test_progress_that_is_no_progress_is_dropped(value: object) -> None:
    rig, key = started()
    rig.progress(key, value)
    assert not beats(rig.advance(1.0))


@given(st.floats(allow_nan=True))
def test_clamped_progress_is_within_the_wires_range(value: float) -> None:
    clamped = clamp_progress(value)
    assert clamped is None or 0 < clamped <= 1


def test_progress_after_the_end_is_ignored() -> None:
    rig, key = started()
    rig.finish(key)
    assert not beats(rig.progress(key, 0.5))


def test_cancel_answer_trips_the_token_with_its_reason() -> None:
    rig, key = started()
    rig.advance(10.0)
    assert only(Cancel, rig.beat_ok(key, "cancel")) == [Cancel(key, "cancelled")]


def test_cancel_answer_past_the_timeout_means_timeout() -> None:
    rig = Rig(timeouts={})
    (key,) = rig.claim(item(timeout_seconds=5))
    rig.advance(5.0)
    assert only(Cancel, rig.log) == [Cancel(key, "timeout")]
    rig.advance(5.0)
    assert not only(Cancel, rig.beat_ok(key, "cancel"))  # once is enough


def test_cancel_before_the_job_began_is_acked_without_running_it() -> None:
    rig = Rig(concurrency=1)
    rig.answer_poll(item("job_1"), item("job_2"))
    rig.advance(10.0)
    waiting = next(beat.key for beat in only(Beat, rig.log) if beat.body["job_id"] == "job_2")
    (ack,) = acks(rig.beat_ok(waiting, "cancel"))
    assert (ack["job_id"], ack["status"]) == ("job_2", "cancelled")
    assert not [run for run in rig.finish(1) if isinstance(run, Run)]


@pytest.mark.parametrize("answer", [None, [], "ok", {"status": 3}, {}])
def test_odd_heartbeat_answers_count_as_accepted(answer: object) -> None:
    rig, key = started()
    rig.advance(10.0)
    rig.core.beat_answered(rig.now, key, answer)
    rig.step()
    assert not only(Cancel, rig.log)


def test_w13_lost_lease_trips_the_token_and_forbids_the_ack() -> None:
    rig, key = started()
    rig.advance(10.0)
    assert only(Cancel, rig.beat_fails(key, LOST)) == [Cancel(key, "lease_lost")]
    actions = rig.finish(key, RETURNED)
    assert not acks(actions)
    assert not beats(rig.advance(100.0))


def test_w13_lost_lease_overrides_an_earlier_cancel() -> None:
    rig, key = started()
    rig.advance(10.0)
    rig.beat_ok(key, "cancel")
    rig.advance(10.0)
    rig.beat_fails(key, LOST)
    assert not acks(rig.finish(key, raised(obeyed=True)))
    assert len(only(Cancel, rig.log)) == 1


def test_w13_lost_lease_of_a_waiting_job_forgets_it() -> None:
    rig = Rig(concurrency=1)
    rig.answer_poll(item("job_1"), item("job_2"))
    rig.advance(10.0)
    waiting = next(beat.key for beat in only(Beat, rig.log) if beat.body["job_id"] == "job_2")
    rig.beat_fails(waiting, LOST)
    assert not only(Run, rig.finish(1))


def test_w13_lost_lease_while_flushing_forbids_the_ack() -> None:
    rig, key = started()
    rig.progress(key, 0.5)
    rig.finish(key)
    assert not acks(rig.beat_fails(key, LOST))
    assert not acks(rig.advance(10.0))


def test_late_beat_refused_while_the_ack_is_out_changes_nothing() -> None:
    rig, key = started()
    rig.advance(10.0)  # a beat is in flight
    assert acks(rig.finish(key))
    rig.beat_fails(key, LOST)
    assert events(rig.ack_ok(key), "job_finished")


def test_failed_heartbeat_is_tried_again_soon() -> None:
    rig, key = started()
    rig.advance(10.0)
    rig.beat_fails(key, UNREACHABLE)
    assert beats(rig.advance(0.2))


def test_unknown_keys_are_ignored() -> None:
    rig, _ = started()
    rig.beat_ok(99)
    rig.beat_fails(99, LOST)
    rig.ack_ok(99)
    rig.ack_fails(99, LOST)
    rig.progress(99, 0.5)
    rig.finish(99)
    assert rig.core.health(rig.now).running == 1


def test_lease_end_follows_the_protocols_windows() -> None:
    from zeridion_flare._worker_core.execution import Execution
    from zeridion_flare._worker_core.plan import WorkerPlan

    plan = WorkerPlan("wrk_1", ("default",))
    claim = Claim("job_1", "T")

    def lease(timeout: float, last_beat: float | None) -> float:
        execution = Execution(1, claim, 0.0, timeout, timeout, last_beat_at=last_beat)
        return execution.lease_end(plan)

    assert lease(10, None) == 60
    assert lease(200, None) == 200
    assert lease(1800, None) == 300
    assert lease(1800, 1000) == 1860
    assert lease(10, 50) == 70
    assert lease(600, 20) == 620


def test_progress_reported_while_a_beat_is_out_follows_a_second_later() -> None:
    rig, key = started()
    rig.progress(key, 0.1)
    rig.advance(0.2)
    rig.progress(key, 0.2)
    rig.beat_ok(key)
    assert not beats(rig.advance(0.9))
    assert [body["progress"] for body in beats(rig.advance(0.2))] == [0.2]


def test_beat_of_an_attempt_the_server_never_named_is_not_fenced() -> None:
    rig = Rig()
    nameless = item()
    del nameless["attempt"]
    rig.claim(nameless)
    assert "attempt" not in beats(rig.advance(10.0))[0]


def test_cancel_answer_after_the_end_of_the_handler_changes_nothing() -> None:
    rig, key = started()
    rig.progress(key, 0.5)
    rig.finish(key)
    assert acks(rig.beat_ok(key, "cancel"))[0]["status"] == "succeeded"
    assert not only(Cancel, rig.log)


def test_job_that_waited_past_its_deadline_is_handed_back_unrun() -> None:
    rig = Rig(concurrency=1)
    rig.answer_poll(item("job_1"), item("job_2", timeout_seconds=5))
    (ack,) = acks(rig.advance(5.0))
    assert (ack["job_id"], ack["status"]) == ("job_2", "released")
    assert not only(Run, rig.finish(1))
