"""`/webhooks`: made, listed, changed, deleted, and given another secret."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from ..conftest import Started
from .conftest import Desk
from .test_deliveries import verify

FIELDS = {
    *("id", "teamId", "url", "events", "status", "description", "failureCount"),
    *("disabledReason", "version", "createdAt", "updatedAt"),
}


async def test_secret_of_a_new_webhook_is_shown_this_once(desk: Desk) -> None:
    made = await desk.create(events=["domain.verified", "domain.verified"])
    assert set(made) == {*FIELDS, "secret"}
    assert re.fullmatch(r"whsec_[0-9a-f]{64}", made["secret"])
    assert UUID(made["id"]).version == 7
    assert made["teamId"] == str(await desk.api.team_id())
    assert made["events"] == ["domain.verified"]
    assert (made["status"], made["description"], made["version"]) == ("active", "", 1)
    found = await desk.api.get(f"/webhooks/{made['id']}")
    assert found.headers["etag"] == '"1"'
    assert found.json() == {name: made[name] for name in FIELDS}
    assert await desk.api.ask("GET", "/webhooks") == [found.json()]


async def test_repetition_under_an_idempotency_key_makes_no_other(desk: Desk) -> None:
    body = {"url": desk.receiver.url, "events": ["*"]}
    headers = {"Idempotency-Key": "hook"}
    made = await desk.api.ask("POST", "/webhooks", body, 201, headers=headers)
    await desk.api.refused("POST", "/webhooks", body, 409, "CONFLICT", headers=headers)
    assert [one["id"] for one in await desk.api.ask("GET", "/webhooks")] == [made["id"]]
    kept = await desk.api.sql(
        "SELECT convert_from(body, 'UTF8') FROM idempotency WHERE project_id = %s",
        desk.api.project_id,
    )
    assert [made["secret"] in row[0] for row in kept] == [False]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "ftp://shop.test/"}, "url"),
        ({"url": "https://user:word@shop.test/"}, "url"),
        ({"url": "https://shop.test/" + "x" * 2048}, "url"),
        ({"url": 1}, "url"),
        ({"events": []}, "events"),
        ({"events": ["click.created"]}, "events"),
        ({"events": "*"}, "events"),
        ({"status": "off"}, "status"),
        ({"description": "x" * 1001}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"secret": "short"}, "secret"),
        ({"secret": "with a space in it"}, "secret"),
        ({"name": "x"}, "name"),
    ],
)
async def test_webhook_that_cannot_be_is_refused(
    desk: Desk, fields: dict[str, Any], field: str
) -> None:
    body = {"url": desk.receiver.url, "events": ["*"], **fields}
    error = await desk.api.refused("POST", "/webhooks", body, 400, "VALIDATION_ERROR")
    assert error["details"][0]["field"].startswith(field)
    if field == "secret":
        return  # only there when it is made
    made = await desk.create()
    url = f"/webhooks/{made['id']}"
    error = await desk.api.refused("PATCH", url, fields, 400, "VALIDATION_ERROR")
    assert error["details"][0]["field"].startswith(field)
    assert (await desk.get(made))["version"] == 1


async def test_private_and_unencrypted_targets_are_refused_unless_allowed(
    started: Started,
) -> None:
    async with started(allow_private_targets=False, webhooks_max_count=1) as alone:
        for url in ("https://127.0.0.1/", "https://10.0.0.1/", "http://example.com/"):
            body = {"url": url, "events": ["*"]}
            error = await alone.refused("POST", "/webhooks", body, 400, "VALIDATION_ERROR")
            assert error["details"][0]["field"] == "url"
        body = {"url": "https://example.com/", "events": ["*"]}
        await alone.ask("POST", "/webhooks", body, 201)
        error = await alone.refused("POST", "/webhooks", body, 409, "CONFLICT")
        assert "1" in error["message"]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_change_counts_versions_and_leaves_the_rest(desk: Desk, method: str) -> None:
    made = await desk.create(description="first", secret="s" * 16)
    assert made["secret"] == "s" * 16
    url = f"/webhooks/{made['id']}"
    body = {"events": ["*"], "status": "disabled", "id": made["id"], "version": 1}
    answer = await desk.api.call(method, url, json=body, headers={"If-Match": '"1"'})
    changed = answer.json()
    assert set(changed) == FIELDS
    assert answer.headers["etag"] == '"2"'
    assert (changed["events"], changed["status"], changed["version"]) == (["*"], "disabled", 2)
    assert (changed["url"], changed["description"]) == (made["url"], "first")
    stale = {"If-Match": '"1"'}
    await desk.api.refused(method, url, {}, 412, "PRECONDITION_FAILED", headers=stale)
    await desk.api.refused("DELETE", url, None, 412, "PRECONDITION_FAILED", headers=stale)
    assert await desk.api.ask(method, url, {}) == changed
    cleared = await desk.api.ask(method, url, {"description": None})
    assert (cleared["description"], cleared["version"]) == ("", 3)
    for wrong in ({"version": 1}, {"failureCount": 7}, {"teamId": made["id"]}):
        error = await desk.api.refused(method, url, wrong, 400, "VALIDATION_ERROR")
        assert error["details"][0]["field"] in wrong


async def test_deleted_webhook_is_gone(desk: Desk) -> None:
    made = await desk.create()
    url = f"/webhooks/{made['id']}"
    assert await desk.api.ask("DELETE", url) == {"id": made["id"], "deleted": True}
    for method, path in (
        *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")),
        *(("POST", "/rotate-secret"), ("GET", "/deliveries")),
        ("POST", "/deliveries/1/redeliver"),
    ):
        await desk.api.refused(
            method, f"{url}{path}", {} if method == "PATCH" else None, 404, "NOT_FOUND"
        )


async def test_webhooks_of_another_team_do_not_exist(desk: Desk) -> None:
    made = await desk.create()
    other = await desk.api.other_project()
    async with other.http:
        assert await other.ask("GET", "/webhooks") == []
        for method, path in (
            *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")),
            *(("POST", "/rotate-secret"), ("GET", "/deliveries")),
        ):
            url = f"/webhooks/{made['id']}{path}"
            await other.refused(method, url, {} if method == "PATCH" else None, 404, "NOT_FOUND")
    await desk.api.refused("GET", "/webhooks/wh_01", None, 404, "NOT_FOUND")


async def test_only_who_may_administer_has_to_do_with_webhooks(desk: Desk) -> None:
    clerk = await desk.api.with_scopes("write")
    made = await desk.create()
    for method, path in (
        *(("GET", ""), ("POST", ""), ("GET", f"/{made['id']}"), ("DELETE", f"/{made['id']}")),
        ("GET", f"/{made['id']}/deliveries"),
    ):
        error = await clerk.refused(
            method, f"/webhooks{path}", None, 403, "AUTH_INSUFFICIENT_SCOPE"
        )
        assert error["details"] == [{"field": "scope", "reason": "admin"}]


async def test_new_secret_signs_beside_the_old_one_for_a_while(desk: Desk) -> None:
    made = await desk.create()
    rotated = await desk.api.ask("POST", f"/webhooks/{made['id']}/rotate-secret")
    assert set(rotated) == {*FIELDS, "secret"}
    assert rotated["secret"] != made["secret"]
    assert rotated["version"] == 2
    await desk.announce()
    [(headers, body)] = await desk.told(1)
    assert headers["x-ghostflow-signature"].count("v1=") == 2
    assert verify(headers, body, made["secret"])
    assert verify(headers, body, rotated["secret"])


async def test_list_is_filtered_sorted_and_paged(desk: Desk) -> None:
    made = [await desk.create(description=f"Number {n}") for n in range(3)]
    await desk.change(made[0], status="disabled")
    ids = [one["id"] for one in made]

    async def listed(query: str) -> list[str]:
        return [one["id"] for one in await desk.api.ask("GET", f"/webhooks{query}")]

    assert await listed("") == ids[::-1]
    assert await listed("?sort=createdAt") == ids
    assert await listed("?status=active") == ids[:0:-1]
    assert await listed("?status=disabled") == ids[:1]
    assert await listed("?search=NUMBER%201") == [ids[1]]
    for sort, order in (("createdAt", ids), ("-createdAt", ids[::-1])):
        answer = await desk.api.get(f"/webhooks?sort={sort}&limit=2")
        assert answer.headers["x-total-count"] == "3"
        cursor = answer.headers["x-next-cursor"]
        assert await listed(f"?sort={sort}&limit=2&cursor={cursor}") == order[2:]
    for query in ("?status=off", "?sort=name"):
        await desk.api.refused("GET", f"/webhooks{query}", None, 400, "VALIDATION_ERROR")
