"""The state machine: what runs, what is skipped, and that everything is settled exactly once."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from quintet_server.services.flowmaestro.workflow.definition import InvalidDefinition, Region
from quintet_server.services.flowmaestro.workflow.schedule import (
    PLAIN,
    Schedule,
    Settled,
    failure_outcome,
    final_outputs,
    is_live,
)

from .support import graph, parsed

DONE = Settled()
FAILED = Settled("failed")


def took(*handles: str) -> Settled:
    return Settled("done", frozenset(handles))


def started(raw: dict[str, Any]) -> Schedule:
    definition = parsed(raw)
    return Schedule(definition, definition.regions.top)


def statuses(raw: dict[str, Any], **outcomes: Settled) -> dict[str, str]:
    """Run to the end, one node after the other."""
    schedule = started(raw)
    ready = schedule.ready()
    while ready:
        node = ready.pop(0)
        schedule.settle(node, outcomes.get(node, DONE))
        ready += schedule.ready()
    assert schedule.is_finished
    return dict(schedule.statuses)


def ran(raw: dict[str, Any], **outcomes: Settled) -> set[str]:
    return {node for node, status in statuses(raw, **outcomes).items() if status == "completed"}


def test_a_node_is_offered_as_soon_as_its_edges_are_settled() -> None:
    schedule = started(graph("s a b c j", "s>a s>b a>c c>j b>j"))
    assert schedule.ready() == ["s"]
    assert schedule.ready() == []
    schedule.settle("s", DONE)
    assert schedule.ready() == ["a", "b"]
    schedule.settle("a", DONE)
    assert schedule.ready() == ["c"]  # without waiting for b
    schedule.settle("c", DONE)
    assert schedule.ready() == []
    schedule.settle("b", DONE)
    assert schedule.ready() == ["j"]
    schedule.settle("j", DONE)
    assert schedule.is_finished
    assert (schedule.completed, schedule.skipped, schedule.failed) == (5, 0, [])


def test_ready_nodes_come_in_the_order_of_the_document_whatever_ended_first() -> None:
    schedule = started(graph("s c b a x y z", "s>a s>b s>c a>x b>y c>z"))
    schedule.ready()
    schedule.settle("s", DONE)
    assert schedule.ready() == ["c", "b", "a"]
    for node in ("a", "c", "b"):
        schedule.settle(node, DONE)
    assert schedule.ready() == ["x", "y", "z"]


def test_a_branch_that_is_not_taken_is_skipped_with_what_is_behind_it() -> None:
    schedule = started(graph("c:if a b x j", "c-true>a c-false>b b>x a>j x>j"))
    schedule.ready()
    assert schedule.settle("c", took("true")) == ["b", "x"]
    assert schedule.ready() == ["a"]
    schedule.settle("a", DONE)
    assert schedule.ready() == ["j"]
    assert schedule.skipped == 2


def test_a_target_that_another_live_path_reaches_runs() -> None:
    raw = graph("s c:if a t", "s>c s>a c-false>t a>t")
    assert ran(raw, c=took("true")) == {"s", "c", "a", "t"}


def test_two_edges_between_the_same_nodes_are_two() -> None:
    raw = graph("c:if t", "c-true>t c-false>t")
    assert ran(raw, c=took("true")) == {"c", "t"}
    assert ran(raw, c=took("false")) == {"c", "t"}


def test_an_edge_without_handle_is_live_whatever_was_chosen() -> None:
    assert ran(graph("c:if a b", "c-true>a c>b"), c=took("false")) == {"c", "b"}


@pytest.mark.parametrize("handle", ["error", "case-error"])
def test_a_case_named_error_is_taken_like_any_other(handle: str) -> None:
    raw = graph("s:switch a b", f"s-{handle}>a s-other>b")
    assert ran(raw, s=took("error", "case-error")) == {"s", "a"}
    assert ran(raw, s=took("other", "case-other")) == {"s", "b"}


@pytest.mark.parametrize("last", ["a", "b"])
def test_a_join_whose_last_edge_dies_still_runs(last: str) -> None:
    schedule = started(graph("s a c:if x j", "s>a s>c c-true>x a>j x>j"))
    schedule.ready()
    schedule.settle("s", DONE)
    schedule.ready()
    ends = [("c", took("false")), ("a", DONE)] if last == "a" else [("a", DONE), ("c", took("no"))]
    for node, outcome in ends:
        schedule.settle(node, outcome)
    assert schedule.ready() == ["j"]


def test_a_join_of_dead_edges_is_skipped() -> None:
    raw = graph("c:if d:if j e", "c-true>j d-true>j j>e", entryPoint="c")
    raw["edges"].append({"source": "c", "target": "d"})
    found = statuses(raw, c=took("false"), d=took("false"))
    assert (found["j"], found["e"]) == ("skipped", "skipped")


@pytest.mark.parametrize(
    ("handle", "taken", "live"),
    [
        ("case-x", {"x"}, True),
        ("x", {"x"}, True),
        ("x", {"case-x"}, True),
        ("case-x", {"case-x"}, True),
        ("default", {"x"}, False),
        ("default", {"default"}, True),
        ("case-y", {"x"}, False),
    ],
)
def test_switch_edges_match_with_and_without_their_prefix(
    handle: str, taken: set[str], live: bool
) -> None:
    edge = parsed(graph("s:switch a", f"s-{handle}>a")).edges[0]
    assert is_live(edge, took(*taken)) is live


def test_handles_of_nodes_that_do_not_branch_mean_nothing() -> None:
    assert ran(graph("a b", "a-output>b")) == {"a", "b"}


def test_a_failed_node_kills_its_edges_and_nothing_else() -> None:
    raw = graph("s a b x y", "s>a s>b a>x b>y")
    assert statuses(raw, a=FAILED) == {
        "s": "completed",
        "a": "failed",
        "b": "completed",
        "x": "skipped",
        "y": "completed",
    }


def test_failed_nodes_are_listed_as_they_failed() -> None:
    schedule = started(graph("a:input b:input", ""))
    schedule.ready()
    schedule.settle("b", FAILED)
    schedule.settle("a", FAILED)
    assert schedule.failed == ["b", "a"]
    assert schedule.is_finished


def with_rule(edges: str, rule: Any, nodes: str = "a b h") -> Any:
    raw = graph(nodes, edges)
    raw["nodes"]["a"]["onError"] = rule
    return raw


def failing(raw: dict[str, Any]) -> tuple[dict[str, str], Any]:
    outcome, output = failure_outcome(parsed(raw), "a", "it broke")
    return statuses(raw, a=outcome), output


@pytest.mark.parametrize(
    ("rule", "edges", "status", "running", "output"),
    [
        (None, "a>b", "failed", set(), None),
        ("fail", "a>b", "failed", set(), None),
        (None, "a>b a-error>h", "handled", {"h"}, {"error": "it broke"}),
        ("fail", "a>b a-error>h", "handled", {"h"}, {"error": "it broke"}),
        ("continue", "a>b", "handled", {"b"}, {"error": "it broke"}),
        ("continue", "a>b a-error>h", "handled", {"b", "h"}, {"error": "it broke"}),
        ({"fallbackValue": {"x": 1}}, "a>b", "handled", {"b"}, {"x": 1}),
        ({"fallbackValue": 5}, "a>b", "handled", {"b"}, {"result": 5}),
        ({"strategy": "fallback"}, "a>b", "handled", {"b"}, {"result": None}),
        ({"gotoNode": "h"}, "a>b", "handled", {"h"}, {"error": "it broke"}),
        ({"gotoNode": "h"}, "a>b b>h", "handled", {"h"}, {"error": "it broke"}),
    ],
)
def test_failure_is_handled_by_the_rule(
    rule: Any, edges: str, status: str, running: set[str], output: Any
) -> None:
    found, given_output = failing(with_rule(edges, rule))
    assert found["a"] == status
    assert {node for node, one in found.items() if one == "completed"} == running
    assert given_output == output


def test_the_error_edge_and_the_goto_are_dead_after_success() -> None:
    assert ran(with_rule("a>b a-error>h", None)) == {"a", "b"}
    assert ran(with_rule("a>b", {"gotoNode": "h"})) == {"a", "b"}
    assert ran(with_rule("a>b b>h", {"gotoNode": "h"})) == {"a", "b", "h"}


def test_fallback_value_takes_the_name_of_the_output_variable() -> None:
    raw = with_rule("a>b", {"fallbackValue": [1]})
    raw["nodes"]["a"]["config"] = {"outputVariable": "v"}
    assert failing(raw)[1] == {"v": [1]}


def test_a_branching_node_that_failed_takes_no_branch() -> None:
    raw = with_rule("a-true>b a>h", "continue", "a:if b h")
    assert failing(raw)[0] == {"a": "handled", "b": "skipped", "h": "completed"}
    outcome, _ = failure_outcome(parsed(raw), "a", "x")
    assert outcome.handles == frozenset({PLAIN})


def test_a_loop_that_failed_goes_on_behind_it() -> None:
    raw = with_rule("a-body>b b>a a-done>h", "continue", "a:loop b h")
    assert failing(raw)[0] == {"a": "handled", "h": "completed"}


def test_a_round_of_a_body_is_a_schedule_of_its_own() -> None:
    definition = parsed(graph("s l:loop a b o", "s>l l-body>a a>b b>l l-done>o"))
    for _ in range(2):
        body = Schedule(definition, definition.regions.bodies["l"])
        assert body.ready() == ["a"]
        body.settle("a", DONE)
        assert body.ready() == ["b"]
        body.settle("b", DONE)
        assert body.is_finished
    top = Schedule(definition, definition.regions.top)
    top.ready()
    top.settle("s", DONE)
    assert top.ready() == ["l"]
    top.settle("l", took("done"))
    assert top.ready() == ["o"]


def test_several_inputs_start_and_an_input_behind_another_waits() -> None:
    schedule = started(graph("a:input b:input c:input", "a>c"))
    assert schedule.ready() == ["a", "b"]


@pytest.mark.parametrize("node", ["b", "nope"])
def test_settling_what_was_not_offered_is_a_mistake(node: str) -> None:
    schedule = started(graph("a b", "a>b"))
    schedule.ready()
    with pytest.raises(ValueError, match="not offered"):
        schedule.settle(node, DONE)


def test_settling_twice_is_a_mistake() -> None:
    schedule = started(graph("a", ""))
    schedule.ready()
    schedule.settle("a", DONE)
    with pytest.raises(ValueError, match="completed"):
        schedule.settle("a", DONE)


# --- final outputs --------------------------------------------------------------------------------


def outputs_of(raw: dict[str, Any], found: dict[str, str], **outputs: Any) -> dict[str, Any]:
    return final_outputs(parsed(raw), found, outputs, {"v": 1})


def test_output_nodes_alone_make_the_result() -> None:
    raw = graph("a o:output t:templateOutput x", "a>o a>t a>x")
    done = dict.fromkeys("aotx", "completed")
    result = outputs_of(raw, done, a={"z": 0}, o={"p": 1}, t={"q": 2}, x={"r": 3})
    assert result == {"p": 1, "q": 2}


def test_without_output_nodes_the_ends_make_the_result() -> None:
    raw = graph("a b c", "a>b a>c")
    done = dict.fromkeys("abc", "completed")
    assert outputs_of(raw, done, a={"z": 0}, b={"p": 1}, c={"p": 2}) == {"p": 2}


def test_skipped_and_failed_nodes_contribute_nothing() -> None:
    raw = graph("a o:output b c", "a>o a>b a>c")
    found = {"a": "completed", "o": "skipped", "b": "failed", "c": "handled"}
    assert outputs_of(raw, found, a={}, o={"p": 1}, b={"q": 1}, c={"error": "e"}) == {"error": "e"}


def test_without_anything_the_variables_are_the_result() -> None:
    assert outputs_of(graph("a", ""), {"a": "completed"}, a={}) == {"v": 1}
    assert outputs_of(graph("a", ""), {"a": "failed"}) == {"v": 1}


def test_an_output_node_in_a_body_counts_and_the_end_of_a_body_does_not() -> None:
    raw = graph("l:loop o:output", "l-body>o o>l")
    done = {"l": "completed", "o": "completed"}
    assert outputs_of(raw, done, l={"iterations": 2}, o={"last": 2}) == {"last": 2}
    raw = graph("l:loop b", "l-body>b b>l")
    done = {"l": "completed", "b": "completed"}
    assert outputs_of(raw, done, l={"iterations": 2}, b={"x": 2}) == {"iterations": 2}


# --- any graph, any outcome -----------------------------------------------------------------------

HANDLES = [None, None, "true", "false", "error", "case-a"]
OUTCOMES = [
    DONE,
    DONE,
    FAILED,
    took("true"),
    took("false"),
    took("a"),
    Settled("handled", frozenset()),
    Settled("handled"),
    Settled("handled", frozenset({PLAIN})),
]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 12))
    nodes = {f"n{at}": {"type": "step"} for at in range(count)}
    for at in draw(st.sets(st.integers(0, count - 1), max_size=3)):
        nodes[f"n{at}"]["type"] = "input"
    numbers = st.integers(0, count - 1)
    edges = [
        {
            "source": f"n{min(a, b)}",
            "target": f"n{max(a, b)}",
            "sourceHandle": draw(st.sampled_from(HANDLES)),
        }
        for a, b in draw(st.lists(st.tuples(numbers, numbers), max_size=30))
        if a != b
    ]
    order = draw(st.permutations(list(nodes)))
    return {"nodes": {node: nodes[node] for node in order}, "edges": edges}


@given(graphs(), st.randoms(use_true_random=False), st.data())
@settings(deadline=None, max_examples=2 * settings.default.max_examples)
def test_every_node_is_settled_once_and_runs_iff_an_edge_is_live(
    raw: dict[str, Any], chance: random.Random, data: st.DataObject
) -> None:
    definition = parsed(raw)
    region = definition.regions.top
    schedule = Schedule(definition, region)
    outcomes: dict[str, Settled] = {}
    skipped: list[str] = []
    running = schedule.ready()
    while running:
        node = running.pop(chance.randrange(len(running)))
        assert node not in outcomes
        outcomes[node] = data.draw(st.sampled_from(OUTCOMES))
        skipped += schedule.settle(node, outcomes[node])
        running += schedule.ready()
    assert schedule.is_finished
    assert sorted([*outcomes, *skipped]) == sorted(region.nodes)
    assert schedule.completed + schedule.skipped + len(schedule.failed) == len(region.nodes)
    for node in region.nodes:
        incoming = [edge for edge in region.edges if edge.target == node]
        live = [e for e in incoming if e.source in outcomes and is_live(e, outcomes[e.source])]
        assert (node in outcomes) == (node in region.starts or bool(live))


@given(graphs(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_what_runs_does_not_depend_on_the_order_of_ends(
    raw: dict[str, Any], chance: random.Random
) -> None:
    def end(node: str) -> Settled:
        return OUTCOMES[sum(map(ord, node)) % len(OUTCOMES)]

    expected: dict[str, str] | None = None
    for pick in (lambda _: 0, chance.randrange, lambda count: count - 1):
        schedule = started(raw)
        running = schedule.ready()
        while running:
            node = running.pop(pick(len(running)))
            schedule.settle(node, end(node))
            running += schedule.ready()
        expected = expected or dict(schedule.statuses)
        assert dict(schedule.statuses) == expected


@st.composite
def graphs_with_loops(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(2, 9))
    loops = draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=3))
    nodes = {f"n{at}": {"type": "loop" if at in loops else "step"} for at in range(count)}
    numbers = st.integers(0, count - 1)
    edges = [
        {"source": f"n{at}", "target": f"n{draw(numbers)}", "sourceHandle": "body"} for at in loops
    ]
    for a, b in draw(st.lists(st.tuples(numbers, numbers), max_size=12)):
        backwards = b <= a and b not in loops
        if not backwards:
            handle = draw(st.sampled_from([None, None, "done", "body", "error"]))
            edges.append({"source": f"n{a}", "target": f"n{b}", "sourceHandle": handle})
    return {"nodes": nodes, "edges": edges}


@given(graphs_with_loops(), st.data())
@settings(deadline=None, max_examples=2 * settings.default.max_examples)
def test_no_graph_with_loops_that_is_accepted_can_deadlock(
    raw: dict[str, Any], data: st.DataObject
) -> None:
    try:
        definition = parsed(raw)
    except InvalidDefinition:
        return
    regions = definition.regions

    def run(region: Region) -> None:
        schedule = Schedule(definition, region)
        running = schedule.ready()
        while running:
            node = running.pop()
            if node in regions.bodies:
                run(regions.bodies[node])
            schedule.settle(node, data.draw(st.sampled_from(OUTCOMES)))
            running += schedule.ready()
        assert schedule.is_finished

    run(regions.top)
    everything = [*regions.top.nodes, *(n for body in regions.bodies.values() for n in body.nodes)]
    assert len(everything) == len(set(everything)) == regions.total_nodes
    for body in regions.bodies.values():
        assert body.starts
        assert set(body.results) <= set(body.nodes)
        assert body.results
