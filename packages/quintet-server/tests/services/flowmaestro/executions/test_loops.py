"""Loops that loop: every kind, one round after another and side by side, in one another."""

from __future__ import annotations

from typing import Any

import pytest

from .test_graphs import IN, out, post


def loop(config: dict[str, Any], **more: Any) -> Any:
    return ("loop", config, more) if more else ("loop", config)


LIST = ("input", {"inputName": "items", "inputType": "json"})


async def test_for_each_runs_the_body_once_per_item(flows, receiver):
    await flows.define(
        "each",
        {
            "in": LIST,
            "l": loop({"arrayPath": "{{items}}", "itemVariable": "it"}),
            "call": post(
                f"{receiver.url}/{{{{it}}}}/{{{{loop.index}}}}/{{{{loop.iteration}}}}/{{{{loop.total}}}}",
                outputVariable="got",
            ),
            "o": out("{{l.iterations}}"),
            "last": out("{{got.data.path}}", "last", "string"),
        },
        "in>l l>call:body call>l l>o:done o>last",
    )
    found = await flows.run("each", items=["a", "b", "c"])
    assert found["status"] == "completed", found
    assert receiver.paths == ["/a/0/1/3", "/b/1/2/3", "/c/2/3/3"]
    assert found["outputs"] == {"answer": 3, "last": "/c/2/3/3"}
    log = await flows.log(found["id"])
    steps = [d["step"] for t, d in log if t == "node.completed" and d["node_id"] == "call"]
    assert steps == ["l[0]/call", "l[1]/call", "l[2]/call"]
    [output] = [d["output"] for t, d in log if t == "node.completed" and d["node_id"] == "l"]
    assert output["completed"] is True and output["items"] == ["a", "b", "c"]
    assert [r["got"]["data"]["path"] for r in output["results"]] == receiver.paths
    percentages = [d["percentage"] for t, d in log if t == "execution.progress"]
    assert percentages == sorted(percentages) and percentages[-1] == 100
    assert [t for t, d in log if t == "node.started" and d["node_id"] == "l"] == ["node.started"]


async def test_count_runs_so_many_rounds_and_results_are_seen_inside(flows, receiver):
    await flows.define(
        "count",
        {
            "in": IN,
            "l": loop({"loopType": "count", "count": "{{n}}"}),
            "call": post(f"{receiver.url}/x", body='{"before": {{loop.results.length}}}'),
        },
        "in>l l>call:body",
    )
    found = await flows.run("count", n=2)
    assert found["status"] == "completed", found
    assert len(receiver.calls) == 2
    assert found["outputs"]["iterations"] == 2


async def test_while_asks_before_each_round_and_stops_at_its_bound(flows, receiver):
    nodes = {
        "in": IN,
        "l": loop({"loopType": "while", "condition": "{{loop.index}} < {{n}}", "maxIterations": 4}),
        "call": post(f"{receiver.url}/x"),
        "o": out("{{l.completed}}"),
    }
    await flows.define("while", nodes, "in>l l>call:body call>l l>o:done")
    assert (await flows.run("while", n=2))["outputs"] == {"answer": True}
    assert len(receiver.calls) == 2
    assert (await flows.run("while", n=9))["outputs"] == {"answer": False}
    assert len(receiver.calls) == 6


async def test_inner_loop_runs_in_each_round_of_the_outer(flows, receiver):
    await flows.define(
        "nested",
        {
            "in": LIST,
            "o": loop({"arrayPath": "{{items}}", "itemVariable": "row"}),
            "i": loop({"arrayPath": "{{row}}", "itemVariable": "cell", "indexVariable": "k"}),
            "call": post(f"{receiver.url}/{{{{cell}}}}/{{{{loop.index}}}}/{{{{index}}}}"),
            "end": out("{{o.results[1].iterations}}"),
        },
        "in>o o>i:body i>call:body call>i i>o:done o>end:done",
    )
    found = await flows.run("nested", items=[["a", "b"], ["c"]])
    assert found["status"] == "completed", found
    assert receiver.paths == ["/a/0/0", "/b/1/0", "/c/0/1"]
    log = await flows.log(found["id"])
    steps = [d["step"] for t, d in log if t == "node.completed" and d["node_id"] == "call"]
    assert steps == ["o[0]/i[0]/call", "o[0]/i[1]/call", "o[1]/i[0]/call"]


async def test_parallel_rounds_overlap_and_results_keep_their_order(flows, receiver):
    await flows.define(
        "wide",
        {
            "in": LIST,
            "l": loop({"arrayPath": "{{items}}", "parallel": True, "maxConcurrency": 3}),
            "call": post(f"{receiver.url}/hold/{{{{item}}}}"),
            "o": out("{{l.results}}"),
        },
        "in>l l>call:body call>l l>o:done",
    )
    execution_id = await flows.start("wide", items=[1, 2, 3, 4, 5])
    await receiver.called(3)
    receiver.release.set()
    found = await flows.end(execution_id)
    assert found["status"] == "completed", found
    assert receiver.most_in_flight == 3
    paths = [result["data"]["path"] for result in found["outputs"]["answer"]]
    assert paths == [f"/hold/{n}" for n in range(1, 6)]


@pytest.mark.parametrize("items", [[], "[]"])
async def test_empty_array_means_no_round_and_the_exit_is_taken(flows, receiver, items):
    nodes = {
        "in": LIST,
        "l": loop({"arrayPath": "{{items}}"}),
        "call": post(f"{receiver.url}/x"),
        "o": out("{{l.iterations}}"),
    }
    await flows.define("none", nodes, "in>l l>call:body call>l l>o:done")
    found = await flows.run("none", items=items)
    assert found["outputs"] == {"answer": 0} and receiver.calls == []
    progress = [d for t, d in await flows.log(found["id"]) if t == "execution.progress"]
    assert progress[-1]["percentage"] == 100


async def test_loop_over_no_array_fails_its_node(flows, receiver):
    nodes = {"in": IN, "l": loop({"arrayPath": "{{n}}"}), "call": post(f"{receiver.url}/x")}
    await flows.define("wrong", nodes, "in>l l>call:body call>l")
    found = await flows.run("wrong")
    assert found["status"] == "failed" and found["error_details"]["node_id"] == "l"


@pytest.mark.parametrize("parallel", [False, True])
async def test_failing_round_fails_the_loop_whose_rule_may_handle_it(flows, receiver, parallel):
    nodes = {
        "in": LIST,
        "l": loop({"arrayPath": "{{items}}", "parallel": parallel, "maxConcurrency": 2}),
        "call": post(f"{receiver.url}{{{{item}}}}"),
    }
    edges = "in>l l>call:body call>l"
    await flows.define("strict", nodes, edges)
    found = await flows.run("strict", items=["/a", "/fail", "/c", "/d", "/e"])
    assert found["status"] == "failed"
    assert "Round 2: node 'call' failed" in found["error"]
    assert "/e" not in receiver.paths

    nodes["l"] = (*nodes["l"], {"onError": {"strategy": "continue"}})
    nodes["o"] = out("{{l.error}}", format="string")
    await flows.define("lenient", nodes, f"{edges} l>o:done")
    found = await flows.run("lenient", items=["/a", "/fail"])
    assert found["status"] == "completed" and "Round 2" in found["outputs"]["answer"]


async def test_failure_handled_in_the_body_lets_the_loop_go_on(flows, receiver):
    nodes = {
        "in": LIST,
        "l": loop({"arrayPath": "{{items}}"}),
        "call": (*post(f"{receiver.url}{{{{item}}}}"), {"onError": {"strategy": "continue"}}),
        "o": out("{{l.results}}"),
    }
    await flows.define("tough", nodes, "in>l l>call:body call>l l>o:done")
    found = await flows.run("tough", items=["/fail", "/b"])
    first, second = found["outputs"]["answer"]
    assert "error" in first and second["status"] == 200


async def test_branch_inside_a_body_is_chosen_anew_in_each_round(flows):
    await flows.define(
        "choose",
        {
            "in": LIST,
            "l": loop({"arrayPath": "{{items}}"}),
            "c": ("conditional", {"leftValue": "{{item}}", "operator": ">", "rightValue": "1"}),
            "big": ("templateOutput", {"outputName": "t", "template": "big {{item}}"}),
            "small": ("templateOutput", {"outputName": "t", "template": "small {{item}}"}),
            "o": out("{{l.results}}"),
        },
        "in>l l>c:body c>big:true c>small:false big>l small>l l>o:done",
    )
    found = await flows.run("choose", items=[1, 2])
    assert found["outputs"]["answer"] == [{"t": "small 1"}, {"t": "big 2"}]


async def test_thousand_quick_rounds_stay_cancellable(flows):
    nodes = {
        "in": IN,
        "l": loop({"loopType": "count", "count": 10_000, "maxIterations": 10_000}),
        "t": ("templateOutput", {"outputName": "t", "template": "{{loop.index}}"}),
    }
    await flows.define("busy", nodes, "in>l l>t:body t>l")
    execution_id = await flows.start("busy")
    await flows.told(execution_id, "node.completed", "t")
    answer = await flows.api.post(f"/executions/{execution_id}/cancel")
    assert answer.status_code == 200
    count = len(await flows.log(execution_id))
    types = [type for type, _ in await flows.log(execution_id)]
    assert types[-1] == "execution.cancelled"
    assert len(types) == count < 10_000
