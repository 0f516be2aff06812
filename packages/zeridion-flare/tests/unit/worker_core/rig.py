"""A worker core on a table: time is a number, and the service answers what the test says."""

from __future__ import annotations

from typing import Any, TypeVar

from zeridion_flare._worker_core.actions import (
    Ack,
    Action,
    Beat,
    Note,
    Poll,
    Register,
    Run,
    Stop,
)
from zeridion_flare._worker_core.core import WorkerCore
from zeridion_flare._worker_core.events import WorkerEvent
from zeridion_flare._worker_core.failure import Failure, FailureKind
from zeridion_flare._worker_core.outcome import Ending, ErrorReport
from zeridion_flare._worker_core.plan import WorkerPlan

A = TypeVar("A", bound=Action)

UNREACHABLE = Failure(FailureKind.UNREACHABLE, "connection refused")
BUSY = Failure(FailureKind.BUSY, "503 service_unavailable")
UNAUTHORIZED = Failure(FailureKind.UNAUTHORIZED, "401 unauthorized")
LOST = Failure(FailureKind.LOST, "409 worker_mismatch")
REFUSED = Failure(FailureKind.REFUSED, "400 invalid_request")
RETURNED = Ending()


def raised(kind: str = "ValueError", *, permanent: bool = False, obeyed: bool = False) -> Ending:
    return Ending(error=ErrorReport(kind, "no"), permanent=permanent, obeyed=obeyed)


def item(job_id: str = "job_1", **fields: Any) -> dict[str, Any]:
    return {
        "id": job_id,
        "job_type": "T",
        "payload": {},
        "attempt": 1,
        "max_attempts": 3,
        "timeout_seconds": 600,
        "enqueued_at": "2026-01-01T00:00:00Z",
        **fields,
    }


class Rig:
    """Drives a core by hand. ``random`` is fixed at 1, so that jitter takes its full effect."""

    def __init__(self, *, begin: bool = True, random: float = 1.0, **settings: Any) -> None:
        plan = {"worker_id": "wrk_1", "queues": ("default",), "job_types": ("T",)}
        self.core = WorkerCore(WorkerPlan(**{**plan, **settings}), lambda: random)
        self.now = 1000.0
        self.log: list[Action] = []
        if begin:
            self.core.begin(self.now)
            self.step()
            self.core.registered(self.now)
            self.step()

    def step(self) -> list[Action]:
        actions = self.core.step(self.now)
        self.log += actions
        return actions

    def advance(self, seconds: float) -> list[Action]:
        """Let time pass, stopping at every instant the core asked to be woken at."""
        end = self.now + seconds
        seen: list[Action] = []
        while (wake := self.core.next_wake()) is not None and wake <= end:
            self.now = max(self.now, wake)
            seen += self.step()
        self.now = end
        return seen + self.step()

    def answer_poll(self, *items: Any, after: float = 0.0) -> list[Action]:
        self.now += after
        self.core.polled(self.now, {"jobs": list(items)})
        return self.step()

    def claim(self, *items: Any) -> list[int]:
        """Deliver items on the open poll and return the keys of the handlers started."""
        return [run.key for run in only(Run, self.answer_poll(*items))]

    def finish(self, key: int, ending: Ending = RETURNED) -> list[Action]:
        self.core.finished(self.now, key, ending)
        return self.step()

    def progress(self, key: int, value: object) -> list[Action]:
        self.core.report_progress(self.now, key, value)
        return self.step()

    def beat_ok(self, key: int, status: str = "ok") -> list[Action]:
        self.core.beat_answered(self.now, key, {"status": status})
        return self.step()

    def beat_fails(self, key: int, failure: Failure) -> list[Action]:
        self.core.beat_failed(self.now, key, failure)
        return self.step()

    def ack_ok(self, key: int, **reply: Any) -> list[Action]:
        self.core.acked(self.now, key, {"action": "done", **reply})
        return self.step()

    def ack_fails(self, key: int, failure: Failure) -> list[Action]:
        self.core.ack_failed(self.now, key, failure)
        return self.step()

    def poll_fails(self, failure: Failure) -> list[Action]:
        self.core.poll_failed(self.now, failure)
        return self.step()

    def shut_down(self, grace: float | None = None) -> list[Action]:
        self.core.shut_down(self.now, grace)
        return self.step()


def only(kind: type[A], actions: list[Action]) -> list[A]:
    return [action for action in actions if isinstance(action, kind)]


def polls(actions: list[Action]) -> list[dict[str, Any]]:
    return [action.body for action in only(Poll, actions)]


def acks(actions: list[Action]) -> list[dict[str, Any]]:
    return [action.body for action in only(Ack, actions)]


def beats(actions: list[Action]) -> list[dict[str, Any]]:
    return [action.body for action in only(Beat, actions)]


def registers(actions: list[Action]) -> list[dict[str, Any]]:
    return [action.body for action in only(Register, actions)]


def events(actions: list[Action], name: str) -> list[WorkerEvent]:
    return [action.event for action in only(Note, actions) if action.event.name == name]


def stops(actions: list[Action]) -> list[Stop]:
    return only(Stop, actions)
