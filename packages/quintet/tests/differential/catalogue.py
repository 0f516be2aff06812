"""All scenarios, by group."""

from __future__ import annotations

from types import ModuleType

from . import (
    breaks,
    chunking,
    encodings,
    heads,
    keeping,
    lengths,
    proxies,
    redirects,
    secure,
    statuses,
    timing,
    uploads,
)
from .scenario import Scenario
from .transports import FOREIGN_ASYNC, FOREIGN_BLOCKING, NATIVE

__all__ = ["GROUPS", "SCENARIOS", "transports_of"]

_MODULES: tuple[ModuleType, ...] = (
    lengths, chunking, heads, encodings, statuses, breaks, keeping, redirects, uploads, proxies,
    secure, timing,
)  # fmt: skip

GROUPS: dict[str, tuple[Scenario, ...]] = {
    module.__name__.rpartition(".")[2]: module.SCENARIOS for module in _MODULES
}
SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario for group in GROUPS.values() for scenario in group
}

# Where the asyncio clients of the libraries have code of their own: connections, TLS and time.
# What bytes mean to them is decided by the same parser as in the blocking ones.
_ASYNC_GROUPS = ("breaks", "keeping", "secure", "timing")
_ASYNC_TOO = frozenset(scenario.name for group in _ASYNC_GROUPS for scenario in GROUPS[group])


def transports_of(name: str) -> tuple[str, ...]:
    """Return the transports on which a scenario is run."""
    return NATIVE + FOREIGN_BLOCKING + (FOREIGN_ASYNC if name in _ASYNC_TOO else ())
