"""What holds for every path: keys, errors of the framework, request ids, size."""

from __future__ import annotations

import pytest

from .conftest import Api, Started


async def test_a_path_without_a_key_is_401(api: Api) -> None:
    answer = await api.call("POST", "/nowhere", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert answer.json()["code"] == "AUTH_INVALID_KEY"


@pytest.mark.parametrize("name", ["X-Aerostack-Key", "X-API-Key"])
async def test_the_vendor_headers_carry_a_key(api: Api, name: str) -> None:
    headers = {"Authorization": "", name: api.key}
    answer = await api.call("POST", "/nowhere", headers=headers)
    assert answer.status_code == 404


async def test_of_several_keys_the_vendor_header_counts(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.key}", "X-Aerostack-Key": "ac_secret_wrong"}
    answer = await api.call("POST", "/nowhere", headers=headers)
    assert answer.status_code == 401


async def test_an_unknown_path_is_404_in_the_error_object(api: Api) -> None:
    answer = await api.post("/nowhere", {})
    assert answer.status_code == 404
    assert answer.json() == {
        "code": "VALIDATION_ERROR",
        "message": "No such path: /v1/nowhere",
        "details": {"reason": "NOT_FOUND"},
    }


async def test_the_bare_mount_is_an_unknown_path(api: Api) -> None:
    answer = await api.post(f"http://test{api.mount}", {})
    assert answer.status_code == 404
    assert answer.json()["message"] == "No such path: /v1"


async def test_a_wrong_method_is_405_in_the_error_object(api: Api) -> None:
    answer = await api.get("/cache/get")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["details"]["reason"] == "METHOD_NOT_ALLOWED"


async def test_a_request_id_is_echoed_or_made(api: Api) -> None:
    given = await api.post("/nowhere", {}, headers={"X-Request-ID": "abc-1"})
    made = await api.post("/nowhere", {})
    assert given.headers["x-request-id"] == "abc-1"
    assert len(made.headers["x-request-id"]) == 26


@pytest.mark.parametrize("body", ["{", "[1]", '"text"', "nothing", '{"key": NaN}', "\ufeff{}"])
async def test_a_body_that_is_no_json_object_is_400(api: Api, body: str) -> None:
    answer = await api.call("POST", "/cache/get", content=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/queue/job", {"jobId": ""}, "jobId: must have at least 1 character"),
        (
            "/db/batch",
            {"queries": [{"sql": "x"}] * 26},
            "queries: must have at most 25 items, not 26",
        ),
        ("/ai/chat", {"messages": []}, "messages: must have at least 1 item, not 0"),
    ],
)
async def test_a_size_at_fault_is_said_in_one_sentence(
    api: Api, path: str, body: object, message: str
) -> None:
    answer = await api.post(path, body)
    assert answer.status_code == 400
    assert answer.json()["message"] == message


async def test_every_field_at_fault_is_named(api: Api) -> None:
    answer = await api.refused("/queue/enqueue", {"delay": "soon"}, 400, "VALIDATION_ERROR")
    assert set(answer["details"]["fieldErrors"]) >= {"type", "delay"}


async def test_a_rate_limit_of_the_operator_is_429_with_retry_after(started: Started) -> None:
    async with started(requests_per_minute=2) as api:
        statuses = [(await api.post("/nowhere", {})).status_code for _ in range(3)]
        answer = await api.post("/nowhere", {})
    assert statuses == [404, 404, 429]
    assert answer.json()["code"] == "RATE_LIMIT_EXCEEDED"
    assert 1 <= int(answer.headers["retry-after"]) <= 62


async def test_a_public_key_may_not_touch_data(api: Api) -> None:
    public = await api.with_scopes("public")
    for path in ("/cache/get", "/db/query", "/storage/list", "/ai/chat"):
        answer = await public.refused(path, {}, 403, "FORBIDDEN")
        assert answer["details"]["missing_scopes"]


async def test_the_document_describes_every_operation(api: Api) -> None:
    document = (await api.get("/openapi.json")).json()
    operations = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert {
        *("aiChat", "authSignup", "authSignin", "cacheGet", "cacheSet", "dbQuery"),
        *("queueEnqueue", "servicesInvoke"),
    } <= operations
    assert "/storage/upload" in document["paths"]


async def test_without_a_limit_nothing_is_said_of_one(api: Api) -> None:
    answer = await api.post("/nowhere", {})
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]
