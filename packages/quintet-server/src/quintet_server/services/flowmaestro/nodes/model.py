"""What a node type is, what it is called with, and what comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from quintet_server.services.flowmaestro.nodes.errors import NodeError
from quintet_server.services.flowmaestro.nodes.memory import SharedMemory

if TYPE_CHECKING:
    from quintet_server.services.flowmaestro.context import FlowMaestro
    from quintet_server.services.flowmaestro.expressions.scope import Scope
    from quintet_server.services.flowmaestro.nodes.config import NodeConfig
    from quintet_server.services.flowmaestro.workflow.definition import Node

__all__ = [
    "Emit",
    "Execute",
    "Hints",
    "NodeCall",
    "NodeError",
    "NodeResult",
    "NodeType",
    "SharedMemory",
]

Emit = Callable[[str, dict[str, Any]], None]


def _emit_nothing(_type: str, _data: dict[str, Any]) -> None:
    pass


@dataclass(slots=True)
class NodeCall:
    """One execution of one node.

    `config` is validated but not interpolated: placeholders meet `scope` when the node runs.
    `starts` is 1, or more if a process died while this step was under way. `inputs` are those of
    the execution, without what nodes put out. `emit(type, data)` adds an event to the log.
    """

    parts: FlowMaestro
    project_id: str
    execution_id: str
    step_key: str
    node: Node
    config: NodeConfig
    scope: Scope
    starts: int = 1
    inputs: Mapping[str, Any] = field(default_factory=dict)
    shared: SharedMemory | None = None
    emit: Emit = _emit_nothing


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What a node has put out.

    `handles`: the names an outgoing edge may have to be live; None: this node does not branch.
    `variables`: what `outputVariable` names, which later lookups find before the run's inputs.
    `shared`: what the node stored in shared memory; a run that is continued from its journal gives
    these to :meth:`~.memory.SharedMemory.restore`.
    """

    output: dict[str, Any]
    handles: frozenset[str] | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    shared: Mapping[str, Any] = field(default_factory=dict)


Execute = Callable[[NodeCall], Awaitable[NodeResult]]
Hints = Callable[["NodeConfig"], list[tuple[str, str]]]


def _no_hints(_config: NodeConfig) -> list[tuple[str, str]]:
    return []


@dataclass(frozen=True, slots=True)
class NodeType:
    """One type. `execute` is None for those the runner of the workflow carries out.

    `has_effect`: something outside the run may change, so that a start is made durable first.
    `hints` gives field and sentence for what is allowed and probably not meant.
    """

    name: str
    config: type[NodeConfig]
    execute: Execute | None = None
    aliases: tuple[str, ...] = ()
    has_effect: bool = False
    hints: Hints = _no_hints
