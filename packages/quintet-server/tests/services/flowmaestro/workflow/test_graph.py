"""The bodies of loops."""

from __future__ import annotations

import pytest

from .support import errors_of, graph, parsed, warnings_of


def bodies(nodes: str, edges: str) -> dict[str, set[str]]:
    regions = parsed(graph(nodes, edges)).regions
    return {loop: set(body.nodes) for loop, body in regions.bodies.items()}


@pytest.mark.parametrize(
    ("nodes", "edges", "expected"),
    [
        # with a way back
        ("s l:loop a b o", "s>l l-body>a a>b b>l l>o", {"l": {"a", "b"}}),
        ("s l:loop a b c", "s>l l-body>a l-body>b a>c b>c c>l", {"l": {"a", "b", "c"}}),
        # without a way back: everything that no exit leads to
        ("s l:loop a b o", "s>l l-body>a a>b l-done>o", {"l": {"a", "b"}}),
        ("s l:loop a b o", "s>l l-body>a a>o l-done>o", {"l": {"a"}}),
        ("l:loop a", "l-body>a", {"l": {"a"}}),
        # a side branch inside, where the loop has an exit of its own
        ("l:loop a side o", "l-body>a a>l a>side l-done>o", {"l": {"a", "side"}}),
        # without an exit, what follows the body follows the loop
        ("l:loop a o", "l-body>a a>l a>o", {"l": {"a"}}),
        # a handler of failures is inside in any case
        ("l:loop a h o", "l-body>a a>l a>o a-error>h", {"l": {"a", "h"}}),
        # nested
        (
            "o:loop i:loop x y",
            "o-body>i i-body>x x>i i-done>y y>o",
            {"o": {"i", "y"}, "i": {"x"}},
        ),
        (
            "o:loop i:loop x y",
            "o-body>i i-body>x i-done>y y>o",
            {"o": {"i", "y"}, "i": {"x"}},
        ),
        ("o:loop i:loop x", "o-body>i i-body>x x>i i>o", {"o": {"i"}, "i": {"x"}}),
        ("o:loop i:loop x", "o-body>i i-body>x x>o", {"o": {"i"}, "i": {"x"}}),
        # one after the other
        (
            "a:loop x b:loop y",
            "a-body>x x>a a>b b-body>y y>b",
            {"a": {"x"}, "b": {"y"}},
        ),
        # one beside the other, with a common end
        (
            "s a:loop x b:loop y e",
            "s>a s>b a-body>x x>a b-body>y y>b a>e b>e",
            {"a": {"x"}, "b": {"y"}},
        ),
        # a branch in the body
        (
            "l:loop c:if a b j",
            "l-body>c c-true>a c-false>b a>j b>j j>l",
            {"l": {"c", "a", "b", "j"}},
        ),
    ],
)
def test_body_is_what_the_loop_repeats(
    nodes: str, edges: str, expected: dict[str, set[str]]
) -> None:
    assert bodies(nodes, edges) == expected


def test_region_has_its_starts_edges_and_results_in_the_order_of_the_document() -> None:
    definition = parsed(graph("s l:loop a b c o", "s>l l-body>a l-body>b a>c b>c c>l l-done>o"))
    body = definition.regions.bodies["l"]
    assert body.loop == "l"
    assert body.nodes == ("a", "b", "c")
    assert body.starts == ("a", "b")
    assert [(edge.source, edge.target) for edge in body.edges] == [("a", "c"), ("b", "c")]
    assert body.results == ("c",)
    top = definition.regions.top
    assert top.nodes == ("s", "l", "o")
    assert top.starts == ("s",)
    assert definition.regions.total_nodes == 6


def test_results_of_a_round_are_in_the_order_they_run() -> None:
    definition = parsed(graph("l:loop b a", "l-body>a a>b a>l b>l"))
    assert definition.regions.bodies["l"].results == ("a", "b")


def test_results_of_a_body_without_a_way_back_are_its_ends() -> None:
    definition = parsed(graph("l:loop a b c", "l-body>a a>b a>c"))
    assert definition.regions.bodies["l"].results == ("b", "c")


def test_an_edge_out_of_the_body_becomes_an_exit_of_the_loop() -> None:
    raw = graph("l:loop a o", "l-body>a a>l a>o")
    edges = parsed(raw).regions.top.edges
    assert [(edge.source, edge.target, edge.handle) for edge in edges] == [("l", "o", "done")]
    assert "LEAVES_LOOP_BODY" in [warning.code for warning in warnings_of(raw)]


def test_an_edge_out_of_nested_bodies_belongs_to_the_loop_of_its_goal() -> None:
    raw = graph("o:loop i:loop x e", "o-body>i i-body>x x>i i>o x>e")
    edges = parsed(raw).regions.top.edges
    assert [(edge.source, edge.target) for edge in edges] == [("o", "e")]


def test_a_failure_cannot_be_handled_outside_of_the_body() -> None:
    raw = graph("l:loop a o", "l-body>a a>l l-done>o a-error>o")
    assert any("leaves the body of loop 'l'" in error for error in errors_of(raw))


def test_a_goto_into_or_out_of_a_body_is_refused() -> None:
    raw = graph("s l:loop a o", "s>l l-body>a a>l l-done>o")
    raw["nodes"]["a"]["onError"] = {"strategy": "goto", "gotoNode": "o"}
    assert any("nodes.a.onError.gotoNode" in error for error in errors_of(raw))
    raw = graph("s l:loop a b o", "s>l l-body>a a>b b>l l-done>o")
    raw["nodes"]["s"]["onError"] = {"strategy": "goto", "gotoNode": "b"}
    assert any("nodes.s.onError.gotoNode" in error for error in errors_of(raw))


def test_a_node_that_only_a_goto_leads_to_is_reached() -> None:
    raw = graph("a b h", "a>b")
    raw["nodes"]["a"]["onError"] = {"strategy": "goto", "gotoNode": "h"}
    assert parsed(raw).regions.top.nodes == ("a", "b", "h")


def test_a_run_cannot_begin_in_the_body_of_a_loop() -> None:
    (error,) = errors_of(graph("x l:loop o", "l-body>x x>l l-done>o", entryPoint="x"))
    assert error == "nodes.x: the run cannot begin in the body of loop 'l'"


def test_an_input_in_the_body_of_a_loop_begins_nothing() -> None:
    definition = parsed(graph("s:input l:loop i:input x", "s>l l-body>i i>x x>l"))
    assert definition.regions.top.starts == ("s",)
    assert definition.regions.bodies["l"].nodes == ("i", "x")
    raw = graph("s:input l:loop i:input", "l-body>i i>l")
    assert parsed(raw).regions.top.nodes == ("s",)
    assert [w.node for w in warnings_of(raw) if w.code == "UNREACHABLE"] == ["l", "i"]


def test_a_cycle_inside_a_body_is_refused() -> None:
    errors = errors_of(graph("l:loop a b", "l-body>a a>b b>a b>l"))
    assert any("a → b → a is a cycle" in error or "b → a → b" in error for error in errors)


def test_loops_that_never_run_may_go_back_to_themselves() -> None:
    raw = graph("s l:loop a", "l-body>a a>l", entryPoint="s")
    assert [w.node for w in warnings_of(raw) if w.code == "UNREACHABLE"] == ["l", "a"]


def test_depth_of_loops_is_bounded() -> None:
    def nested(depth: int) -> list[str]:
        nodes = " ".join(f"l{at}:loop" for at in range(depth)) + " x"
        edges = " ".join(f"l{at}-body>l{at + 1} l{at + 1}>l{at}" for at in range(depth - 1))
        return errors_of(graph(nodes, f"{edges} l{depth - 1}-body>x x>l{depth - 1}"))

    assert nested(8) == []
    assert any("is inside 8 other loops" in error for error in nested(9))
    assert any("is inside 8 other loops" in error for error in nested(40))


def test_long_cycles_are_told_briefly() -> None:
    ring = " ".join(f"n{at}>n{(at + 1) % 100}" for at in range(100))
    (error,) = errors_of(graph(" ".join(f"n{at}" for at in range(100)), ring))
    assert "…" in error
    assert len(error) < 200
