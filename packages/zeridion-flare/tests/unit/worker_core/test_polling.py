"""When the worker polls: never late, never in a busy loop, never for jobs it cannot start."""

from __future__ import annotations

import pytest

from zeridion_flare._worker_core.actions import Poll
from zeridion_flare._worker_core.failure import Failure, FailureKind

from .rig import (
    BUSY,
    REFUSED,
    RETURNED,
    UNAUTHORIZED,
    UNREACHABLE,
    Rig,
    events,
    item,
    only,
    polls,
    registers,
    stops,
)


def test_poll_waits_for_the_first_answer_to_the_registration() -> None:
    rig = Rig(begin=False)
    rig.core.begin(rig.now)
    first = rig.step()
    assert registers(first)
    assert not polls(first)
    rig.core.registered(rig.now)
    assert polls(rig.step())


def test_poll_names_worker_queues_types_and_capacity() -> None:
    rig = Rig(concurrency=4, queues=("a", "b"))
    (body,) = polls(rig.log)
    assert body == {
        "worker_id": "wrk_1",
        "queues": ["a", "b"],
        "capacity": 4,
        "job_types": ["T"],
    }


def test_poll_capacity_never_exceeds_the_services_limit() -> None:
    assert polls(Rig(concurrency=200).log)[0]["capacity"] == 50


def test_poll_with_shorter_hold_says_so() -> None:
    assert polls(Rig(hold=5.0).log)[0]["wait_seconds"] == 5.0


def test_w1_freed_slot_polls_at_once() -> None:
    rig = Rig(concurrency=1)
    (key,) = rig.claim(item())
    assert len(polls(rig.log)) == 1  # full: no further poll
    actions = rig.finish(key)
    assert polls(actions) == [{**polls(rig.log)[0], "capacity": 1}]
    assert rig.now == 1000.0


def test_w2_held_empty_answer_is_followed_by_a_poll_at_once() -> None:
    rig = Rig()
    assert polls(rig.answer_poll(after=30.0))


def test_w2_shortly_held_answer_counts_as_held_when_the_hold_is_short() -> None:
    rig = Rig(hold=0.4)
    assert polls(rig.answer_poll(after=0.21))


def test_empty_answer_that_came_early_pauses_with_growing_waits() -> None:
    rig = Rig()
    waits = []
    for _ in range(6):
        assert not polls(rig.answer_poll(after=0.01))
        before = rig.now
        while not polls(rig.step()):
            wake = rig.core.next_wake()
            assert wake is not None
            rig.now = wake
        waits.append(rig.now - before)
    assert waits == pytest.approx([0.25, 0.5, 1.0, 2.0, 2.0, 2.0])


def test_answer_with_jobs_ends_the_early_pauses() -> None:
    rig = Rig(concurrency=2)
    rig.answer_poll(after=0.0)
    rig.advance(1.0)
    assert polls(rig.answer_poll(item(), after=0.0))


def test_w8_open_acks_bound_how_much_is_claimed() -> None:
    rig = Rig(concurrency=2)
    keys = rig.claim(item("job_1"), item("job_2"))
    for key in keys:
        rig.finish(key)
    more = rig.claim(item("job_3"), item("job_4"))
    for key in more:
        rig.finish(key)
    # Four outcomes are on their way: a server that takes no acks gets no further polls.
    assert rig.core.health(rig.now).acking == 4
    assert len(polls(rig.log)) == 2
    assert polls(rig.ack_ok(keys[0]))[0]["capacity"] == 1


def test_w8_surplus_jobs_wait_for_a_slot_and_start_when_it_frees() -> None:
    rig = Rig(concurrency=1)
    (first,) = rig.claim(item("job_1"), item("job_2"))
    started = [run for run in rig.finish(first) if type(run).__name__ == "Run"]
    assert [run.claim.job_id for run in started] == ["job_2"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("answer", [[], "jobs", None, 7, {"jobs": {}}, {"jobs": "x"}])
def test_w16_malformed_answer_backs_off_and_goes_on(answer: object) -> None:
    rig = Rig()
    rig.core.polled(rig.now, answer)
    actions = rig.step()
    assert events(actions, "poll_failed")
    assert not polls(actions)
    assert polls(rig.advance(1.0))


def test_answer_without_jobs_key_is_an_empty_answer() -> None:
    rig = Rig()
    rig.now += 30
    rig.core.polled(rig.now, {})
    assert polls(rig.step())


def test_w18_failures_back_off_exponentially_up_to_the_cap() -> None:
    rig = Rig()
    waits = []
    for _ in range(9):
        (event,) = events(rig.poll_fails(BUSY), "poll_failed")
        waits.append(event.retry_in)
        rig.advance(event.retry_in or 0.0)
    assert waits == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30])


def test_w18_backoff_jitter_never_reaches_zero() -> None:
    rig = Rig(random=0.0)
    (event,) = events(rig.poll_fails(BUSY), "poll_failed")
    assert event.retry_in == pytest.approx(0.25)


def test_w18_servers_hint_is_a_lower_bound() -> None:
    rig = Rig()
    rig.poll_fails(Failure(FailureKind.BUSY, "429", retry_after=17.0))
    assert not polls(rig.advance(16.9))
    assert polls(rig.advance(0.2))


def test_w18_key_refused_three_times_is_fatal() -> None:
    rig = Rig()
    for _ in range(2):
        assert not stops(rig.poll_fails(UNAUTHORIZED))
        rig.advance(60.0)
    (stop,) = stops(rig.poll_fails(UNAUTHORIZED))
    assert stop.exit_code == 1
    assert events(rig.log, "fatal")
    assert rig.core.health(rig.now).fatal_error == "401 unauthorized"


def test_w18_refusals_count_only_in_a_row() -> None:
    rig = Rig()
    for _ in range(4):
        rig.poll_fails(UNAUTHORIZED)
        rig.advance(60.0)
        rig.answer_poll(after=30.0)
    assert not stops(rig.log)


def test_refused_polls_are_repeated_since_configuration_can_be_mended() -> None:
    rig = Rig()
    for _ in range(10):
        rig.poll_fails(REFUSED)
        rig.advance(30.0)
    assert len(only(Poll, rig.log)) == 11


def test_recovery_is_told_once() -> None:
    rig = Rig()
    rig.poll_fails(BUSY)
    rig.advance(1.0)
    rig.answer_poll(after=30.0)
    rig.answer_poll(after=30.0)
    assert len(events(rig.log, "poll_recovered")) == 1


def test_idle_mode_asks_for_no_hold_and_stops_at_the_first_empty_answer() -> None:
    rig = Rig(stop_when_idle=True)
    assert polls(rig.log)[0]["wait_seconds"] == 0.0
    (key,) = rig.claim(item())
    rig.finish(key, RETURNED)
    rig.ack_ok(key)
    (stop,) = stops(rig.answer_poll())
    assert stop.exit_code == 0


def test_idle_mode_waits_for_what_is_running() -> None:
    rig = Rig(stop_when_idle=True)
    (key,) = rig.claim(item())
    assert not stops(rig.answer_poll())
    rig.finish(key)
    rig.ack_ok(key)
    rig.advance(2.0)
    assert stops(rig.answer_poll())


def test_unreachable_server_makes_the_worker_register_again_when_it_is_back() -> None:
    rig = Rig()
    rig.poll_fails(UNREACHABLE)
    rig.advance(1.0)
    assert registers(rig.answer_poll(after=30.0))


def test_poll_without_job_types_asks_for_any() -> None:
    assert "job_types" not in polls(Rig(job_types=()).log)[0]


def test_answer_after_an_outage_does_not_register_a_worker_that_stops() -> None:
    rig = Rig()
    rig.poll_fails(UNREACHABLE)
    rig.advance(1.0)
    rig.shut_down()
    assert not registers(rig.answer_poll())
    assert stops(rig.log)
