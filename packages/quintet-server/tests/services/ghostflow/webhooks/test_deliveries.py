"""What receivers get, what their answers mean, and what is noted down."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.webhooks.format import event_id

from .conftest import Desk

RECORD = {
    *("id", "webhookId", "event", "eventId", "status", "attempts", "responseStatus", "error"),
    *("createdAt", "deliveredAt", "nextAttemptAt", "attemptLog"),
}


def verify(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """As a receiver would, from the contract alone."""
    stamp, *digests = headers["x-ghostflow-signature"].split(",")
    seconds = stamp.removeprefix("t=")
    assert abs(int(seconds) - time.time()) < 300
    signed = seconds.encode() + b"." + body
    wanted = "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(wanted, digest) for digest in digests)


async def test_delivery_has_the_headers_and_the_body_of_the_contract(desk: Desk) -> None:
    made = await desk.create()
    await desk.announce(id="c1", name="Spring")
    [(headers, raw)] = await desk.told(1)
    [body] = await desk.events(1)
    delivery = await desk.settled(made, "delivered")
    assert body == {
        "id": body["id"],
        "type": "campaign.updated",
        "createdAt": body["createdAt"],
        "teamId": str(await desk.api.team_id()),
        "data": {"id": "c1", "name": "Spring"},
    }
    assert UUID(body["id"]).version == 7
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["createdAt"])
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "GhostFlow-Webhooks/1"
    assert headers["x-ghostflow-event"] == "campaign.updated"
    assert headers["x-ghostflow-team"] == body["teamId"]
    assert headers["x-ghostflow-delivery"] == delivery["id"]
    assert headers["x-ghostflow-attempt"] == "1"
    assert re.fullmatch(r"t=\d+,v1=[0-9a-f]{64}", headers["x-ghostflow-signature"])
    assert verify(headers, raw, made["secret"])
    assert not verify(headers, raw + b" ", made["secret"])
    assert not verify(headers, raw, "whsec_another")
    assert set(delivery) == RECORD
    assert (delivery["webhookId"], delivery["event"]) == (made["id"], "campaign.updated")
    assert (delivery["attempts"], delivery["responseStatus"]) == (1, 204)
    assert (delivery["error"], delivery["nextAttemptAt"]) == (None, None)
    assert delivery["eventId"] == body["id"]
    assert delivery["deliveredAt"] >= delivery["createdAt"]
    assert set(delivery["attemptLog"][0]) == {
        *("number", "at", "responseStatus", "responseBody", "error", "durationMs")
    }


async def test_only_chosen_events_of_the_own_team_arrive(desk: Desk) -> None:
    made = await desk.create(events=["conversion.created", "domain.verified"])
    off = await desk.create(events=["*"], status="disabled")
    other = await desk.api.other_project()
    async with other.http:
        foreign = Desk(other, desk.receiver)
        await foreign.create(events=["conversion.updated"])
    await desk.announce("campaign.updated")
    await desk.announce("something.else")
    await desk.announce("domain.verified", host="x.test")
    await desk.settled(made, "delivered")
    assert [event["type"] for event in await desk.events(1)] == ["domain.verified"]
    assert await desk.deliveries(off) == []


async def test_star_means_every_event(desk: Desk) -> None:
    await desk.create(events=["*"])
    types = ["conversion.created", "conversion.updated", "campaign.updated", "domain.verified"]
    for type in types:
        await desk.announce(type)
    assert sorted(event["type"] for event in await desk.events(4)) == sorted(types)


async def test_campaign_that_changes_is_told_of(desk: Desk) -> None:
    await desk.create(events=["campaign.updated"])
    body = {"name": "Summer", "url": "https://shop.test/"}
    campaign = await desk.api.ask("POST", "/campaigns", body, 201)
    changed = await desk.api.ask("PATCH", f"/campaigns/{campaign['id']}", {"name": "Autumn"})
    [event] = await desk.events(1)
    assert event["data"]["id"] == campaign["id"]
    assert event["data"]["name"] == changed["name"] == "Autumn"
    assert event["data"]["version"] == 2


async def test_conversions_are_told_of_with_exact_amounts(desk: Desk) -> None:
    await desk.create(events=["conversion.created", "conversion.updated"])
    body = {"name": "Summer", "url": "https://shop.test/"}
    campaign = await desk.api.ask("POST", "/campaigns", body, 201)
    [click] = await desk.api.ask("POST", "/clicks", [{"campaignId": campaign["id"]}])
    sale = {"clickId": click["id"], "payout": 12.1, "status": "pending"}
    made = await desk.api.ask("POST", "/conversions", sale, 201)
    await desk.api.ask("POST", "/conversions", sale, 200)  # a duplicate is no news
    changes = {"status": "approved", "payout": 999999999.999999}
    changed = await desk.api.ask("PATCH", f"/conversions/{made['id']}", changes)
    events = {event["type"]: event["data"] for event in await desk.events(2)}
    assert events == {"conversion.created": made, "conversion.updated": changed}
    assert len(desk.receiver.deliveries) == 2
    assert b'"payout":12.1,' in desk.receiver.deliveries[0][1]


async def test_domain_that_is_verified_is_told_of(desk: Desk) -> None:
    await desk.create(events=["domain.verified"])
    host = f"h{desk.api.project}.localhost"
    domain = await desk.api.ask("POST", "/domains", {"host": host}, 201)
    [event] = await desk.events(1)
    assert (event["data"]["id"], event["data"]["status"]) == (domain["id"], "active")


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_what_is_not_taken_is_tried_again(desk: Desk, status: int) -> None:
    desk.receiver.statuses = [status] * 5
    made = await desk.create()
    await desk.announce()
    while True:
        delivery = await desk.settled(made, "pending")
        if delivery["attempts"] == 1 and delivery["nextAttemptAt"] is not None:
            break
    assert delivery["responseStatus"] == status
    assert delivery["error"] == f"answered {status}"
    at = datetime.fromisoformat(delivery["attemptLog"][0]["at"])
    wait = datetime.fromisoformat(delivery["nextAttemptAt"]) - at
    assert 7.5 <= wait.total_seconds() <= 13
    assert len(desk.receiver.deliveries) == 1  # no redirect was followed
    await desk.api.ask("DELETE", f"/webhooks/{made['id']}")


async def test_gone_switches_the_webhook_off_at_once(desk: Desk) -> None:
    desk.receiver.statuses = [410]
    made = await desk.create()
    await desk.announce()
    failed = await desk.settled(made, "failed")
    assert (failed["attempts"], failed["responseStatus"]) == (1, 410)
    found = await desk.get(made)
    assert (found["status"], found["failureCount"], found["version"]) == ("disabled", 1, 2)
    assert "410" in found["disabledReason"]
    again = await desk.change(made, status="active")
    assert (again["failureCount"], again["disabledReason"]) == (0, None)


async def test_test_event_goes_to_one_webhook_also_when_it_is_off(desk: Desk) -> None:
    made = await desk.create(status="disabled", events=["webhook.test", "domain.verified"])
    await desk.create(events=["*"])
    sent = await desk.api.ask("POST", f"/webhooks/{made['id']}/test", status=202)
    assert (sent["status"], sent["event"]) == ("pending", "webhook.test")
    await desk.settled(made, "delivered")
    [event] = await desk.events(1)
    assert event["type"] == "webhook.test"
    assert event["data"]["webhookId"] == made["id"]


async def test_event_is_sent_again_under_the_same_id(desk: Desk) -> None:
    made, other = await desk.create(), await desk.create()
    await desk.announce(id="c1")
    first = await desk.settled(made, "delivered")
    await desk.settled(other, "delivered")
    url = f"/webhooks/{made['id']}/deliveries/{first['id']}/redeliver"
    headers = {"Idempotency-Key": "again"}
    again = await desk.api.ask("POST", url, status=202, headers=headers)
    assert again["id"] != first["id"]
    assert again["eventId"] == first["eventId"]
    assert await desk.api.ask("POST", url, status=202, headers=headers) == again
    events = await desk.events(3)
    assert {event["id"] for event in events} == {first["eventId"]}
    listed = await desk.deliveries(made)
    assert [one["id"] for one in listed] == [again["id"], first["id"]]
    for id in ("0", "x", "-1", "9" * 30, first["id"] + "0", f" {first['id']}"):
        wrong = f"/webhooks/{made['id']}/deliveries/{id}/redeliver"
        await desk.api.refused("POST", wrong, None, 404, "NOT_FOUND")
    [foreign] = await desk.deliveries(other)
    wrong = f"/webhooks/{made['id']}/deliveries/{foreign['id']}/redeliver"
    await desk.api.refused("POST", wrong, None, 404, "NOT_FOUND")


async def test_event_that_is_not_kept_any_more_cannot_be_sent_again(desk: Desk) -> None:
    made = await desk.create()
    await desk.announce()
    delivery = await desk.settled(made, "delivered")
    await desk.api.sql("DELETE FROM events WHERE project_id = %s", desk.api.project_id)
    [listed] = await desk.deliveries(made)
    assert listed["eventId"] is None
    url = f"/webhooks/{made['id']}/deliveries/{delivery['id']}/redeliver"
    await desk.api.refused("POST", url, None, 409, "CONFLICT")


async def test_deliveries_are_filtered_and_paged(desk: Desk) -> None:
    made = await desk.create(events=["campaign.updated", "domain.verified"])
    for type in ("campaign.updated", "domain.verified", "campaign.updated"):
        await desk.announce(type)
    await desk.told(3)
    whole = await desk.deliveries(made)
    assert len(whole) == 3
    pages, query = [], "?limit=2"
    while True:
        answer = await desk.api.get(f"/webhooks/{made['id']}/deliveries{query}")
        assert answer.headers["x-total-count"] == "3"
        pages.extend(one["id"] for one in answer.json())
        if (cursor := answer.headers.get("x-next-cursor")) is None:
            break
        query = f"?limit=2&cursor={cursor}"
    assert pages == [one["id"] for one in whole]
    assert len(await desk.deliveries(made, "?event=domain.verified")) == 1
    assert await desk.deliveries(made, "?status=failed") == []
    for query in ("?status=lost", "?event=x", "?sort=createdAt", "?sort=name", "?cursor=x"):
        url = f"/webhooks/{made['id']}/deliveries{query}"
        await desk.api.refused("GET", url, None, 400, "VALIDATION_ERROR")


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**10))
def test_event_id_is_a_uuid_in_the_order_of_the_log(seq: int, milliseconds: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    id = event_id(at, seq)
    assert (id.version, id.variant) == (7, "specified in RFC 4122")
    assert id == event_id(at, seq)
    assert id < event_id(at, seq + 1) if seq < 2**63 - 1 else True
    assert id < event_id(at + timedelta(milliseconds=1), 0)
