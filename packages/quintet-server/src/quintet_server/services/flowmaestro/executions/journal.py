"""The written memory of an execution: which nodes have ended, how, and in which order.

A node's step has the node's id as key, inside loops with the rounds in front: `loop[3]/node`. A
segment that continues an execution reads what earlier ones have written and settles those nodes
again, in the order in which they ended then, without running them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from quintet_server.engines.runs.model import Note, Step
from quintet_server.engines.runs.program import Run
from quintet_server.engines.runs.values import encode
from quintet_server.services.flowmaestro.executions.outcome import (
    Outcome,
    from_record,
    to_record,
)
from quintet_server.services.flowmaestro.nodes.model import NodeError

# A loop of quick nodes would otherwise run ahead of the disk, and keep everybody else waiting.
_UNFLUSHED_MAX = 64
_TURN_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Recorded:
    """A node that ended in an earlier segment, at a place such as `loop[3]/`."""

    order: int
    place: str
    node_id: str
    outcome: Outcome

    @property
    def loop_key(self) -> str:
        """The step of the innermost loop around it; empty at the top."""
        return self.place.rpartition("[")[0]

    @property
    def loop_id(self) -> str:
        """The innermost loop around it; empty at the top."""
        return self.loop_key.rpartition("/")[2]

    @property
    def round(self) -> int:
        """Its round in that loop, from 0."""
        return int(self.place.rpartition("[")[2].removesuffix("]/"))


class Journal:
    """What is recorded, and recording."""

    def __init__(self, run: Run, *, outputs_max_bytes: int) -> None:
        self._run = run
        self._outputs_max_bytes = outputs_max_bytes
        self._earlier = {step.key: found for step in run.steps.values() if (found := _read(step))}
        self._inside = _by_loop(self._earlier.values())
        self._order = max((found.order for found in self._earlier.values()), default=0)
        self._bytes = 0
        self._unflushed = 0
        self._turn = time.monotonic()

    @property
    def is_new(self) -> bool:
        """Whether no node had ended before this segment."""
        return not self._earlier

    def earlier(self, key: str) -> Recorded | None:
        """The end of a node that an earlier segment has seen."""
        return self._earlier.get(key)

    def inside(self, loop_key: str) -> Iterator[Recorded]:
        """What earlier segments have seen end within a loop, round after round.

        Each round comes in the order of its ends: so rounds that ran at the same time were merged.
        """
        for record in self._inside.get(loop_key, ()):
            yield from self.inside(record.place + record.node_id)
            yield record

    def step(self, key: str) -> Step | None:
        """The step as it is now."""
        return self._run.steps.get(key)

    def weigh(self, output: Any) -> orjson.Fragment:
        """Count an output towards what one execution may hold; returns it as JSON.

        Raises:
            NodeError: it is no JSON that can be stored, or one too many.
        """
        try:
            text = encode(output)
        except TypeError as error:
            message = f"The output cannot be written as JSON: {error}"
            raise NodeError(message, "bad_output") from None
        if self._bytes + len(text) > self._outputs_max_bytes:
            raise NodeError(
                f"The outputs of this execution have more than {self._outputs_max_bytes} bytes "
                "(QUINTET_FLOWMAESTRO_OUTPUTS_MAX_BYTES)",
                "output_too_large",
            )
        self._bytes += len(text)
        return orjson.Fragment(text)

    def finish(
        self, key: str, outcome: Outcome, output: orjson.Fragment | None, notes: Sequence[Note]
    ) -> None:
        """Write down that a node has ended, its output as JSON, and what there is to tell."""
        self._order += 1
        record = to_record(outcome, output, self._order)
        self._run.record_step(key, *notes, output=record, error=outcome.error)
        self._unflushed += 1

    async def breathe(self) -> None:
        """Let the disk catch up, and others have their turn."""
        if self._unflushed >= _UNFLUSHED_MAX:
            self._unflushed = 0
            await self._run.flush()
            self._turn = time.monotonic()
        elif time.monotonic() - self._turn > _TURN_SECONDS:
            await asyncio.sleep(0)
            self._turn = time.monotonic()


def _read(step: Step) -> Recorded | None:
    record = step.output
    if step.state not in ("done", "failed") or not isinstance(record, Mapping):
        return None
    if "order" not in record:  # the answer to a question, not the end of a node
        return None
    around, slash, node_id = step.key.rpartition("/")
    return Recorded(record["order"], around + slash, node_id, from_record(record, step.error))


def _by_loop(records: Iterable[Recorded]) -> dict[str, list[Recorded]]:
    """The records in the body of each loop, but not those of loops in it."""
    loops: dict[str, list[Recorded]] = {}
    for record in records:
        if record.place:
            loops.setdefault(record.loop_key, []).append(record)
    for inside in loops.values():
        inside.sort(key=lambda one: (one.round, one.order))
    return loops
