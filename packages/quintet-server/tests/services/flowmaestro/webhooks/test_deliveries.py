"""What receivers get, what their answers mean, and what is noted down."""

from __future__ import annotations

import hashlib
import hmac
import re

import pytest

from .conftest import Desk

RECORD = {
    *("id", "webhook_id", "event_type", "status", "attempts", "response_status"),
    *("response_time_ms", "error_message", "created_at", "last_attempt_at", "next_retry_at"),
}


def is_signed(request, secret):
    digest = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    return request.headers["x-flowmaestro-signature"] == f"v1={digest}"


async def test_delivery_has_the_headers_and_the_body_of_the_contract(desk):
    made = await desk.create(headers={"X-Team": "ops", "User-Agent": "Mine/1"})
    told = {
        "execution_id": "exec_1",
        "workflow_id": "wf_1",
        "workflow_name": "Triage",
        "status": "completed",
        "started_at": "2030-01-01T00:00:00.000Z",
        "completed_at": "2030-01-01T00:00:01.000Z",
        "outputs": {"a": 1},
    }
    await desk.announce(**told, duration=5, trigger_id="trigger_x")
    (request,) = await desk.receiver.wait_for(1)
    delivery = await desk.settled(made, "success")
    assert request.json["data"] == told
    assert list(request.json) == ["id", "event", "created_at", "data"]
    assert re.fullmatch(r"evt_[0-9A-Z]{26}", request.json["id"])
    assert request.json["event"] == "execution.completed"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", request.json["created_at"])
    headers = request.headers
    assert headers["content-type"] == "application/json"
    assert headers["x-flowmaestro-event"] == "execution.completed"
    assert headers["x-flowmaestro-delivery-id"] == delivery["id"]
    assert headers["user-agent"] == "Mine/1"
    assert headers["x-team"] == "ops"
    assert is_signed(request, made["secret"])
    assert set(delivery) == RECORD
    assert (delivery["attempts"], delivery["response_status"]) == (1, 204)
    assert delivery["webhook_id"] == made["id"]
    assert delivery["error_message"] is None
    assert delivery["next_retry_at"] is None
    assert delivery["last_attempt_at"] >= delivery["created_at"]
    assert isinstance(delivery["response_time_ms"], int)


@pytest.mark.parametrize(
    ("type", "fields"),
    [
        ("execution.failed", {"execution_id", "workflow_id", "status", "error"}),
        ("thread.message.created", {"thread_id", "message_id", "agent_id", "role", "content"}),
        ("agent.execution.started", {"thread_id", "agent_name", "status", "started_at"}),
    ],
)
async def test_data_has_the_fields_of_the_events_family_and_no_others(desk, type, fields):
    await desk.create(events=[type])
    await desk.announce(type, **dict.fromkeys(fields, "x"), usage={"total_tokens": 1})
    (request,) = await desk.receiver.wait_for(1)
    assert set(request.json["data"]) == fields
    assert request.headers["user-agent"] == "FlowMaestro-Webhook/1.0"


async def test_only_chosen_events_of_the_own_project_arrive(desk, api):
    made = await desk.create(events=["execution.failed"])
    off = await desk.create(events=["execution.failed"])
    await api.patch(f"/webhooks/{off['id']}", {"is_active": False})
    await desk.announce("execution.completed")
    await desk.announce("node.completed")
    await desk.announce("execution.failed", error="no")
    await desk.settled(made, "success")
    assert [request.json["event"] for request in desk.receiver.requests] == ["execution.failed"]
    assert await desk.deliveries(off) == []


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_answer_that_may_pass_is_tried_again_and_counted(desk, status):
    desk.receiver.statuses = [status]
    made = await desk.create()
    await desk.announce()
    waiting = await desk.retrying(made)
    assert (waiting["attempts"], waiting["response_status"]) == (1, status)
    assert waiting["error_message"] == f"HTTP {status}"
    assert waiting["next_retry_at"] > waiting["last_attempt_at"]


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 410, 501, 505])
async def test_any_other_answer_fails_at_once(desk, status):
    desk.receiver.statuses = [status]
    made = await desk.create()
    await desk.announce()
    failed = await desk.settled(made, "failed")
    assert (failed["attempts"], failed["response_status"]) == (1, status)
    assert failed["error_message"]
    assert failed["next_retry_at"] is None
    assert len(desk.receiver.requests) == 1


async def test_attempts_follow_the_schedule_and_then_fail(lonely_desk, advance):
    desk = lonely_desk
    desk.receiver.statuses = [503]
    made = await desk.create()
    await desk.announce()
    for number, delay in enumerate((120, 240, 480, 960), start=1):
        await desk.retrying(made, number)
        await advance(delay - 60)
        assert len(desk.receiver.requests) == number
        await advance(61)
    requests = await desk.receiver.wait_for(5)
    failed = await desk.settled(made, "failed")
    assert (failed["attempts"], failed["error_message"]) == (5, "HTTP 503")
    assert len({request.body for request in requests}) == 1
    assert all(is_signed(request, made["secret"]) for request in requests)
    assert len({request.headers["x-flowmaestro-delivery-id"] for request in requests}) == 1


async def test_schedule_can_be_shortened(started, receiver):
    async with started(webhook_retry_delays_seconds=(0.0,)) as api:
        receiver.statuses = [500]
        desk = Desk(api, receiver)
        made = await desk.create()
        await desk.announce()
        failed = await desk.settled(made, "failed")
        assert (failed["attempts"], len(receiver.requests)) == (2, 2)


async def test_network_error_is_tried_again_after_it_is_noted(desk):
    made = await desk.create(url="http://127.0.0.1:9/")
    await desk.announce()
    waiting = await desk.retrying(made)
    assert (waiting["response_status"], waiting["attempts"]) == (None, 1)
    assert "Connect" in waiting["error_message"]


async def test_deleting_fails_what_waits(desk, api):
    desk.receiver.statuses = [503]
    made = await desk.create()
    await desk.announce()
    await desk.retrying(made)
    await api.delete(f"/webhooks/{made['id']}")
    rows = await api.sql(
        "SELECT state, error FROM hook_deliveries WHERE subscription_id = %s", made["id"]
    )
    assert rows == [("failed", "The webhook was deleted")]


async def test_test_call_tells_what_the_receiver_answered(desk, api):
    made = await desk.create(headers={"X-Team": "ops"})
    answer = await api.post(f"/webhooks/{made['id']}/test")
    assert answer.status_code == 200
    data = answer.json()["data"]
    (request,) = desk.receiver.requests
    assert set(data) == {
        *("webhook_id", "delivery_id", "success", "status_code", "response_time_ms"),
        *("message", "error_message", "error"),
    }
    assert (data["success"], data["status_code"], data["error_message"]) == (True, 204, None)
    assert isinstance(data["response_time_ms"], int)
    assert request.headers["x-flowmaestro-delivery-id"] == data["delivery_id"]
    assert request.headers["x-flowmaestro-event"] == "test"
    assert request.headers["x-team"] == "ops"
    assert is_signed(request, made["secret"])
    assert re.fullmatch(r"test_\d{13}", request.json["id"])
    assert request.json["event"] == "test"
    assert request.json["data"]["webhook_id"] == made["id"]
    (delivery,) = await desk.deliveries(made)
    assert (delivery["id"], delivery["event_type"]) == (data["delivery_id"], "test")
    assert delivery["status"] == "success"


@pytest.mark.parametrize("status", [302, 404, 500, 503])
async def test_failing_test_call_is_still_200_and_never_repeated(desk, api, status):
    desk.receiver.statuses = [status]
    made = await desk.create()
    await api.patch(f"/webhooks/{made['id']}", {"is_active": False})
    data = (await api.post(f"/webhooks/{made['id']}/test")).json()["data"]
    assert (data["success"], data["status_code"]) == (False, status)
    assert data["error_message"] == data["error"] == f"HTTP {status}"
    (delivery,) = await desk.deliveries(made)
    assert (delivery["status"], delivery["attempts"]) == ("failed", 1)
    assert len(desk.receiver.requests) == 1


async def test_test_call_without_a_receiver_says_so(desk, api):
    made = await desk.create(url="http://127.0.0.1:9/")
    data = (await api.post(f"/webhooks/{made['id']}/test")).json()["data"]
    assert (data["success"], data["status_code"]) == (False, None)
    assert "Connect" in data["error_message"]


async def test_deliveries_are_paged_newest_first(desk, api):
    made = await desk.create()
    for _ in range(3):
        await api.post(f"/webhooks/{made['id']}/test")
    answer = (await api.get(f"/webhooks/{made['id']}/deliveries?per_page=2")).json()
    ids = [int(one["id"].removeprefix("delivery_")) for one in answer["data"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), answer["pagination"]["total_count"]) == (2, 3)


async def test_execution_tells_its_webhook_the_outputs(desk, api, tmp_path):
    made = await desk.create(events=["execution.started", "execution.completed"])
    spec = {
        "nodes": {
            "in": {"type": "input", "config": {"inputName": "x"}},
            "out": {"type": "output", "config": {"outputName": "y", "value": "{{x}}"}},
        },
        "edges": [{"source": "in", "target": "out"}],
    }
    await api.apply(tmp_path, {"kind": "workflow", "name": "echo", "spec": spec})
    answer = await api.post("/workflows/wf_echo/execute", {"inputs": {"x": "hello"}})
    execution_id = answer.json()["data"]["execution_id"]
    requests = {r.json["event"]: r.json["data"] for r in await desk.receiver.wait_for(2)}
    completed = requests["execution.completed"]
    assert completed["execution_id"] == execution_id
    assert completed["outputs"] == {"y": "hello"}
    assert completed["status"] == "completed"
    assert requests["execution.started"]["workflow_id"] == "wf_echo"
    await desk.settled(made, "success")


async def test_test_call_is_carried_out_while_the_server_drains(lonely_desk, alone):
    """The worker of deliveries has stopped by then; requests are still served."""
    made = await lonely_desk.create()
    await alone.runtime.begin_stop()
    await alone.runtime._hooks_draining
    data = (await alone.post(f"/webhooks/{made['id']}/test")).json()["data"]
    assert (data["success"], data["status_code"]) == (True, 204)
