"""What receivers get, what their answers mean, and what is noted down."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta

import pytest

from .test_signatures import verify_as_the_guide_does

RECORD = {
    *("id", "webhook_id", "event", "event_id", "status", "attempts", "response_status", "error"),
    *("created_at", "last_attempt_at", "next_attempt_at", "completed_at", "attempt_log"),
}


async def test_delivery_has_the_headers_and_the_flat_body_of_the_contract(desk, api):
    made = await desk.create(events=["artifact.status_changed"])
    told = {"artifact_id": "art_1", "previous_status": "draft", "new_status": "saved"}
    await desk.announce("artifact.status_changed", **told)
    (request,) = await desk.receiver.wait_for(1)
    delivery = await desk.settled(made, "delivered")
    body = request.json
    assert body == {
        **told,
        "id": body["id"],
        "event": "artifact.status_changed",
        "business_id": api.project_id,
        "timestamp": body["timestamp"],
        "api_version": "2026-04-14",
    }
    assert re.fullmatch(r"evt_[0-9A-Z]{26}", body["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["timestamp"])
    headers = request.headers
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "Amdahl-Webhooks/1"
    assert headers["x-webhook-event"] == "artifact.status_changed"
    assert headers["x-webhook-id"] == body["id"] == delivery["event_id"]
    assert headers["x-webhook-delivery"] == delivery["id"]
    assert headers["x-webhook-attempt"] == "1"
    assert abs(int(headers["x-webhook-timestamp"]) - epoch(body["timestamp"])) < 10
    assert set(delivery) == RECORD
    assert (delivery["webhook_id"], delivery["event"]) == (made["id"], "artifact.status_changed")
    assert (delivery["attempts"], delivery["response_status"]) == (1, 202)
    assert (delivery["error"], delivery["next_attempt_at"]) == (None, None)
    assert delivery["created_at"] <= delivery["last_attempt_at"] <= delivery["completed_at"]
    (attempt,) = delivery["attempt_log"]
    assert set(attempt) == {
        *("number", "at", "response_status", "response_body", "error", "duration_ms")
    }


def epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("artifact.created", {"artifact": {"id": "art_1", "artifact_type": "research_report"}}),
        ("artifact.updated", {"artifact_id": "art_1", "version": 2, "change_summary": "More"}),
        ("session.failed", {"session_id": "as_1", "session_kind": "agent", "error": {"code": "x"}}),
        ("page.archived", {"page_id": "p_1"}),
    ],
)
async def test_fields_of_the_event_stand_beside_the_common_ones(desk, type, data):
    await desk.create(events=[type])
    await desk.announce(type, seq=17, business_id="forged", id="forged", **data)
    (request,) = await desk.receiver.wait_for(1)
    body = request.json
    common = {"id", "event", "business_id", "timestamp", "api_version"}
    assert {name: value for name, value in body.items() if name not in common} == data
    assert "forged" not in body.values()
    assert body["event"] == type


async def test_only_chosen_events_of_the_own_business_arrive(desk, api):
    made = await desk.create(events=["page.updated"])
    off = await desk.create(events=["page.updated"])
    await desk.change(off, active=False)
    other = await api.other_project()
    await desk.announce("page.created")
    await desk.announce("turn.started")
    await desk.announce("page.updated", page_id="p_1")
    await desk.settled(made, "delivered")
    assert [request.json["event"] for request in desk.receiver.requests] == ["page.updated"]
    assert await desk.deliveries(off) == []
    await other.http.aclose()


async def test_star_means_all_events_those_of_the_audit_log_too(desk):
    made = await desk.create(events=["*"])
    await desk.announce("session.completed", session_id="as_1")
    await desk.announce("turn.started")
    requests = await desk.receiver.wait_for(2)
    told = {request.json["event"]: request.json for request in requests}
    assert set(told) == {"session.completed", "audit_log.entry_created"}
    assert told["audit_log.entry_created"]["entry"]["operation"].startswith("webhooks.")
    await desk.change(made, active=False)


async def test_interrupted_retries_go_on_after_a_restart_with_the_same_event(
    started, make_desk, receiver, advance
):
    """500, 500, 200: three attempts, the last two by another process."""
    receiver.statuses = [500, 500, 200]
    async with started() as api:
        desk = make_desk(api)
        made = await desk.create()
        await desk.announce(page_id="p_1")
        waits = [waited(await desk.waiting(made))]
    async with started() as api:
        desk = make_desk(api)
        await advance(1.3)
        waits.append(waited(await desk.waiting(made, 2)))
        await advance(6.1)
        delivery = await desk.settled(made, "delivered")
        await advance(3_600)
        assert (await desk.get(made))["failure_count"] == 0
    requests = receiver.requests
    assert len(requests) == 3
    assert 0.8 <= waits[0] <= 1.3
    assert 4.0 <= waits[1] <= 6.1
    assert {request.body for request in requests} == {requests[0].body}
    assert {request.headers["x-webhook-id"] for request in requests} == {delivery["event_id"]}
    assert {request.headers["x-webhook-delivery"] for request in requests} == {delivery["id"]}
    assert [request.headers["x-webhook-attempt"] for request in requests] == ["1", "2", "3"]
    assert all(verify_as_the_guide_does(r.body, r.headers, made["secret"]) for r in requests)
    log = delivery["attempt_log"]
    assert [one["response_status"] for one in log] == [500, 500, 200]
    assert [one["number"] for one in log] == [1, 2, 3]


def waited(delivery) -> float:
    """Seconds from the last attempt to the next."""
    return epoch(delivery["next_attempt_at"]) - epoch(delivery["last_attempt_at"])


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 429, 500, 503])
async def test_any_answer_but_success_and_gone_is_tried_again(desk, status):
    desk.receiver.statuses = [status]
    made = await desk.create()
    await desk.announce()
    waiting = await desk.waiting(made)
    assert (waiting["attempts"], waiting["response_status"]) == (1, status)
    assert waiting["error"] == f"answered {status}"
    assert 0.75 <= waited(waiting) <= 1.3
    assert len(desk.receiver.requests) == 1  # no redirect was followed
    await desk.api.ask("DELETE", f"/webhooks/{made['id']}", status=204)


async def test_network_error_is_tried_again_after_it_is_noted(desk):
    made = await desk.create(url="http://127.0.0.1:9/")
    await desk.announce()
    waiting = await desk.waiting(made)
    assert (waiting["response_status"], waiting["attempts"]) == (None, 1)
    assert "Connect" in waiting["error"]
    await desk.api.ask("DELETE", f"/webhooks/{made['id']}", status=204)


async def test_gone_switches_the_webhook_off_at_once(desk):
    desk.receiver.statuses = [410]
    made = await desk.create()
    await desk.announce()
    failed = await desk.settled(made, "failed")
    assert (failed["attempts"], failed["response_status"]) == (1, 410)
    found = await desk.get(made)
    assert (found["active"], found["enabled"], found["failure_count"]) == (False, False, 1)
    assert "410" in found["disabled_reason"]
    await desk.announce()
    assert len(await desk.deliveries(made)) == 1
    again = await desk.change(made, active=True)
    assert (again["failure_count"], again["disabled_reason"]) == (0, None)


async def test_twenty_given_up_in_a_row_switch_the_webhook_off(desk, api):
    desk.receiver.statuses = [500, 204, 500]
    made = await desk.create()
    await desk.try_once(made)
    begin = "UPDATE hook_subscriptions SET failure_count = %s WHERE id = %s"
    await api.sql(begin, 18, made["id"])
    await desk.announce()
    assert (await failures(desk, made, 19))["active"] is True
    await desk.announce()
    await desk.settled(made, "delivered")
    assert (await desk.get(made))["failure_count"] == 0
    await api.sql(begin, 19, made["id"])
    await desk.announce()
    found = await failures(desk, made, 20)
    assert found["active"] is found["enabled"] is False
    assert found["disabled_reason"] == "20 deliveries in a row were given up"


async def failures(desk, webhook, count):
    """The webhook once so many of its deliveries have been given up."""
    async with asyncio.timeout(60):
        while (found := await desk.get(webhook))["failure_count"] < count:
            await asyncio.sleep(0.01)
    return found


async def test_test_event_goes_to_one_webhook_also_when_it_is_off(desk, api):
    made = await desk.create(events=["webhook.test", "page.created"])
    other = await desk.create(events=["page.created"])
    await desk.change(made, active=False)
    path = f"/webhooks/{made['id']}/test"
    headers = {"Idempotency-Key": "once"}
    sent = await api.ask("POST", path, status=202, headers=headers)
    assert await api.ask("POST", path, status=202, headers=headers) == sent
    assert set(sent) == RECORD
    assert (sent["status"], sent["attempts"], sent["event"]) == ("pending", 0, "webhook.test")
    delivered = await desk.settled(made, "delivered")
    assert (delivered["id"], delivered["event_id"]) == (sent["id"], sent["event_id"])
    (request,) = desk.receiver.requests
    assert (request.json["event"], request.json["webhook_id"]) == ("webhook.test", made["id"])
    assert verify_as_the_guide_does(request.body, request.headers, made["secret"])
    assert await desk.deliveries(other) == []


async def test_test_event_never_counts_against_the_webhook(desk, api):
    desk.receiver.statuses = [410]
    made = await desk.create()
    await api.ask("POST", f"/webhooks/{made['id']}/test", status=202)
    await desk.settled(made, "failed")
    found = await desk.get(made)
    assert (found["active"], found["failure_count"]) == (True, 0)


async def test_redelivery_is_a_new_delivery_of_the_same_event(desk, api):
    desk.receiver.statuses = [410, 200]
    made = await desk.create()
    await desk.announce(page_id="p_1")
    failed = await desk.settled(made, "failed")
    path = f"/webhooks/{made['id']}/deliveries/{failed['id']}/redeliver"
    again = await api.ask("POST", path, status=202)
    assert again["event_id"] == failed["event_id"]
    assert (again["status"], again["attempts"]) == ("pending", 0)
    delivered = await desk.settled(made, "delivered")
    assert delivered["id"] == again["id"] != failed["id"]
    first, second = desk.receiver.requests
    assert first.body == second.body
    assert first.headers["x-webhook-id"] == second.headers["x-webhook-id"]
    await api.sql("DELETE FROM events WHERE project_id = %s", api.project_id)
    await api.refused("POST", path, None, 409, "invalid_state")


async def test_deliveries_are_listed_newest_first_filtered_and_paged(desk, api):
    desk.receiver.statuses = [200, 200, 410]
    made = await desk.create(events=["page.created", "page.updated"])
    for type, status in (
        *(("page.created", "delivered"), ("page.updated", "delivered"), ("page.created", "failed")),
    ):
        await desk.announce(type)
        while (await desk.settled(made, status))["event"] != type:
            pass
    path = f"/webhooks/{made['id']}/deliveries"
    page = await api.ask("GET", f"{path}?limit=2")
    newest, middle = page["items"]
    assert (page["total"], page["has_more"]) == (3, True)
    rest = await api.ask("GET", f"{path}?limit=2&cursor={page['next_cursor']}")
    (oldest,) = rest["items"]
    assert (rest["total"], rest["has_more"], rest["next_cursor"]) == (3, False, None)
    assert [one["event"] for one in (newest, middle, oldest)] == [
        *("page.created", "page.updated", "page.created")
    ]
    for query, wanted in (
        ("event=page.created", [newest, oldest]),
        ("status=failed", [newest]),
        ("status=delivered&event=page.created", [oldest]),
        ("status=pending", []),
        ("event=webhook.test", []),
        ("offset=1&limit=1", [middle]),
        ("created_at_lte=2001-01-01", []),
        (f"created_at_gte={datetime.now().date() - timedelta(days=2)}", [newest, middle, oldest]),
    ):
        assert await desk.deliveries(made, f"?{query}") == wanted, query
    filtered = await api.ask("GET", f"{path}?event=page.created&limit=1")
    assert filtered["total"] == 2
    for query in (
        *("status=odd", "event=page.burnt", "limit=0"),
        f"cursor={filtered['next_cursor']}",
    ):
        await api.refused("GET", f"{path}?{query}", None, 400, "invalid_argument")


async def test_private_target_is_refused_when_registered_and_when_called(
    started, make_desk, receiver
):
    async with started(allow_private_targets=False) as api:
        for url in (
            "https://127.0.0.1/",
            "https://localhost/",
            "https://[::1]/",
            "https://0x7f.1/",
        ):
            body = {"url": url, "events": ["*"]}
            error = await api.refused("POST", "/webhooks", body, 400, "invalid_argument")
            assert error["details"] == {"field": "url"}
            assert "--allow-private-targets" in error["message"]
        desk = make_desk(api)
        made = await desk.create(url="https://example.com/")
        for url in (
            receiver.url,
            "http://169.254.169.254/",
            "https://127.0.0.1/",
            "http://a.example/",
        ):
            path = f"/webhooks/{made['id']}"
            await api.refused("PATCH", path, {"url": url}, 400, "invalid_argument")
        # As a name does that leads there only by the time it is called.
        await api.sql("UPDATE hook_subscriptions SET url = %s", receiver.url)
        await desk.announce()
        failed = await desk.settled(made, "failed")
        assert "not a public address" in failed["error"]
        assert (failed["attempts"], failed["response_status"]) == (1, None)
        assert (await desk.get(made))["failure_count"] == 1
    assert receiver.requests == []
