"""What the log says of a job that has ended: one line each, whatever its error holds."""

from __future__ import annotations

from zeridion_flare._worker_core.claims import Claim
from zeridion_flare._worker_core.outcome import ErrorReport, Outcome
from zeridion_flare.timestamps import parse_timestamp

MAX_ERROR_CHARS = 500


def describe_end(claim: Claim, outcome: Outcome, *, will_retry: bool, retry_at: object) -> str:
    """Return how a job ended; of a failure also why, on which attempt, and what comes next."""
    if outcome.status != "failed":
        return f"{outcome.status} ({outcome.error.type})" if outcome.error else outcome.status
    attempt = f"attempt {claim.attempt}/{claim.max_attempts}"
    why = describe_error(outcome.error)
    if not will_retry:
        return f"failed for good on {attempt}{why}"
    moment = parse_timestamp(retry_at)
    # With its zone: the log's own times are local ones, and the reader's may be others again.
    coming = f"next attempt at {moment:%H:%M:%S} UTC" if moment else "another attempt follows"
    return f"failed on {attempt}{why}; {coming}"


def describe_error(error: ErrorReport | None) -> str:
    """Return ``: type: message`` on one line; nothing without an error."""
    if error is None:
        return ""
    text = f"{error.type}: {error.message}" if error.message else error.type
    # An error often quotes foreign input: it must not be able to forge lines of the log.
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    cut = line if len(line) <= MAX_ERROR_CHARS else f"{line[:MAX_ERROR_CHARS]}..."
    return f": {cut}"
