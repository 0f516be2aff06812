"""What one segment of a run has to write, in order, until it is written.

A segment puts; the journal takes whatever has been put since the last time, writes it together
with that of other segments, and reports. One write of a segment is under way at a time, so the
order of the program is the order in the log. Each write has a number: one whose answer was lost is
sent again as it was, and the database knows whether it has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from quintet_server.engines.runs.model import Lost, Note, RunRecord, RunState, Step, StepState
from quintet_server.engines.runs.values import encode


@dataclass(frozen=True, slots=True)
class Ending:
    """How a segment ends its run, or pauses it."""

    state: RunState
    output: Any = None
    error: dict[str, Any] | None = None
    pause: Mapping[str, Any] | None = None
    pause_key: str | None = None


@dataclass(slots=True)
class Write:
    """What is sent at once for one segment."""

    number: int
    reaches: int  # how many puts are in when this is
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)
    ending: Ending | None = None
    ending_row: dict[str, Any] = field(default_factory=dict)


class Segment:
    """The writing side of a :class:`~.program.Run`."""

    def __init__(
        self,
        record: RunRecord,
        epoch: int,
        steps: dict[str, Step],
        mark: Callable[[Segment], None],
    ) -> None:
        """`mark(self)` is called when there is something to take."""
        self.record = record
        self.epoch = epoch
        self.steps = steps
        self.is_lost = False
        self.when_lost: Callable[[], object] | None = None
        self._mark = mark
        self._put_count = 0
        self._done_count = 0
        self._next = Write(1, 0)
        self._under_way: Write | None = None
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._failure: Exception | None = None

    # The program's side ------------------------------------------------------------------------

    def put(
        self,
        state: StepState,
        key: str,
        notes: Sequence[Note],
        *,
        output: Any = None,
        error: Mapping[str, Any] | None = None,
        wake_at: datetime | None = None,
    ) -> None:
        """Write down a step, and what the log says of it. Raises Lost, TypeError."""
        row: dict[str, Any] = {"run": self.record.id, "key": key, "state": state}
        if output is not None:
            row["output"] = orjson.Fragment(encode(output))
        if error is not None:
            row["error"] = orjson.Fragment(encode(error))
        if wake_at is not None:
            row["wake_at"] = wake_at
        told = [note_row(self.record, note) for note in notes]
        self._check()
        self.steps[key] = _stepped(self.steps.get(key), key, state, output, error, wake_at)
        self._next.steps[key] = row
        self._added(told)

    def note(self, notes: Sequence[Note]) -> None:
        """Write down events. Raises Lost, TypeError."""
        told = [note_row(self.record, note) for note in notes]
        self._check()
        self._added(told)

    async def end(self, ending: Ending) -> None:
        """Write everything left, and the end of the run or its pause. Raises Lost, TypeError."""
        row: dict[str, Any] = {"state": ending.state}
        if ending.output is not None:
            row["output"] = orjson.Fragment(encode(ending.output))
        if ending.error is not None:
            row["error"] = orjson.Fragment(encode(ending.error))
        if ending.pause is not None:
            row |= {"pause": orjson.Fragment(encode(ending.pause)), "pause_key": ending.pause_key}
        self._check()
        self._next.ending, self._next.ending_row = ending, row
        self._added([])
        await self.flush()

    async def flush(self) -> None:
        """Wait until everything that was put is on disk. Raises Lost, or why it cannot be."""
        self._check()
        if self._done_count >= self._put_count:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._put_count, future))
        await future

    def _check(self) -> None:
        if self.is_lost:
            raise Lost(self.record.id)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _added(self, notes: list[dict[str, Any]]) -> None:
        self._next.notes.extend(notes)
        self._put_count += 1
        if self._under_way is None:
            self._mark(self)

    # The journal's side ------------------------------------------------------------------------

    def take(self) -> Write | None:
        """Return what there is to write now; it stays under way until a report."""
        if self._under_way is not None or self._done_count >= self._put_count:
            return None
        write, self._next = self._next, Write(self._next.number + 1, 0)
        write.reaches = self._put_count
        self._under_way = write
        return write

    def written(self, at: datetime) -> None:
        """The write under way is on disk."""
        write, self._under_way = self._under_way, None
        assert write is not None  # reports answer what was taken
        for key in write.steps:
            if key not in self._next.steps:
                self.steps[key] = _dated(self.steps[key], at)
        self._settle(write.reaches, None)

    def failed(self, error: Exception) -> None:
        """The write under way cannot be written, and is dropped."""
        write, self._under_way = self._under_way, None
        assert write is not None  # reports answer what was taken
        self._next.number = write.number
        told = self._settle(write.reaches, error)
        if not told:
            self._failure = error

    def lose(self) -> None:
        """The run is not ours any more: nothing else will be written."""
        self.is_lost = True
        self._under_way = None
        self._settle(self._put_count, Lost(self.record.id))
        if self.when_lost is not None:
            self.when_lost()

    def _settle(self, reaches: int, error: Exception | None) -> bool:
        """Answer those who wait for this; tells whether there was somebody."""
        self._done_count = reaches
        told = [future for count, future in self._waiting if count <= reaches]
        self._waiting = [entry for entry in self._waiting if entry[0] > reaches]
        for future in told:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
        if self._put_count > self._done_count and not self.is_lost:
            self._mark(self)
        return bool(told)


def note_row(record: RunRecord, note: Note) -> dict[str, Any]:
    """Return an event as `run_tell` takes it, but for its place. Raises TypeError."""
    return {
        "run": record.id,
        "project_id": record.project_id,
        "stream": note.stream or record.id,
        "type": note.type,
        "data": orjson.Fragment(encode(note.data)),
        "terminal": note.terminal,
    }


def _stepped(
    before: Step | None,
    key: str,
    state: StepState,
    output: Any,
    error: Mapping[str, Any] | None,
    wake_at: datetime | None,
) -> Step:
    """The step as it will be; instants that the database has yet to tell are missing or old."""
    starts = 0 if before is None else before.starts
    begins = state == "started"
    return Step(
        key=key,
        state=state,
        output=output,
        error=None if error is None else dict(error),
        starts=max(1, starts + begins),
        started_at=None if begins or before is None else before.started_at,
        finished_at=None,
        wake_at=wake_at if wake_at is not None or before is None else before.wake_at,
    )


def _dated(step: Step, at: datetime) -> Step:
    finished = at if step.state in ("done", "failed") else None
    return replace(step, started_at=step.started_at or at, finished_at=finished)
