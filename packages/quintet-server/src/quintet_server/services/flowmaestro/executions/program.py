"""Workflows as programs of the engine of durable runs.

A segment plays the workflow from what the journal has, and ends when the workflow has ended, when
its time is over, or when nothing is left but to wait: then the run is paused for whoever has to
answer, or parked until the first wait is over, and occupies no process.

The time of a run (`settings.timeout`) is the database's, from its start to its end, over restarts
and through waits; only the time in which it was paused for a person does not count (our decision:
nobody can promise to answer within five minutes).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from quintet_server.engines.runs.model import Note, RunRecord
from quintet_server.engines.runs.program import Run, RunFailed
from quintet_server.services.flowmaestro.context import FlowMaestro
from quintet_server.services.flowmaestro.executions import events
from quintet_server.services.flowmaestro.executions.alarm import Alarm
from quintet_server.services.flowmaestro.executions.execution import Execution, Question
from quintet_server.services.flowmaestro.executions.passes import Pass
from quintet_server.services.flowmaestro.executions.waiting import answer_key
from quintet_server.services.flowmaestro.workflow.definition import InvalidDefinition
from quintet_server.services.flowmaestro.workflow.schedule import final_outputs
from quintet_server.services.flowmaestro.workflow_store import load_version

KIND = "flowmaestro.workflow"

# Waits shorter than this are sat out: giving the run back and claiming it again costs more.
_PARK_SECONDS = 5.0


class WorkflowProgram:
    """Executes workflows; one instance serves all executions of a process."""

    kind = KIND

    def __init__(self, parts: FlowMaestro) -> None:
        self._parts = parts
        self._alarm = Alarm(parts.queue.bus)

    def close(self) -> None:
        """Follow the clock no longer."""
        self._alarm.close()

    async def run(self, run: Run) -> Any:
        """Play the workflow; returns its outputs. Raises RunFailed."""
        record = run.record
        try:
            compiled = await load_version(
                self._parts.db, record.project_id, record.subject, **_version(record)
            )
        except InvalidDefinition as error:
            # It was valid when the execution was started, by the rules of an older server.
            raise RunFailed(f"Workflow validation failed: {error}", "validation_error") from error
        return await Watch(Execution(self._parts, run, compiled, self._alarm)).run()

    def began(self, record: RunRecord) -> Sequence[Note]:
        """The start, as the log has it."""
        return [events.started(record)]

    def ended(self, record: RunRecord) -> Sequence[Note]:
        """The end, as the log has it."""
        return [events.ended(record)]


def _version(record: RunRecord) -> dict[str, Any]:
    return {"version": record.attributes["version"], "digest": record.attributes["digest"]}


class Watch:
    """Watches over a segment: its time, and whether there is anything left to do."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._run = execution.run
        self._top = Pass(execution, execution.top, execution.compiled.regions.top)

    async def run(self) -> Any:
        """The outputs. Raises RunFailed, or ends the segment by pausing or parking the run."""
        stir = self._execution.idleness.stir
        deadline = self._deadline()
        playing = asyncio.ensure_future(self._top.run())
        playing.add_done_callback(lambda _: stir.set())
        rest: datetime | Question | None = None
        try:
            with self._execution.alarm.rousing(stir):
                while not playing.done() and rest is None:
                    stir.clear()
                    left = (deadline - self._run.now()).total_seconds()
                    if left <= 0:
                        raise self._timed_out()
                    if (rest := await self._may_rest(deadline)) is None and not playing.done():
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(left):
                                await stir.wait()
        finally:
            playing.cancel()
            await asyncio.wait([playing])
        if isinstance(rest, Question):
            note = events.paused(self._run.record, rest.node, rest.context)
            self._run.pause(answer_key(rest.key), rest.context, *rest.notes, note)
        if rest is not None:
            self._run.park(rest)
        playing.result()
        return self._outputs_or_failure()

    async def _may_rest(self, deadline: datetime) -> datetime | Question | None:
        """What the execution waits for, if that is all it does and it is not over in a moment."""
        idleness = self._execution.idleness
        if not idleness.is_idle or self._nearest_wait() < _PARK_SECONDS:
            return None
        await self._run.flush()  # so that what is waited for is on disk
        if not idleness.is_idle:
            return None
        if idleness.reviews:
            return next(iter(idleness.reviews.values()))
        return min([*idleness.waits.values(), deadline])

    def _nearest_wait(self) -> float:
        """Seconds until the first wait is over; infinite if there is none."""
        waits = self._execution.idleness.waits.values()
        if not waits:
            return float("inf")
        return (min(waits) - self._run.now()).total_seconds()

    def _deadline(self) -> datetime:
        record, settings = self._run.record, self._execution.definition.settings
        begun = record.started_at or self._run.now()
        return begun + timedelta(milliseconds=settings.timeout_ms) + _paused(self._run)

    # The end -----------------------------------------------------------------------------------

    def _outputs(self) -> dict[str, Any]:
        execution = self._execution
        memory = execution.top.memory
        return final_outputs(
            execution.definition, memory.statuses, memory.outputs, memory.variables
        )

    def _timed_out(self) -> RunFailed:
        milliseconds = self._execution.definition.settings.timeout_ms
        message = f"Workflow timed out after {milliseconds} ms"
        return RunFailed(message, "timeout", output=self._outputs())

    def _outputs_or_failure(self) -> dict[str, Any]:
        failures = self._top.failures
        if failures:
            raise RunFailed(
                f"Workflow completed with {len(failures)} failed nodes: {_json(failures)}",
                "node_failed",
                {"node_id": next(iter(failures)), "failed_nodes": failures},
                self._outputs(),
            )
        return self._outputs()


def _paused(run: Run) -> timedelta:
    """How long the run has been paused for people."""
    answers = [step for key, step in run.steps.items() if key.endswith("/answer")]
    spans = (
        step.finished_at - step.started_at
        for step in answers
        if step.finished_at is not None and step.started_at is not None
    )
    return sum(spans, timedelta())


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()
