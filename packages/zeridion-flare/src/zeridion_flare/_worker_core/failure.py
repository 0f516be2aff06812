"""What went wrong with a call to the service, in the few kinds the worker tells apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class FailureKind(Enum):
    """What a failed call means for the worker."""

    UNAUTHORIZED = "unauthorized"
    """The key is not accepted: fatal after a few tries in a row."""
    LOST = "lost"
    """The job is gone or someone else's: stop the handler, send no ack."""
    REFUSED = "refused"
    """The request itself is not acceptable: repeating it as it is will not help."""
    UNREACHABLE = "unreachable"
    """No answer, or a broken one: the server may have restarted meanwhile."""
    BUSY = "busy"
    """The server answered that it cannot just now (429, 5xx)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed call."""

    kind: FailureKind
    message: str
    retry_after: float | None = None
    """Seconds the server asked to wait; ``None`` when it did not say."""
