"""Waits that outlive processes, and reviews that people answer."""

from __future__ import annotations

from typing import Any

from .test_graphs import IN, out, post


def wait(**config: Any) -> tuple[str, dict[str, Any]]:
    return "wait", config


REVIEW = (
    "humanReview",
    {
        "prompt": "Ship {{n}}?",
        "variableName": "verdict",
        "inputType": "number",
        "validation": {"min": 1, "max": 5},
    },
)


async def parked(flows: Any, execution_id: str) -> None:
    """Return once the execution occupies no worker any more."""
    await flows.api.eventually(
        "SELECT 1 FROM work_jobs WHERE id LIKE %s AND state IN ('pending', 'scheduled') "
        "AND due_at > quintet_now()",
        f"{execution_id}.%",
    )


async def test_short_wait_is_sat_out(flows):
    await flows.define("blink", {"in": IN, "w": wait(duration=20), "o": out("{{n}}")}, "in>w w>o")
    found = await flows.run("blink")
    assert found["outputs"] == {"answer": 1} and found["duration_ms"] >= 20
    log = await flows.log(found["id"])
    [output] = [d["output"] for t, d in log if t == "node.completed" and d["node_id"] == "w"]
    assert output["waitType"] == "duration" and output["actualWaitDuration"] >= 20


async def test_long_wait_parks_the_execution_until_its_time_has_come(alone_flows, advance):
    flows = alone_flows
    nodes = {"in": IN, "w": wait(durationValue=2, durationUnit="hours"), "o": out("{{n}}")}
    await flows.define("nap", nodes, "in>w w>o", timeout=86_400_000)
    execution_id = await flows.start("nap")
    await parked(flows, execution_id)
    assert (await flows.look(execution_id))["status"] == "running"
    await advance(7_201)
    found = await flows.end(execution_id)
    assert found["outputs"] == {"answer": 1} and found["duration_ms"] >= 7_200_000
    log = await flows.log(execution_id)
    assert [d["node_id"] for t, d in log if t == "node.started"] == ["in", "w", "o"]
    [output] = [d["output"] for t, d in log if t == "node.completed" and d["node_id"] == "w"]
    assert output["actualWaitDuration"] >= 7_200_000


async def test_parked_execution_times_out_at_its_time(alone_flows, advance):
    flows = alone_flows
    nodes = {"in": IN, "w": wait(durationValue=2, durationUnit="hours")}
    await flows.define("late", nodes, "in>w", timeout=60_000)
    execution_id = await flows.start("late")
    await parked(flows, execution_id)
    await advance(61)
    found = await flows.end(execution_id)
    assert found["error"] == "Workflow timed out after 60000 ms"


async def test_wait_goes_on_in_another_process_and_keeps_its_end(started, flows_of, advance):
    nodes = {"in": IN, "w": wait(durationValue=1, durationUnit="hours"), "o": out("{{n}}")}
    async with started() as api:
        flows = flows_of(api)
        await flows.define("moved", nodes, "in>w w>o", timeout=86_400_000)
        execution_id = await flows.start("moved")
        await parked(flows, execution_id)
    await advance(1_800)
    async with started() as api:
        flows = flows_of(api)
        assert (await flows.look(execution_id))["status"] == "running"
        await advance(1_801)
        found = await flows.end(execution_id)
    assert found["outputs"] == {"answer": 1}


async def test_past_timestamp_is_no_wait(flows):
    nodes = {"in": IN, "w": wait(waitType="until", timestamp="2001-01-01T00:00:00Z")}
    await flows.define("past", nodes, "in>w")
    found = await flows.run("past")
    assert found["outputs"]["skipped"] is True and found["outputs"]["reason"]


async def test_other_branches_end_while_one_waits(flows, receiver):
    nodes = {"in": IN, "w": wait(duration=3_600_000), "call": post(f"{receiver.url}/x")}
    await flows.define("both", nodes, "in>w in>call", timeout=86_400_000)
    execution_id = await flows.start("both")
    await flows.told(execution_id, "node.completed", "call")
    await parked(flows, execution_id)
    answer = await flows.api.post(f"/executions/{execution_id}/cancel")
    assert answer.json()["data"]["status"] == "cancelled"


# Human review --------------------------------------------------------------------------------


async def paused(flows: Any, name: str, **inputs: Any) -> dict[str, Any]:
    return dict(await flows.state(await flows.start(name, **inputs), "paused"))


async def resume(flows: Any, execution_id: str, answer: Any, **options: Any) -> Any:
    path = f"/executions/{execution_id}/resume"
    return await flows.api.post(path, {"input": answer}, **options)


async def test_review_pauses_and_an_answer_resumes(flows):
    await flows.define("ask", {"in": IN, "r": REVIEW, "o": out("{{verdict}}")}, "in>r r>o")
    found = await paused(flows, "ask", n=7)
    context = found["pause_context"]
    assert context["prompt"] == "Ship 7?" and context["node_id"] == "r"
    assert context["variable_name"] == "verdict" and found["completed_at"] is None
    assert (await flows.api.data("/executions?status=paused"))[0]["id"] == found["id"]

    answer = await resume(flows, found["id"], 3)
    assert answer.status_code == 200 and answer.json()["data"]["status"] in ("running", "pending")
    ended = await flows.end(found["id"])
    assert ended["outputs"] == {"answer": 3} and "pause_context" not in ended
    frames = await flows.api.events(f"/executions/{found['id']}/events")
    told = {frame["event"]: frame["data"] for frame in frames}
    for name, status in (("execution:paused", "paused"), ("execution:resumed", "running")):
        assert told[name]["status"] == status and told[name]["node_id"] == "r"
        assert told[name]["reason"] == "human_review"
        assert told[name]["pause_context"]["prompt"] == "Ship 7?"
    names = [frame["event"] for frame in frames]
    assert names.count("execution:started") == names.count("execution:completed") == 1
    started = [f["data"]["node_id"] for f in frames if f["event"] == "node:started"]
    assert started == ["in", "r", "o"]


async def test_wrong_answers_are_told_field_and_rule_and_the_execution_stays_paused(flows):
    await flows.define("strict", {"in": IN, "r": REVIEW}, "in>r")
    found = await paused(flows, "strict")
    for wrong in ("many", 9, None):
        answer = await resume(flows, found["id"], wrong)
        assert answer.status_code == 400, answer.text
        error = answer.json()["error"]
        assert error["code"] == "validation_error"
        [detail] = error["details"]["errors"]
        assert detail["field"] == "verdict" and detail["message"]
    missing = await flows.api.post(f"/executions/{found['id']}/resume", {})
    assert missing.status_code == 400
    assert (await flows.look(found["id"]))["status"] == "paused"
    await flows.api.post(f"/executions/{found['id']}/cancel")


async def test_only_a_paused_execution_can_be_resumed(flows):
    await flows.define("plain", {"in": IN, "o": out("{{n}}")}, "in>o")
    found = await flows.run("plain")
    answer = await resume(flows, found["id"], 1)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Execution is not paused. Current status: completed"
    assert (await resume(flows, "exec_unknown", 1)).status_code == 404


async def test_resume_with_an_idempotency_key_answers_once(flows):
    await flows.define("key", {"in": IN, "r": REVIEW}, "in>r")
    found = await paused(flows, "key")
    headers = {"Idempotency-Key": f"resume-{found['id']}"}
    first = await resume(flows, found["id"], 2, headers=headers)
    await flows.end(found["id"])
    again = await resume(flows, found["id"], 2, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["data"] == first.json()["data"]


async def test_answer_given_with_the_inputs_needs_no_pause(flows):
    await flows.define("early", {"in": IN, "r": REVIEW, "o": out("{{verdict}}")}, "in>r r>o")
    found = await flows.run("early", verdict=4)
    assert found["outputs"] == {"answer": 4}
    assert "execution.paused" not in [type for type, _ in await flows.log(found["id"])]


async def test_other_branches_end_before_the_pause_and_are_not_repeated(flows, receiver):
    nodes = {
        "in": IN,
        "r": REVIEW,
        "call": post(f"{receiver.url}/x"),
        "w": wait(duration=30),
        "then": post(f"{receiver.url}/y"),
        "o": out("{{verdict}}"),
    }
    await flows.define("beside", nodes, "in>r in>call in>w w>then r>o call>o")
    found = await paused(flows, "beside")
    assert sorted(receiver.paths) == ["/x", "/y"]
    await resume(flows, found["id"], 5)
    ended = await flows.end(found["id"])
    assert ended["outputs"] == {"answer": 5} and len(receiver.calls) == 2


async def test_two_reviews_are_asked_one_after_the_other(flows):
    second = ("humanReview", {"prompt": "And?", "variableName": "second"})
    nodes = {
        "in": IN,
        "a": REVIEW,
        "b": second,
        "o": out("{{verdict}}/{{second}}", format="string"),
    }
    await flows.define("two", nodes, "in>a in>b a>o b>o")
    found = await paused(flows, "two")
    assert found["pause_context"]["node_id"] == "a"
    await resume(flows, found["id"], 1)
    await flows.api.eventually(
        "SELECT 1 FROM runs WHERE id = %s AND pause->>'node_id' = 'b'", found["id"]
    )
    await resume(flows, found["id"], "yes")
    assert (await flows.end(found["id"]))["outputs"] == {"answer": "1/yes"}


async def test_review_inside_a_loop_is_asked_in_each_round(flows):
    nodes = {
        "in": ("input", {"inputName": "items", "inputType": "json"}),
        "l": ("loop", {"arrayPath": "{{items}}"}),
        "r": ("humanReview", {"prompt": "{{item}}?", "variableName": "v"}),
        "o": out("{{l.results}}"),
    }
    await flows.define("rounds", nodes, "in>l l>r:body r>l l>o:done")
    execution_id = await flows.start("rounds", items=["a", "b"])
    for item in ("a", "b"):
        await flows.api.eventually(
            "SELECT 1 FROM runs WHERE id = %s AND pause->>'prompt' = %s", execution_id, f"{item}?"
        )
        await resume(flows, execution_id, item * 2)
    found = await flows.end(execution_id)
    assert found["outputs"]["answer"] == [{"v": "aa"}, {"v": "bb"}]
    log = await flows.log(execution_id)
    assert [d["node_id"] for t, d in log if t == "node.started"].count("l") == 1


async def test_paused_execution_resumes_in_another_process_and_its_pause_costs_no_time(
    started, flows_of, receiver, advance
):
    nodes = {
        "in": IN,
        "call": post(f"{receiver.url}/x"),
        "r": REVIEW,
        "o": out("{{verdict}}{{call.status}}"),
    }
    async with started() as api:
        flows = flows_of(api)
        await flows.define("gone", nodes, "in>call call>r r>o", timeout=60_000)
        found = await paused(flows, "gone")
    await advance(7 * 86_400)
    async with started() as api:
        flows = flows_of(api)
        assert (await flows.look(found["id"]))["status"] == "paused"
        answer = await resume(flows, found["id"], 2)
        assert answer.status_code == 200, answer.text
        ended = await flows.end(found["id"])
    assert (ended["status"], ended["outputs"]) == ("completed", {"answer": 2200})
    assert receiver.paths == ["/x"]


async def test_cancelling_a_paused_execution_ends_it(flows):
    await flows.define("drop", {"in": IN, "r": REVIEW}, "in>r")
    found = await paused(flows, "drop")
    answer = await flows.api.post(f"/executions/{found['id']}/cancel")
    assert answer.json()["data"]["status"] == "cancelled"
    assert (await resume(flows, found["id"], 1)).status_code == 400
    assert [t for t, _ in await flows.log(found["id"])][-1] == "execution.cancelled"
