"""Which value a name has, when several could be meant."""

from __future__ import annotations

from typing import Any

from quintet_server.services.flowmaestro.executions.memory import Memory
from quintet_server.services.flowmaestro.executions.outcome import Outcome
from quintet_server.services.flowmaestro.workflow.definition import Node
from quintet_server.services.flowmaestro.workflow.schedule import Settled


def node(id: str, type: str = "transform") -> Node:
    return Node(id, type, id, {})


def names(memory: Memory, *loops: dict[str, Any]) -> dict[str, Any]:
    scope = memory.scope(*loops)
    return {name: scope.lookup(name) for name in scope.as_dict()}


def test_loop_variables_hide_variables_which_hide_outputs_which_hide_inputs() -> None:
    memory = Memory({"a": "input", "b": "input", "c": "input", "d": "input"}, {})
    memory.keep(node("b"), Outcome(output={"x": 1, "d": "inside"}))
    memory.keep(node("n"), Outcome(output={"c": "var"}, variables={"c": "var"}))
    found = names(memory, {"a": "inner"}, {"a": "outer", "e": "outer"})
    assert found["a"] == "inner" and found["e"] == "outer"
    assert found["b"] == {"x": 1, "d": "inside"}
    assert found["c"] == "var" and found["d"] == "input" and found["x"] == 1


def test_scope_sees_what_comes_later() -> None:
    memory = Memory({}, {})
    scope = memory.scope()
    memory.keep(node("n"), Outcome(output={"x": 1}))
    assert scope.lookup("n") == {"x": 1}


def test_input_node_gives_its_value_the_name_of_the_raw_one() -> None:
    memory = Memory({"n": "1"}, {})
    memory.keep(node("in", "input"), Outcome(output={"n": 1}))
    assert memory.scope().lookup("n") == 1


def test_failed_node_leaves_nothing() -> None:
    memory = Memory({}, {})
    memory.keep(node("n"), Outcome(Settled("failed"), {"x": 1}))
    assert dict(memory.outputs) == {}


def test_rounds_beside_each_other_do_not_see_each_other_until_merged() -> None:
    memory = Memory({}, {})
    memory.keep(node("outer"), Outcome(output={"x": 0}))
    first, second = memory.inner(), memory.inner()
    first.keep(node("n"), Outcome(output={"x": 1}, variables={"v": 1}))
    assert "n" not in second.outputs and "n" not in memory.outputs
    assert first.scope().lookup("outer") == {"x": 0}
    second.keep(node("n"), Outcome(output={"x": 2}, variables={"v": 2}))
    memory.merge(first)
    memory.merge(second)
    assert memory.outputs["n"] == {"x": 2} and memory.variables["v"] == 2


def test_how_nodes_stand_is_merged_in_the_order_of_the_rounds() -> None:
    memory = Memory({}, {})
    first, second = memory.inner(), memory.inner()
    second.statuses["n"] = "skipped"
    first.statuses["n"] = "completed"  # the later one to end
    assert "n" not in memory.statuses
    memory.merge(first)
    memory.merge(second)
    assert memory.statuses == {"n": "skipped"}
