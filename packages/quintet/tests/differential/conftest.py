"""Marks the suite, and keeps proxies and trust stores of the surroundings out of it."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable

import pytest

from .catalogue import SCENARIOS
from .differences import transports_of
from .patience import observe_all
from .scenario import Observed
from .transports import FOREIGN_ASYNC, observe

_WARMING = ("kept-over-five-calls", "tls-good", "tls-good-1.2")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/quintet/tests/differential/" in item.path.as_posix():
            item.add_marker(pytest.mark.wire)


@pytest.fixture(autouse=True, scope="session")
def no_surroundings() -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC"):
            del os.environ[name]


@pytest.fixture(scope="session")
def slow_outcomes() -> Callable[[str, str], Observed]:
    """Run all scenarios that take real time side by side, once, when the first is asked for."""
    outcomes: dict[tuple[str, str], Observed] = {}

    def look_up(name: str, transport: str) -> Observed:
        if not outcomes:
            # What only the first call in a process has to do, none of those with a limit should.
            for warming in _WARMING:
                for each in transports_of(warming):
                    observe(SCENARIOS[warming], each)
            runs = [
                (scenario, each)
                for scenario in SCENARIOS.values()
                if scenario.slow
                for each in transports_of(scenario.name)
            ]
            outcomes.update(observe_all([run for run in runs if run[1] not in FOREIGN_ASYNC]))
            with warnings.catch_warnings():
                # These lose a connection if their limit passes just when it stands, and on a busy
                # machine it may: the collector would tell whichever test runs later.
                warnings.simplefilter("ignore", ResourceWarning)
                outcomes.update(observe_all([run for run in runs if run[1] in FOREIGN_ASYNC]))
                gc.collect()
        return outcomes[name, transport]

    return look_up
