"""Signing in: right, wrong, too often wrong, and what may not be learnt from any of it."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from ..conftest import Api, Started
from .peeking import Advance, claims_of, moved

ADA = {"email": "ada@example.com", "password": "correct horse"}
WRONG = {**ADA, "password": "wrong horse"}
UNKNOWN = {**WRONG, "email": "nobody@example.com"}


@pytest_asyncio.fixture(name="known", loop_scope="session")
async def signed_up(api: Api) -> Api:
    """A project in which Ada has signed up."""
    await api.ask("/auth/signup", ADA, 201)
    return api


async def test_signin_answers_200_with_the_user_who_signed_up(api: Api) -> None:
    made = await api.ask("/auth/signup", {**ADA, "name": "Ada", "metadata": {"a": 1}}, 201)
    body = await api.ask("/auth/signin", ADA)
    assert body.keys() == {"token", "expiresAt", "user"}
    assert body["user"] == made["user"]
    assert body["token"] != made["token"]


@pytest.mark.parametrize("email", ["ADA@example.com", "ada@EXAMPLE.com"])
async def test_address_may_be_written_in_any_case(known: Api, email: str) -> None:
    await known.ask("/auth/signin", {**ADA, "email": email})


async def test_wrong_password_and_unknown_address_look_the_same(known: Api) -> None:
    answers = [await known.post("/auth/signin", body) for body in (WRONG, UNKNOWN)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["code"] == "AUTH_INVALID_CREDENTIALS"


async def test_user_of_another_project_is_unknown(known: Api) -> None:
    other = await known.other_project()
    await other.refused("/auth/signin", ADA, 401, "AUTH_INVALID_CREDENTIALS")


@pytest.mark.parametrize(
    "email", ["no address", "", "a\x00@example.com", "x" * 1000, "ada@example.com\x00"]
)
async def test_what_is_no_address_has_no_user(known: Api, email: str) -> None:
    body = {**ADA, "email": email}
    await known.refused("/auth/signin", body, 401, "AUTH_INVALID_CREDENTIALS")


@pytest.mark.parametrize("password", ["", "x" * 100_000, "correct horse\x00", "correct horse "])
async def test_any_other_password_is_just_wrong(known: Api, password: str) -> None:
    body = {**ADA, "password": password}
    await known.refused("/auth/signin", body, 401, "AUTH_INVALID_CREDENTIALS")


async def test_missing_fields_are_400(known: Api) -> None:
    error = await known.refused("/auth/signin", {"email": "a@b.de"}, 400, "VALIDATION_ERROR")
    assert error["details"]["fieldErrors"] == {"password": ["is required"]}


async def wrong_until_refused(api: Api, body: dict[str, str], tries: int = 30) -> int:
    for number in range(tries):
        answer = await api.post("/auth/signin", body)
        if answer.status_code == 429:
            assert answer.json()["code"] == "RATE_LIMIT_EXCEEDED"
            assert answer.json()["details"]["reason"] == "AUTH_TOO_MANY_ATTEMPTS"
            assert 1 <= int(answer.headers["retry-after"]) <= 90
            return number
        assert answer.status_code == 401
    raise AssertionError("never refused")


async def test_tenth_wrong_password_is_the_last_for_a_while_known_or_not(known: Api) -> None:
    assert await wrong_until_refused(known, WRONG) == 10
    assert await wrong_until_refused(known, UNKNOWN) == 10
    # Not even the right password, or guessing could go on and look for it.
    assert (await known.post("/auth/signin", ADA)).status_code == 429
    assert (
        await known.post("/auth/signin", {**ADA, "email": "ADA@example.com"})
    ).status_code == 429


async def test_others_are_not_held_up(known: Api) -> None:
    bob = {**ADA, "email": "bob@example.com"}
    await known.ask("/auth/signup", bob, 201)
    other = await known.other_project()
    await other.ask("/auth/signup", ADA, 201)
    await wrong_until_refused(known, WRONG)
    await known.ask("/auth/signin", bob)
    await other.ask("/auth/signin", ADA)


async def test_room_comes_back_with_time(alone: Api, advance: Advance) -> None:
    await alone.ask("/auth/signup", ADA, 201)
    await wrong_until_refused(alone, WRONG)
    await moved(alone, advance, 91)
    await alone.ask("/auth/signin", ADA)


async def test_right_password_forgets_the_failures(known: Api) -> None:
    for _ in range(2):
        for _ in range(9):
            await known.refused("/auth/signin", WRONG, 401, "AUTH_INVALID_CREDENTIALS")
        await known.ask("/auth/signin", ADA)
    assert (
        await known.sql(
            "SELECT FROM aerostack_signin_failures WHERE project_id = %s", known.project_id
        )
        == []
    )


async def test_guesses_at_the_same_time_are_counted_too(known: Api) -> None:
    answers = await asyncio.gather(*(known.post("/auth/signin", WRONG) for _ in range(25)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) == 10
    assert statuses.count(429) == 15


async def test_many_right_signins_at_the_same_time_all_pass(known: Api) -> None:
    answers = await asyncio.gather(*(known.post("/auth/signin", ADA) for _ in range(25)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["token"] for answer in answers}) == 25


async def test_signin_hashes_anew_when_the_costs_have_changed(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started() as api:
        await api.ask("/auth/signup", ADA, 201)
    monkeypatch.setenv("QUINTET_PASSWORD_PASSES_COUNT", "2")
    async with started() as api:
        await api.refused("/auth/signin", WRONG, 401, "AUTH_INVALID_CREDENTIALS")
        [[before]] = await api.sql("SELECT password_hash FROM aerostack_users")
        await api.ask("/auth/signin", ADA)
        [[after]] = await api.sql("SELECT password_hash FROM aerostack_users")
        assert ("t=1," in before, "t=2," in after) == (True, True)
        await api.ask("/auth/signin", ADA)


async def test_lifetime_is_a_setting(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUINTET_TOKEN_LIFETIME_SECONDS", "60")
    async with started() as api:
        body = await api.ask("/auth/signup", ADA, 201)
        claims = await claims_of(api, body["token"])
        assert claims["exp"] - claims["iat"] == 60
