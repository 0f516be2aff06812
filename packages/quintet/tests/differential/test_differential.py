"""Every scenario on every transport: the same outcome, or the difference that is listed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .catalogue import SCENARIOS
from .differences import expected, transports_of
from .scenario import Observed
from .transports import observe

# One process of several runs all of them, side by side.
_TOGETHER = pytest.mark.xdist_group("slow-scenarios")

RUNS = [
    pytest.param(
        name,
        transport,
        id=f"{name}-on-{transport}",
        marks=[_TOGETHER] if scenario.slow else [],
    )
    for name, scenario in SCENARIOS.items()
    for transport in transports_of(name)
]


@pytest.mark.parametrize(("name", "transport"), RUNS)
def test_outcome_is_the_expected_one(
    name: str, transport: str, slow_outcomes: Callable[[str, str], Observed]
) -> None:
    scenario = SCENARIOS[name]
    if scenario.slow:
        observed = slow_outcomes(name, transport)
    else:
        observed = observe(scenario, transport)
    assert observed == expected(scenario, transport)
