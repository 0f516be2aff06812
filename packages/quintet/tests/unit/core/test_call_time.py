"""A call against time: limits of attempts, deadlines, waits."""

from __future__ import annotations

from typing import Any

import pytest

from quintet.core.call import call
from quintet.core.retry import Progress
from quintet.errors import (
    ConnectionFailure,
    QuintetError,
    StatusError,
    TimeoutFailure,
)
from quintet.testing import FakeClock, reply

from ..rig import Bench, context, plan, play, policy

OK = reply(200, json={"ok": True})


def down(progress: int = 0, **fields: Any) -> ConnectionFailure:
    return ConnectionFailure("down", progress=progress, **fields)


def test_each_attempt_gets_its_timeout_anew() -> None:
    clock = FakeClock(randoms=[0.5])
    played = play(call(plan(timeout=30.0), context(clock)), [down(), OK], clock, taking=1.0)
    assert [(send.until, send.seconds) for send in played.sends] == [(30.0, 30.0), (32.5, 30.0)]
    assert {read.until for read in played.reads} == {32.5}


def test_deadline_cuts_the_attempt_short() -> None:
    clock = FakeClock()
    played = play(call(plan(timeout=30.0, deadline=10.0), context(clock)), [OK], clock)
    assert (played.sends[0].until, played.sends[0].seconds) == (10.0, 10.0)


def test_deadline_that_is_far_leaves_the_attempt_its_timeout() -> None:
    clock = FakeClock()
    played = play(call(plan(timeout=10.0, deadline=30.0), context(clock)), [OK], clock)
    assert (played.sends[0].until, played.sends[0].seconds) == (10.0, 10.0)


def test_neither_timeout_nor_deadline_means_no_limit() -> None:
    clock = FakeClock()
    played = play(call(plan(timeout=None), context(clock)), [OK], clock)
    assert played.sends[0].until is None
    assert played.reads[0].until is None


@pytest.mark.parametrize("answer", [down(), reply(503)])
def test_wait_that_would_end_after_the_deadline_is_not_begun(answer: Any) -> None:
    clock = FakeClock(randoms=[0.5])
    program = call(plan(deadline=0.4), context(clock))
    with pytest.raises(QuintetError) as caught:
        play(program, [answer, OK], clock)
    assert clock.monotonic() == 0.0
    assert caught.value.attempts == 1


def test_retry_after_beyond_the_deadline_is_raised_at_once_with_the_hint() -> None:
    bench = Bench(reply(429, headers={"Retry-After": "20"}), OK, deadline=10.0)
    with pytest.raises(StatusError) as caught:
        bench.call()
    assert caught.value.retry_after == 20.0
    assert bench.sleeps == []


def test_timeout_at_the_deadline_says_so() -> None:
    late = TimeoutFailure("timed out", phase="read", seconds=5.0)
    bench = Bench(lambda request: (bench.clock.advance(5), late)[1], timeout=30.0, deadline=5.0)
    with pytest.raises(TimeoutFailure, match="left no time") as caught:
        bench.call()
    assert caught.value.phase == "deadline"


def test_deadline_that_passes_during_a_wait_is_found_before_sending() -> None:
    clock = FakeClock(randoms=[0.5])
    reports: list[Any] = []
    program = call(plan(deadline=10.0, reports=reports), context(clock))
    next(program)
    program.throw(down())
    clock.advance(11.0)  # the wait took longer than asked for
    with pytest.raises(TimeoutFailure, match="before the request could be sent") as caught:
        program.send(None)
    assert caught.value.phase == "deadline"
    assert caught.value.seconds == 10.0
    assert caught.value.attempts == 1
    assert [report.number for report in reports] == [1]


def test_body_that_a_transport_lets_drip_is_stopped_here() -> None:
    clock = FakeClock()
    program = call(plan(timeout=5.0, retry=policy(max_retries=0)), context(clock))
    with pytest.raises(TimeoutFailure, match="5 s") as caught:
        play(program, [reply(200, chunks=[b"a"] * 100)], clock, taking=1.0)
    assert caught.value.progress == Progress.RESPONSE_BEGUN


def test_slow_body_is_bounded_by_the_deadline_too() -> None:
    clock = FakeClock()
    program = call(plan(timeout=None, deadline=5.0), context(clock))
    with pytest.raises(TimeoutFailure) as caught:
        play(program, [reply(200, chunks=[b"a"] * 100)], clock, taking=1.0)
    assert caught.value.phase == "deadline"


def test_elapsed_is_that_of_the_last_attempt() -> None:
    clock = FakeClock(randoms=[0.5])
    reports: list[Any] = []
    played = play(call(plan(reports=reports), context(clock)), [down(), OK], clock, taking=1.0)
    # Send, read, read, close.
    assert played.result.elapsed == 4.0
    assert [report.elapsed for report in reports] == [1.0, 4.0]
