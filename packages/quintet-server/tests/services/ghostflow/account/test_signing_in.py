"""`POST /auth/login`."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Api
from .conftest import PASSWORD, People


async def test_login_gives_a_token_the_user_and_the_teams(api: Api, people: People) -> None:
    email = await people.make("editor")
    answer = await api.post(
        "/auth/login", {"email": f" {email.upper()} ".strip(), "password": PASSWORD}
    )
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"accessToken", "tokenType", "expiresIn", "user", "teams"}
    assert (body["tokenType"], body["expiresIn"]) == ("Bearer", 3600)
    assert set(body["user"]) == {"id", "email", "name", "createdAt"}
    assert body["user"]["email"] == email
    assert body["teams"] == [
        {"id": str(await api.team_id()), "name": api.project, "role": "editor"}
    ]
    assert answer.headers["cache-control"] == "no-store"
    for name in ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"):
        assert int(answer.headers[name]) >= 0
    me = await people.with_token(body["accessToken"]).ask("GET", "/auth/me")
    assert me["user"] == body["user"]
    assert me["teams"] == body["teams"]
    assert me["apiKey"] is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_login_by_another_method_is_refused_with_every_header(api: Api, method: str) -> None:
    answer = await api.call(method, "/auth/login")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    for name in ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"):
        assert int(answer.headers[name]) >= 0
    assert method == "HEAD" or answer.json()["code"] == "METHOD_NOT_ALLOWED"


async def test_login_needs_no_key_and_looks_at_none(api: Api, people: People) -> None:
    body = {"email": await people.make(), "password": PASSWORD}
    for header in ("", "Bearer gf_wrong", "Basic x"):
        answer = await api.post("/auth/login", body, headers={"Authorization": header})
        assert answer.status_code == 200


async def test_unknown_address_and_wrong_password_get_one_answer(api: Api, people: People) -> None:
    email = await people.make()
    bodies = []
    for body in (
        {"email": email, "password": "wrong"},
        {"email": email, "password": ""},
        {"email": email, "password": "x" * 5000},
        {"email": "nobody@example.test", "password": PASSWORD},
        {"email": "no address", "password": PASSWORD},
        {"email": "a\x00b", "password": "\x00"},
    ):
        error = await api.refused("POST", "/auth/login", body, 401, "AUTH_INVALID_CREDENTIALS")
        bodies.append({**error, "requestId": ""})
    assert all(body == bodies[0] for body in bodies)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "a@example.test"}, "password"),
        ({"email": 1, "password": "x"}, "email"),
        ({"email": "a@example.test", "password": "x", "team": "y"}, "team"),
    ],
)
async def test_incomplete_login_is_refused_by_field(
    api: Api, body: dict[str, Any], field: str
) -> None:
    error = await api.refused("POST", "/auth/login", body, 400, "VALIDATION_ERROR")
    assert field in [detail["field"] for detail in error["details"]]


async def test_login_that_is_no_json_is_refused(api: Api) -> None:
    answer = await api.call("POST", "/auth/login", content=b"{")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    headers = {"Content-Type": "text/xml"}
    answer = await api.call("POST", "/auth/login", content=b"<a/>", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    answer = await api.get("/auth/login")
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


async def test_token_is_not_kept_under_an_idempotency_key(api: Api, people: People) -> None:
    body = {"email": await people.make(), "password": PASSWORD}
    headers = {"Idempotency-Key": "login"}
    for _ in range(2):
        answer = await api.post("/auth/login", body, headers=headers)
        assert answer.status_code == 200
        assert "idempotency-replayed" not in answer.headers
    statement = "SELECT 1 FROM idempotency WHERE key LIKE '%%login'"
    assert await api.sql(statement) == []


async def test_hash_of_earlier_costs_is_made_anew(
    api: Api, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quintet_server.engines.identity import Passwords

    email = await people.make()
    monkeypatch.setenv("QUINTET_PASSWORD_PASSES_COUNT", "2")
    others = Passwords()
    old = await others.hash(PASSWORD)
    await others.stop()
    change = "UPDATE ghostflow_users SET password_hash = %s WHERE email = %s"
    await api.sql(change, old, email)
    login = await people.login(email)
    [[new]] = await api.sql("SELECT password_hash FROM ghostflow_users WHERE email = %s", email)
    assert new != old
    await people.login(email)
    await people.with_token(login["accessToken"]).ask("GET", "/auth/me")  # it did not end
