"""What holds for every test of the repository: how many examples, and what is run first.

`QUINTET_HYPOTHESIS=full` tries ten times as many examples of each property as hypothesis does by
itself; without it half as many, as random order and new seeds try others in every run anyhow.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# How fast examples are made depends on what else the machine does; a hung test has its own limit.
CALM = [HealthCheck.too_slow]
settings.register_profile("short", max_examples=50, suppress_health_check=CALM)
settings.register_profile("full", max_examples=1000, suppress_health_check=CALM)
settings.load_profile("full" if os.environ.get("QUINTET_HYPOTHESIS") == "full" else "short")

_LONG = ("slow", "kill", "compat")


@pytest.hookimpl(trylast=True)  # after the shuffling of pytest-randomly
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first, in random order like the others behind them.

    A long one that begins last would keep one core busy while the other has nothing left to do.
    """
    items.sort(key=lambda item: not any(map(item.get_closest_marker, _LONG)))
