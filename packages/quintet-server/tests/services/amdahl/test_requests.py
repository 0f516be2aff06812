"""What holds for every path: keys, version, errors of the framework, limits, idempotency."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import Api, Started

VERSION = "2026-04-14"


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer amdhl_wrong"])
async def test_a_path_without_a_good_key_is_401(api: Api, header: str) -> None:
    answer = await api.get("/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    error = answer.json()["error"]
    assert error["code"] == "unauthenticated"
    assert error["request_id"] == answer.headers["x-request-id"]


async def test_the_second_header_carries_a_key_and_bearer_wins(api: Api) -> None:
    await api.ask("GET", "/me", headers={"Authorization": "", "X-API-Key": api.key})
    both = {"Authorization": f"Bearer {api.key}", "X-API-Key": "amdhl_wrong"}
    await api.ask("GET", "/me", headers=both)


async def test_a_business_that_is_not_the_keys_is_403(api: Api) -> None:
    await api.ask("GET", "/me", headers={"X-Business-Id": api.project_id})
    other = {"X-Business-Id": "prj_other"}
    await api.refused("GET", "/me", None, 403, "not_on_public_api", headers=other)


async def test_every_answer_tells_the_version_and_another_one_is_refused(api: Api) -> None:
    answer = await api.get("/me", headers={"X-Amdahl-API-Version": VERSION})
    assert answer.status_code == 200
    assert answer.headers["x-amdahl-api-version"] == VERSION
    for given in ("2026-04-15", "v1", ""):
        answer = await api.get("/me", headers={"X-Amdahl-API-Version": given})
        assert answer.status_code == 400
        assert answer.headers["x-amdahl-api-version"] == VERSION
        error = answer.json()["error"]
        assert error["code"] == "invalid_argument"
        assert error["details"]["supported"] == [VERSION]
    answer = await api.get("/nowhere")
    assert answer.headers["x-amdahl-api-version"] == VERSION


async def test_what_the_framework_refuses_is_in_the_envelope(api: Api) -> None:
    for path in ("/nowhere", f"http://test{api.mount}"):
        await api.refused("GET", path, None, 404, "not_found")
    answer = await api.post("/me", {})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json()["error"]["code"] == "method_not_allowed"
    headers = {"Content-Type": "text/xml"}
    options = {"headers": headers, "content": b"<a/>"}
    await api.refused("POST", "/api_keys", None, 415, "unsupported_media_type", **options)
    options = {"content": b" " * (1024 * 1024 + 1)}
    await api.refused("POST", "/api_keys", None, 413, "payload_too_large", **options)


@pytest.mark.parametrize("body", ["{", "[1]", '"text"', "nothing", '{"name": NaN}', "\ufeff{}"])
async def test_a_body_that_is_no_json_object_is_400(api: Api, body: str) -> None:
    await api.refused("POST", "/api_keys", None, 400, "invalid_argument", content=body.encode())


async def test_every_field_at_fault_is_named(api: Api) -> None:
    error = await api.refused("POST", "/api_keys", {"name": 1}, 400, "invalid_argument")
    assert error["message"] == "name: must be a valid string"
    assert error["details"]["field"] == "name"
    assert [each["field"] for each in error["details"]["fields"]] == ["name", "scopes"]


async def test_a_missing_scope_names_what_is_required(api: Api) -> None:
    clerk = await api.with_scopes("data:read")
    error = await clerk.refused("GET", "/audit_log", None, 403, "missing_scope")
    assert error["details"]["required_scopes"] == ["keys:manage"]


async def test_a_request_id_is_echoed_or_made(api: Api) -> None:
    given = await api.get("/me", headers={"X-Request-Id": "abc-1"})
    made = await api.get("/me")
    assert given.headers["x-request-id"] == "abc-1"
    assert len(made.headers["x-request-id"]) == 26


async def test_limit_is_told_in_headers_and_a_429_says_when_to_come_again(
    started: Started,
) -> None:
    async with started(requests_per_minute=2) as api:
        first = await api.get("/me")
        assert first.headers["x-ratelimit-limit"] == "2"
        assert first.headers["x-ratelimit-remaining"] == "1"
        assert int(first.headers["x-ratelimit-reset"]) > 10**9
        await api.get("/me")
        answer = await api.get("/me")
    assert answer.status_code == 429
    body = answer.json()
    assert body["error"]["code"] == "rate_limited"
    assert body["error"]["details"] == {"limit": 2, "window_s": 60}
    assert body["retry_after"] == int(answer.headers["retry-after"]) >= 1
    assert answer.headers["x-ratelimit-remaining"] == "0"


async def test_repeat_with_a_key_replays_status_and_body(api: Api) -> None:
    body = {"name": "once"}
    headers = {"Idempotency-Key": "k 1"}
    first, again = await asyncio.gather(
        *(api.post("/sessions", body, headers=headers) for _ in range(2))
    )
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    replayed = sorted(answer.headers.get("idempotent-replayed", "") for answer in (first, again))
    assert replayed == ["", "true"]
    other = {**body, "name": "other"}
    await api.refused("POST", "/sessions", other, 409, "idempotency_conflict", headers=headers)


async def test_refusals_are_replayed_and_a_key_belongs_to_its_path(api: Api) -> None:
    made = await api.ask("POST", "/api_keys", {"name": "x", "scopes": ["data:read"]}, 201)
    path, headers = f"/api_keys/{made['id']}", {"Idempotency-Key": "k"}
    # Of a key that is not there yet, the refusal stays.
    for answered in range(2):
        answer = await api.delete("/api_keys/key_none", headers=headers)
        assert answer.status_code == 404
        assert ("idempotent-replayed" in answer.headers) is bool(answered)
    await api.ask("DELETE", path, status=204, headers=headers)
    await api.ask("POST", "/sessions", {}, 201, headers=headers)


async def test_answer_with_a_secret_is_not_kept(api: Api) -> None:
    body, headers = {"name": "x", "scopes": ["data:read"]}, {"Idempotency-Key": "k"}
    made = [await api.ask("POST", "/api_keys", body, 201, headers=headers) for _ in range(2)]
    assert made[0]["key"] != made[1]["key"]
    assert await api.sql("SELECT 1 FROM idempotency WHERE project_id = %s", api.project_id) == []


async def test_openapi_names_every_operation(api: Api) -> None:
    document = await api.ask("GET", "/openapi.json")
    assert document["info"]["title"] == "Amdahl Platform"
    operations = [
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    ]
    assert {"me.get", "api_keys.create", "audit_log.list"} <= set(operations)
    assert len(operations) == len(set(operations))
