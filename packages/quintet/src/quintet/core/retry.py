"""May this be repeated, and when?

What may be repeated depends on what the operation is and on how far the exchange got:

====================  ================  ====================================  ====================
operation             nothing was sent  no answer came, request (partly) sent  an error status came
====================  ================  ====================================  ====================
SAFE, IDEMPOTENT      yes               yes                                   yes, if covered
KEYED with a key      yes               yes                                   yes, if covered
KEYED without, NEVER  yes               no: the outcome is unknown            429; 503 + Retry-After
====================  ================  ====================================  ====================

(429, and a 503 that names a time, say that the server did nothing.)  A repeat must also be within
the attempts, the body must still be whole, the wait must end within the policy's own span of time
and before the deadline, and the budget must pay for it.  They are checked in this order, so the
reason given is the first that holds, and the budget is charged only for a retry that happens.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Literal, TypeAlias

from quintet.core.backoff import Backoff
from quintet.core.budget import RetryBudget
from quintet.core.record import Record

__all__ = [
    "GiveUp",
    "GiveUpReason",
    "Progress",
    "Retry",
    "RetryClass",
    "RetryPolicy",
    "after_failure",
    "after_status",
]

GiveUpReason: TypeAlias = Literal[
    "status",
    "failure",
    "attempts",
    "not_repeatable",
    "deadline",
    "elapsed",
    "budget",
    "retry_after_too_long",
    "body_not_rewindable",
]


class RetryClass(Enum):
    """What repeating an operation may do."""

    SAFE = "safe"
    """Changes nothing: GET, HEAD."""
    IDEMPOTENT = "idempotent"
    """Twice is once, by nature: PUT, DELETE."""
    KEYED = "keyed"
    """Twice is once if both carry the same idempotency key."""
    NEVER = "never"
    """Twice is twice."""


class Progress(IntEnum):
    """How far an exchange got before it failed."""

    NOTHING_SENT = 0
    REQUEST_SENT = 1
    RESPONSE_BEGUN = 2


_USUAL_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_USUAL_BACKOFF = Backoff(0.5, 8.0)


class RetryPolicy(Record):
    """When an operation is repeated and how long to wait.

    Attributes:
        statuses: Statuses worth another attempt; by default those that say "not now": 408, 425,
            429, 500, 502, 503 and 504.
        backoff: The wait where the server gives none, up to 0.5 s at first and 8 s at most by
            default; it is also the least wait where it does, so that clients given the same hint
            do not come back at the same instant.
        max_retries: Attempts beyond the first, 3 by default; 0 turns retries off.
        max_retry_after: Longest server-given wait to sit out, in seconds.
        beyond_cap: What a longer one leads to: ``"raise"`` gives up at once (coming back earlier
            than asked only wastes the attempt), ``"clamp"`` waits ``max_retry_after``.
        retry_all_5xx: Cover every 5xx besides ``statuses``.
        codes: Error codes of the service worth another attempt under any status.
        failures: Whether exchanges that brought no complete answer are repeated too.
        max_elapsed: Seconds from the beginning of the call, attempts and waits included, after
            which no further attempt begins; None for no such bound.  An attempt that has begun is
            not cut short by it: what would be raised then says less than what came before.
        jitter_floor: Whether the backoff is the least wait beside the server's hint.  False takes
            the hint as it is, 0 included.
    """

    __slots__ = _fields = (
        "statuses",
        "backoff",
        "max_retries",
        "max_retry_after",
        "beyond_cap",
        "retry_all_5xx",
        "codes",
        "failures",
        "max_elapsed",
        "jitter_floor",
    )
    statuses: frozenset[int]
    backoff: Backoff
    max_retries: int
    max_retry_after: float
    beyond_cap: Literal["raise", "clamp"]
    retry_all_5xx: bool
    codes: frozenset[str]
    failures: bool
    max_elapsed: float | None
    jitter_floor: bool

    def __init__(
        self,
        statuses: frozenset[int] = _USUAL_STATUSES,
        backoff: Backoff = _USUAL_BACKOFF,
        max_retries: int = 3,
        max_retry_after: float = 60.0,
        beyond_cap: Literal["raise", "clamp"] = "raise",
        retry_all_5xx: bool = False,
        codes: frozenset[str] = frozenset(),
        failures: bool = True,
        max_elapsed: float | None = None,
        jitter_floor: bool = True,
    ) -> None:
        self._fill(
            statuses,
            backoff,
            max_retries,
            max_retry_after,
            beyond_cap,
            retry_all_5xx,
            codes,
            failures,
            max_elapsed,
            jitter_floor,
        )

    def retrying(self, max_retries: int) -> RetryPolicy:
        """Return the policy with another number of attempts beyond the first."""
        if max_retries == self.max_retries:
            return self
        changed: RetryPolicy = self.__replace__(max_retries=max_retries)
        return changed

    def covers(self, status: int, code: str | None = None) -> bool:
        """Return True if an answer of this status (and error code) is worth another attempt."""
        return (
            status in self.statuses
            or (self.retry_all_5xx and 500 <= status <= 599)
            or (code is not None and code in self.codes)
        )


class Retry(Record):
    """Send again after ``delay`` seconds; ``reason`` is for logs."""

    __slots__ = _fields = ("delay", "reason")
    delay: float
    reason: str

    def __init__(self, delay: float, reason: str) -> None:
        self._fill(delay, reason)


class GiveUp(Record):
    """Raise what there is; ``reason`` says why no attempt follows."""

    __slots__ = _fields = ("reason",)
    reason: GiveUpReason

    def __init__(self, reason: GiveUpReason) -> None:
        self._fill(reason)


def after_status(
    policy: RetryPolicy,
    *,
    attempt: int,
    status: int,
    retry_after: float | None,
    retry_class: RetryClass,
    has_key: bool,
    rewindable: bool,
    remaining: float | None,
    random: float,
    budget: RetryBudget | None,
    code: str | None = None,
    elapsed: float = 0.0,
) -> Retry | GiveUp:
    """Decide after an answer with an error status.

    Args:
        policy: The operation's.
        attempt: Attempts made so far, this one included.
        status: The answer's status.
        retry_after: The server's hint in seconds, if it gave one.
        retry_class: The operation's.
        has_key: Whether the request carries an idempotency key.
        rewindable: Whether the body can be sent again.
        remaining: Seconds to the deadline, None without one.
        random: From [0, 1).
        budget: Pays for the retry; None for no budget.
        code: The service's error code, if the body named one.
        elapsed: Seconds since the call began.
    """
    if not policy.covers(status, code):
        return GiveUp("status")
    if attempt > policy.max_retries:
        return GiveUp("attempts")
    refused = status == 429 or (status == 503 and retry_after is not None)
    if not (refused or _repeatable(retry_class, has_key)):
        return GiveUp("not_repeatable")
    if not rewindable:
        return GiveUp("body_not_rewindable")
    delay = policy.backoff.delay(attempt, random)
    if retry_after is not None:
        if retry_after > policy.max_retry_after:
            if policy.beyond_cap == "raise":
                return GiveUp("retry_after_too_long")
            retry_after = policy.max_retry_after
        delay = max(delay, retry_after) if policy.jitter_floor else retry_after
    if not _in_span(policy, delay, elapsed):
        return GiveUp("elapsed")
    cost = None if budget is None else budget.cost
    return _within_means(delay, f"status {status}", remaining, budget, cost)


def after_failure(
    policy: RetryPolicy,
    *,
    attempt: int,
    progress: int,
    retryable_kind: bool,
    retry_class: RetryClass,
    has_key: bool,
    rewindable: bool,
    remaining: float | None,
    random: float,
    budget: RetryBudget | None,
    timed_out: bool = False,
    elapsed: float = 0.0,
) -> Retry | GiveUp:
    """Decide after an exchange that brought no complete answer.

    Args:
        policy: The operation's.
        attempt: Attempts made so far, this one included.
        progress: How far the exchange got, see :class:`Progress`.
        retryable_kind: False for failures that a repeat cannot mend.
        retry_class: The operation's.
        has_key: Whether the request carries an idempotency key.
        rewindable: Whether the body can be sent again (untouched counts).
        remaining: Seconds to the deadline, None without one.
        random: From [0, 1).
        budget: Pays for the retry; None for no budget.
        timed_out: A timeout costs the budget more.
        elapsed: Seconds since the call began.
    """
    if not (retryable_kind and policy.failures):
        return GiveUp("failure")
    if attempt > policy.max_retries:
        return GiveUp("attempts")
    if progress > Progress.NOTHING_SENT and not _repeatable(retry_class, has_key):
        return GiveUp("not_repeatable")
    if not rewindable:
        return GiveUp("body_not_rewindable")
    delay = policy.backoff.delay(attempt, random)
    if not _in_span(policy, delay, elapsed):
        return GiveUp("elapsed")
    cost = None if budget is None else (budget.timeout_cost if timed_out else budget.cost)
    reason = "timeout" if timed_out else "connection failure"
    return _within_means(delay, reason, remaining, budget, cost)


def _repeatable(retry_class: RetryClass, has_key: bool) -> bool:
    if retry_class is RetryClass.KEYED:
        return has_key
    return retry_class is not RetryClass.NEVER


def _in_span(policy: RetryPolicy, delay: float, elapsed: float) -> bool:
    """Tell whether the next attempt begins within the policy's span of time."""
    return policy.max_elapsed is None or elapsed + delay < policy.max_elapsed


def _within_means(
    delay: float,
    reason: str,
    remaining: float | None,
    budget: RetryBudget | None,
    cost: int | None,
) -> Retry | GiveUp:
    # An attempt that would begin at the deadline has no time left: give up before the wait.
    if remaining is not None and delay >= remaining:
        return GiveUp("deadline")
    if budget is not None and not budget.try_spend(cost):
        return GiveUp("budget")
    return Retry(delay, reason)
