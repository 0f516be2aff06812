"""What is refused, what is only warned about, and that everything is told at once."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from quintet_server.services.flowmaestro.workflow.definition import InvalidDefinition
from quintet_server.services.flowmaestro.workflow.parsing import parse_definition
from quintet_server.services.flowmaestro.workflow.validation import MAX_PROBLEMS

from .support import Types, errors_of, graph, parsed, warnings_of


def node(**fields: Any) -> dict[str, Any]:
    return {"nodes": {"a": {"type": "step", **fields}}}


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ({}, "nodes: there is no node to run"),
        ({"nodes": {}}, "nodes: there is no node to run"),
        ({"nodes": [{"id": "c", "type": "comment"}]}, "nodes: there is no node to run"),
        ({"nodes": "x"}, "nodes: must be an object of nodes by id, or a list of nodes"),
        ({"nodes": {"a": 1}}, "nodes.a: must be an object with type and config"),
        ({"nodes": [1]}, "nodes[0]: must be an object with type and config"),
        ({"nodes": [{"type": "step"}]}, "nodes[0].id: the id is missing"),
        ({"nodes": [{"id": " ", "type": "step"}]}, "nodes[0]: the id is missing"),
        ({"nodes": {"a/b": {"type": "step"}}}, "nodes.a/b: the id must not contain any of / [ ]"),
        ({"nodes": {"x" * 201: {"type": "step"}}}, "the id is longer than 200 characters"),
        (
            {"nodes": [{"id": "a", "type": "step"}, {"id": "a", "type": "step"}]},
            "nodes[1]: the id 'a' is used twice",
        ),
        ({"nodes": {"a": {}}}, "nodes.a.type: is required"),
        (
            {"nodes": {"a": {"type": "conditionl"}}},
            "nodes.a.type: 'conditionl' is no type of node (did you mean 'conditional'?)",
        ),
        ({"nodes": {"a": {"type": "zzz"}}}, "nodes.a.type: 'zzz' is no type of node"),
        ({"nodes": {"a": {"type": "http"}}}, "nodes.a.config.url: is required"),
        (node(config=[]), "nodes.a.config: must be an object"),
        ({**node(), "edges": {}}, "edges: must be a list"),
        ({**node(), "edges": [1]}, "edges[0]: must be an object with source and target"),
        ({**node(), "edges": [{"source": "a"}]}, "edges[0].target: is required"),
        (
            {**graph("start", ""), "edges": [{"source": "start", "target": "strat"}]},
            "edges[0].target: 'strat' is no node (did you mean 'start'?)",
        ),
        ({**node(), "name": 1}, "name: must be text"),
        ({**node(), "settings": 1}, "settings: must be an object"),
        ({**node(), "settings": {"timeout": 0}}, "settings.timeout: must be a number from 1 to"),
        ({**node(), "settings": {"timeout": float("nan")}}, "settings.timeout: must be a number"),
        (
            {**node(), "settings": {"maxConcurrentNodes": 1.5}},
            "settings.maxConcurrentNodes: must be a whole number from 1 to 100",
        ),
        (
            node(onError={"strategy": "contineu"}),
            "nodes.a.onError.strategy: must be one of fail, continue, fallback, goto "
            "(did you mean 'continue'?)",
        ),
        (node(onError={}), "nodes.a.onError.strategy: must be one of"),
        (node(onError=[]), "nodes.a.onError: must be an object with a strategy"),
        (node(onError={"strategy": "goto"}), "nodes.a.onError.gotoNode: is required"),
        (
            node(onError={"strategy": "goto", "gotoNode": "b"}),
            "nodes.a.onError.gotoNode: 'b' is no node",
        ),
        (
            node(onError={"strategy": "goto", "gotoNode": "a"}),
            "nodes.a.onError.gotoNode: must be another node",
        ),
        (node(retry=3), "nodes.a.retry: must be an object"),
        (node(retry={"maxAttempts": 0}), "nodes.a.retry.maxAttempts: must be a whole number"),
        (node(retry={"maxAttempts": True}), "nodes.a.retry.maxAttempts: must be a whole number"),
        (node(retry={"backoffMultiplier": 0.5}), "nodes.a.retry.backoffMultiplier: must be"),
        (graph("l:loop a", "l>a"), "nodes.l: a loop needs an edge with sourceHandle 'body'"),
        (graph("l:loop", "l-body>l"), "nodes.l: a loop needs an edge with sourceHandle 'body'"),
        (graph("a b c", "a>b b>c c>b"), "b → c → b is a cycle"),
        (graph("a", "a>a"), "nodes.a: a → a is a cycle"),
        (graph("a b c", "b>c c>b"), "is a cycle"),
        (
            {
                "nodes": {
                    "a": {"type": "step"},
                    "b": {"type": "step", "onError": {"strategy": "goto", "gotoNode": "a"}},
                },
                "edges": [{"source": "a", "target": "b"}],
            },
            "a → b → a is a cycle",
        ),
        (
            graph("s l:loop x", "s>l s>x l-body>x x>l"),
            "nodes.s: the plain edge to 'x' leads into the body of loop 'l' from outside",
        ),
    ],
)
def test_error_names_node_and_field(raw: dict[str, Any], error: str) -> None:
    errors = errors_of(raw)
    assert any(error in told for told in errors), errors


def test_all_problems_are_told_at_once() -> None:
    raw = graph("a:http b:nope c:http", "a>x b>c", settings={"timeout": "soon"})
    errors = errors_of(raw)
    assert len(errors) == 5
    with pytest.raises(InvalidDefinition) as caught:
        parse_definition(raw, Types())
    assert str(caught.value) == ", ".join(errors)
    assert any(problem.severity == "warning" for problem in caught.value.problems)


def test_number_of_problems_is_bounded() -> None:
    raw = {"nodes": {f"n{at}": {"type": "http"} for at in range(MAX_PROBLEMS + 50)}}
    errors = errors_of(raw)
    assert len(errors) == MAX_PROBLEMS + 1
    assert "more problems" in errors[-1]


@pytest.mark.parametrize(
    ("raw", "code", "place"),
    [
        (graph("a b", ""), "UNREACHABLE", "nodes.b"),
        (graph("a", ""), "NO_WORKFLOW_OUTPUT", "nodes"),
        (graph("c:if a", "c-true>a"), "CONDITIONAL_MISSING_BRANCH", "nodes.c"),
        (graph("c:if a", "c-true>a c-yes>a"), "UNKNOWN_HANDLE", "nodes.c"),
        (graph("c:if o:output x", "c-true>o c-false>x"), "DEAD_END_BRANCH", "nodes.c"),
        (
            {"nodes": {"a": {"type": "step", "config": {"text": "{{ticke}} is here"}}}},
            "UNDEFINED_VARIABLE",
            "nodes.a.config.text",
        ),
        (
            {"nodes": {"a": {"type": "step", "config": {"list": [{"x": "{{ a + b }}"}]}}}},
            "INVALID_EXPRESSION",
            "nodes.a.config.list[0].x",
        ),
        (
            {"nodes": {"a": {"type": "step", "config": {"prompt": "<insert your prompt>"}}}},
            "PLACEHOLDER_CONTENT",
            "nodes.a.config.prompt",
        ),
        (
            {"nodes": {n: {"type": "step", "config": {"outputVariable": "v"}} for n in "ab"}},
            "OUTPUT_VARIABLE_CONFLICT",
            "nodes.b.config.outputVariable",
        ),
    ],
)
def test_warning_has_a_code_and_a_place(raw: dict[str, Any], code: str, place: str) -> None:
    found = [(warning.code, warning.path) for warning in warnings_of(raw)]
    assert (code, place) in found


def test_switch_warns_of_cases_without_edges_and_edges_without_cases() -> None:
    raw = graph("s:switch a b c", "s-case-x>a s-1>b s-other>c")
    raw["nodes"]["s"]["config"] = {"cases": [{"value": "x"}, {"value": 1}, {"value": "y"}]}
    told = [str(w) for w in warnings_of(raw) if w.node == "s"]
    assert any("no edge for 'y'" in one for one in told)
    assert any("no edge for 'default'" in one for one in told)
    assert any("'other' is never taken" in one for one in told)
    assert not any("'1'" in one or "'case-x'" in one for one in told)


def test_edge_to_a_case_named_error_is_seen() -> None:
    raw = graph("s:switch a b", "s-error>a s-default>b")
    raw["nodes"]["s"]["config"] = {"cases": [{"value": "error"}]}
    assert not [str(w) for w in warnings_of(raw) if w.node == "s"]


def test_names_that_something_defines_are_not_warned_about() -> None:
    raw = graph("in:input a l:loop b o:output", "in>a a>l l-body>b b>l l>o")
    raw["nodes"]["in"]["config"] = {"inputName": "ticket"}
    raw["nodes"]["a"]["config"] = {"outputVariable": "v", "x": "{{ticket.id}} {{in}} {{shared.k}}"}
    raw["nodes"]["l"]["config"] = {"itemVariable": "row"}
    raw["nodes"]["b"]["config"] = {"x": "{{row.a || loop.index}} {{v}} {{a.v}}"}
    assert not [w for w in warnings_of(raw) if w.code == "UNDEFINED_VARIABLE"]


def test_an_input_that_lets_everything_through_defines_every_name() -> None:
    raw = graph("in:trigger a", "in>a")
    raw["nodes"]["a"]["config"] = {"x": "{{anything}}"}
    assert not [w for w in warnings_of(raw) if w.code == "UNDEFINED_VARIABLE"]


def test_programs_are_not_searched_for_placeholders() -> None:
    raw = {"nodes": {"a": {"type": "step", "config": {"code": "f'{{ x + 1 }}'"}}}}
    assert not [w for w in warnings_of(raw) if w.code == "INVALID_EXPRESSION"]


def test_a_transform_without_code_is_no_error() -> None:
    assert parsed(graph("a", "")).nodes["a"].config == {}


def test_deep_configurations_are_read_without_harm() -> None:
    value: Any = "{{x}}"
    for _ in range(5000):
        value = [value]
    parsed({"nodes": {"a": {"type": "step", "config": {"deep": value}}}})


@pytest.mark.parametrize("loops", [False, True])
@pytest.mark.parametrize(("nodes", "edges"), [(2_000, 10_000), (10_000, 100_000)])
def test_giant_graph_is_judged_quickly(nodes: int, edges: int, loops: bool) -> None:
    chance = random.Random(7)
    raw = {
        "nodes": {
            f"n{at}": {
                "type": "loop" if loops and at % 10 == 0 else "step",
                "config": {"x": "{{n1}} {{nope}}"},
            }
            for at in range(nodes)
        },
        "edges": [
            {
                "source": f"n{chance.randrange(nodes)}",
                "target": f"n{chance.randrange(nodes + 5)}",
                "sourceHandle": chance.choice(["body", "done", None]),
            }
            for _ in range(edges)
        ],
    }
    began = time.process_time()
    errors = errors_of(raw)
    assert errors
    assert time.process_time() - began < 10
    if nodes > 2_000:
        assert errors == [
            "nodes: 10000 of them are too many, the bound is 2000",
            "edges: 100000 of them are too many, the bound is 10000",
        ]


def test_most_loops_over_most_edges_are_judged_quickly() -> None:
    chance = random.Random(7)
    pairs = [sorted(chance.sample(range(1_950), 2)) for _ in range(7_800)]
    nodes = {f"n{at}": {"type": "step"} for at in range(1_950)}
    nodes |= {f"l{at}": {"type": "loop"} for at in range(50)}
    edges = [{"source": f"n{a}", "target": f"n{b}"} for a, b in pairs]
    edges += [{"source": f"n{at}", "target": f"n{at + 1}"} for at in range(1_949)]
    for at in range(50):
        edges.append({"source": f"l{at}", "target": f"n{at}", "sourceHandle": "body"})
        edges.append({"source": f"l{at}", "target": f"l{(at + 1) % 50}", "sourceHandle": "done"})
    began = time.process_time()
    errors_of({"nodes": nodes, "edges": edges, "entryPoint": "l0"})
    assert time.process_time() - began < 10


def test_number_of_loops_is_bounded() -> None:
    nodes = {f"l{at}": {"type": "loop"} for at in range(51)}
    assert errors_of({"nodes": nodes}) == ["nodes: 51 loops are too many, the bound is 50"]


def test_largest_graph_without_mistakes_is_accepted_quickly() -> None:
    chance = random.Random(7)
    pairs = [sorted(chance.sample(range(2_000), 2)) for _ in range(8_001)]
    chain = [[at, at + 1] for at in range(1_999)]
    raw = {
        "nodes": {f"n{at}": {"type": "step"} for at in range(2_000)},
        "edges": [{"source": f"n{a}", "target": f"n{b}"} for a, b in [*chain, *pairs]],
    }
    began = time.process_time()
    assert len(parsed(raw).regions.top.nodes) == 2_000
    assert time.process_time() - began < 10


def test_fields_that_look_misspelt_are_warned_of_and_those_of_the_editor_are_not():
    raw = {
        "setings": {},
        "viewport": {},
        "nodes": {
            "a": {"type": "step", "onEror": "continue", "measured": {}, "selected": True},
            "b": {"type": "step", "sourcePosition": "right"},
        },
        "edges": [{"source": "a", "target": "b", "sorceHandle": "x", "animated": True}],
    }
    told = [(one.path, one.message) for one in warnings_of(raw) if one.code == "UNKNOWN_FIELD"]
    assert told == [
        ("setings", "is not known here (did you mean 'settings'?)"),
        ("nodes.a.onEror", "is not known here (did you mean 'onError'?)"),
        ("edges[0].sorceHandle", "is not known here (did you mean 'sourceHandle'?)"),
    ]
