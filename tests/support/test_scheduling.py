"""Each test is handed out once, groups stay together, and what is done is forgotten."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

from tests.support.scheduling import GroupScheduling

SINGLE = [f"test_a.py::test_a[{n}]" for n in range(900)]
GROUPED = [f"test_b.py::test_b[{n}]@storm" for n in range(9)]
TESTS = SINGLE + GROUPED


class _Worker:
    """A process of xdist, as its scheduler sees it."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.queue: deque[int] = deque()

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.queue.extend(numbers)

    def shutdown(self) -> None:
        self.shutting_down = True


def _begin(tests: list[str] = TESTS) -> tuple[Any, list[_Worker]]:
    option = SimpleNamespace(tx=["2*popen"], loadscopereorder=True, px=[])
    config: Any = SimpleNamespace(option=option, getvalue=lambda name: getattr(option, name))
    scheduling: Any = GroupScheduling(config, _silent())
    workers = [_Worker("gw0"), _Worker("gw1")]
    for worker in workers:
        scheduling.add_node(worker)
        scheduling.add_node_collection(worker, tests)
    scheduling.schedule()
    return scheduling, workers


def _silent() -> Any:
    return SimpleNamespace(loadscopesched=lambda *_: None, loadgroupsched=lambda *_: None)


def _work(scheduling: Any, workers: list[_Worker], tests: list[str] = TESTS) -> list[list[str]]:
    done: list[list[str]] = [[] for _ in workers]
    while any(worker.queue for worker in workers):
        for worker, its in zip(workers, done, strict=True):
            if worker.queue:
                number = worker.queue.popleft()
                its.append(tests[number])
                scheduling.mark_test_complete(worker, number)
                assert len(scheduling.assigned_work[worker]) <= 20
    return done


def test_every_test_is_handed_out_once_and_groups_stay_together() -> None:
    scheduling, workers = _begin()
    first, second = _work(scheduling, workers)
    assert sorted(first + second) == sorted(TESTS)
    assert set(GROUPED) <= set(first) or set(GROUPED) <= set(second)
    assert scheduling.tests_finished
    assert all(worker.shutting_down for worker in workers)


def test_groups_are_handed_out_one_at_a_time_and_before_all_else() -> None:
    groups = [[f"test_c.py::test_c[{n}]@group{size}" for n in range(size)] for size in (5, 9, 7, 3)]
    smallest, *_ = by_size = sorted(groups, key=len)
    tests = [*SINGLE, *(nodeid for group in groups for nodeid in group)]
    scheduling, workers = _begin(tests)
    given = [[tests[number] for number in worker.queue] for worker in workers]
    assert given == [by_size[-1], by_size[-2]]
    first, second = _work(scheduling, workers, tests)
    assert first[: len(given[0])] == given[0]
    assert second[7:12] == by_size[-3]  # the first to come to its end has the next
    assert first[9:12] == smallest
    assert sorted(first + second) == sorted(tests)


def test_both_processes_end_together() -> None:
    first, second = _work(*_begin())
    assert abs(len(first) - len(second)) <= len(GROUPED) + 2


def test_what_a_dead_process_had_not_done_is_done_by_the_other() -> None:
    scheduling, (dead, alive) = _begin()
    done = [TESTS[dead.queue[0]]]
    scheduling.mark_test_complete(dead, dead.queue.popleft())
    running = TESTS[dead.queue[0]]
    assert scheduling.remove_node(dead) == running
    (others,) = _work(scheduling, [alive])
    assert sorted(done + others) == sorted(TESTS)


def test_process_that_takes_the_place_of_a_dead_one_may_work_before_it_has_collected() -> None:
    scheduling, workers = _begin()
    successor = _Worker("gw2")
    scheduling.add_node(successor)
    for worker in workers:
        assert scheduling.remove_node(worker) is not None
    done: set[str] = set()
    while successor.queue:
        number = successor.queue.popleft()
        done.add(TESTS[number])
        scheduling.mark_test_complete(successor, number)
    assert done == set(TESTS)
