"""All node types by name, and what is wrong with a node before it ever runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from quintet_server.services.flowmaestro.nodes import (
    code,
    conditional,
    http,
    human_review,
    input,
    knowledge_base_query,
    llm,
    loop,
    output,
    router,
    shared_memory,
    switch,
    template_output,
    transform,
    wait,
)
from quintet_server.services.flowmaestro.nodes.config import NodeConfig
from quintet_server.services.flowmaestro.nodes.model import (
    Execute,
    NodeCall,
    NodeError,
    NodeResult,
    NodeType,
)
from quintet_server.services.flowmaestro.nodes.problems import (
    as_node_error,
    config_problems,
    expressions_of,
)
from quintet_server.services.flowmaestro.nodes.results import storable
from quintet_server.services.flowmaestro.nodes.unsupported import INSTEAD, instead_of
from quintet_server.services.flowmaestro.workflow.definition import Problem

COMMENT = "comment"
"""Notes in the editor; they are dropped before anything is looked at."""


class NodeRegistry:
    """The types of a server; implements :class:`~..workflow.definition.NodeTypes`."""

    def __init__(self, types: Collection[NodeType]) -> None:
        self._types = {one.name: one for one in types}
        self._canonical = {
            _folded(name): one.name for one in types for name in (one.name, *one.aliases)
        }

    def canonical(self, name: str) -> str | None:
        """The type a name or alias means, case ignored; also one that is known but not executed."""
        return self._canonical.get(_folded(name)) or (name if instead_of(name) else None)

    def names(self) -> Collection[str]:
        """Every name and alias of the types that are executed."""
        return [name for one in self._types.values() for name in (one.name, *one.aliases)]

    def problems(
        self, node_id: str, type_name: str, config: Mapping[str, Any]
    ) -> Collection[Problem]:
        """Errors and warnings of a configuration; an error for a type that is not executed."""
        node_type = self._types.get(self.canonical(type_name) or "")
        if node_type is None:
            sentence = instead_of(type_name) or "is unknown"
            message = f"{type_name!r} {sentence}"
            return [Problem(node_id, "type", message, "error", "UNSUPPORTED_TYPE")]
        return config_problems(node_id, node_type, config)

    def get(self, name: str) -> NodeType:
        """The type of a name or alias. Raises KeyError for one that is not executed."""
        return self._types[self.canonical(name) or name]

    def config_of(self, type_name: str, config: Mapping[str, Any]) -> NodeConfig:
        """The validated configuration. Raises NodeError naming the fields at fault."""
        with as_node_error():
            return self.get(type_name).config.model_validate(config)

    async def execute(self, call: NodeCall) -> NodeResult:
        """Execute a node once, whatever its type.

        Raises:
            NodeError: it failed, or is carried out by the runner of the workflow.
        """
        execute = self.get(call.node.type).execute
        if execute is None:
            raise NodeError(f"{call.node.type} is no node to execute", "internal")
        return await execute_once(execute, call)


async def execute_once(execute: Execute, call: NodeCall) -> NodeResult:
    """Execute a node once; its output can be kept: JSON, and not too large.

    Raises:
        NodeError: it failed, or its output cannot be kept.
    """
    with expressions_of(""):
        result = await execute(call)
    return storable(result, call.parts.settings.node_output_max_bytes)


def _folded(name: str) -> str:
    return name.strip().lower().replace("-", "").replace("_", "")


REGISTRY = NodeRegistry(
    (
        input.TYPE,
        output.TYPE,
        template_output.TYPE,
        conditional.TYPE,
        switch.TYPE,
        loop.TYPE,
        transform.TYPE,
        wait.TYPE,
        http.TYPE,
        code.TYPE,
        llm.TYPE,
        knowledge_base_query.TYPE,
        router.TYPE,
        shared_memory.TYPE,
        human_review.TYPE,
    )
)

__all__ = ["COMMENT", "INSTEAD", "REGISTRY", "NodeError", "NodeRegistry", "execute_once"]
