"""Carrying out one segment: from a claimed job to what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import orjson
import structlog

from quintet_server.engines.runs.beginnings import Beginnings
from quintet_server.engines.runs.journal import DATABASE_AWAY, Journal
from quintet_server.engines.runs.model import Lost, RunState
from quintet_server.engines.runs.program import Parked, Paused, Program, Run, RunFailed
from quintet_server.engines.runs.segment import Ending, Segment
from quintet_server.engines.runs.settings import RunSettings
from quintet_server.engines.runs.timer import Timer
from quintet_server.engines.work.lane_worker import HandBack, Running

_log = structlog.get_logger(__name__)


class Execution:
    """The handler of the runs' lane workers."""

    def __init__(
        self,
        programs: Mapping[str, Program],
        beginnings: Beginnings,
        journal: Journal,
        timer: Timer,
        settings: RunSettings,
    ) -> None:
        self._programs = programs
        self._beginnings = beginnings
        self._journal = journal
        self._timer = timer
        self._settings = settings

    async def handle(self, running: Running) -> None:
        """Carry out the segment that a job stands for.

        Returning ends the job: the run has ended or paused, or there was nothing to do. A run that
        is interrupted gives its job back, or fails an attempt, and goes on somewhere.
        """
        run_id: str = orjson.loads(running.job.payload)
        beginning = await self._beginnings.begin(run_id, running.job.id)
        if beginning is None:
            return
        segment = Segment(beginning.record, beginning.epoch, beginning.steps, self._journal.mark)
        task = asyncio.current_task()
        assert task is not None  # handlers run in tasks
        # Once: a program that is being stopped already must be able to clean up.
        segment.when_lost = lambda: task.cancelling() or task.cancel()
        try:
            await self._carry_out(segment)
        except asyncio.CancelledError:
            if segment.is_lost and not running.stop.is_set():
                task.uncancel()
                raise Lost(run_id) from None
            await self._save(segment)
            raise
        finally:
            segment.when_lost = None

    async def _carry_out(self, segment: Segment) -> None:
        try:
            await self._to_the_end(segment)
        except Parked as order:
            await segment.flush()
            wait = order.until - self._timer.now()
            raise HandBack(max(0.0, wait.total_seconds())) from None
        except Paused as order:
            segment.put("waiting", order.key, order.notes)
            pause = dict(order.context)
            await segment.end(Ending(RunState.PAUSED, pause=pause, pause_key=order.key))
        except (Lost, *DATABASE_AWAY):
            await self._save(segment)
            raise
        except Exception as error:
            record = segment.record
            _log.exception("run_failed_internally", run=record.id, kind=record.kind)
            told = {"code": "internal", "message": _said(error), "details": {}}
            await segment.end(Ending(RunState.FAILED, error=told))

    async def _to_the_end(self, segment: Segment) -> None:
        run = Run(segment.record, segment, self._timer)
        try:
            output = await self._programs[segment.record.kind].run(run)
        except RunFailed as failure:
            error = {
                "code": failure.code,
                "message": failure.message,
                "details": dict(failure.details),
            }
            await segment.end(Ending(RunState.FAILED, output=failure.output, error=error))
        else:
            await segment.end(Ending(RunState.COMPLETED, output=output))

    async def _save(self, segment: Segment) -> None:
        """Write down what was reached before the run is interrupted, if that can be done soon."""
        with contextlib.suppress(Lost, TimeoutError, *DATABASE_AWAY):
            async with asyncio.timeout(self._settings.save_seconds):
                await segment.flush()


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
