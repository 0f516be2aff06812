"""Signing up: what is answered, what is refused, and that one of many at once wins."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from ..conftest import Api, Started
from .peeking import claims_of

GOOD = {"email": "Ada@Example.com", "password": "correct horse"}


async def test_signup_answers_201_with_a_token_and_the_user(api: Api) -> None:
    metadata = {"plan": "pro", "n": 2**80, "nested": {"a": [1.5, None, "\x00é"]}}
    answer = await api.post("/auth/signup", {**GOOD, "name": "Ada L.", "metadata": metadata})
    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert body.keys() == {"token", "expiresAt", "user"}
    user = body["user"]
    assert user.keys() == {"id", "email", "name", "createdAt", "metadata"}
    assert str(UUID(user["id"])) == user["id"]
    assert (user["email"], user["name"]) == ("Ada@Example.com", "Ada L.")
    assert user["metadata"] == metadata
    assert list(user["metadata"]) == list(metadata)
    made = datetime.fromisoformat(user["createdAt"])
    assert abs((made - datetime.now(UTC)).total_seconds()) < 60


async def test_token_is_a_jwt_of_the_user_and_expires_as_told(api: Api) -> None:
    body = await api.ask("/auth/signup", GOOD, 201)
    claims = await claims_of(api, body["token"])
    assert claims["sub"] == body["user"]["id"]
    assert claims["email"] == "Ada@Example.com"
    assert claims["pid"] == api.project_id
    assert claims["exp"] - claims["iat"] == 86_400
    assert datetime.fromisoformat(body["expiresAt"]).timestamp() == claims["exp"]


async def test_user_without_a_name_has_null_and_without_metadata_an_empty_object(api: Api) -> None:
    user = (await api.ask("/auth/signup", GOOD, 201))["user"]
    assert user["name"] is None
    assert user["metadata"] == {}
    other = {**GOOD, "email": "b@example.com", "name": None, "metadata": None, "unknown": 1}
    assert (await api.ask("/auth/signup", other, 201))["user"]["name"] is None


async def test_password_is_kept_as_a_slow_hash_only(api: Api) -> None:
    await api.ask("/auth/signup", GOOD, 201, headers={"Idempotency-Key": "once"})
    [[hashed]] = await api.sql(
        "SELECT password_hash FROM aerostack_users WHERE project_id = %s", api.project_id
    )
    assert hashed.startswith("$argon2id$")


@pytest.mark.parametrize(
    "email", ["Ada@Example.com", "ada@example.com", "ADA@EXAMPLE.COM", "aDa@exAmple.cOm"]
)
async def test_same_address_in_any_case_is_409(api: Api, email: str) -> None:
    await api.ask("/auth/signup", GOOD, 201)
    body = {**GOOD, "email": email}
    error = await api.refused("/auth/signup", body, 409, "VALIDATION_ERROR", "AUTH_USER_EXISTS")
    assert "exists already" in error["message"]


async def test_same_address_in_another_project_is_another_user(api: Api) -> None:
    first = await api.ask("/auth/signup", GOOD, 201)
    other = await api.other_project()
    second = await other.ask("/auth/signup", GOOD, 201)
    assert first["user"]["id"] != second["user"]["id"]


async def test_of_many_signups_at_once_exactly_one_wins(api: Api) -> None:
    answers = await asyncio.gather(*(api.post("/auth/signup", GOOD) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    [[count]] = await api.sql(
        "SELECT count(*) FROM aerostack_users WHERE project_id = %s", api.project_id
    )
    assert count == 1


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"email": "nobody"}, "email", "must be an e-mail address"),
        ({"email": "a@b"}, "email", "period"),
        ({"email": " a@example.com"}, "email", "SPACE"),
        ({"email": "a\x00@example.com"}, "email", "must be an e-mail address"),
        ({"email": "Ada <a@example.com>"}, "email", "angle brackets"),
        ({"email": "x" * 5000 + "@example.com"}, "email", "over 320 characters"),
        ({"email": None}, "email", "must be"),
        ({"email": 5}, "email", "must be"),
        ({"password": "1234567"}, "password", "at least 8 characters"),
        ({"password": ""}, "password", "at least 8 characters"),
        ({"password": "x" * 1025}, "password", "at most 1024 characters"),
        ({"password": 12345678}, "password", "must be"),
        ({"name": "x" * 201}, "name", "at most 200 characters"),
        ({"name": "a\x00b"}, "name", "control characters"),
        ({"name": 5}, "name", "must be"),
        ({"metadata": {"x": "y" * 20_000}}, "metadata", "at most 16384 bytes"),
        ({"metadata": [1]}, "metadata", "must be"),
        ({"metadata": "x"}, "metadata", "must be"),
    ],
)
async def test_what_is_wrong_is_said_by_field(
    api: Api, changes: dict[str, Any], field: str, said: str
) -> None:
    error = await api.refused("/auth/signup", {**GOOD, **changes}, 400, "VALIDATION_ERROR")
    assert error["message"].startswith(f"{field}: ")
    [message] = error["details"]["fieldErrors"][field]
    assert said in message
    assert await api.sql("SELECT FROM aerostack_users WHERE project_id = %s", api.project_id) == []


async def test_missing_fields_are_all_named(api: Api) -> None:
    error = await api.refused("/auth/signup", {}, 400, "VALIDATION_ERROR")
    assert error["details"]["fieldErrors"].keys() == {"email", "password"}


async def test_everything_at_fault_is_named_at_once(api: Api) -> None:
    body = {"email": "nobody", "password": "short", "name": "\n"}
    error = await api.refused("/auth/signup", body, 400, "VALIDATION_ERROR")
    assert error["details"]["fieldErrors"].keys() == {"email", "password", "name"}


async def test_number_beyond_all_numbers_in_metadata_is_400(api: Api) -> None:
    raw = b'{"email":"a@example.com","password":"correct horse","metadata":{"n":1e999}}'
    answer = await api.call("POST", "/auth/signup", content=raw)
    assert answer.status_code == 400
    assert answer.json()["details"]["fieldErrors"].keys() == {"metadata"}


async def test_short_password_has_its_own_reason(api: Api) -> None:
    body = {**GOOD, "password": "short"}
    await api.refused("/auth/signup", body, 400, "VALIDATION_ERROR", "AUTH_PASSWORD_WEAK")


@pytest.mark.parametrize("password", ["lowercase1", "UPPERCASE1", "NoDigits", "12345678"])
async def test_strict_passwords_need_three_kinds_of_characters(
    started: Started, password: str
) -> None:
    async with started(password_strict=True) as api:
        body = {**GOOD, "password": password}
        error = await api.refused(
            "/auth/signup", body, 400, "VALIDATION_ERROR", "AUTH_PASSWORD_WEAK"
        )
        assert "must contain" in error["details"]["fieldErrors"]["password"][0]
        await api.ask("/auth/signup", {**GOOD, "password": "Enough123"}, 201)


async def test_without_strictness_eight_characters_of_any_kind_will_do(api: Api) -> None:
    await api.ask("/auth/signup", {**GOOD, "password": "        "}, 201)


async def test_repetition_with_an_idempotency_key_gets_the_same_answer(api: Api) -> None:
    headers = {"Idempotency-Key": "signup-1"}
    first = await api.post("/auth/signup", GOOD, headers=headers)
    again = await api.post("/auth/signup", GOOD, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["idempotent-replay"] == "true"


@pytest.mark.parametrize("changes", [{"password": "another horse"}, {"name": "Else"}])
async def test_idempotency_key_with_another_request_is_409(
    api: Api, changes: dict[str, Any]
) -> None:
    headers = {"Idempotency-Key": "signup-2"}
    await api.ask("/auth/signup", GOOD, 201, headers=headers)
    answer = await api.post("/auth/signup", {**GOOD, **changes}, headers=headers)
    assert answer.status_code == 409
    assert answer.json()["details"]["reason"] == "IDEMPOTENCY_KEY_REUSED"


async def test_key_without_the_scope_is_403(api: Api) -> None:
    other = await api.with_scopes("cache")
    for path in ("/auth/signup", "/auth/signin"):
        await other.refused(path, GOOD, 403, "FORBIDDEN")
    public = await api.with_scopes("public")
    await public.ask("/auth/signup", GOOD, 201)


async def test_full_queue_of_passwords_is_503_with_retry_after(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUINTET_PASSWORD_THREADS_COUNT", "1")
    monkeypatch.setenv("QUINTET_PASSWORD_WAITING_MAX_COUNT", "0")
    # Dear enough for the others to come before the first is done.
    monkeypatch.setenv("QUINTET_PASSWORD_MEMORY_BYTES", str(64 * 1024 * 1024))
    async with started() as api:
        bodies = [{**GOOD, "email": f"u{n}@example.com"} for n in range(4)]
        answers = await asyncio.gather(*(api.post("/auth/signup", body) for body in bodies))
        refused = [answer for answer in answers if answer.status_code == 503]
        assert {answer.status_code for answer in answers} == {201, 503}
        assert 1 <= int(refused[0].headers["retry-after"]) <= 30
        assert refused[0].json()["code"] == "INTERNAL_ERROR"
        assert "try again" in refused[0].json()["message"]
