"""What every route shares: keys, scopes, limits, the envelope (contract §1, §2)."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from quintet_server.services.flowmaestro.routes import build_routes
from quintet_server.store.keys import create_key, revoke_key

from .conftest import MOUNT, Api, Started, new_key

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
EVERY_ROUTE = [
    (method, re.sub(r"\{[^}]*\}", "nothing", route.path))  # type: ignore[attr-defined]
    for route in build_routes()
    for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    if not route.path.startswith("/hooks/")  # type: ignore[attr-defined]
]


def check_envelope(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error", "meta"}
    assert set(body["error"]) - {"details"} == {"code", "message"}
    assert body["error"]["code"] == code
    assert body["error"]["message"]
    assert body["meta"]["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-trace-id"] == answer.headers["x-request-id"]
    assert INSTANT.fullmatch(body["meta"]["timestamp"])
    error: dict[str, Any] = body["error"]
    return error


async def test_success_carries_one_request_id_in_header_and_body(api: Api) -> None:
    answer = await api.get("/workflows", headers={"X-Request-ID": "mine-7"})

    assert answer.json()["meta"]["request_id"] == answer.headers["x-request-id"] == "mine-7"


async def test_key_is_taken_from_either_header_and_the_vendors_own_wins(api: Api) -> None:
    del api.http.headers["Authorization"]

    own = await api.get("/workflows", headers={"X-API-Key": api.key})
    bearer = await api.get("/workflows", headers={"Authorization": f"Bearer {api.key}"})
    both = {"X-API-Key": "fm_live_wrong", "Authorization": f"Bearer {api.key}"}

    assert own.status_code == bearer.status_code == 200
    check_envelope(await api.get("/workflows", headers=both), 401, "invalid_api_key")


@pytest.mark.parametrize("key", ["", "fm_live_" + "0" * 32, "sk_something", "schlüssel"])
async def test_unknown_keys_are_refused(api: Api, key: str) -> None:
    answer = await api.get("/workflows", headers={"Authorization": f"Bearer {key}".encode()})

    check_envelope(answer, 401, "invalid_api_key")


async def test_revoked_and_expired_keys_have_their_own_codes(api: Api) -> None:
    revoked = await new_key(api.runtime, api.project)
    async with api.runtime.db.transaction() as conn:
        await revoke_key(conn, revoked)
        expired, _ = await create_key(
            conn,
            "flowmaestro",
            project=api.project,
            lifetime=timedelta(days=-1),
        )

    for key, code in ((revoked, "revoked_api_key"), (expired, "expired_api_key")):
        answer = await api.get("/workflows", headers={"Authorization": f"Bearer {key}"})
        check_envelope(answer, 401, code)


async def test_test_keys_are_as_good_as_live_ones(api: Api) -> None:
    secret = f"fm_test_{'a' * 24}{api.project[:8]}"
    async with api.runtime.db.transaction() as conn:
        await create_key(conn, "flowmaestro", project=api.project, secret=secret)

    answer = await api.get("/workflows", headers={"X-API-Key": secret})

    assert answer.status_code == 200


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
async def test_every_route_needs_a_scope(api: Api, method: str, path: str) -> None:
    nobody = await api.with_scopes()

    error = check_envelope(await nobody.call(method, path), 403, "insufficient_scope")

    details = error["details"]
    assert details["missing_scopes"] == details["required_scopes"] != []
    assert details["your_scopes"] == []
    assert error["message"] == f"Missing required scopes: {', '.join(details['missing_scopes'])}"


@pytest.mark.parametrize(
    ("bundle", "allowed", "refused"),
    [
        ("workflow-executor", "/executions", "/agents"),
        ("agent-executor", "/agents", "/workflows"),
        ("knowledge-base-reader", "/knowledge-bases", "/triggers"),
        ("read-only", "/webhooks", None),
        ("full-access", "/webhooks", None),
    ],
)
async def test_bundles_stand_for_their_scopes(
    api: Api, bundle: str, allowed: str, refused: str | None
) -> None:
    client = await api.with_scopes(bundle)

    assert (await client.get(allowed)).status_code == 200
    if refused is not None:
        check_envelope(await client.get(refused), 403, "insufficient_scope")


async def test_read_only_key_cannot_write(api: Api) -> None:
    client = await api.with_scopes("read-only")

    error = check_envelope(await client.post("/webhooks", {}), 403, "insufficient_scope")

    assert error["details"]["missing_scopes"] == ["webhooks:write"]


async def test_unknown_path_wrong_method_and_broken_json_are_enveloped(api: Api) -> None:
    check_envelope(await api.get("/nowhere"), 404, "resource_not_found")
    check_envelope(await api.get(f"http://test{api.mount}"), 404, "resource_not_found")
    check_envelope(await api.call("PUT", "/workflows"), 405, "validation_error")
    for body in (b"{", b"[1]", b'"x"', b"\xff", b"nul"):
        answer = await api.http.post("/webhooks", content=body)
        check_envelope(answer, 400, "validation_error")


async def test_body_beyond_the_bound_is_refused(api: Api) -> None:
    answer = await api.http.post("/webhooks", content=b" " * (5 * 1024 * 1024))

    check_envelope(answer, 413, "validation_error")


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
async def test_odd_ids_are_never_an_accident(api: Api, method: str, path: str) -> None:
    for odd in ("%00", "..%2F..", "💥", "a" * 3000, "%FF"):
        answer = await api.call(method, path.replace("nothing", odd))
        assert answer.status_code < 500 or answer.json()["error"]["code"] == "service_unavailable"


async def test_limits_of_a_project_come_from_its_definition(
    started: Started, tmp_path: Path
) -> None:
    async with started() as api:
        limits = {"kind": "project", "name": "default", "spec": {"requests_per_minute": 2}}
        assert await api.apply(tmp_path, limits) == ["updated"]
        assert await api.apply(tmp_path, limits) == ["unchanged"]

        answers = [await api.get("/workflows") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    error = check_envelope(answers[-1], 429, "rate_limit_exceeded")
    assert error["details"]["limit"] == 2
    assert answers[-1].headers["retry-after"] == str(error["details"]["retry_after"])


async def test_openapi_document_lists_every_route(api: Api) -> None:
    document = (await api.http.get(f"http://test{MOUNT}/openapi.json")).json()

    listed = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    table = {
        (method, route.path)  # type: ignore[attr-defined]
        for route in build_routes()
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    assert listed == table
