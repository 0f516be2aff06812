"""Reading what a poll answered: claims that can run, items that cannot, or nonsense.

A server bug must neither kill the poll loop nor leave a claimed job hanging: an item that names
its job but is otherwise unusable is answered with a permanent failure, and an answer which is not
an answer at all counts as a failed poll.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Claim:
    """One claimed job, as the handler and the ack need it."""

    job_id: str
    job_type: str
    payload: Any = None
    attempt: int = 1
    fenced: bool = True
    """Whether the server named the attempt, so that the ack may insist on it."""
    max_attempts: int = 1
    timeout_seconds: float = 0.0
    """Seconds the attempt may take; 0 when the server named none."""
    enqueued_at: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class BadItem:
    """A poll item that cannot be run; ``job_id`` is ``None`` when not even that was readable."""

    job_id: str | None
    attempt: int | None
    problem: str


class MalformedAnswer(Exception):
    """The body of a poll answer is not ``{"jobs": [...]}``."""


def read_poll_answer(answer: object) -> list[Claim | BadItem]:
    """Return the items of a poll answer; raise :class:`MalformedAnswer` if it is none."""
    if not isinstance(answer, Mapping):
        raise MalformedAnswer(f"expected an object with jobs, got {type(answer).__name__}")
    jobs = answer.get("jobs")
    if jobs is None:
        return []
    if not isinstance(jobs, list):
        raise MalformedAnswer(f"expected jobs to be a list, got {type(jobs).__name__}")
    return [_read_item(item) for item in jobs]


def _read_item(item: object) -> Claim | BadItem:
    if not isinstance(item, Mapping):
        return BadItem(None, None, f"expected an object, got {type(item).__name__}")
    job_id = item.get("id")
    if not isinstance(job_id, str) or not job_id:
        return BadItem(None, None, "the item has no id")
    attempt = _number(item.get("attempt", item.get("attempt_number")))
    job_type = item.get("job_type")
    if not isinstance(job_type, str) or not job_type:
        return BadItem(job_id, int(attempt) if attempt else None, "the item has no job_type")
    enqueued_at = item.get("enqueued_at")
    tags = item.get("tags")
    traceparent = item.get("traceparent")
    return Claim(
        job_id=job_id,
        job_type=job_type,
        payload=item.get("payload"),
        attempt=max(1, int(attempt or 1)),
        fenced=bool(attempt),
        max_attempts=max(1, int(_number(item.get("max_attempts")) or 1)),
        timeout_seconds=max(0.0, _number(item.get("timeout_seconds")) or 0.0),
        enqueued_at=enqueued_at if isinstance(enqueued_at, str) else None,
        tags=dict(tags) if isinstance(tags, Mapping) else {},
        traceparent=traceparent if isinstance(traceparent, str) else None,
    )


def _number(value: object) -> float | None:
    """Return a finite number, or ``None`` for anything else; booleans are not numbers here."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = float(value)
    return number if abs(number) < 1e15 else None
