"""A workflow as the engine sees it: nodes, edges, rules, regions; frozen and in one form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

Severity = Literal["error", "warning"]
GOTO: Final = "#goto"
"""Handle of the edges that stand for `onError.gotoNode`."""
ERROR: Final = "error"
"""Handle of the edges that are taken when the node fails."""
BODY: Final = "body"
"""Handle of the edges into the body of a loop, whichever way it was written."""
DONE: Final = "done"
"""Handle of the edges that follow a loop, if they have one."""
INPUT_TYPE: Final = "input"
OUTPUT_TYPES: Final = frozenset({"output", "templateOutput"})
LOOP_TYPE: Final = "loop"
BRANCHING_TYPES: Final = frozenset({"conditional", "switch", "router", LOOP_TYPE})
"""Types whose outcome names the edges to follow."""

ErrorStrategy = Literal["fail", "continue", "fallback", "goto"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a definition, or looks wrong.

    Attributes:
        node: The id of the node it is about; None for the workflow, its settings and its edges.
        field: Where: relative to the node (`config.url`, `type`) or to the workflow
            (`edges[3].target`); empty for the whole.
        message: What is wrong and what would be right, without the place (`is required`).
        severity: An `error` keeps the workflow from being stored or run, a `warning` does not.
        code: A fixed word for programs, such as `UNKNOWN_TYPE`.
    """

    node: str | None
    field: str
    message: str
    severity: Severity = "error"
    code: str = ""

    @property
    def path(self) -> str:
        """The place as a path into the definition: `nodes.fetch.config.url`."""
        if self.node is None:
            return self.field or "workflow"
        return f"nodes.{self.node}.{self.field}" if self.field else f"nodes.{self.node}"

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class InvalidDefinition(ValueError):
    """A definition has errors; `problems` holds all of them, and the warnings."""

    def __init__(self, problems: Collection[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(str(p) for p in self.problems if p.severity == "error"))


@dataclass(frozen=True, slots=True)
class OnError:
    """What happens after a node has failed for good.

    Attributes:
        strategy: `continue`: successors see `{}` with the text of the error under `error`;
            `fallback`: they see `fallback_value`; `goto`: only `goto_node` goes on.
    """

    strategy: ErrorStrategy
    fallback_value: Any = None
    goto_node: str | None = None


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How often a failing node is tried, and how long the waits between are (milliseconds)."""

    max_attempts: int = 1
    initial_delay_ms: int = 1_000
    max_delay_ms: int = 60_000
    backoff_multiplier: float = 2.0

    def delay_ms(self, failed_attempts: int) -> int:
        """The wait after `failed_attempts` (1, 2, …) failures."""
        try:
            delay = self.initial_delay_ms * self.backoff_multiplier ** (failed_attempts - 1)
        except OverflowError:
            return self.max_delay_ms
        return int(min(delay, self.max_delay_ms))


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Bounds of one execution: milliseconds for the whole, nodes at the same time."""

    timeout_ms: int = 300_000
    max_concurrent_nodes: int = 10


@dataclass(frozen=True, slots=True)
class Node:
    """A node: `type` is the canonical one, `config` holds no error or retry rules any more."""

    id: str
    type: str
    name: str
    config: Mapping[str, Any]
    on_error: OnError | None = None
    retry: RetryRules | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge; `handle` is the exit of the source it starts from, None for the plain one."""

    id: str
    source: str
    target: str
    handle: str | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """What is scheduled as one: the top level, or the body of one loop for one round.

    The body of a loop inside is a region of its own; the loop node itself belongs to the outer one.

    Attributes:
        loop: The loop whose body this is; None for the top level.
        nodes: Ids, in the order of the document.
        starts: Nodes that start without waiting for an edge.
        edges: Edges between these nodes. An edge that leaves the body of a loop appears as one of
            that loop, and every `onError.gotoNode` as an edge with the handle `GOTO`.
        results: Nodes whose output can be the result of a round, the last one to run at the end.
    """

    loop: str | None
    nodes: tuple[str, ...]
    starts: tuple[str, ...]
    edges: tuple[Edge, ...]
    results: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Regions:
    """The regions of a workflow; nodes that nothing leads to are in none."""

    top: Region
    bodies: Mapping[str, Region]

    @property
    def total_nodes(self) -> int:
        """How many nodes can run at all; those in bodies count once."""
        return len(self.top.nodes) + sum(len(body.nodes) for body in self.bodies.values())


@dataclass(frozen=True, slots=True)
class Definition:
    """A workflow without errors. `nodes` and `edges` keep the order of the document."""

    name: str
    description: str
    version: int
    entry_points: tuple[str, ...]
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    settings: RunSettings = field(default_factory=RunSettings)
    regions: Regions = field(kw_only=True, compare=False, repr=False)


class NodeTypes(Protocol):
    """What the nodes' registry tells about types."""

    def canonical(self, name: str) -> str | None:
        """The name of the type that `name` means (itself or an alias); None if there is none."""

    def names(self) -> Collection[str]:
        """All names and aliases; used to suggest one for a misspelt type."""

    def problems(
        self, node_id: str, type_name: str, config: Mapping[str, Any]
    ) -> Collection[Problem]:
        """What is wrong with the configuration of a node of this canonical type."""
