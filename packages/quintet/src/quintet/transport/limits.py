"""How many connections an engine keeps, for how long, and how long anyone waits for one."""

from __future__ import annotations

from quintet.core.record import Record
from quintet.errors import ConfigurationError

__all__ = ["ConnectionLimits"]


class ConnectionLimits(Record):
    """The bounds of a transport's connections; frozen, checked when made.

    Attributes:
        max_connections: Most exchanges at the same time, over all origins; on asyncio for each
            event loop.  The others wait in the order they came.  100: more than these services
            answer at once for one caller, and far below the usual bound on open files.
        idle_seconds: How long a connection may lie unused before it is not used again.  4 s: below
            the five seconds after which common servers close one, and a request that meets that
            moment has to be sent twice.
        max_age: How old a connection may get before it is not used again, counted from when it was
            made.  300 s: so a change of address, certificate or load balancer is noticed.  None: as
            old as it likes.
        pool_timeout: Seconds to wait for one of ``max_connections`` before
            :class:`~quintet.errors.TimeoutFailure` with ``phase="pool"``.  None: as long as the
            attempt's own time limit, which counts in any case.
        connect_stagger: How long the attempt to one address of a host is waited for before the
            next address is tried beside it, in seconds (RFC 8305 §5 recommends a quarter of one).

    Raises:
        ConfigurationError: A value is not a number of the right kind, or out of range.
    """

    __slots__ = _fields = (
        "max_connections",
        "idle_seconds",
        "max_age",
        "pool_timeout",
        "connect_stagger",
    )
    max_connections: int
    idle_seconds: float
    max_age: float | None
    pool_timeout: float | None
    connect_stagger: float

    def __init__(
        self,
        max_connections: int = 100,
        idle_seconds: float = 4.0,
        max_age: float | None = 300.0,
        pool_timeout: float | None = None,
        connect_stagger: float = 0.25,
    ) -> None:
        whole = isinstance(max_connections, int) and not isinstance(max_connections, bool)
        if not whole or max_connections < 1:
            raise ConfigurationError("max_connections must be a positive integer")
        _check("idle_seconds", idle_seconds, zero=True)
        _check("connect_stagger", connect_stagger, zero=True)
        if max_age is not None:
            _check("max_age", max_age)
        if pool_timeout is not None:
            _check("pool_timeout", pool_timeout)
        self._fill(max_connections, idle_seconds, max_age, pool_timeout, connect_stagger)


def _check(name: str, value: float, *, zero: bool = False) -> None:
    """Refuse what is not a time span in seconds; ``zero`` tells whether none at all is one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError(f"{name} must be seconds as a number, not {type(value).__name__}")
    # Written so that NaN is refused too.
    if not (0 < value < float("inf") or (zero and value == 0)):
        least = "0 or more" if zero else "positive"
        raise ConfigurationError(f"{name} must be {least} and finite")
