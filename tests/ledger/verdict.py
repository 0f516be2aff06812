"""What must hold after the storm, checked from three sides that cannot have agreed beforehand.

* the enqueuer's list of acknowledged jobs,
* the workers' ledgers: what really ran,
* the server's rows and its event log: what it believes happened.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ENDS = {"job.succeeded", "job.failed", "job.cancelled", "job.released"}


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """What a worker wrote down: an attempt `started`, `finished` or `failed`."""

    job_id: str
    attempt: int
    event: str


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of the server's log, in its order."""

    job_id: str
    type: str
    attempt: int
    error_type: str | None = None


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the server has it."""

    state: str
    attempt: int


@dataclass(slots=True)
class Evidence:
    """Everything known after a run."""

    wanted: Mapping[str, str]  # acknowledged job: the state it must end in
    jobs: Mapping[str, JobRow]
    events: Iterable[ServerEvent]
    ledger: Iterable[LedgerLine]


@dataclass(slots=True)
class Verdict:
    """What was found: promises broken, and how rough the run was."""

    violations: list[str] = field(default_factory=list)
    numbers: Counter[str] = field(default_factory=Counter)


def judge(evidence: Evidence) -> Verdict:
    """Check every promise on every job."""
    verdict = Verdict()
    events: dict[str, list[ServerEvent]] = defaultdict(list)
    ledger: dict[str, list[LedgerLine]] = defaultdict(list)
    for event in evidence.events:
        events[event.job_id].append(event)
    for line in evidence.ledger:
        ledger[line.job_id].append(line)
    for job_id in evidence.jobs.keys() - evidence.wanted.keys():
        verdict.violations.append(f"{job_id}: nobody asked for it (an enqueue counted twice)")
    for job_id in ledger.keys() - evidence.wanted.keys():
        verdict.violations.append(f"{job_id}: ran, but nobody asked for it")
    for job_id, state in evidence.wanted.items():
        row = evidence.jobs.get(job_id)
        if row is None:
            verdict.violations.append(f"{job_id}: acknowledged and lost")
            continue
        found = [
            *_of_outcome(row, state, events[job_id]),
            *_of_attempts(row, events[job_id], ledger[job_id]),
            *_of_work(events[job_id], ledger[job_id]),
        ]
        verdict.violations += [f"{job_id}: {text}" for text in found]
        _count(verdict.numbers, events[job_id], ledger[job_id])
    return verdict


def _of_outcome(row: JobRow, state: str, events: list[ServerEvent]) -> Iterable[str]:
    """A job ends, once, in the state it was made for."""
    if row.state != state:
        yield f"ended as {row.state}, not {state}"
    successes = sum(event.type == "job.succeeded" for event in events)
    if successes != (state == "succeeded"):
        yield f"succeeded {successes} times"


def _of_attempts(row: JobRow, events: list[ServerEvent], ledger: list[LedgerLine]) -> Iterable[str]:
    """Attempts are counted right, and each is handed to one worker and ended once."""
    claims = sum(event.type == "job.started" for event in events)
    released = sum(event.type == "job.released" for event in events)
    if row.attempt != claims - released:
        yield f"attempt {row.attempt} after {claims} claims and {released} releases"
    ends = sum(event.type in ENDS for event in events)
    if ends != claims:
        yield f"{claims} claims and {ends} ends"
    starts = Counter(line.attempt for line in ledger if line.event == "started")
    for attempt, times in starts.items():
        if times > 1:
            yield f"attempt {attempt} was run {times} times"
        if not any(event.type == "job.started" and event.attempt == attempt for event in events):
            yield f"attempt {attempt} ran, but was never handed out"
    if row.attempt < len(starts):
        yield f"attempt {row.attempt}, but {len(starts)} attempts ran"


def _of_work(events: list[ServerEvent], ledger: list[LedgerLine]) -> Iterable[str]:
    """What counts as done was done; done twice only where a lease had run out."""
    succeeded = {event.attempt for event in events if event.type == "job.succeeded"}
    expired = {event.attempt for event in events if event.error_type == "LeaseExpired"}
    finished = {line.attempt for line in ledger if line.event == "finished"}
    for attempt in succeeded - finished:
        yield f"attempt {attempt} counts as succeeded but never finished"
    for attempt in finished - succeeded - expired:
        yield f"attempt {attempt} finished, yet does not count and had not lost its lease"


def _count(numbers: Counter[str], events: list[ServerEvent], ledger: list[LedgerLine]) -> None:
    numbers["jobs"] += 1
    numbers["attempts"] += sum(event.type == "job.started" for event in events)
    numbers["leases expired"] += sum(event.error_type == "LeaseExpired" for event in events)
    numbers["claims undone"] += sum(event.type == "job.released" for event in events)
    numbers["attempts run"] += sum(line.event == "started" for line in ledger)
    finishes = sum(line.event == "finished" for line in ledger)
    numbers["jobs finished twice after a lost lease"] += finishes > 1
