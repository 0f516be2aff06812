"""When and how a failed call is made again: ``RetryConfig`` and ``BackoffStrategy``.

Without a configuration nothing is repeated: the API document defines no default. With one, the
statuses 429, 500, 502, 503 and 504 are repeated, failures of the connection if asked for. What may
have taken effect is repeated only if the operation is harmless or carries an idempotency key, so a
job is not enqueued twice. An SQL error is final whatever its status.
"""

from __future__ import annotations

import math

from quintet.core.record import Record

__all__ = ["BackoffStrategy", "RetryConfig"]

_STRATEGIES = ("backoff", "none")


class BackoffStrategy(Record):
    """How long to wait between attempts; all times in milliseconds.

    The wait before attempt n + 1 is drawn evenly from 0 to
    ``min(max_interval, initial_interval * exponent ** (n - 1))``, so clients that failed together
    do not come back together. A ``Retry-After`` of the service replaces it, 0 included.

    Attributes:
        initial_interval: Longest first wait, in milliseconds.
        max_interval: Longest wait of all, in milliseconds.
        exponent: Growth from wait to wait, at least 1.
        max_elapsed_time: Milliseconds from the beginning of the call after which no further attempt
            begins. A wait that would end later, one that the service asks for included, is not
            begun: the error is raised at once. An attempt under way is not cut off by it; that is
            what ``timeout_ms`` is for.

    Raises:
        ValueError: A number is negative or not finite, or the exponent is less than 1.
    """

    __slots__ = _fields = ("initial_interval", "max_interval", "exponent", "max_elapsed_time")
    initial_interval: float
    max_interval: float
    exponent: float
    max_elapsed_time: float

    def __init__(
        self,
        initial_interval: float,
        max_interval: float,
        exponent: float,
        max_elapsed_time: float,
    ) -> None:
        self._fill(initial_interval, max_interval, exponent, max_elapsed_time)
        for name in ("initial_interval", "max_interval", "max_elapsed_time", "exponent"):
            value, least = getattr(self, name), 1 if name == "exponent" else 0
            good = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not good or not math.isfinite(value) or value < least:
                raise ValueError(f"{name} must be a number of at least {least}, not {value!r}")


class RetryConfig(Record):
    """Whether calls are repeated; given to the SDK for all calls, or to one of them.

    Attributes:
        strategy: ``"backoff"``, or ``"none"`` for no repeats.
        backoff: The waits.
        retry_connection_errors: Whether to repeat as well when no answer came: the connection was
            refused or broke, or time ran out.
        max_retries: At most so many attempts beyond the first; ``None`` leaves it to the time.

    Raises:
        ValueError: Another strategy; a misspelt one would switch repeats off unnoticed.
    """

    __slots__ = _fields = ("strategy", "backoff", "retry_connection_errors", "max_retries")
    strategy: str
    backoff: BackoffStrategy
    retry_connection_errors: bool
    max_retries: int | None

    def __init__(
        self,
        strategy: str,
        backoff: BackoffStrategy,
        retry_connection_errors: bool,
        max_retries: int | None = None,
    ) -> None:
        self._fill(strategy, backoff, retry_connection_errors, max_retries)
        if self.strategy not in _STRATEGIES:
            raise ValueError(f'strategy must be "backoff" or "none", not {self.strategy!r}')
        if not isinstance(self.backoff, BackoffStrategy):
            raise ValueError("backoff must be a BackoffStrategy")  # noqa: TRY004 - a wrong value
        count = self.max_retries
        if count is not None and (
            isinstance(count, bool) or not isinstance(count, int) or count < 0
        ):
            raise ValueError("max_retries must be an integer of at least 0, or None")
