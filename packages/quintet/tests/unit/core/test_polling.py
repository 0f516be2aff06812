"""Poll schedules."""

from __future__ import annotations

import pytest

from quintet.core.deadline import Deadline
from quintet.core.polling import PollSchedule
from quintet.errors import ConfigurationError


def test_schedule_grows_to_its_longest_wait() -> None:
    schedule = PollSchedule(1, max_interval=5, factor=2)
    assert [schedule.wait(0) for _ in range(5)] == [1, 2, 4, 5, 5]


def test_schedule_without_longest_wait_stays() -> None:
    schedule = PollSchedule(2)
    assert [schedule.wait(0) for _ in range(3)] == [2, 2, 2]


def test_schedule_after_a_change_begins_anew() -> None:
    schedule = PollSchedule(1, max_interval=8, factor=2)
    schedule.wait(0)
    schedule.wait(0)
    schedule.changed()
    assert schedule.wait(0) == 1


def test_schedule_waits_at_least_as_the_server_asks() -> None:
    schedule = PollSchedule(1)
    assert schedule.wait(0, server_hint=9) == 9
    assert schedule.wait(0, server_hint=0.1) == 1


def test_schedule_takes_a_last_look_at_the_deadline_and_then_ends() -> None:
    schedule = PollSchedule(4, deadline=Deadline.after(10, now=0))
    assert schedule.wait(0) == 4
    assert schedule.wait(4) == 4
    assert schedule.wait(8, server_hint=100) == 2
    assert schedule.wait(10) is None
    assert schedule.wait(11) is None


def test_schedule_leaves_time_for_the_last_look() -> None:
    schedule = PollSchedule(4, deadline=Deadline.after(10, now=0), reserve=1)
    assert [schedule.wait(now) for now in (0, 4, 8)] == [4, 4, 1]
    assert schedule.wait(9) is None
    assert schedule.wait(9.5) is None


def test_schedule_with_a_negative_reserve_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        PollSchedule(1, reserve=-1)


def test_schedule_puts_up_with_so_many_errors_in_a_row() -> None:
    schedule = PollSchedule(1, max_errors=2)
    assert [schedule.failed(), schedule.failed()] == [True, True]
    schedule.looked()
    assert [schedule.failed() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("numbers", [(0, 1, 2, 1), (1, 1, 0.5, 1), (1, 1, 1, -1)])
def test_schedule_with_impossible_numbers_is_refused(numbers: tuple[float, ...]) -> None:
    interval, most, factor, errors = numbers
    with pytest.raises(ConfigurationError):
        PollSchedule(interval, most, factor, max_errors=int(errors))
