from __future__ import annotations

import pytest

from quintet_server.services.flowmaestro.nodes import loop
from quintet_server.services.flowmaestro.nodes.model import NodeError


def rounds_of(call):
    """Run a loop whose body puts out its index; returns output and the frames seen."""
    plan = loop.plan(call)
    frames, results = [], []
    while True:
        frame = loop.frame(plan, len(results), results)
        if not loop.goes_on(plan, len(results), call.scope.child(frame)):
            break
        frames.append(frame)
        results.append({"i": len(results)})
    completed = loop.is_complete(plan, len(results), call.scope.child(frame))
    return loop.output(plan, len(results), results, completed), frames


@pytest.mark.parametrize(
    ("config", "items"),
    [
        ({"arrayPath": "{{a.list}}"}, [5, 6, 7]),
        ({"arrayPath": "${a.list}"}, [5, 6, 7]),
        ({"arrayPath": "a.list"}, [5, 6, 7]),
        ({"collection": "a.list"}, [5, 6, 7]),
        ({"items": "{{a.list}}"}, [5, 6, 7]),
        ({"items": [1, "{{b}}"]}, [1, "x"]),
        ({"arrayPath": "[1, 2]"}, [1, 2]),
        ({"arrayPath": "{{text}}"}, ["q"]),
        ({"arrayPath": "{{empty}}"}, []),
    ],
)
def test_loop_for_each_finds_its_array(call_of, config, items):
    data = {"a": {"list": [5, 6, 7]}, "b": "x", "text": '["q"]', "empty": []}
    output, frames = rounds_of(call_of("loop", config, data))
    assert output["items"] == items
    assert output["iterations"] == len(items) == len(frames)
    assert output["completed"] is True
    assert output["results"] == output["outputs"] == [{"i": i} for i in range(len(items))]


@pytest.mark.parametrize("value", ["no", {"a": 1}, 5, None])
def test_loop_for_each_over_no_array_fails(call_of, value):
    with pytest.raises(NodeError, match="not to an array"):
        loop.plan(call_of("loop", {"arrayPath": "{{a}}"}, {"a": value}))


def test_loop_frames_show_item_and_place(call_of):
    config = {"arrayPath": "a", "itemVariable": "ticket", "indexVariable": "nr"}
    _, frames = rounds_of(call_of("loop", config, {"a": ["x", "y"]}))
    assert frames[1] == {
        "loop": {
            "index": 1,
            "iteration": 2,
            "item": "y",
            "total": 2,
            "length": 2,
            "count": 2,
            "results": [{"i": 0}],
            "isFirst": False,
            "isLast": True,
        },
        "nr": 1,
        "ticket": "y",
    }
    assert frames[0]["loop"]["isFirst"] is True


@pytest.mark.parametrize(
    ("config", "iterations", "completed"),
    [
        ({"arrayPath": "a", "maxIterations": 2}, 2, False),
        ({"arrayPath": "a", "maxIterations": 3}, 3, True),
        ({"loopType": "count", "count": 4}, 4, True),
        ({"loopType": "count", "count": "{{n}}"}, 2, True),
        ({"loopType": "count", "count": 0}, 0, True),
        ({"loopType": "count", "count": 5, "maxIterations": 3}, 3, False),
        ({"loopType": "while", "condition": "{{loop.index}} < 3"}, 3, True),
        ({"loopType": "while", "condition": "loop.index < 3"}, 3, True),
        ({"loopType": "while", "condition": "false"}, 0, True),
        ({"loopType": "while", "condition": "true", "maxIterations": 7}, 7, False),
        ({"loopType": "while", "condition": "loop.index < 3", "maxIterations": 3}, 3, True),
        ({"condition": "loop.index < 2"}, 2, True),
    ],
)
def test_loop_ends_by_itself_or_at_its_bound(call_of, config, iterations, completed):
    output, frames = rounds_of(call_of("loop", config, {"a": [1, 2, 3], "n": 2}))
    assert output["iterations"] == len(frames) == iterations
    assert output["completed"] is completed


def test_loop_count_starts_where_it_is_told(call_of):
    config = {"loopType": "count", "count": 2, "startIndex": 10}
    _, frames = rounds_of(call_of("loop", config))
    assert [frame["index"] for frame in frames] == [10, 11]
    assert [frame["loop"]["iteration"] for frame in frames] == [1, 2]


@pytest.mark.parametrize("count", [-1, 1.5, "many"])
def test_loop_count_that_is_none_fails(call_of, count):
    with pytest.raises(NodeError, match="count must be a whole number of at least 0"):
        loop.plan(call_of("loop", {"loopType": "count", "count": "{{n}}"}, {"n": count}))


def test_loop_count_without_a_value_fails(call_of):
    with pytest.raises(NodeError, match="count"):
        loop.plan(call_of("loop", {"loopType": "count", "count": "{{n}}"}))


def test_loop_parallel_says_how_many_and_names_branches(call_of):
    call = call_of("loop", {"arrayPath": "a", "parallel": True, "maxConcurrency": 3}, {"a": [7]})
    plan = loop.plan(call)
    assert plan.max_concurrency == 3
    assert loop.frame(plan, 0, ())["parallel"] == {
        "index": 0,
        "branchId": "branch-0",
        "currentItem": 7,
    }


def test_loop_output_larger_than_the_limit_fails(call_of):
    plan = loop.plan(call_of("loop", {"arrayPath": "a"}, {"a": [1]}))
    with pytest.raises(NodeError, match="more than the 100 a node may put out"):
        loop.output(plan, 1, ["x" * 100], True, max_bytes=100)


def test_loop_while_cannot_be_parallel(complaints):
    config = {"loopType": "while", "condition": "true", "parallel": True}
    assert complaints("loop", config) == [
        "nodes.n.config.parallel: is not possible in a while loop: a round decides on the next"
    ]
