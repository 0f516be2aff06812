"""Marks the suite, and keeps proxies and trust stores of the surroundings out of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from .catalogue import SCENARIOS
from .differences import transports_of
from .scenario import Observed
from .transports import observe

_SIDE_BY_SIDE = 12


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
            runs = [
                (scenario, each)
                for scenario in SCENARIOS.values()
                if scenario.slow
                for each in transports_of(scenario.name)
            ]
            with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
                observed = pool.map(lambda run: observe(*run), runs)
                for (scenario, each), outcome in zip(runs, observed, strict=True):
                    outcomes[scenario.name, each] = outcome
        return outcomes[name, transport]

    return look_up
