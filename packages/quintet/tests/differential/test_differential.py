"""Every scenario on every transport: the same outcome, or the difference that is listed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .catalogue import SCENARIOS
from .differences import expected, transports_of
from .scenario import Observed
from .transports import observe

RUNS = [(name, transport) for name in SCENARIOS for transport in transports_of(name)]


@pytest.mark.parametrize(("name", "transport"), RUNS, ids=["-on-".join(run) for run in RUNS])
def test_outcome_is_the_expected_one(
    name: str, transport: str, slow_outcomes: Callable[[str, str], Observed]
) -> None:
    scenario = SCENARIOS[name]
    if scenario.slow:
        observed = slow_outcomes(name, transport)
    else:
        observed = observe(scenario, transport)
    assert observed == expected(scenario, transport)
