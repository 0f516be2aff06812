"""The retry budget."""

from __future__ import annotations

import os
import threading

import pytest

from quintet.core.budget import RetryBudget
from quintet.errors import ConfigurationError


def test_budget_spends_until_empty_and_is_refilled_by_success() -> None:
    budget = RetryBudget(capacity=12, cost=5, timeout_cost=10, refund=1)
    assert budget.try_spend()
    assert budget.try_spend()
    assert not budget.try_spend()
    assert budget.tokens == 2
    for _ in range(3):
        budget.succeed()
    assert budget.try_spend()
    assert budget.tokens == 0


def test_budget_that_cannot_pay_a_timeout_keeps_its_tokens() -> None:
    budget = RetryBudget(capacity=9)
    assert not budget.try_spend(budget.timeout_cost)
    assert budget.tokens == 9


def test_budget_that_is_full_stays_full() -> None:
    budget = RetryBudget(capacity=3, refund=2)
    budget.succeed()
    assert budget.tokens == 3


def test_budget_shared_by_threads_never_overspends() -> None:
    budget = RetryBudget(capacity=1000, cost=3, refund=0)
    won: list[int] = []

    def spend() -> None:
        won.append(sum(budget.try_spend() for _ in range(100)))

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(won) * 3 + budget.tokens == 1000
    assert sum(won) <= 333


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_budget_after_fork_works_in_the_child() -> None:
    budget = RetryBudget(capacity=10)
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child is not measured
        os.write(write_end, b"1" if budget.try_spend() else b"0")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert os.read(read_end, 1) == b"1"
    assert budget.tokens == 10
    os.close(read_end)
    os.close(write_end)


@pytest.mark.parametrize(
    "numbers", [{"capacity": 0}, {"cost": -1}, {"timeout_cost": -1}, {"refund": -1}]
)
def test_budget_with_impossible_numbers_is_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        RetryBudget(**numbers)
