"""Loops: the body run once per round, round after round or some at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from quintet_server.services.flowmaestro.executions.attempts import Finished, NodeRun
from quintet_server.services.flowmaestro.executions.execution import Execution, Place
from quintet_server.services.flowmaestro.executions.memory import Memory
from quintet_server.services.flowmaestro.nodes import loop
from quintet_server.services.flowmaestro.nodes.model import NodeError, NodeResult
from quintet_server.services.flowmaestro.workflow.definition import DONE, Node, Region


class RoundFailed(Exception):
    """A node of the body failed and nobody handled it."""

    def __init__(self, node_id: str, message: str) -> None:
        super().__init__(message)
        self.node_id = node_id
        self.message = message


_EXIT = frozenset({DONE})

# Runs the body once at a place and returns how its nodes stand; raises RoundFailed.
RunBody = Callable[[Place, Region], Awaitable[Mapping[str, str]]]


async def run_loop(execution: Execution, place: Place, node: Node, run_body: RunBody) -> Finished:
    """Run a loop to its end. A body node that fails unhandled fails the loop."""
    node_run = NodeRun(execution, place, node)
    step = execution.journal.step(node_run.key)
    if step is None:
        await node_run.begin()
    else:  # begun by an earlier segment: it goes on, it does not start again
        node_run.started_at = step.started_at or node_run.started_at
    rounds = Rounds(execution, place, node_run, run_body)
    try:
        return node_run.done(NodeResult(await rounds.run(), _EXIT))
    except NodeError as error:
        return node_run.failed(error)


class Rounds:
    """The rounds of one loop."""

    def __init__(
        self, execution: Execution, place: Place, node_run: NodeRun, run_body: RunBody
    ) -> None:
        self._execution = execution
        self._place = place
        self._key = node_run.key
        self._call = node_run.call
        self._region = execution.compiled.regions.bodies[node_run.node.id]
        self._run_body = run_body

    async def run(self) -> dict[str, Any]:
        """All rounds; returns the loop's output. Raises NodeError."""
        plan = loop.plan(self._call)
        run = self._one_by_one if plan.max_concurrency == 1 else self._side_by_side
        results = await run(plan)
        completed = loop.is_complete(plan, len(results), self._place.scope)
        most = self._execution.parts.settings.node_output_max_bytes
        return loop.output(plan, len(results), results, completed, max_bytes=most)

    async def _one_by_one(self, plan: loop.LoopPlan) -> list[Any]:
        results: list[Any] = []
        while True:
            place = self._round(plan, len(results), results, self._place.memory)
            if not loop.goes_on(plan, len(results), place.scope):
                return results
            results.append(await self._body(place, len(results)))

    async def _side_by_side(self, plan: loop.LoopPlan) -> list[Any]:
        """Each round has a memory of its own; they are merged in the order of the rounds.

        After a failure no further round begins; those under way come to their end.
        """
        places = [
            self._round(plan, index, (), self._place.memory.inner())
            for index in range(loop.rounds(plan))
        ]
        results: list[Any] = [None] * len(places)
        failures: dict[int, NodeError] = {}
        waiting = iter(enumerate(places))

        async def work() -> None:
            while not failures and (following := next(waiting, None)) is not None:
                index, place = following
                try:
                    results[index] = await self._body(place, index)
                except NodeError as error:
                    failures[index] = error

        await self._side_by_side_work(work, min(plan.max_concurrency, len(places)))
        for place in places:
            self._place.memory.merge(place.memory)
        if failures:
            raise failures[min(failures)]
        return results

    async def _side_by_side_work(self, work: Callable[[], Awaitable[None]], count: int) -> None:
        """Run `count` workers to their end; each counts as a node under way."""
        idleness = self._execution.idleness
        running = {asyncio.ensure_future(work()) for _ in range(count)}
        left = set(running)
        idleness.enter(count)
        try:
            with idleness.delegating():
                while left:
                    ended, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
                    idleness.leave(len(ended))
                    for task in ended:
                        task.result()
        finally:
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            idleness.leave(len(left))

    def _round(self, plan: loop.LoopPlan, index: int, results: Any, memory: Memory) -> Place:
        return self._place.round(self._key, index, loop.frame(plan, index, results), memory)

    async def _body(self, place: Place, index: int) -> Any:
        try:
            statuses = await self._run_body(place, self._region)
        except RoundFailed as failed:
            message = f"Round {index + 1}: node '{failed.node_id}' failed: {failed.message}"
            raise NodeError(message, "round_failed") from None
        # The result of a round: the output of the last node that ran among those that can end one.
        for node_id in reversed(self._region.results):
            if statuses[node_id] in ("completed", "handled"):
                return place.memory.outputs[node_id]
        return None
