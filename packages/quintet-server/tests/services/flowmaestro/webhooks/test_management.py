"""Webhooks as resources: made, listed, changed, deleted, defined in files."""

from __future__ import annotations

import re

import pytest

EVENTS = [
    *(f"execution.{name}" for name in ("started", "completed", "failed", "cancelled")),
    *(f"thread.message.{name}" for name in ("created", "completed", "failed")),
    *(f"agent.execution.{name}" for name in ("started", "completed", "failed")),
]
ITEM = {"id", "name", "url", "events", "is_active", "created_at", "updated_at"}


async def test_created_webhook_shows_its_secret_once(desk, api):
    made = await desk.create(events=EVENTS, headers={"X-Team": "ops"})
    assert set(made) == {*ITEM, "headers", "secret"}
    assert re.fullmatch(r"wh_[0-9A-Z]{26}", made["id"])
    assert re.fullmatch(r"whsec_[0-9a-f]{64}", made["secret"])
    assert made["events"] == EVENTS
    assert made["is_active"] is True
    assert made["headers"] == {"X-Team": "ops"}
    found = await api.data(f"/webhooks/{made['id']}")
    assert found == {name: made[name] for name in (*ITEM, "headers")}
    (listed,) = await api.data("/webhooks")
    assert set(listed) == ITEM


async def test_null_headers_mean_none(desk, api):
    made = await desk.create(headers=None)
    assert made["headers"] is None


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"name": None}, "name", "Name is required"),
        ({"name": "  "}, "name", "Name is required"),
        ({"name": 5}, "name", "Name is required"),
        ({"url": None}, "url", "URL is required"),
        ({"url": ""}, "url", "URL is required"),
        ({"url": "example.com"}, "url", "Invalid URL format"),
        ({"url": "ftp://example.com"}, "url", "Invalid URL format"),
        ({"url": "http://"}, "url", "Invalid URL format"),
        ({"url": "https://exa mple.com"}, "url", "Invalid URL format"),
        ({"events": None}, "events", "At least one event type is required"),
        ({"events": []}, "events", "At least one event type is required"),
        ({"events": "execution.completed"}, "events", "At least one event type is required"),
        (
            {"events": ["execution.completed", "job.created", 7, []]},
            "events",
            f"Invalid event types: job.created, 7, []. Valid types: {', '.join(EVENTS)}",
        ),
        ({"events": ["*"]}, "events", f"Invalid event types: *. Valid types: {', '.join(EVENTS)}"),
        ({"headers": ["x"]}, "headers", "Headers must be an object of strings"),
        ({"headers": {"x": 1}}, "headers", "The value of header x must be a string"),
        (
            {"headers": {"X-FlowMaestro-Signature": "v1=0"}},
            "headers",
            "The header X-FlowMaestro-Signature cannot be overridden",
        ),
        ({"headers": {"Host": "x"}}, "headers", "'Host' cannot be set"),
        ({"headers": {"Content-Type": "x"}}, "headers", "'Content-Type' cannot be set"),
        ({"headers": {"Content-Length": "1"}}, "headers", "'Content-Length' cannot be set"),
        ({"headers": {"bad name": "1"}}, "headers", "'bad name' cannot be set"),
        ({"headers": {"x": "a\nb"}}, "headers", "the value of x is not printable ASCII"),
    ],
)
async def test_bad_field_is_refused_in_the_vendors_words(desk, api, change, field, message):
    body = {"name": "N", "url": "https://example.com/", "events": ["execution.failed"], **change}
    body = {name: value for name, value in body.items() if value is not None}
    answer = await api.post("/webhooks", body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["message"]) == ("validation_error", message)
    assert error["details"] == {"errors": [{"field": field, "message": message}]}
    assert await api.data("/webhooks") == []
    if change[field] not in (None,):
        made = await desk.create()
        assert (await api.patch(f"/webhooks/{made['id']}", change)).status_code == 400


async def test_private_target_is_refused_unless_the_operator_allows_it(started):
    async with started(allow_private_targets=False) as api:
        body = {"name": "N", "url": "http://127.0.0.1:1/", "events": ["execution.failed"]}
        answer = await api.post("/webhooks", body)
        assert answer.status_code == 400
        assert "127.0.0.1 is not a public address" in answer.json()["error"]["message"]


async def test_https_can_be_required(started):
    async with started(webhook_https_required=True) as api:
        body = {"name": "N", "url": "http://example.com/", "events": ["execution.failed"]}
        answer = await api.post("/webhooks", body)
        assert answer.json()["error"]["message"] == "URL must use HTTPS"
        answer = await api.post("/webhooks", {**body, "url": "https://example.com/"})
        assert answer.status_code == 201


async def test_list_is_newest_first_and_paged(desk, api):
    made = [await desk.create(name=f"n{number}") for number in range(5)]
    answer = (await api.get("/webhooks?page=2&per_page=2")).json()
    assert [one["name"] for one in answer["data"]] == ["n2", "n1"]
    assert answer["pagination"]["total_count"] == 5
    assert answer["pagination"]["total_pages"] == 3
    assert made[0]["id"] not in {one["id"] for one in answer["data"]}


async def test_patch_changes_what_is_given(desk, api):
    made = await desk.create(headers={"X-A": "1"})
    path = f"/webhooks/{made['id']}"
    changed = (await api.patch(path, {"name": "Other", "url": None})).json()["data"]
    assert (changed["name"], changed["url"]) == ("Other", made["url"])
    assert "secret" not in changed
    changed = (
        await api.patch(
            path,
            {
                "url": "https://example.com/x",
                "events": ["agent.execution.failed"],
                "headers": {},
                "is_active": False,
            },
        )
    ).json()["data"]
    assert changed == await api.data(path)
    assert (changed["url"], changed["events"]) == (
        "https://example.com/x",
        ["agent.execution.failed"],
    )
    assert (changed["headers"], changed["is_active"]) == (None, False)
    assert changed["updated_at"] >= made["updated_at"]
    assert (await api.patch(path, {"is_active": "no"})).status_code == 400


async def test_deleted_webhook_is_unknown_everywhere(desk, api):
    made = await desk.create()
    path = f"/webhooks/{made['id']}"
    answer = await api.delete(path)
    assert (answer.status_code, answer.json()["data"]) == (200, {"id": made["id"], "deleted": True})
    for refused in (
        await api.get(path),
        await api.delete(path),
        await api.patch(path, {"name": "x"}),
        await api.post(f"{path}/test"),
        await api.get(f"{path}/deliveries"),
    ):
        assert refused.status_code == 404
        assert refused.json()["error"]["message"] == f"Webhook with id '{made['id']}' not found"
    assert await api.data("/webhooks") == []
    await desk.announce()
    assert await api.sql("SELECT FROM hook_deliveries WHERE subscription_id = %s", made["id"]) == []


async def test_other_projects_webhooks_are_unknown(desk, api):
    made = await desk.create()
    other = await api.other_project()
    path = f"/webhooks/{made['id']}"
    assert (await other.get(path)).status_code == 404
    assert (await other.post(f"{path}/test")).status_code == 404
    assert (await other.delete(path)).status_code == 404
    assert await other.data("/webhooks") == []
    await other.http.aclose()


async def test_scopes_are_asked_for(desk, api):
    made = await desk.create()
    path = f"/webhooks/{made['id']}"
    reader = await api.with_scopes("webhooks:read")
    writer = await api.with_scopes("webhooks:write")
    assert (await reader.get(path)).status_code == 200
    assert (await reader.get(f"{path}/deliveries")).status_code == 200
    assert (await reader.post(f"{path}/test")).status_code == 403
    assert (await reader.patch(path, {})).status_code == 403
    assert (await reader.delete(path)).status_code == 403
    assert (await writer.get("/webhooks")).status_code == 403
    assert (await writer.patch(path, {"name": "x"})).status_code == 200
    await reader.http.aclose()
    await writer.http.aclose()


async def test_repeated_creation_with_a_key_makes_one(desk, api):
    body = {"name": "N", "url": desk.receiver.url, "events": ["execution.failed"]}
    headers = {"Idempotency-Key": "k1"}
    first = await api.post("/webhooks", body, headers=headers)
    again = await api.post("/webhooks", body, headers=headers)
    assert first.json()["data"] == again.json()["data"]
    assert len(await api.data("/webhooks")) == 1
    assert (await api.post("/webhooks", {**body, "name": "M"}, headers=headers)).status_code == 409


def document(url, **spec):
    spec = {"url": url, "events": ["execution.completed"], **spec}
    return {"kind": "webhook", "name": "told", "spec": spec}


async def test_definition_is_applied_again_as_an_update(desk, api, tmp_path, monkeypatch):
    monkeypatch.setenv("QUINTET_ALLOW_PRIVATE_TARGETS", "true")
    url, secret = desk.receiver.url, "whsec_" + "a" * 40
    assert await api.apply(tmp_path, document(url, secret=secret)) == ["created"]
    assert await api.apply(tmp_path, document(url, secret=secret)) == ["unchanged"]
    assert await api.apply(tmp_path, document(url)) == ["unchanged"]
    assert await api.apply(tmp_path, document(url, name="Shown", is_active=False)) == ["updated"]
    (webhook,) = await api.data("/webhooks")
    assert (webhook["name"], webhook["is_active"]) == ("Shown", False)
    await api.delete(f"/webhooks/{webhook['id']}")
    assert await api.apply(tmp_path, document(url)) == ["created"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"events": ["x"]}, "events"),
        ({"events": []}, "events"),
        ({"url": "nowhere"}, "url"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"secret": "short"}, "secret"),
        ({"headers": {"X-FlowMaestro-Event": "x"}}, "headers"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_definition_with_a_bad_field_is_refused_by_its_name(api, tmp_path, spec, field):
    with pytest.raises(Exception, match=field):
        await api.apply(tmp_path, document("https://example.com/", **spec))
    assert await api.data("/webhooks") == []
