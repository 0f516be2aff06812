"""What is executed, in which order, and what comes out: whole workflows over HTTP."""

from __future__ import annotations

from typing import Any

IN = ("input", {"inputName": "n", "inputType": "number", "required": False, "defaultValue": 1})


def out(value: str, name: str = "answer", format: str = "json") -> tuple[str, dict[str, Any]]:
    return "output", {"outputName": name, "value": value, "format": format}


def post(url: str, body: str = "{}", **config: Any) -> tuple[str, dict[str, Any]]:
    return "http", {"method": "POST", "url": url, "body": body, "retryCount": 0, **config}


async def test_five_nodes_in_a_row_give_the_output_and_every_event(flows):
    await flows.define(
        "five",
        {
            "in": ("input", {"inputName": "items", "inputType": "json"}),
            "double": (
                "transform",
                {
                    "operation": "map",
                    "inputData": "{{items}}",
                    "expression": "item * 2",
                    "outputVariable": "doubled",
                },
            ),
            "any": (
                "conditional",
                {"leftValue": "{{doubled[0]}}", "operator": ">", "rightValue": "1"},
            ),
            "sum": (
                "transform",
                {
                    "operation": "reduce",
                    "inputData": "{{doubled}}",
                    "expression": "acc + item",
                    "initialValue": 0,
                    "outputVariable": "total",
                },
            ),
            "out": out("{{total}}"),
        },
        "in>double double>any any>sum:true sum>out",
    )
    found = await flows.run("five", items="[1, 2, 3]")

    assert found["status"] == "completed", found
    assert found["outputs"] == {"answer": 12}
    assert found["inputs"] == {"items": "[1, 2, 3]"}
    assert found["error"] is None and found["error_details"] is None
    assert found["workflow_name"] == "five" and found["duration_ms"] >= 0
    frames = await flows.api.events(f"/executions/{found['id']}/events")
    nodes = ["in", "double", "any", "sum", "out"]
    assert [frame["event"] for frame in frames] == [
        "connected",
        "execution:started",
        *["node:started", "node:completed", "execution:progress"] * 5,
        "execution:completed",
    ]
    for frame in frames:
        assert frame["data"]["type"] == frame["event"]
        assert frame["data"]["execution_id"] == found["id"]
        assert isinstance(frame["data"]["timestamp"], int)
    ids = [int(frame["id"]) for frame in frames if "id" in frame]
    assert ids == sorted(set(ids)) and len(ids) == len(frames) - 1
    assert "id" not in frames[0] and frames[0]["data"]["status"] == "completed"
    started = frames[1]["data"]
    assert started["workflow_name"] == "five" and started["total_nodes"] == 5
    assert started["started_at"] == found["started_at"]
    completed = [f["data"] for f in frames if f["event"] == "node:completed"]
    assert [data["node_id"] for data in completed] == nodes
    assert completed[1]["output"] == completed[1]["outputs"] == {"doubled": [2, 4, 6]}
    assert completed[1]["node_name"] and completed[1]["node_type"] == "transform"
    assert completed[1]["duration"] == completed[1]["duration_ms"] >= 0
    progress = [f["data"] for f in frames if f["event"] == "execution:progress"]
    assert [(p["completed"], p["total"], p["percentage"], p["progress"]) for p in progress] == [
        (n, 5, n * 20, n * 20) for n in range(1, 6)
    ]
    last = frames[-1]["data"]
    assert last["status"] == "completed" and last["outputs"] == {"answer": 12}
    assert last["completed_at"] == found["completed_at"] and last["duration"] >= 0


async def test_branches_run_at_the_same_time_and_their_join_waits_for_both(flows, receiver):
    await flows.define(
        "parallel",
        {
            "in": IN,
            "a": post(f"{receiver.url}/hold/a"),
            "b": post(f"{receiver.url}/hold/b"),
            "join": out("{{a.data.path}}+{{b.data.path}}", format="string"),
        },
        "in>a in>b a>join b>join",
    )
    execution_id = await flows.start("parallel")
    await receiver.called(2)
    receiver.release.set()
    found = await flows.end(execution_id)
    assert found["outputs"] == {"answer": "/hold/a+/hold/b"}
    assert receiver.most_in_flight == 2


async def test_max_concurrent_nodes_bounds_what_runs_at_once(flows, receiver):
    nodes: dict[str, Any] = {"in": IN}
    nodes |= {f"n{number}": post(f"{receiver.url}/{number}") for number in range(5)}
    edges = " ".join(f"in>n{number}" for number in range(5))
    await flows.define("narrow", nodes, edges, maxConcurrentNodes=1)
    found = await flows.run("narrow")
    assert found["status"] == "completed"
    assert len(receiver.calls) == 5 and receiver.most_in_flight == 1


async def test_branch_not_taken_is_skipped_and_a_join_behind_it_runs(flows):
    await flows.define(
        "pruned",
        {
            "in": IN,
            "c": ("conditional", {"leftValue": "{{n}}", "operator": "<", "rightValue": "5"}),
            "small": out("small", "size", "string"),
            "large": out("large", "size", "string"),
            "join": out("{{n}}", "n"),
        },
        "in>c c>small:true c>large:false small>join large>join",
    )
    found = await flows.run("pruned", n=3)
    assert found["outputs"] == {"size": "small", "n": 3}
    log = await flows.log(found["id"])
    assert [data["node_id"] for type, data in log if type == "node.skipped"] == ["large"]
    assert [d for t, d in log if t == "execution.progress"][-1]["percentage"] == 100
    assert (await flows.run("pruned", n=7))["outputs"] == {"size": "large", "n": 7}


async def test_unhandled_failure_lets_other_branches_end_and_fails_the_execution(flows, receiver):
    await flows.define(
        "broken",
        {
            "in": IN,
            "bad": ("transform", {"operation": "parseJSON", "inputData": "no json"}),
            "after": out("never", "after"),
            "fine": post(f"{receiver.url}/fine"),
            "kept": out("{{fine.status}}", "kept", "number"),
        },
        "in>bad bad>after in>fine fine>kept",
    )
    found = await flows.run("broken")
    assert found["status"] == "failed"
    assert found["error"].startswith('Workflow completed with 1 failed nodes: {"bad":"')
    assert found["error_details"]["node_id"] == "bad"
    assert found["error_details"]["message"] == found["error"]
    assert found["outputs"] == {"kept": 200}
    frames = await flows.api.events(f"/executions/{found['id']}/events")
    failed = [f["data"] for f in frames if f["event"] == "node:failed"]
    assert [(d["node_id"], d["node_type"], d["handled"]) for d in failed] == [
        ("bad", "transform", False)
    ]
    last = frames[-1]
    assert last["event"] == "execution:failed" and last["data"]["failed_node_id"] == "bad"
    assert last["data"]["error"] == found["error"] and last["data"]["outputs"] == {"kept": 200}
    assert last["data"]["completed_at"]


BAD = ("transform", {"operation": "parseJSON", "inputData": "no json", "outputVariable": "v"})


async def test_on_error_continue_gives_successors_the_error(flows):
    rule = {"onError": {"strategy": "continue"}}
    nodes = {"in": IN, "bad": (*BAD, rule), "o": out("{{bad.error}}", format="string")}
    await flows.define("go_on", nodes, "in>bad bad>o")
    found = await flows.run("go_on")
    assert found["status"] == "completed" and "JSON" in found["outputs"]["answer"]
    log = await flows.log(found["id"])
    assert [d["handled"] for t, d in log if t == "node.failed"] == [True]


async def test_on_error_fallback_takes_the_place_of_the_result(flows):
    rule = {"onError": {"strategy": "fallback", "fallbackValue": "{{n}} instead"}}
    nodes = {"in": IN, "bad": (*BAD, rule), "o": out("{{v}}", format="string")}
    await flows.define("fall_back", nodes, "in>bad bad>o")
    assert (await flows.run("fall_back", n=2))["outputs"] == {"answer": "2 instead"}


async def test_on_error_goto_jumps_and_leaves_other_successors_out(flows):
    rule = {"onError": {"strategy": "goto", "gotoNode": "rescue"}}
    nodes = {
        "in": IN,
        "bad": (*BAD, rule),
        "usual": out("usual", "usual"),
        "rescue": out("{{bad.error}}", "rescued", "string"),
    }
    await flows.define("jump", nodes, "in>bad bad>usual")
    found = await flows.run("jump")
    assert found["status"] == "completed" and list(found["outputs"]) == ["rescued"]


async def test_error_edge_handles_a_failure(flows):
    nodes = {"in": IN, "bad": BAD, "usual": out("usual", "usual"), "rescue": out("yes", "rescued")}
    await flows.define("edge", nodes, "in>bad bad>usual bad>rescue:error")
    found = await flows.run("edge")
    assert (found["status"], found["outputs"]) == ("completed", {"rescued": "yes"})


async def test_retry_rules_repeat_what_may_succeed_later(flows, receiver):
    retry = {"retry": {"maxAttempts": 3, "initialDelay": 1, "maxDelay": 2}}
    config = {"onError": {"strategy": "continue"}}
    nodes = {"in": IN, "call": (*post(f"{receiver.url}/fail"), {**retry, **config})}
    await flows.define("again", nodes, "in>call")
    found = await flows.run("again")
    assert found["status"] == "completed"
    assert receiver.paths == ["/fail"] * 3
    log = await flows.log(found["id"])
    assert [d["attempt"] for t, d in log if t == "node.retry"] == [2, 3]
    assert [d["next_retry_in"] for t, d in log if t == "node.retry"] == [1, 2]


async def test_wrong_values_are_not_retried(flows):
    retry = {"retry": {"maxAttempts": 5, "initialDelay": 1}}
    await flows.define("once", {"in": IN, "bad": (*BAD, retry)}, "in>bad")
    found = await flows.run("once")
    assert found["status"] == "failed"
    assert "node.retry" not in [type for type, _ in await flows.log(found["id"])]


async def test_input_in_its_type_is_found_before_the_raw_one(flows):
    nodes = {
        "in": ("input", {"inputName": "ticket", "inputType": "json"}),
        "o": out("{{ticket.priority}}", format="string"),
    }
    await flows.define("typed", nodes, "in>o")
    found = await flows.run("typed", ticket='{"priority": "high"}')
    assert found["outputs"] == {"answer": "high"}


async def test_output_variable_wins_over_an_input_of_its_name(flows):
    nodes = {
        "in": ("input", {}),
        "t": (
            "transform",
            {"operation": "passthrough", "inputData": "{{b}}", "outputVariable": "a"},
        ),
        "o": out("{{a}}"),
    }
    await flows.define("shadow", nodes, "in>t t>o")
    assert (await flows.run("shadow", a=1, b=2))["outputs"] == {"answer": 2}


async def test_terminal_nodes_give_the_outputs_where_there_is_no_output_node(flows):
    nodes = {
        "in": IN,
        "c": ("conditional", {"leftValue": "{{n}}", "operator": "==", "rightValue": "1"}),
    }
    await flows.define("bare", nodes, "in>c")
    assert (await flows.run("bare"))["outputs"]["branch"] == "true"


async def test_editor_form_runs_like_the_other(flows, tmp_path):
    document = """
        service: flowmaestro
        kind: workflow
        name: drawn
        spec:
          nodes:
            - {id: note, type: comment, data: {label: hello}}
            - {id: a, type: input, data: {inputName: who, label: Who}}
            - {id: b, type: output, data: {outputName: text, value: "hi {{who}}"}}
          edges:
            - {id: e, source: a, target: b}
            - {id: f, source: note, target: b}
    """
    await flows.api.apply(tmp_path, document)
    assert (await flows.run("drawn", who="Ada"))["outputs"] == {"text": "hi Ada"}


async def test_workflow_that_takes_too_long_fails_by_database_time(alone_flows, receiver, advance):
    flows = alone_flows
    nodes = {"in": IN, "o": out("{{n}}", "early"), "slow": post(f"{receiver.url}/hold")}
    await flows.define("slow", nodes, "in>o in>slow", timeout=60_000)
    execution_id = await flows.start("slow")
    await receiver.called()
    await advance(61)
    found = await flows.end(execution_id)
    assert found["status"] == "failed" and found["error"] == "Workflow timed out after 60000 ms"
    assert found["error_details"]["code"] == "timeout"
    assert found["outputs"] == {"early": 1}
    await flows.api.until(lambda: receiver.hung_up == 1)


async def test_node_that_takes_too_long_fails_its_attempt(started, flows_of, receiver):
    async with started(node_timeout_seconds=0.2) as api:
        flows = flows_of(api)
        await flows.define("hang", {"in": IN, "slow": post(f"{receiver.url}/hold")}, "in>slow")
        found = await flows.run("hang")
    assert found["status"] == "failed"
    assert "did not end within 0.2 s" in found["error"]


async def test_output_too_large_fails_the_node(started, flows_of):
    async with started(outputs_max_bytes=2048) as api:
        flows = flows_of(api)
        nodes = {"in": ("input", {"inputName": "text"}), "o": out("{{text}}{{text}}")}
        await flows.define("large", nodes, "in>o")
        found = await flows.run("large", text="x" * 1200)
        assert found["status"] == "failed"
        assert "QUINTET_FLOWMAESTRO_OUTPUTS_MAX_BYTES" in found["error"]
        rule = {"onError": {"strategy": "continue"}}
        nodes["o"] = (*nodes["o"], rule)
        nodes["p"] = out("{{o.error}}", "why", "string")
        await flows.define("large", nodes, "in>o o>p")
        found = await flows.run("large", text="x" * 1200)
    assert found["status"] == "completed"
    assert "QUINTET_FLOWMAESTRO_OUTPUTS_MAX_BYTES" in found["outputs"]["why"]


async def test_output_of_one_node_too_large_fails_the_node(started, flows_of):
    async with started(node_output_max_bytes=2048) as api:
        flows = flows_of(api)
        nodes = {"in": ("input", {"inputName": "text"}), "o": out("{{text}}{{text}}")}
        await flows.define("large", nodes, "in>o")
        found = await flows.run("large", text="x" * 1200)
    assert found["status"] == "failed"
    assert "QUINTET_FLOWMAESTRO_NODE_OUTPUT_MAX_BYTES" in found["error"]


async def test_expression_that_cannot_be_read_says_so_in_every_node(flows):
    nodes = {"in": ("input", {"inputName": "a", "defaultValue": "{{b +}}"}), "o": out("{{a}}")}
    await flows.define("unreadable", nodes, "in>o")
    found = await flows.run("unreadable")
    assert found["status"] == "failed"
    assert "There is no arithmetic in a placeholder" in found["error"]


async def test_later_nodes_see_what_is_kept(flows):
    nodes = {
        "in": ("input", {"inputName": "n", "inputType": "number"}),
        "big": (
            "transform",
            {
                "operation": "custom",
                "inputData": "{{n}}",
                "expression": "items * 4611686018427387904",
                "outputVariable": "much",
            },
        ),
        "o": out("<{{much}}>", format="string"),
    }
    await flows.define("big", nodes, "in>big big>o")
    found = await flows.run("big", n="8")
    assert found["outputs"] == {"answer": "<36893488147419103000>"}
