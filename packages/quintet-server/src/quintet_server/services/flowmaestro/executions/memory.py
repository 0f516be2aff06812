"""What the nodes of an execution have put out so far, and the names the next node sees.

Innermost first: the variables of the loops around the node, `shared`, what `outputVariable` named,
node outputs by id, the inputs of the execution, and the keys inside node outputs. What an input
node puts out (the value in its type, or its default) counts as named by it, so that it is found
before the raw input.

The rounds of a loop write into the memory around them, so that the latest round's outputs are what
is seen; rounds that run at the same time have one of their own, which is merged when they end.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from typing import Any

from quintet_server.services.flowmaestro.executions.outcome import Outcome
from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.workflow.definition import Node


class Memory:
    """Outputs by node id and variables by name; both grow while nodes end."""

    def __init__(
        self,
        inputs: Mapping[str, Any],
        shared: Mapping[str, Any],
        around: Memory | None = None,
    ) -> None:
        self._inputs = inputs
        self._shared = shared
        self._own_outputs: dict[str, Any] = {}
        self._own_variables: dict[str, Any] = {}
        self._own_statuses: dict[str, str] = {}
        self.outputs: MutableMapping[str, Any] = self._own_outputs
        self.variables: MutableMapping[str, Any] = self._own_variables
        self.statuses: MutableMapping[str, str] = self._own_statuses
        """How each node stands: of one in a loop, in the latest round."""
        if around is not None:
            self.outputs = ChainMap(self._own_outputs, around.outputs)
            self.variables = ChainMap(self._own_variables, around.variables)
            self.statuses = ChainMap(self._own_statuses, around.statuses)

    def inner(self) -> Memory:
        """A memory in front of this one, for a round beside others."""
        return Memory(self._inputs, self._shared, self)

    def merge(self, inner: Memory) -> None:
        """Take over what a round has put out, and how its nodes stand."""
        for node_id, output in inner._own_outputs.items():
            self._put(node_id, output)
        self.variables.update(inner._own_variables)
        self.statuses.update(inner._own_statuses)

    def keep(self, node: Node, outcome: Outcome) -> None:
        """Note what a node has put out."""
        if outcome.settled.kind == "failed":
            return
        self._put(node.id, outcome.output)
        if node.type == "input" and isinstance(outcome.output, dict):
            self.variables.update(outcome.output)
        self.variables.update(outcome.variables)

    def _put(self, node_id: str, output: Any) -> None:
        # Out and in again: the order of the outputs is the order in which their nodes last ended.
        self._own_outputs.pop(node_id, None)
        self._own_outputs[node_id] = output

    def scope(self, *loops: Mapping[str, Any]) -> Scope:
        """The names a node sees, inside loops with these variables (innermost first).

        Everything is seen by reference: one scope serves all nodes of a pass.
        """
        scope = Scope.of(
            inputs=self._inputs,
            outputs=self.outputs,
            variables=self.variables,
            shared=self._shared,
        )
        for variables in reversed(loops):
            scope = scope.child(variables)
        return scope
