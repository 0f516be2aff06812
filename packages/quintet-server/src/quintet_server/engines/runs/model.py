"""What a run is: its states, its steps, what it leaves in the log, what can be refused.

States and transitions::

    create ──► pending ──► running ──► completed | failed | cancelled
                  │         ▲   │
                  │  resume │   │ pause
                  │         │   ▼
                  │        paused
                  └────┬──────┘
                       ▼ cancel
                   cancelled

The three on the right are terminal: nothing changes a run that has reached one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal


class RunState(StrEnum):
    """Where a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing can change any more."""
        return self in TERMINAL


TERMINAL = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED})

StepState = Literal["started", "done", "failed", "waiting"]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as its readers see it. All instants are the database's.

    Attributes:
        kind: which program runs it.
        subject: what it is a run of (a workflow's id, a thread's id); runs are listed by it.
        input: what it was created with, a JSON value.
        output: what the program returned, or left behind when it failed.
        error: of a failed run, `{"code", "message", "details"}`.
        pause: of a paused run, the context its program gave.
        attributes: the creator's own notes, never looked into here.
        started_at: when it first ran; kept over interruptions.
    """

    id: str
    project_id: str
    kind: str
    subject: str
    state: RunState
    input: Any
    output: Any
    error: dict[str, Any] | None
    pause: dict[str, Any] | None
    attributes: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> RunRecord:
        """Build from the columns named by :data:`~.statements.RUN_COLUMNS`."""
        values = list(row)
        values[4] = RunState(values[4])
        return cls(*values)


@dataclass(frozen=True, slots=True)
class Note:
    """An event to append to the log, in the transaction of what it tells of.

    `stream` is the run's id unless said otherwise. After the event marked `terminal` a stream's
    readers are let go.
    """

    type: str
    data: Mapping[str, Any]
    terminal: bool = False
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a run has written down about one of its steps.

    Attributes:
        key: unique within the run, chosen by the program.
        state: `started` may or may not have had its effect; `done` and `failed` are over;
            `waiting` waits for `wake_at`, or for an answer from outside when that is None.
        output: of a `done` step (and of a `failed` one, if the program gave both).
        starts: how often it was begun; more than 1 after an interruption.
        started_at: when it was last begun; of a `waiting` step, when it first was.
    """

    key: str
    state: StepState
    output: Any = None
    error: dict[str, Any] | None = None
    starts: int = 1
    started_at: datetime | None = None
    finished_at: datetime | None = None
    wake_at: datetime | None = None


class RunError(Exception):
    """Base of what the engine refuses."""


class RunNotFound(RunError):
    """No such run in this project."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"no run {run_id}")
        self.run_id = run_id


class RunNotCancellable(RunError):
    """The run has ended already."""

    def __init__(self, run_id: str, state: RunState) -> None:
        super().__init__(f"run {run_id} is {state}")
        self.run_id = run_id
        self.state = state


class RunNotPaused(RunError):
    """Only a paused run can be resumed."""

    def __init__(self, run_id: str, state: RunState) -> None:
        super().__init__(f"run {run_id} is {state}")
        self.run_id = run_id
        self.state = state


class Lost(RunError):
    """This segment no longer owns its run: it was cancelled, or goes on in another process.

    Nothing it tried to write since then was written. A program lets this pass.
    """

    def __init__(self, run_id: str) -> None:
        super().__init__(f"run {run_id} is no longer ours")
        self.run_id = run_id
