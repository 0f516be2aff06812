"""The idempotency keys of one ``with_retry``: every repeat of its function uses the same ones.

A function that starts a run and is called again because the answer was lost must not start another
run. So while it runs, a write is given the key that the same write had the last time.
"""

from __future__ import annotations

import math
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from amdahl.errors import AmdahlError, MisuseError, QuotaError
from quintet.core.retry import RetryClass
from quintet.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quintet.clock import Clock
    from quintet.core.operation import Operation

_current: ContextVar[RetryScope | None] = ContextVar("amdahl_retry_scope", default=None)


class RetryScope:
    """The keys of the writes of one function that is called until it succeeds.

    Args:
        clock: Makes the keys.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: dict[tuple[str, int], str] = {}
        self._seen: Counter[str] = Counter()
        self._wrote = False

    def key(self, operation: Operation, what: str) -> str | None:
        """Return the key of a call, the same for the n-th equal one in each attempt.

        ``None`` if it needs none, or if the service would not heed it.
        """
        if operation.retry is not RetryClass.KEYED:
            return None
        self._seen[what] += 1
        return self._keys.setdefault((what, self._seen[what]), self._clock.new_id())

    def wrote(self, operation: Operation) -> None:
        """Note that a call took effect, or may have: a write without a key ends the repeats."""
        if operation.retry is RetryClass.NEVER:
            self._wrote = True

    def allows(self, error: AmdahlError) -> bool:
        """Tell whether the function may be called again: that may help, and nothing happens twice.

        429, 5xx and failures of the connection; not a used-up allowance, and not after a write
        without a key that took effect or may have, whichever call failed in the end.
        """
        passing = error.status == 429 or error.status >= 500 or isinstance(error, TransportError)
        if not passing or isinstance(error, QuotaError):
            return False
        return not self._wrote

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Let the calls made within know of this scope."""
        self._seen.clear()
        self._wrote = False
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


def current_scope() -> RetryScope | None:
    """Return the scope in which the caller runs, ``None`` outside of any."""
    return _current.get()


def check_retry_limits(max_attempts: int, base_s: float, max_wait_s: float) -> None:
    """Check the limits of a ``with_retry``.

    Raises:
        MisuseError: One is out of its range.
    """
    if isinstance(max_attempts, bool) or not isinstance(max_attempts, int) or max_attempts < 1:
        raise MisuseError(message="max_attempts must be a whole number, 1 or more")
    for name, value in (("base_s", base_s), ("max_wait_s", max_wait_s)):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 <= value < math.inf:
            raise MisuseError(message=f"{name} must be a number of seconds, 0 or more")
