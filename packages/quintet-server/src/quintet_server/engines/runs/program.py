"""What a program is given, and what is asked of it.

A run is executed in segments. A segment begins when a worker claims the run's job and ends when the
program returns, raises, pauses or parks — or when its process dies. The next segment, here or in
another process, calls :meth:`Program.run` from the top; the program looks at `run.steps` and goes
on behind what is written there. Two rules make that right:

- a step whose effect must not be repeated lightly is announced with :meth:`Run.begin` first; if
  the process dies before the result is recorded, the next segment finds it `started` and decides;
- a result counts once it is recorded; recorded steps are never executed again.

At most one segment of a run can write: every write carries the segment's number, and one that has
been overtaken is refused with :class:`~.model.Lost`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn, Protocol, runtime_checkable

from quintet_server.engines.runs.model import Note, RunRecord, Step, StepState
from quintet_server.engines.runs.segment import Segment
from quintet_server.engines.runs.timer import Timer
from quintet_server.store.database import Connection


class Program(Protocol):
    """How runs of one kind are executed. One instance serves all of them."""

    @property
    def kind(self) -> str:
        """What it runs, for example `flowmaestro.workflow`."""
        ...

    async def run(self, run: Run) -> Any:
        """Execute from where `run.steps` says, and return the output (a JSON value).

        Raise :class:`RunFailed` to end the run as failed. Any other exception ends it as failed
        too, with code `internal`, except the database being away, after which it is tried again.
        """
        ...

    def began(self, record: RunRecord) -> Sequence[Note]:
        """What the log says when the run starts. Called once per run; must be pure."""
        ...

    def ended(self, record: RunRecord) -> Sequence[Note]:
        """What the log says at the end, however it came; the last one is terminal. Must be pure.

        Also called when the run is cancelled from outside or given up by the engine.
        """
        ...


@runtime_checkable
class Settles(Protocol):
    """A program that writes rows of its own when a run ends."""

    async def settle(self, conn: Connection, record: RunRecord) -> None:
        """Write in the transaction that ends the run. Keep it short: others share it."""
        ...


class RunFailed(Exception):
    """Raised by a program: the run ends as failed. `output` is what was reached until then."""

    def __init__(
        self,
        message: str,
        code: str = "",
        details: Mapping[str, Any] | None = None,
        output: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details: Mapping[str, Any] = details or {}
        self.output = output


class Parked(BaseException):
    """Ends a segment: nothing to do before `until`. Raised by :meth:`Run.park` only."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class Paused(BaseException):
    """Ends a segment: an answer from outside is needed. Raised by :meth:`Run.pause` only."""

    def __init__(self, key: str, context: Mapping[str, Any], notes: tuple[Note, ...]) -> None:
        super().__init__(key)
        self.key = key
        self.context = context
        self.notes = notes


class Run:
    """One segment of a run, in the hands of its program.

    Safe to use from several tasks of the program at once. Those tasks must have ended when
    :meth:`Program.run` returns or raises.
    """

    def __init__(self, record: RunRecord, segment: Segment, timer: Timer) -> None:
        self.record = record
        self._segment = segment
        self._timer = timer

    @property
    def steps(self) -> Mapping[str, Step]:
        """Every step so far, oldest first, including what this segment has recorded."""
        return self._segment.steps

    def now(self) -> datetime:
        """The database's time, jumps included."""
        return self._timer.now()

    async def begin(self, key: str, *notes: Note) -> Step:
        """Write down that a step starts, before its effect; on disk when this returns.

        `starts` of the answer tells how often that has happened.

        Raises:
            Lost.
        """
        self._segment.put("started", key, notes)
        await self._segment.flush()
        return self._segment.steps[key]

    def record_step(
        self,
        key: str,
        *notes: Note,
        output: Any = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down how a step ended: done, or failed if there is an `error`.

        Returns at once; the write goes out with others, in order. JSON values only.

        Raises:
            Lost: known already.
            TypeError: a value is not JSON.
        """
        state: StepState = "done" if error is None else "failed"
        self._segment.put(state, key, notes, output=output, error=error)

    def note(self, *notes: Note) -> None:
        """Append events, in order with the steps. Returns at once.

        Raises:
            Lost: known already.
            TypeError: the data are not JSON.
        """
        self._segment.note(notes)

    async def flush(self) -> None:
        """Wait until everything so far is on disk.

        Raises:
            Lost.
        """
        await self._segment.flush()

    async def wait_step(self, key: str, wake_at: datetime, *notes: Note) -> Step:
        """Wait until the database's time has passed an instant, and return the waiting step.

        The instant is on disk before the wait begins. A step that waits already keeps the one it
        has, and `notes` are then left out. The segment stays: for long waits with nothing else to
        do, see :meth:`park`. Record the step when this returns.

        Raises:
            Lost.
        """
        step = self._segment.steps.get(key)
        if step is None or step.state != "waiting" or step.wake_at is None:
            self._segment.put("waiting", key, notes, wake_at=wake_at)
            await self._segment.flush()
            step = self._segment.steps[key]
        await self._timer.wait_until(step.wake_at or wake_at)
        return step

    def park(self, until: datetime) -> NoReturn:
        """End the segment; the next one is due at `until`. Does not count as an attempt."""
        raise Parked(until)

    def pause(self, key: str, context: Mapping[str, Any], *notes: Note) -> NoReturn:
        """End the segment and hold nothing until :meth:`.engine.Runs.resume` answers step `key`.

        The run's state, its `pause` context and the notes are written in one transaction. The
        answer becomes the step's output.
        """
        raise Paused(key, context, notes)
