"""One pass over the nodes of a region: the top level of a workflow, or the body of a loop once.

A node starts as soon as the schedule offers it, and the schedule is told as soon as it ends. The
end of a node, the nodes that are skipped because of it, the progress that makes, and what the log
says about all that are written down together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from quintet_server.services.flowmaestro.executions import events
from quintet_server.services.flowmaestro.executions.attempts import Finished, run_node
from quintet_server.services.flowmaestro.executions.execution import Execution, Place
from quintet_server.services.flowmaestro.executions.journal import Recorded
from quintet_server.services.flowmaestro.executions.looping import RoundFailed, run_loop
from quintet_server.services.flowmaestro.executions.outcome import Outcome
from quintet_server.services.flowmaestro.executions.waiting import run_review, run_wait
from quintet_server.services.flowmaestro.workflow.definition import Region
from quintet_server.services.flowmaestro.workflow.schedule import Schedule

_STATUSES = {"done": "completed", "handled": "handled", "failed": "failed"}


class Pass:
    """One pass. `failures` holds the message of each node that failed and that nobody handled."""

    def __init__(self, execution: Execution, place: Place, region: Region) -> None:
        self.failures: dict[str, str] = {}
        self._execution = execution
        self._place = place
        self._schedule = Schedule(execution.definition, region)
        self._offered: list[str] = []
        self._running: dict[asyncio.Task[Finished], str] = {}
        self._entered = 0
        place.memory.statuses.update(self._schedule.statuses)

    async def run(self) -> Mapping[str, str]:
        """Run every node that can run; returns how they stand in the end."""
        self._settle_again()
        try:
            ended: list[Finished] = []
            while True:
                started = self._dispatch(len(ended))
                if not started and not self._running:
                    break
                with self._delegating():
                    ended = await self._next(started)
                for finished in ended:
                    self._settle(finished)
                await self._execution.journal.breathe()
        finally:
            await self._end()
        return self._schedule.statuses

    def _delegating(self) -> AbstractContextManager[None]:
        """The node whose pass this is waits for the nodes in it; at the top there is none."""
        if self._place.loops:
            return self._execution.idleness.delegating()
        return nullcontext()

    def _dispatch(self, ended_count: int) -> list[str]:
        """Start what can start, and only then count out what has ended.

        Returns a node to be run here and now, if it is the only one: tasks cost something.
        """
        self._offered += self._schedule.ready()
        started, self._offered = self._offered, []
        idleness = self._execution.idleness
        idleness.enter(len(started))
        idleness.leave(ended_count)
        self._entered += len(started) - ended_count
        if len(started) == 1 and not self._running:
            return started
        for node_id in started:
            task = asyncio.ensure_future(self._run_node(node_id))
            self._running[task] = node_id
        return []

    async def _next(self, alone: list[str]) -> list[Finished]:
        """Wait until at least one node has ended."""
        if alone:
            return [await self._run_node(alone[0])]
        done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in self._running if task in done]
        results = [task.result() for task in ended]
        for task in ended:
            del self._running[task]
        return results

    async def _run_node(self, node_id: str) -> Finished:
        execution, place = self._execution, self._place
        node = execution.definition.nodes[node_id]
        if node.type == "loop":
            return await run_loop(execution, place, node, self._run_body)
        if node.type == "wait":
            return await run_wait(execution, place, node)
        if node.type == "humanReview":
            return await run_review(execution, place, node)
        return await run_node(execution, place, node)

    async def _run_body(self, place: Place, region: Region) -> Mapping[str, str]:
        body = Pass(self._execution, place, region)
        statuses = await body.run()
        for node_id, message in body.failures.items():
            raise RoundFailed(node_id, message)
        return statuses

    # The ends of nodes -------------------------------------------------------------------------

    def _settle(self, finished: Finished) -> None:
        """A node has ended just now."""
        node, execution = finished.node, self._execution
        skipped, is_progress = self._take(node.id, finished.outcome)
        notes = finished.notes
        for skipped_id in skipped:
            key = self._place.key(skipped_id)
            notes.append(events.node_skipped(execution.definition.nodes[skipped_id], key))
        if is_progress:
            notes.append(execution.progress.note(node.id))
        execution.journal.finish(self._place.key(node.id), finished.outcome, finished.output, notes)

    def _settle_again(self) -> None:
        """Take the ends that earlier segments have seen, in the order they had."""
        journal = self._execution.journal
        while not journal.is_new:
            self._offered += self._schedule.ready()
            known = [
                record
                for node_id in self._offered
                if (record := journal.earlier(self._place.key(node_id))) is not None
            ]
            if not known:
                return
            record = min(known, key=lambda one: one.order)
            self._offered.remove(record.node_id)
            self._settle_rounds_again(list(journal.inside(self._place.key(record.node_id))))
            self._take(record.node_id, record.outcome)
            self._execution.shared.restore(record.outcome.shared)

    def _settle_rounds_again(self, records: Sequence[Recorded]) -> None:
        """Take what was put out inside a loop that has ended."""
        execution, statuses, places = self._execution, self._place.memory.statuses, set()
        for inner in records:
            if inner.place not in places:  # a round: what is not recorded in it was skipped
                places.add(inner.place)
                region = execution.compiled.regions.bodies[inner.loop_id]
                statuses.update(dict.fromkeys(region.nodes, "skipped"))
            statuses[inner.node_id] = _STATUSES[inner.outcome.settled.kind]
            execution.progress.add([inner.node_id])
            self._keep(inner.node_id, inner.outcome)
        # Shared memory is written at once, also by rounds that run beside others.
        for inner in sorted(records, key=lambda one: one.order):
            execution.shared.restore(inner.outcome.shared)

    def _take(self, node_id: str, outcome: Outcome) -> tuple[list[str], bool]:
        """Returns what is skipped because of an end, and whether progress was made."""
        self._keep(node_id, outcome)
        if outcome.settled.kind == "failed" and outcome.error is not None:
            self.failures[node_id] = str(outcome.error["message"])
        skipped = self._schedule.settle(node_id, outcome.settled)
        statuses = self._place.memory.statuses
        statuses[node_id] = _STATUSES[outcome.settled.kind]
        statuses.update(dict.fromkeys(skipped, "skipped"))
        return skipped, self._execution.progress.add([node_id, *skipped])

    def _keep(self, node_id: str, outcome: Outcome) -> None:
        self._place.memory.keep(self._execution.definition.nodes[node_id], outcome)

    async def _end(self) -> None:
        """Leave nothing running, however the pass ends."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._execution.idleness.leave(self._entered)
