"""Webhooks as resources: made, listed, changed, deleted, by whom."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace

import pytest

from quintet_server.http.errors import ApiError
from quintet_server.services.amdahl.settings import AmdahlSettings
from quintet_server.services.amdahl.webhooks.checking import checked_url
from quintet_server.services.amdahl.webhooks.models import Delivery, Webhooks, WebhookWithSecret

FIELDS = {
    *("id", "business_id", "user_id", "url", "events", "description", "active", "enabled"),
    *("failure_count", "disabled_reason", "created_at", "updated_at"),
}
EVENTS = [
    *("artifact.created", "artifact.updated", "artifact.status_changed"),
    *("session.completed", "session.failed", "session.canceled", "session.awaiting_input"),
    *("page.created", "page.updated", "page.archived"),
    *("audit_log.entry_created", "webhook.test"),
]


async def test_created_webhook_shows_its_secret_once(desk, api):
    made = await desk.create(events=EVENTS, description="Tells ops")
    assert set(made) == {*FIELDS, "secret"}
    assert re.fullmatch(r"whk_[0-9A-Z]{26}", made["id"])
    assert re.fullmatch(r"whsec_[0-9a-f]{64}", made["secret"])
    assert made["business_id"] == api.project_id
    assert made["user_id"] == (await api.ask("GET", "/me/context"))["user_id"]
    assert (made["url"], made["events"]) == (desk.receiver.url, EVENTS)
    assert (made["active"], made["enabled"]) == (True, True)
    assert (made["failure_count"], made["disabled_reason"]) == (0, None)
    assert made["description"] == "Tells ops"
    del made["secret"]
    assert await desk.get(made) == made
    assert (await api.ask("GET", "/webhooks"))["items"] == [made]


@pytest.mark.parametrize("secret", ["a" * 16, "~ !" * 85, "correct horse battery"])
async def test_own_secret_is_kept_as_it_is(desk, secret):
    made = await desk.create(secret=secret)
    assert made["secret"] == secret


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": None}, "url"),
        ({"url": ""}, "url"),
        ({"url": 5}, "url"),
        ({"url": "example.com"}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://user:pass@example.com/"}, "url"),
        ({"url": "https://exa mple.com/"}, "url"),
        ({"url": "https://example.com/\x00"}, "url"),
        ({"url": "https://example.com/" + "a" * 2050}, "url"),
        ({"events": None}, "events"),
        ({"events": []}, "events"),
        ({"events": "*"}, "events"),
        ({"events": ["page.created", 7]}, "events.1"),
        ({"description": 5}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"description": "a" * 1001}, "description"),
    ],
)
async def test_bad_field_is_refused_by_its_name(desk, api, change, field):
    body = {"url": "https://example.com/", "events": ["page.created"], **change}
    body = {name: value for name, value in body.items() if value is not None}
    error = await api.refused("POST", "/webhooks", body, 400, "invalid_argument")
    assert error["details"].get("field", field) == field
    assert error["message"].startswith(field)
    if change[field.partition(".")[0]] is not None:
        made = await desk.create()
        path = f"/webhooks/{made['id']}"
        await api.refused("PATCH", path, change, 400, "invalid_argument")
        assert (await desk.get(made))["updated_at"] == made["updated_at"]


@pytest.mark.parametrize("secret", ["", "a" * 15, "a" * 257, "a" * 16 + "\n", "sécrét" * 5, 7])
async def test_secret_that_cannot_be_one_is_refused(api, secret):
    body = {"url": "https://example.com/", "events": ["page.created"], "secret": secret}
    error = await api.refused("POST", "/webhooks", body, 400, "invalid_argument")
    assert error["message"].startswith("secret")
    assert (await api.ask("GET", "/webhooks"))["total"] == 0


async def test_unknown_event_is_refused_with_those_there_are(api):
    body = {"url": "https://example.com/", "events": ["page.created", "page.burnt"]}
    error = await api.refused("POST", "/webhooks", body, 400, "invalid_argument")
    assert "'page.burnt'" in error["message"]
    assert error["details"] == {"field": "events", "allowed": [*EVENTS, "*"]}


@pytest.mark.parametrize(
    ("said", "private", "is_taken"),
    [
        *((None, False, False), (None, True, True)),
        *((False, True, False), (True, False, True)),
    ],
)
def test_http_is_taken_where_private_targets_are_unless_the_operator_says(said, private, is_taken):
    settings = AmdahlSettings(allow_insecure_webhooks=said)
    parts = SimpleNamespace(settings=settings, allow_private_targets=private)
    assert checked_url(parts, "https://a.example/") == "https://a.example/"
    if is_taken:
        assert checked_url(parts, "HTTP://a.example/") == "HTTP://a.example/"
    else:
        with pytest.raises(ApiError, match="QUINTET_AMDAHL_ALLOW_INSECURE_WEBHOOKS") as refused:
            checked_url(parts, "HTTP://a.example/")
        assert (refused.value.status, refused.value.code) == (400, "invalid_argument")


@pytest.mark.parametrize("url", ["ftp://a.example/", "a.example", ""])
def test_url_of_another_scheme_is_told_of_https_at_once(url):
    settings = AmdahlSettings()
    parts = SimpleNamespace(settings=settings, allow_private_targets=False)
    with pytest.raises(ApiError, match="url: must begin with https://"):
        checked_url(parts, url)
    # Where http is taken as well, the engine names both.
    parts = SimpleNamespace(settings=settings, allow_private_targets=True)
    assert checked_url(parts, url) == url


async def test_list_is_newest_first_paged_and_filtered(desk, api):
    made = [await desk.create(description=f"number {number}") for number in range(5)]
    await desk.change(made[2], active=False)
    page = await api.ask("GET", "/webhooks?limit=2")
    assert [one["id"] for one in page["items"]] == [made[4]["id"], made[3]["id"]]
    assert (page["total"], page["has_more"]) == (5, True)
    page = await api.ask("GET", f"/webhooks?limit=2&cursor={page['next_cursor']}")
    assert [one["id"] for one in page["items"]] == [made[2]["id"], made[1]["id"]]
    page = await api.ask("GET", "/webhooks?limit=3&offset=3")
    assert [one["id"] for one in page["items"]] == [made[1]["id"], made[0]["id"]]
    assert (page["has_more"], page["next_cursor"]) == (False, None)
    for query, wanted in (
        ("status=inactive", [made[2]]),
        ("q=NUMBER 3", [made[3]]),
        ("q=hooks/amdahl&status=active&limit=1", [made[4]]),
        ("created_at_lte=2001-01-01", []),
        (f"updated_at_gte={made[4]['created_at']}&status=inactive", [made[2]]),
        ("q=%00nothing", []),
    ):
        found = await api.ask("GET", f"/webhooks?{query}")
        assert [one["id"] for one in found["items"]] == [one["id"] for one in wanted], query
    await api.refused("GET", "/webhooks?status=odd", None, 400, "invalid_argument")


async def test_patch_changes_what_is_given(desk):
    made = await desk.create(description="old")
    secret = made.pop("secret")
    changed = await desk.change(made, description="new")
    assert "secret" not in changed
    assert changed == {**made, "description": "new", "updated_at": changed["updated_at"]}
    changed = await desk.change(
        made, url="https://example.com/x", events=["*", "*"], description=None, active=False
    )
    assert changed == await desk.get(made)
    assert (changed["url"], changed["events"]) == ("https://example.com/x", ["*"])
    assert (changed["description"], changed["active"], changed["enabled"]) == (None, False, False)
    assert (await desk.change(made, enabled=True))["active"] is True
    rotated = await desk.change(made, rotate_secret=True)
    assert re.fullmatch(r"whsec_[0-9a-f]{64}", rotated["secret"])
    assert rotated["secret"] != secret
    assert "secret" not in await desk.get(made)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"colour": "red"},
        {"active": None},
        {"active": "yes"},
        {"enabled": 1},
        {"url": None},
        {"events": None},
        {"rotate_secret": 1},
    ],
)
async def test_patch_without_a_change_or_of_a_wrong_kind_is_refused(desk, api, body):
    made = await desk.create()
    path = f"/webhooks/{made['id']}"
    await api.refused("PATCH", path, body, 400, "invalid_argument")


async def test_deleted_webhook_is_unknown_everywhere(desk, api):
    made = await desk.create()
    path = f"/webhooks/{made['id']}"
    delivery = (await api.ask("POST", f"{path}/test", status=202))["id"]
    answer = await api.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    for method, rest, body in EVERYWHERE:
        refused = rest.format(delivery)
        error = await api.refused(method, f"{path}{refused}", body, 404, "not_found")
        assert "Webhook" in error["message"] or "Delivery" in error["message"]


EVERYWHERE = (
    ("GET", "", None),
    ("DELETE", "", None),
    ("PATCH", "", {"active": False}),
    ("POST", "/test", None),
    ("GET", "/deliveries", None),
    ("POST", "/deliveries/{}/redeliver", None),
)


async def test_other_businesses_webhooks_and_ids_that_are_none_are_unknown(desk, api):
    made = await desk.create()
    delivery = (await api.ask("POST", f"/webhooks/{made['id']}/test", status=202))["id"]
    other = await api.other_project()
    for method, rest, body in EVERYWHERE:
        path = f"/webhooks/{made['id']}{rest.format(delivery)}"
        await other.refused(method, path, body, 404, "not_found")
        await api.refused(
            method, f"/webhooks/whk_%00{rest.format(delivery)}", body, 404, "not_found"
        )
    assert (await other.ask("GET", "/webhooks"))["items"] == []
    second = await desk.create()
    for did in (delivery, "whd_0", "whd_x", "1", "whd_" + "9" * 30, "whd_٣"):
        path = f"/webhooks/{second['id']}/deliveries/{did}/redeliver"
        await api.refused("POST", path, None, 404, "not_found")
    assert (await desk.get(made))["active"] is True
    await other.http.aclose()


async def test_scopes_and_roles_are_asked_for(desk, api):
    made = await desk.create()
    path = f"/webhooks/{made['id']}"
    reader = await api.with_scopes("webhooks:read")
    writer = await api.with_scopes("webhooks:write")
    viewer = await api.with_role("viewer")
    editor = await api.with_role("editor")
    body = {"url": "https://example.com/", "events": ["page.created"]}
    for method, where, sent in (
        ("POST", "/webhooks", body),
        ("PATCH", path, {"active": True}),
        ("POST", f"{path}/test", None),
        ("POST", f"{path}/deliveries/whd_1/redeliver", None),
        ("DELETE", path, None),
    ):
        error = await reader.refused(method, where, sent, 403, "missing_scope")
        assert error["details"] == {"required_scopes": ["webhooks:write"]}
        await viewer.refused(method, where, sent, 403, "role_too_low")
    for where in ("/webhooks", path, f"{path}/deliveries"):
        await reader.ask("GET", where)
        await viewer.ask("GET", where)
        await writer.refused("GET", where, None, 403, "missing_scope")
    assert (await writer.ask("POST", "/webhooks", body, 201))["id"]
    assert (await editor.ask("POST", "/webhooks", body, 201))["user_id"] == "usr_editor"
    for client in (reader, writer, viewer, editor):
        await client.http.aclose()


async def test_repeated_creation_with_a_key_makes_one(desk, api):
    body = {"url": desk.receiver.url, "events": ["page.updated"]}
    headers = {"Idempotency-Key": "k1"}
    first = await api.post("/webhooks", body, headers=headers)
    again = await api.post("/webhooks", body, headers=headers)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert (await api.ask("GET", "/webhooks"))["total"] == 1
    other = {**body, "events": ["page.created"]}
    await api.refused("POST", "/webhooks", other, 409, "idempotency_conflict", headers=headers)


async def test_business_has_room_for_a_hundred(desk, api):
    made = await desk.create()
    columns = "service, project_id, url, events, matches, enabled, secrets, max_attempts"
    await api.sql(
        f"INSERT INTO hook_subscriptions (id, {columns}, retry_policy, created_at, updated_at) "
        f"SELECT id || n, {columns}, retry_policy, created_at, updated_at "
        "FROM hook_subscriptions, generate_series(1, 97) n WHERE id = %s",
        made["id"],
    )
    body = {"url": "https://example.com/", "events": ["page.created"]}
    answers = await asyncio.gather(*(api.post("/webhooks", body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 429, 429, 429]
    error = await api.refused("POST", "/webhooks", body, 429, "quota_exceeded")
    assert "100" in error["message"]
    await api.ask("DELETE", f"/webhooks/{made['id']}", status=204)
    await api.ask("POST", "/webhooks", body, 201)


async def test_document_describes_what_is_answered(desk, api):
    made = await desk.create()
    sent = await api.ask("POST", f"/webhooks/{made['id']}/test", status=202)
    listed = await api.ask("GET", "/webhooks")
    for model, answer in ((WebhookWithSecret, made), (Delivery, sent), (Webhooks, listed)):
        assert model.model_validate(answer).model_dump() == answer
