"""The bounds of connections are checked when they are given."""

from __future__ import annotations

import math
from typing import Any

import pytest

from quintet import ConnectionLimits
from quintet.errors import ConfigurationError


def test_limits_have_the_documented_defaults() -> None:
    limits = ConnectionLimits()
    assert (limits.max_connections, limits.idle_seconds, limits.max_age) == (100, 4.0, 300.0)
    assert (limits.pool_timeout, limits.connect_stagger) == (None, 0.25)


@pytest.mark.parametrize(
    "options",
    [
        {"max_connections": 1},
        {"idle_seconds": 0},
        {"max_age": None},
        {"max_age": 0.1},
        {"pool_timeout": 5},
        {"connect_stagger": 0},
    ],
)
def test_limits_take_what_makes_sense(options: dict[str, Any]) -> None:
    limits = ConnectionLimits(**options)
    assert {name: getattr(limits, name) for name in options} == options


@pytest.mark.parametrize("value", [0, -1, True, 1.0, "5", None])
def test_number_of_connections_is_a_positive_integer(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_connections must be a positive integer"):
        ConnectionLimits(max_connections=value)


@pytest.mark.parametrize("name", ["idle_seconds", "max_age", "pool_timeout", "connect_stagger"])
@pytest.mark.parametrize("value", [-1, math.inf, math.nan, "5", True])
def test_times_are_finite_numbers_of_seconds(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        ConnectionLimits(**{name: value})


@pytest.mark.parametrize("name", ["max_age", "pool_timeout"])
def test_no_time_at_all_is_refused_where_none_means_no_bound(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be positive"):
        ConnectionLimits(**{name: 0})


def test_limits_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ConnectionLimits().max_connections = 5
