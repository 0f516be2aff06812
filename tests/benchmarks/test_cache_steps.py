"""The operations that callers of the cache share."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.contenders.cache import KEYS, steps


@pytest.mark.parametrize("operation", ["get", "set", "increment"])
def test_steps_of_one_operation_reach_every_key(operation: str) -> None:
    taken = list(steps(operation, KEYS))
    assert {name for name, _ in taken} == {operation}
    assert len({key for _, key in taken}) == KEYS


def test_mixed_steps_are_seven_gets_two_sets_and_an_increment_on_keys_of_their_own() -> None:
    taken = list(steps("mixed", 1000))
    assert Counter(name for name, _ in taken) == {"get": 700, "set": 200, "increment": 100}
    assert all(key.startswith("counter-") == (name == "increment") for name, key in taken)
