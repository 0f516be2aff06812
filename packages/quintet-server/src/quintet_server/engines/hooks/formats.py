"""What a service says about its webhooks: which events, how they look, how often to try.

A service registers one :class:`HookFormat` when it starts. The engine knows no wire format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from quintet_server.store.event_log import Event

_GONE = 410


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who wants to be told. `secrets` are the valid ones, newest first: sign with each."""

    id: str
    service: str
    project_id: str
    url: str
    events: tuple[str, ...]
    enabled: bool
    secrets: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    created_by: str | None = None
    failure_count: int = 0
    """Deliveries given up since the last one that arrived, if the service counts them."""
    disabled_reason: str | None = None
    """Why the engine switched it off; None if it did not."""
    version: int = 1
    """Counts changes."""


class Verdict(StrEnum):
    """What an answer means for a delivery."""

    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"
    GONE = "gone"
    """Failed, and the receiver wants nothing more: the subscription is switched off."""


def only_server_errors(status: int) -> Verdict:
    """2xx delivered; 5xx worth another attempt; everything else, redirects too, is final."""
    if 200 <= status < 300:
        return Verdict.DELIVERED
    return Verdict.RETRY if status >= 500 else Verdict.FAILED


def until_gone(status: int) -> Verdict:
    """2xx delivered; 410 says that nobody listens there any more; all else is tried again."""
    if 200 <= status < 300:
        return Verdict.DELIVERED
    return Verdict.GONE if status == _GONE else Verdict.RETRY


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How often a delivery is tried. Network errors and timeouts always count as "try again".

    The defaults are those of the Flare contract: five attempts, after 1, 2, 4 and 8 seconds and
    some jitter (the seconds are our decision).
    """

    max_attempts: int = 5
    delays_ms: tuple[int, ...] = (1_000, 2_000, 4_000, 8_000)
    jitter_ms: int = 500
    spread: float = 0.0
    """Up to this part of itself is each wait longer or shorter, at random."""
    disable_after: int | None = None
    """So many deliveries given up in a row switch a subscription off; None: they never do, and
    nobody counts them."""
    judge: Callable[[int], Verdict] = only_server_errors

    def wait_seconds(self, attempt: int, chance: float) -> float:
        """How long to wait after failed attempt number `attempt`; `chance` is from 0 to 1."""
        delay_ms = self.delays_ms[min(attempt, len(self.delays_ms)) - 1] if self.delays_ms else 0
        factor = 1 + (2 * chance - 1) * self.spread
        return (delay_ms * factor + chance * self.jitter_ms) / 1000

    def as_json(self) -> dict[str, Any]:
        """The retry policy of the jobs that carry deliveries out."""
        return {
            "delays_ms": list(self.delays_ms) or [0],
            "jitter_ms": self.jitter_ms,
            # An attempt that died with its process told the receiver nothing that we know of.
            "again_if_interrupted": True,
        }


# (event, subscription, the database's time) → (body, headers). Called anew for each attempt, so
# that a signature carries the time of the attempt; ids must depend on the event alone.
Build = Callable[[Event, Subscription, datetime], tuple[bytes, Mapping[str, str]]]


def _no_headers(_delivery: int, _attempt: int) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class HookFormat:
    """One service's webhooks."""

    types: frozenset[str]
    build: Build
    new_secret: Callable[[], str]
    policy: DeliveryPolicy = DeliveryPolicy()
    user_agent: str = "quintet-server"
    """A subscription's own headers may say another one."""
    delivery_headers: Callable[[int, int], Mapping[str, str]] = _no_headers
    """What the request says of the delivery and of the attempt, by their numbers."""
    by_hand: frozenset[str] = frozenset()
    """Types that may be asked for, but are only ever sent to one subscription, by hand."""


class Formats:
    """The registered services."""

    def __init__(self) -> None:
        self._formats: dict[str, HookFormat] = {}

    def register(self, service: str, format: HookFormat) -> None:
        """Make a service's webhooks known; once per service and process."""
        if service in self._formats:
            raise ValueError(f"{service} has registered its webhooks already")
        self._formats[service] = format

    def get(self, service: str) -> HookFormat | None:
        """The format of a service, if it runs in this process."""
        return self._formats.get(service)

    def __getitem__(self, service: str) -> HookFormat:
        return self._formats[service]

    def items(self) -> list[tuple[str, HookFormat]]:
        """All of them."""
        return list(self._formats.items())
