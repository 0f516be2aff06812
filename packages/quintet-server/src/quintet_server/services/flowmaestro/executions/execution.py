"""One segment of one execution: everything its nodes share, and the place of each node in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from quintet_server.engines.runs.model import Note
from quintet_server.engines.runs.program import Run
from quintet_server.services.flowmaestro.context import FlowMaestro
from quintet_server.services.flowmaestro.executions import events
from quintet_server.services.flowmaestro.executions.alarm import Alarm
from quintet_server.services.flowmaestro.executions.compiled import Compiled
from quintet_server.services.flowmaestro.executions.idleness import Idleness
from quintet_server.services.flowmaestro.executions.journal import Journal
from quintet_server.services.flowmaestro.executions.memory import Memory
from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.nodes.shared_memory import SharedMemory
from quintet_server.services.flowmaestro.workflow.definition import Node


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pass happens: at the top level, or in a round of a loop (`loop[3]/`)."""

    prefix: str
    memory: Memory
    scope: Scope
    loops: tuple[Mapping[str, Any], ...] = ()

    def key(self, node_id: str) -> str:
        """The step of a node here."""
        return self.prefix + node_id

    def round(
        self, loop_key: str, index: int, variables: Mapping[str, Any], memory: Memory
    ) -> Place:
        """The place of one round of a loop that is here."""
        loops = (variables, *self.loops)
        return Place(f"{loop_key}[{index}]/", memory, memory.scope(*loops), loops)


@dataclass(frozen=True, slots=True)
class Question:
    """A review that somebody has to answer; `notes` are to be told when it is asked."""

    node: Node
    key: str
    context: Mapping[str, Any]
    notes: tuple[Note, ...]


@dataclass(slots=True)
class Progress:
    """How many of the nodes have come to their end; the nodes of a loop's body count once."""

    total: int
    inside: Mapping[str, frozenset[str]]
    settled: set[str] = field(default_factory=set)

    def add(self, node_ids: Iterable[str]) -> bool:
        """Count nodes (a loop with all that is in it); tells whether that changed anything."""
        before = len(self.settled)
        for node_id in node_ids:
            self.settled.add(node_id)
            self.settled |= self.inside.get(node_id, frozenset())
        return len(self.settled) > before

    def note(self, node_id: str) -> Note:
        """What the log says about it."""
        return events.progress(len(self.settled), self.total, node_id)


class Execution:
    """What the nodes of a segment share."""

    def __init__(self, parts: FlowMaestro, run: Run, compiled: Compiled, alarm: Alarm) -> None:
        self.parts = parts
        self.run = run
        self.compiled = compiled
        self.definition = compiled.definition
        self.alarm = alarm
        self.inputs: Mapping[str, Any] = run.record.input or {}
        self.shared = SharedMemory()
        self.journal = Journal(run, outputs_max_bytes=parts.settings.outputs_max_bytes)
        self.progress = Progress(compiled.total_nodes, compiled.inside)
        self.idleness: Idleness[Question] = Idleness()
        self.slots = asyncio.Semaphore(self.definition.settings.max_concurrent_nodes)
        memory = Memory(self.inputs, self.shared)
        self.top = Place("", memory, memory.scope())
