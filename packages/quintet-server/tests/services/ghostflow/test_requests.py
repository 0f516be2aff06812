"""What holds for every path: keys, scopes, refusals, limits, idempotency, lists."""

from __future__ import annotations

import asyncio
import re
from uuid import uuid4

import pytest

from quintet_server.services.ghostflow.routes import ENDPOINTS
from quintet_server.store.key_formats import KEY_FORMATS

from .conftest import Api, Started

CAMPAIGN = {"name": "Summer Promo", "url": "https://example.com/promo"}
SCOPED = [each for each in ENDPOINTS if each.scopes]


def a_path(path: str) -> str:
    """A path with an id in every place."""
    return re.sub(r"\{\w+\}", str(uuid4()), path)


def is_counted(headers: object) -> bool:
    names = ("limit", "remaining", "reset")
    return all(str(headers[f"x-ratelimit-{name}"]).isdigit() for name in names)  # type: ignore[index]


async def test_no_operation_answers_without_a_key(api: Api) -> None:
    for each in ENDPOINTS:
        answer = await api.call(each.method, a_path(each.path), headers={"Authorization": ""})
        assert answer.status_code == 401, each.operation_id
        assert answer.json()["code"] == "AUTH_REQUIRED"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert is_counted(answer.headers)


async def test_every_operation_refuses_a_key_that_may_do_everything_else(api: Api) -> None:
    for each in SCOPED:
        others = [
            scope
            for scope in KEY_FORMATS["ghostflow"].scopes
            if scope not in (*each.scopes, "admin")
        ]
        clerk = await api.with_scopes(*others)
        answer = await clerk.call(each.method, a_path(each.path), json={})
        assert (answer.status_code, each.operation_id) == (403, each.operation_id)
        error = answer.json()
        assert error["code"] == "AUTH_INSUFFICIENT_SCOPE"
        assert error["details"] == [{"field": "scope", "reason": " or ".join(each.scopes)}]
        assert "which this caller does not have" in error["message"]  # a key or a person


async def test_a_right_to_write_is_none_to_read_but_the_old_one_is(api: Api) -> None:
    writer = await api.with_scopes("write:campaigns")
    await writer.refused("GET", "/campaigns", None, 403, "AUTH_INSUFFICIENT_SCOPE")
    created = await writer.ask("POST", "/campaigns", CAMPAIGN, 201)
    old = await api.with_scopes("write")
    assert [one["id"] for one in await old.ask("GET", "/campaigns")] == [created["id"]]
    reader = await api.with_scopes("read")
    await reader.ask("GET", "/reports/dashboard")
    await reader.ask("GET", "/billing/subscription")
    await reader.refused("POST", "/campaigns", CAMPAIGN, 403, "AUTH_INSUFFICIENT_SCOPE")


async def test_unknown_paths_and_methods_are_flat_errors_with_counts(api: Api) -> None:
    for method, path, status, code in (
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("GET", f"http://test{api.mount}", 404, "NOT_FOUND"),
        ("POST", "/campaigns/", 404, "NOT_FOUND"),
        ("GET", "/auth/loginx", 404, "NOT_FOUND"),
        ("GET", "/campaigns/non-existent-id", 404, "NOT_FOUND"),
        ("GET", f"/campaigns/{uuid4()}", 404, "NOT_FOUND"),
        ("GET", f"/campaigns/{uuid4().hex}", 404, "NOT_FOUND"),
        ("DELETE", "/campaigns", 405, "METHOD_NOT_ALLOWED"),
    ):
        answer = await api.call(method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["requestId"] == answer.headers["x-request-id"]
        assert set(answer.json()) == {"code", "message", "requestId"}
        assert is_counted(answer.headers)
    assert answer.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    "body", ["{", "[1]", '"text"', "nothing", '{"name": NaN}', "\ufeff{}", "null", "[" * 5000]
)
async def test_a_body_that_is_no_json_object_is_400(api: Api, body: str) -> None:
    await api.refused("POST", "/campaigns", None, 400, "VALIDATION_ERROR", content=body.encode())


async def test_a_body_of_another_kind_or_too_large_is_refused(api: Api) -> None:
    xml = {"headers": {"Content-Type": "text/xml"}, "content": b"<a/>"}
    await api.refused("POST", "/campaigns", None, 415, "UNSUPPORTED_MEDIA_TYPE", **xml)
    large = {"content": b" " * (1024 * 1024 + 1)}
    await api.refused("POST", "/campaigns", None, 413, "PAYLOAD_TOO_LARGE", **large)


async def test_every_field_at_fault_is_named(api: Api) -> None:
    body = {"name": 7, "surprise": 1}
    error = await api.refused("POST", "/campaigns", body, 400, "VALIDATION_ERROR")
    reasons = {one["field"]: one["reason"] for one in error["details"]}
    assert set(reasons) == {"name", "url", "surprise"}
    assert reasons["url"] == "is required"
    assert reasons["surprise"] == "is not a field of this request"


async def test_a_request_id_of_the_client_is_kept(api: Api) -> None:
    answer = await api.get("/campaigns", headers={"X-Request-Id": "my-own-1"})
    assert answer.headers["x-request-id"] == "my-own-1"
    answer = await api.get("/campaigns", headers={"X-Request-Id": "two words"})
    assert answer.headers["x-request-id"] != "two words"


async def test_a_key_may_send_so_many_at_once_and_more_as_time_goes_by(started: Started) -> None:
    async with started(requests_per_minute=3) as api:
        for left in (2, 1, 0):
            answer = await api.get("/campaigns")
            assert answer.status_code == 200
            assert answer.headers["x-ratelimit-limit"] == "3"
            assert answer.headers["x-ratelimit-remaining"] == str(left)
            now = api.runtime.clock.now()
            assert 0 < int(answer.headers["x-ratelimit-reset"]) - now <= 61
        refused = await api.get("/campaigns")
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert refused.headers["x-ratelimit-remaining"] == "0"
        other = await api.with_scopes("read:campaigns")  # each key has its own
        await other.ask("GET", "/campaigns")
        await api.advance(seconds=21)
        await api.ask("GET", "/campaigns")


async def test_a_repeated_post_happens_once(api: Api) -> None:
    once = {"headers": {"Idempotency-Key": "summer-1"}}
    first = await api.post("/campaigns", CAMPAIGN, **once)
    again = await api.post("/campaigns", dict(reversed(CAMPAIGN.items())), **once)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    assert len(await api.ask("GET", "/campaigns")) == 1


async def test_an_idempotency_key_with_another_body_is_422_and_elsewhere_is_another(
    api: Api,
) -> None:
    once = {"headers": {"Idempotency-Key": "k" * 255}}
    await api.ask("POST", "/campaigns", CAMPAIGN, 201, **once)
    other = {**CAMPAIGN, "name": "Winter Promo"}
    await api.refused("POST", "/campaigns", other, 422, "IDEMPOTENCY_KEY_REUSED", **once)
    offer = {"name": "An offer", "url": "https://example.com/offer"}
    await api.ask("POST", "/offers", offer, 201, **once)
    stranger = await api.other_project()
    await stranger.ask("POST", "/campaigns", CAMPAIGN, 201, **once)
    for bad in ("", "k" * 256):
        headers = {"Idempotency-Key": bad}
        await api.refused("POST", "/campaigns", CAMPAIGN, 400, "VALIDATION_ERROR", headers=headers)


async def test_a_refusal_is_kept_under_its_key_too(api: Api) -> None:
    taken = {**CAMPAIGN, "slug": f"slug-{uuid4().hex[:8]}"}
    first = await api.ask("POST", "/campaigns", taken, 201)
    once = {"headers": {"Idempotency-Key": "again"}}
    await api.refused("POST", "/campaigns", taken, 409, "CONFLICT", **once)
    await api.ask("DELETE", f"/campaigns/{first['id']}")
    replay = await api.post("/campaigns", taken, **once)
    assert (replay.status_code, replay.headers["idempotency-replayed"]) == (409, "true")


async def test_many_equal_posts_at_once_happen_once(api: Api) -> None:
    once = {"headers": {"Idempotency-Key": "race"}}
    answers = await asyncio.gather(*(api.post("/campaigns", CAMPAIGN, **once) for _ in range(10)))
    codes = {answer.status_code for answer in answers}
    assert codes <= {201, 409}
    assert 201 in codes
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "IDEMPOTENCY_IN_PROGRESS"
            assert answer.headers["retry-after"] == "1"
    assert len(await api.ask("GET", "/campaigns")) == 1


async def test_lists_are_arrays_with_their_paging_in_headers(api: Api) -> None:
    for number in range(5):
        await api.ask("POST", "/campaigns", {**CAMPAIGN, "name": f"Promo {number}"}, 201)
    seen: list[str] = []
    path = "/campaigns?limit=2&sort=name"
    while path:
        answer = await api.get(path)
        assert answer.headers["x-total-count"] == "5"
        seen += [one["name"] for one in answer.json()]
        following = answer.headers.get("link")
        assert (following is None) == ("x-next-cursor" not in answer.headers)
        path = "" if following is None else following[1 : following.index(">")]
    assert seen == [f"Promo {number}" for number in range(5)]


async def test_a_cursor_is_good_for_its_own_list_only(api: Api) -> None:
    for number in range(3):
        await api.ask("POST", "/campaigns", {**CAMPAIGN, "name": f"Promo {number}"}, 201)
    cursor = (await api.get("/campaigns?limit=1")).headers["x-next-cursor"]
    await api.ask("GET", f"/campaigns?limit=2&cursor={cursor}")  # another size is fine
    for path in (
        f"/offers?limit=1&cursor={cursor}",
        f"/campaigns?limit=1&sort=name&cursor={cursor}",
        f"/campaigns?limit=1&search=promo&cursor={cursor}",
        f"/campaigns?limit=1&cursor={cursor[:-2]}",
        f"/campaigns?limit=1&cursor=x{cursor}",
        "/campaigns?cursor=",
        "/campaigns?cursor=%00",
    ):
        await api.refused("GET", path, None, 400, "VALIDATION_ERROR")
    stranger = await api.other_project()
    path = f"/campaigns?limit=1&cursor={cursor}"
    await stranger.refused("GET", path, None, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "two", "1.5", "", "9" * 30, "１"])
async def test_a_limit_that_is_none_is_400(api: Api, limit: str) -> None:
    error = await api.refused("GET", f"/campaigns?limit={limit}", None, 400, "VALIDATION_ERROR")
    assert error["details"][0]["field"] == "limit"


async def test_the_document_describes_every_operation(api: Api) -> None:
    document = await api.ask("GET", "/openapi.json", headers={"Authorization": ""})
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert {(each.method, each.path) for each in ENDPOINTS} <= described
    ids = [one["operationId"] for each in document["paths"].values() for one in each.values()]
    assert len(ids) == len(set(ids))
