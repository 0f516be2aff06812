"""How one node ended, and what is kept of that so that a later segment need not run it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quintet_server.services.flowmaestro.expressions.interpolation import resolve
from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.nodes.model import NodeError, NodeResult
from quintet_server.services.flowmaestro.workflow.definition import Definition, Node
from quintet_server.services.flowmaestro.workflow.schedule import Settled, failure_outcome

DONE = Settled("done")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one node.

    Attributes:
        settled: What the schedule is told.
        output: What later nodes see; None if the node failed and nobody handles it.
        variables: What the node set through `outputVariable`.
        shared: What it stored in the shared memory of the execution.
        error: Of a failed node `{"message", "code"}`, also when the failure is handled.
    """

    settled: Settled = DONE
    output: Any = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    shared: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None


def of_result(result: NodeResult) -> Outcome:
    """A node that has done its work."""
    settled = DONE if result.handles is None else Settled("done", result.handles)
    return Outcome(settled, result.output, result.variables, result.shared)


def of_failure(definition: Definition, node: Node, error: NodeError, scope: Scope) -> Outcome:
    """A node that failed for good, after its onError rule has had its say."""
    settled, output = failure_outcome(definition, node.id, error.message)
    rule, variables = node.on_error, {}
    if rule is not None and rule.strategy == "fallback" and output is not None:
        output = resolve(output, scope)
        # What the node would have put there: a fallback is found under the same name.
        variable = node.config.get("outputVariable")
        if isinstance(variable, str) and variable:
            variables = {variable: output.get(variable, output)}
    told = {"message": error.message, "code": error.code}
    return Outcome(settled, output, variables, error=told)


def to_record(outcome: Outcome, output: Any, order: int) -> dict[str, Any]:
    """What is kept of an outcome; `order` counts the nodes of the execution as they ended.

    `output` is the outcome's, which may be JSON already.
    """
    settled = outcome.settled
    record: dict[str, Any] = {"order": order, "kind": settled.kind, "output": output}
    if settled.handles is not None:
        record["handles"] = sorted(settled.handles)
    if settled.goto is not None:
        record["goto"] = settled.goto
    if outcome.variables:
        record["variables"] = outcome.variables
    if outcome.shared:
        record["shared"] = outcome.shared
    return record


def from_record(record: Mapping[str, Any], error: Mapping[str, Any] | None) -> Outcome:
    """The outcome as it was."""
    handles = record.get("handles")
    settled = Settled(
        record["kind"], None if handles is None else frozenset(handles), record.get("goto")
    )
    variables, shared = record.get("variables", {}), record.get("shared", {})
    return Outcome(settled, record["output"], variables, shared, error)
