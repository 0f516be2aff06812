"""The limit and the progress of one exchange, carried down to its socket.

Every single read and write of an exchange asks its watch how much time is left, and notes there
how far the exchange got; so the limit cannot be stretched and the progress is exact.

The exceptions have the names that httpx and its kin use, so that ``failures.py`` tells them apart
the same way.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = [
    "LONGEST_SECONDS",
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "ReadError",
    "ReadTimeout",
    "Watch",
    "WriteError",
    "WriteTimeout",
]


LONGEST_SECONDS = 1_000_000.0
"""The most that is waited at once: the system's calls take no more than some weeks."""


class PoolTimeout(Exception):
    """No connection became free in time; the message says how many are in use, and how long."""


class ConnectTimeout(Exception):
    """The connection was not made in time."""


class WriteTimeout(Exception):
    """The peer did not take the request in time."""


class ReadTimeout(Exception):
    """The peer did not send its answer in time."""


class ConnectError(Exception):
    """The connection could not be made."""


class WriteError(Exception):
    """The connection broke while the request was sent."""


class ReadError(Exception):
    """The connection broke while the answer was read."""


class ProxyError(Exception):
    """The proxy did not connect to the server.

    Attributes:
        introduced: Whether it was given user and password.
    """

    def __init__(self, reason: str, introduced: bool = False) -> None:
        super().__init__(reason)
        self.introduced = introduced


class Watch:
    """The limit and the progress of one exchange.

    Attributes:
        until: When it must be over, in the time of ``now``; None for no limit.
        seconds: The length of that limit, for messages.
        progress: 0 nothing sent, 1 request sent (in part), 2 answer begun.
        fresh: Whether a connection was made for it.
        source_failure: What the caller's own body raised while it was being sent.
    """

    __slots__ = ("fresh", "now", "progress", "seconds", "source_failure", "until")

    def __init__(
        self, until: float | None, seconds: float | None, now: Callable[[], float]
    ) -> None:
        self.until = until
        self.seconds = seconds
        self.now = now
        self.progress = 0
        self.fresh = False
        self.source_failure: Exception | None = None

    def left(self, expired: type[Exception]) -> float | None:
        """Return how many seconds to wait at most, None for no limit.

        Raises:
            Exception: ``expired``, if there are none left.
        """
        if self.until is None:
            return None
        left = self.until - self.now()
        if left <= 0:
            raise expired
        return left if left < LONGEST_SECONDS else LONGEST_SECONDS

    def milliseconds(self, expired: type[Exception]) -> float | None:
        """Return the same in the unit of ``poll``, which rounds up."""
        if self.until is None:
            return None
        left = self.until - self.now()
        if left <= 0:
            raise expired
        return left * 1000 if left < LONGEST_SECONDS else LONGEST_SECONDS * 1000
