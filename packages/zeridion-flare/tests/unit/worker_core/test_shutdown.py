"""The end of a worker: drain, tell the handlers, leave. The grace is a bound."""

from __future__ import annotations

from zeridion_flare._worker_core.actions import AbortPoll, Cancel, Interrupt, Note, Run
from zeridion_flare._worker_core.core import Phase

from .rig import (
    BUSY,
    REFUSED,
    RETURNED,
    UNAUTHORIZED,
    Rig,
    acks,
    events,
    item,
    only,
    polls,
    raised,
    stops,
)

OBEYED = raised("JobCancelledError", obeyed=True)


def test_w3_shutdown_breaks_off_the_open_poll_and_ends_with_it() -> None:
    rig = Rig()
    assert only(AbortPoll, rig.shut_down())
    rig.core.poll_aborted(rig.now)
    (stop,) = stops(rig.step())
    assert (stop.exit_code, stop.abandoned) == (0, 0)
    assert rig.now == 1000.0


def test_w3_stopping_is_told_before_the_poll_is_broken_off() -> None:
    actions = Rig().shut_down()
    [note] = [n for n, act in enumerate(actions) if isinstance(act, Note)]
    [abort] = [n for n, act in enumerate(actions) if isinstance(act, AbortPoll)]
    assert note < abort


def test_w3_aborted_poll_that_failed_is_no_failure() -> None:
    rig = Rig()
    rig.shut_down()
    assert stops(rig.poll_fails(BUSY))
    assert not events(rig.log, "poll_failed")


def test_w4_jobs_of_the_poll_open_at_shutdown_are_run_and_acked() -> None:
    rig = Rig()
    rig.shut_down()
    actions = rig.answer_poll(item())
    (run,) = only(Run, actions)
    assert not polls(actions)
    assert acks(rig.finish(run.key))
    assert stops(rig.ack_ok(run.key))[0].exit_code == 0


def test_w4_jobs_that_arrive_when_it_is_too_late_are_handed_back() -> None:
    rig = Rig()
    rig.shut_down(grace=9.0)
    rig.advance(6.5)
    assert rig.core.phase is Phase.CANCELLING
    actions = rig.answer_poll(item())
    assert not only(Run, actions)
    (ack,) = acks(actions)
    assert ack["status"] == "released"
    assert "error" not in ack


def test_w4_server_that_knows_no_release_is_told_of_a_failure() -> None:
    rig = Rig()
    rig.shut_down(grace=9.0)
    rig.advance(6.5)
    rig.answer_poll(item())
    (ack,) = acks(rig.ack_fails(1, REFUSED))
    assert (ack["status"], ack["error"]["type"]) == ("failed", "WorkerShutdownError")
    assert "retryable" not in ack["error"]
    assert not acks(rig.ack_fails(1, REFUSED))


def test_w4_claimed_jobs_that_never_began_are_handed_back() -> None:
    rig = Rig(concurrency=1)
    rig.claim(item("job_1"), item("job_2"))
    rig.shut_down(grace=9.0)
    (ack,) = acks(rig.advance(6.0))
    assert (ack["job_id"], ack["status"]) == ("job_2", "released")


def test_w5_drain_leaves_handlers_alone_then_tells_them_then_leaves() -> None:
    rig = Rig()
    rig.claim(item())
    rig.poll_fails(BUSY)
    rig.shut_down(grace=30.0)
    assert not only(Cancel, rig.advance(24.9))
    assert only(Cancel, rig.advance(0.2)) == [Cancel(1, "shutdown")]
    assert not stops(rig.advance(4.8))
    (stop,) = stops(rig.advance(0.2))
    assert (stop.exit_code, stop.abandoned) == (3, 1)
    assert rig.now <= 1030.2


def test_w5_grace_bounds_the_end_even_when_it_is_short() -> None:
    rig = Rig()
    rig.claim(item())
    rig.shut_down(grace=0.5)
    assert stops(rig.advance(0.5))


def test_w5_zero_grace_tells_the_handlers_and_leaves() -> None:
    rig = Rig()
    rig.claim(item())
    rig.shut_down(grace=0.0)
    actions = rig.advance(0.0)
    assert only(Cancel, rig.log)
    assert stops(actions) or stops(rig.log)


def test_w5_async_handlers_are_interrupted_before_the_grace_ends() -> None:
    rig = Rig()
    rig.claim(item())
    rig.shut_down(grace=9.0)
    assert only(Interrupt, rig.advance(8.0))
    assert not stops(rig.log)


def test_w14_handler_that_obeyed_the_shutdown_hands_its_job_back() -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    rig.shut_down(grace=9.0)
    rig.advance(6.5)
    (ack,) = acks(rig.finish(key, OBEYED))
    assert ack["status"] == "released"


def test_handler_that_finished_while_draining_succeeds_and_ends_the_worker() -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    rig.poll_fails(BUSY)
    rig.shut_down()
    rig.advance(3.0)
    assert acks(rig.finish(key, RETURNED))[0]["status"] == "succeeded"
    assert stops(rig.ack_ok(key))[0].exit_code == 0


def test_worker_waits_for_acks_within_the_grace() -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    rig.poll_fails(BUSY)
    rig.finish(key)
    rig.shut_down(grace=10.0)
    rig.ack_fails(key, BUSY)
    assert acks(rig.advance(1.0))
    assert not stops(rig.log)
    assert stops(rig.ack_ok(key))


def test_second_shutdown_may_only_shorten_the_grace() -> None:
    rig = Rig()
    rig.claim(item())
    rig.shut_down(grace=30.0)
    rig.shut_down(grace=100.0)
    rig.shut_down(grace=3.0)
    assert stops(rig.advance(3.0))


def test_w24_forced_stop_trips_tokens_interrupts_and_leaves_at_once() -> None:
    rig = Rig()
    rig.claim(item())
    rig.shut_down(grace=30.0)
    rig.core.force_stop(rig.now)
    actions = rig.step()
    assert only(Cancel, actions) == [Cancel(1, "shutdown")]
    assert only(Interrupt, actions) == [Interrupt(1)]
    assert stops(actions)[0].exit_code == 3
    rig.core.force_stop(rig.now)
    assert not rig.step()


def test_shutdown_before_the_start_is_a_clean_stop() -> None:
    rig = Rig(begin=False)
    assert stops(rig.shut_down())[0].exit_code == 0


def test_nothing_happens_after_the_stop() -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    rig.core.force_stop(rig.now)
    rig.step()
    rig.finish(key)
    assert not polls(rig.advance(100.0))
    assert not only(Run, rig.answer_poll(item("job_2")))


def test_fatal_refusal_gives_up_acks_that_are_refused_too() -> None:
    rig = Rig()
    (key,) = rig.claim(item())
    rig.finish(key)
    for _ in range(3):
        rig.poll_fails(UNAUTHORIZED)
        rig.advance(31.0)
    (stop,) = stops(rig.ack_fails(key, UNAUTHORIZED)) or stops(rig.log)
    assert stop.exit_code == 1


def test_health_follows_the_phases() -> None:
    rig = Rig()
    assert not rig.core.health(rig.now).seconds_since_poll
    rig.answer_poll(item(), after=2.0)
    health = rig.core.health(rig.now + 1)
    assert (health.ok, health.running, health.seconds_since_poll) == (True, 1, 1.0)
    rig.shut_down()
    assert rig.core.health(rig.now).phase == "draining"


def test_w24_forced_stop_ignores_what_else_was_due() -> None:
    rig = Rig()
    rig.claim(item())
    rig.now += 10.0  # a heartbeat is due
    rig.core.force_stop(rig.now)
    assert stops(rig.step())
