"""`/webhooks`: subscriptions, deliveries, signatures (contract §10)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from quintet_server.engines.hooks.formats import Subscription
from quintet_server.engines.hooks.signing import sign_with_time
from quintet_server.services.flare.webhook_format import EVENT_TYPES, build
from quintet_server.store.event_log import Event

SOMEWHERE = "https://example.com/hook"


class Receiver:
    """A small HTTP server that remembers what was posted to it."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.requests: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:-2]
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head)
            }
            body = await reader.readexactly(int(headers["content-length"]))
            head = [f"HTTP/1.1 {self.status} X", "content-length: 2", "connection: close", "", "ok"]
            writer.write("\r\n".join(head).encode())
            await writer.drain()
            self.requests.put_nowait((headers, body))
        writer.close()

    async def next(self) -> tuple[dict[str, str], dict]:
        headers, body = await asyncio.wait_for(self.requests.get(), 60)
        return headers, json.loads(body)


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield found


async def subscribe(api, url=SOMEWHERE, events="*", **fields):
    answer = await api.post("/webhooks", {"url": url, "events": events, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def check_signature(header: str, body: bytes, *secrets: str) -> int:
    stamp, *signatures = header.split(",")
    timestamp = int(stamp.removeprefix("t="))
    expected = [
        "v1="
        + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        for secret in secrets
    ]
    assert signatures == expected
    return timestamp


def test_the_signature_is_the_one_of_the_published_vector():
    body = b'{"id":"wh_evt_01J0000000000000000000000","type":"job.succeeded"}'
    assert sign_with_time(body, ["whsec_test_secret"], 1_700_000_000) == (
        "t=1700000000,v1=af6ed5a90d80461fa87c6c8390da1fadf90b13e5800445d3f783da4ee833c926"
    )


def test_every_valid_secret_signs_and_attempts_differ_only_in_time():
    now = datetime(2030, 1, 1, tzinfo=UTC)
    later = datetime(2030, 1, 2, tzinfo=UTC)
    made = {"created_at": now, "updated_at": now}
    subscription = Subscription(
        "wh_1", "flare", "prj_1", SOMEWHERE, ("*",), True, ("new", "old"), {}, **made
    )
    event = Event(7, "prj_1", "wh_1", "webhook.test", {"id": "wh_1"}, True, now)
    body, headers = build(event, subscription, now)
    again, later_headers = build(event, subscription, later)
    assert body == again
    assert headers["X-Zeridion-Signature"] == headers["zeridion-signature"]
    first = check_signature(headers["zeridion-signature"], body, "new", "old")
    second = check_signature(later_headers["zeridion-signature"], body, "new", "old")
    assert (first, second) == (int(now.timestamp()), int(later.timestamp()))


async def test_the_secret_is_shown_at_creation_only(api):
    made = await subscribe(api, events=["job.succeeded", "job.failed"])
    assert made["secret"].startswith("whsec_")
    assert made["id"].startswith("wh_")
    assert made["events"] == ["job.succeeded", "job.failed"]
    assert made["enabled"] is True
    shown = (await api.get(f"/webhooks/{made['id']}")).json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    [listed] = (await api.get("/webhooks")).json()["webhooks"]
    assert listed == shown
    activity = (await api.get("/activity")).text
    assert made["secret"] not in activity


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", None),
        ("url", 3),
        ("url", ""),
        ("url", "ftp://example.com"),
        ("url", "http://user:pw@example.com"),
        ("url", "http://exa mple.com"),
        ("url", "http://a\x00b"),
        ("url", "https://example.com/" + "x" * 3000),
        ("url", "/relative"),
        ("events", None),
        ("events", []),
        ("events", "job.created"),
        ("events", ["job.exploded"]),
        ("events", ["a\x00"]),
        ("events", [1]),
        ("events", ["job.created"] * 51),
        ("enabled", "true"),
    ],
)
async def test_a_bad_subscription_is_refused_by_field(api, field, value):
    body = {"url": SOMEWHERE, "events": "*", field: value}
    answer = await api.post("/webhooks", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert answer.json()["error"]["details"][0]["field"].startswith(field)
    assert (await api.get("/webhooks")).json()["webhooks"] == []


async def test_private_targets_are_refused_unless_allowed(started):
    async with started() as api:
        api.runtime.hooks.subscriptions._allow_private = False
        for url in (
            "http://127.0.0.1/x",
            "http://localhost:1/",
            "http://[::1]/",
            "http://10.0.0.1/",
        ):
            answer = await api.post("/webhooks", {"url": url, "events": "*"})
            assert answer.status_code == 400
            assert answer.json()["error"]["details"][0]["field"] == "url"


async def test_update_changes_what_is_named(api):
    made = await subscribe(api)
    answer = await api.put(f"/webhooks/{made['id']}", {"enabled": False})
    changed = answer.json()
    assert (changed["enabled"], changed["url"], changed["events"]) == (False, SOMEWHERE, ["*"])
    assert "secret" not in changed
    answer = await api.put(
        f"/webhooks/{made['id']}", {"events": ["job.retry"], "url": "http://b.example/"}
    )
    assert answer.json()["events"] == ["job.retry"]
    for bad in ({}, {"events": ["nope"]}, {"url": "x"}, {"enabled": 0}):
        assert (await api.put(f"/webhooks/{made['id']}", bad)).status_code == 400


async def test_delete_is_204_once(api):
    made = await subscribe(api)
    assert (await api.delete(f"/webhooks/{made['id']}")).status_code == 204
    assert (await api.delete(f"/webhooks/{made['id']}")).status_code == 404


@pytest.mark.parametrize("webhook_id", ["wh_nobody", "%00", "foreign"])
async def test_unknown_and_foreign_subscriptions_are_404(api, webhook_id):
    if webhook_id == "foreign":
        other = await api.other_project()
        async with other.http:
            webhook_id = (await subscribe(other))["id"]
    for method, tail, body in (
        ("GET", "", None),
        ("PUT", "", {"enabled": True}),
        ("DELETE", "", None),
        ("POST", "/rotate-secret", None),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
    ):
        answer = await api.call(method, f"/webhooks/{webhook_id}{tail}", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "webhook_not_found")


async def test_subscriptions_are_paged(api):
    ids = [(await subscribe(api))["id"] for _ in range(3)]
    first = (await api.get("/webhooks", params={"limit": 2})).json()
    rest = (await api.get("/webhooks", params={"cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in first["webhooks"] + rest["webhooks"]] == ids
    assert (first["has_more"], rest["has_more"]) == (True, False)


async def test_a_job_announces_every_step_signed_and_without_payload(api, receiver):
    made = await subscribe(api, receiver.url)
    job_id = await api.running(payload={"secret": "data"}, max_attempts=1)
    await api.ack(job_id, "failed", error={"message": "no"})
    seen = {}
    for _ in range(4):
        headers, body = await receiver.next()
        seen[body["type"]] = body
        raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        assert headers["x-zeridion-signature"] == headers["zeridion-signature"]
        check_signature(headers["zeridion-signature"], raw, made["secret"])
        assert headers["content-type"] == "application/json"
        assert set(body) == {"id", "type", "created_at", "data"}
        assert body["id"].startswith("wh_evt_")
        assert len(body["id"]) == 33
        assert body["data"]["id"] == job_id
        assert "payload" not in body["data"]
    assert set(seen) == {"job.created", "job.started", "job.failed", "job.dead_letter"}
    assert seen["job.dead_letter"]["data"]["state"] == "dead_letter"
    assert seen["job.failed"]["data"]["error_message"] == "no"
    shown = await api.job(job_id)
    del shown["payload"]
    assert seen["job.dead_letter"]["data"] == shown


async def test_what_is_told_of_a_job_carries_its_trace_context(api, receiver):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    made = await subscribe(api, receiver.url)
    await api.post("/jobs", {"job_type": "t"}, headers={"traceparent": trace})
    [item] = await api.poll()
    await api.ack(item["id"], "failed", error={"message": "no", "retryable": False})
    for _ in range(3):
        headers, body = await receiver.next()
        assert headers["traceparent"] == trace
        assert "traceparent" not in body["data"]
    await api.create()
    await api.post(f"/webhooks/{made['id']}/test")
    for _ in range(2):
        headers, _ = await receiver.next()
        assert "traceparent" not in headers


async def test_only_wanted_events_of_the_own_project_are_sent(api, receiver):
    await subscribe(api, receiver.url, events=["job.retry", "job.cancelled"])
    await subscribe(api, receiver.url, enabled=False)
    other = await api.other_project()
    async with other.http:
        await other.in_state("cancelled")
    job_id = await api.in_state("dead_letter")
    await api.post(f"/jobs/{job_id}/retry")
    await api.post(f"/jobs/{job_id}/cancel")
    types = {(await receiver.next())[1]["type"] for _ in range(2)}
    assert types == {"job.retry", "job.cancelled"}
    assert receiver.requests.empty()


async def test_a_test_event_is_delivered_and_logged(api, receiver):
    made = await subscribe(api, receiver.url, events=["job.retry"], enabled=False)
    answer = await api.post(f"/webhooks/{made['id']}/test")
    assert answer.status_code == 200
    assert answer.json()["event_type"] == "webhook.test"
    _, body = await receiver.next()
    assert body["type"] == "webhook.test"
    assert body["data"]["id"] == made["id"]
    await api.eventually(
        "SELECT 1 FROM hook_deliveries WHERE subscription_id = %s AND state = 'delivered'",
        made["id"],
    )
    [delivery] = (await api.get(f"/webhooks/{made['id']}/deliveries")).json()["deliveries"]
    assert delivery["id"] == answer.json()["id"]
    assert delivery["event_id"] == body["id"]
    assert (delivery["state"], delivery["attempts"], delivery["status_code"]) == (
        "delivered",
        1,
        200,
    )
    assert delivery["attempt_log"][0]["response"] == "ok"


async def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(alone, receiver, advance):
    made = await subscribe(alone, receiver.url, events=["job.created"])
    rotated = (await alone.post(f"/webhooks/{made['id']}/rotate-secret")).json()
    assert rotated["secret"] != made["secret"]
    await alone.create()
    headers, _ = await receiver.next()
    assert headers["zeridion-signature"].count("v1=") == 2
    await advance(86_401)
    await alone.create()
    headers, body = await receiver.next()
    raw = json.dumps(body, separators=(",", ":")).encode()
    check_signature(headers["zeridion-signature"], raw, rotated["secret"])


async def test_many_rotations_do_not_grow_the_header_without_bound(api, receiver):
    made = await subscribe(api, receiver.url, events=["job.created"])
    for _ in range(20):
        rotated = (await api.post(f"/webhooks/{made['id']}/rotate-secret")).json()
    await api.create()
    headers, body = await receiver.next()
    signature = headers["zeridion-signature"]
    assert signature.count("v1=") == 8
    instant = signature.partition(",")[0].removeprefix("t=")
    raw = json.dumps(body, separators=(",", ":")).encode()
    assert signature.startswith(sign_with_time(raw, [rotated["secret"]], int(instant)))


@pytest.mark.parametrize("status", [400, 404, 410, 302])
async def test_an_answer_that_is_final_is_not_tried_again(api, receiver, status):
    receiver.status = status
    made = await subscribe(api, receiver.url, events=["job.created"])
    await api.create()
    await receiver.next()
    await api.eventually(
        "SELECT 1 FROM hook_deliveries WHERE subscription_id = %s AND state = 'failed'", made["id"]
    )
    [delivery] = (await api.get(f"/webhooks/{made['id']}/deliveries")).json()["deliveries"]
    assert (delivery["attempts"], delivery["status_code"]) == (1, status)


async def test_a_failing_server_is_tried_five_times_with_the_same_event(started, receiver):
    receiver.status = 503
    async with started(
        webhook_retry_delays_seconds=(0, 0, 0, 0), webhook_retry_jitter_seconds=0
    ) as api:
        made = await subscribe(api, receiver.url, events=["job.created"])
        await api.create()
        ids = {(await receiver.next())[1]["id"] for _ in range(5)}
        assert len(ids) == 1
        await api.eventually("SELECT 1 FROM hook_deliveries WHERE state = 'failed'")
        [delivery] = (await api.get(f"/webhooks/{made['id']}/deliveries")).json()["deliveries"]
        assert (delivery["attempts"], delivery["state"]) == (5, "failed")
        assert [one["status_code"] for one in delivery["attempt_log"]] == [503] * 5


async def test_deliveries_are_paged_newest_first(api, receiver):
    made = await subscribe(api, receiver.url, events=["job.created"])
    for _ in range(3):
        await api.create()
        await receiver.next()
    path = f"/webhooks/{made['id']}/deliveries"
    first = (await api.get(path, params={"limit": 2})).json()
    rest = (await api.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    numbers = [
        int(one["id"].removeprefix("dlv_")) for one in first["deliveries"] + rest["deliveries"]
    ]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 3
    assert rest["next_cursor"] is None
    assert (await api.get(path, params={"cursor": "zzz"})).status_code == 400


def test_the_announced_types_are_those_of_the_contract():
    assert len(EVENT_TYPES) == 7
