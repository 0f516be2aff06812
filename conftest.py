"""What holds for every test of the repository: how many examples, and what is run first and where.

`QUINTET_HYPOTHESIS=full` tries ten times as many examples of each property as hypothesis does by
itself; without it half as many, as random order and new seeds try others in every run anyhow. With
`fixed` they are the same in every run, for who has to know whether a change is at fault.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

# How fast examples are made depends on what else the machine does; a hung test has its own limit.
# How many of them are too large, or fit no assumption, depends on chance in the same way.
CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
_ALWAYS = settings(deadline=None, suppress_health_check=CALM, print_blob=True)
settings.register_profile("short", _ALWAYS, max_examples=50)
settings.register_profile("fixed", _ALWAYS, max_examples=50, derandomize=True)
settings.register_profile("full", _ALWAYS, max_examples=1000)
settings.load_profile(os.environ.get("QUINTET_HYPOTHESIS", "short"))

_LONG = ("slow", "kill", "compat")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what was collected out of garbage collections.

    All of it lives to the end, and it is millions of objects: going through them was a third of
    collecting, and up to a second of every `gc.collect()` of a test.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Hand out `--dist loadgroup` more cheaply than xdist does."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from tests.support.scheduling import GroupScheduling  # only where xdist is in use

    return GroupScheduling(config, log)


@pytest.hookimpl(trylast=True)  # after the shuffling of pytest-randomly
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first, in random order like the others behind them.

    A long one that begins last would keep one core busy while the other has nothing left to do.
    """
    items.sort(key=lambda item: not any(map(item.get_closest_marker, _LONG)))
