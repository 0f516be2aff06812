"""What the core asks its driver to do. The driver carries each out and reports back, in any order.

A driver must be able to do all of them without waiting: every action is started, never awaited,
by the code that asked the core for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from zeridion_flare._worker_core.claims import Claim
from zeridion_flare._worker_core.events import WorkerEvent


@dataclass(frozen=True, slots=True)
class Register:
    """Announce the worker; answer with ``registered`` or ``register_failed``."""

    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Poll:
    """Ask for jobs; answer with ``polled`` or ``poll_failed``."""

    body: dict[str, Any]
    hold: float
    """Seconds the server may keep the request open; the read timeout must be longer."""


@dataclass(frozen=True, slots=True)
class AbortPoll:
    """Break off the poll in flight by closing its connection, so that nothing is claimed by it."""


@dataclass(frozen=True, slots=True)
class Run:
    """Start a handler; answer with ``finished`` when it has returned or raised."""

    key: int
    claim: Claim


@dataclass(frozen=True, slots=True)
class Beat:
    """Send a heartbeat; answer with ``beat_answered`` or ``beat_failed``."""

    key: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Trip the job's cancellation token."""

    key: int
    reason: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop a handler that did not heed its token, where that is possible (an asyncio task)."""

    key: int


@dataclass(frozen=True, slots=True)
class Ack:
    """Report the outcome; answer with ``acked`` or ``ack_failed``."""

    key: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """Tell the log and the hooks."""

    event: WorkerEvent


@dataclass(frozen=True, slots=True)
class Stop:
    """The worker is over: leave, whatever is still running is abandoned."""

    exit_code: int
    abandoned: int


Action: TypeAlias = (
    Register | Poll | AbortPoll | Run | Beat | Cancel | Interrupt | Ack | Note | Stop
)
