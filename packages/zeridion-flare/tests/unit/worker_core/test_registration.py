"""Registration carries the schedules: it is repeated until it is accepted."""

from __future__ import annotations

import pytest

from .rig import BUSY, REFUSED, UNAUTHORIZED, Rig, events, polls, registers, stops


def begun() -> Rig:
    rig = Rig(begin=False, register_body={"worker_id": "wrk_1", "hostname": "box"})
    rig.core.begin(rig.now)
    rig.step()
    return rig


def test_w19_failed_registration_is_repeated_with_backoff_until_accepted() -> None:
    rig = begun()
    waits = []
    for _ in range(8):
        rig.core.register_failed(rig.now, BUSY)
        rig.step()
        waits.append(events(rig.log, "register_failed")[-1].retry_in)
        assert registers(rig.advance(waits[-1] or 0.0))
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])
    rig.core.registered(rig.now)
    rig.step()
    assert not registers(rig.advance(600.0))
    assert rig.core.health(rig.now).registered


def test_w19_polling_goes_on_while_registration_fails() -> None:
    rig = begun()
    rig.core.register_failed(rig.now, BUSY)
    assert polls(rig.step())


def test_w19_health_names_the_registration_error() -> None:
    rig = begun()
    rig.core.register_failed(rig.now, REFUSED)
    rig.step()
    health = rig.core.health(rig.now)
    assert (health.registered, health.ok) == (False, False)
    assert health.registration_error == REFUSED.message


def test_registration_sends_its_body_unchanged() -> None:
    assert registers(begun().log) == [{"worker_id": "wrk_1", "hostname": "box"}]


def test_registration_is_not_repeated_after_shutdown() -> None:
    rig = begun()
    rig.core.register_failed(rig.now, BUSY)
    rig.step()
    rig.shut_down()
    assert not registers(rig.advance(120.0))


def test_registration_failing_during_shutdown_plans_nothing() -> None:
    rig = begun()
    rig.shut_down()
    rig.core.register_failed(rig.now, BUSY)
    assert not registers(rig.advance(120.0))


def test_refused_key_at_registration_counts_towards_the_fatal_limit() -> None:
    rig = begun()
    for _ in range(3):
        rig.core.register_failed(rig.now, UNAUTHORIZED)
        rig.step()
        if not stops(rig.log):
            rig.core.poll_aborted(rig.now)
            rig.advance(8.0)
    rig.core.poll_aborted(rig.now)
    rig.step()
    assert stops(rig.log)[0].exit_code == 1


def test_registration_under_way_is_not_doubled_by_an_outage() -> None:
    rig = Rig()
    rig.poll_fails(BUSY)
    rig.advance(1.0)
    assert len(registers(rig.answer_poll(after=30.0))) == 1
    rig.poll_fails(BUSY)
    rig.advance(1.0)
    assert not registers(rig.answer_poll(after=30.0))  # the last one has not been answered yet
