"""Who is calling: keys, tokens, the team that is meant, and what becomes of those who fail."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from ..conftest import Api
from .conftest import FAILURES, PASSWORD, People

RATE = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


async def refused(api: Api, authorization: str | None, **headers: str) -> Any:
    """The answer to a call with this header."""
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    if authorization is not None:
        raw["Authorization"] = authorization.encode("latin-1")
    request = api.http.build_request("GET", "/auth/me", headers=raw)
    if authorization is None:
        del request.headers["authorization"]
    return await api.http.send(request)


async def foreign_team(api: Api) -> uuid.UUID:
    """The team of another project."""
    other = await api.other_project()
    statement = "SELECT t.id FROM ghostflow_teams t WHERE t.name = %s"
    [[found]] = await api.sql(statement, other.project)
    assert isinstance(found, uuid.UUID)
    return found


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "AUTH_REQUIRED"),
        ("", "AUTH_REQUIRED"),
        ("Basic Zm9vOmJhcg==", "AUTH_REQUIRED"),
        ("Bearer ", "AUTH_REQUIRED"),
        ("Bearer gf_" + "x" * 43, "AUTH_INVALID_API_KEY"),
        ("Bearer gf_", "AUTH_INVALID_API_KEY"),
        ("Bearer nope", "AUTH_INVALID_API_KEY"),
        ("Bearer zf_live_sk_" + "0" * 32, "AUTH_INVALID_API_KEY"),
        ("Bearer a.b", "AUTH_INVALID_API_KEY"),
        ("Bearer a.b.c.d", "AUTH_INVALID_API_KEY"),
        ("Bearer a..c", "AUTH_INVALID_API_KEY"),
        ("Bearer a.b.c+", "AUTH_INVALID_API_KEY"),
        ("Bearer \xff\xfe", "AUTH_INVALID_API_KEY"),
        ("Bearer a.b.c", "AUTH_INVALID_TOKEN"),
        ("Bearer eyJhbGciOiJub25lIn0.e30.c2ln", "AUTH_INVALID_TOKEN"),
    ],
)
async def test_who_says_nothing_or_nonsense_is_unauthenticated(
    api: Api, authorization: str | None, code: str
) -> None:
    answer = await refused(api, authorization)
    assert answer.status_code == 401
    assert answer.json()["code"] == code
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/json"
    for name in RATE:
        assert int(answer.headers[name]) >= 0


async def test_revoked_expired_deleted_and_unknown_keys_get_one_answer(api: Api) -> None:
    answers = []
    for ending in (
        "UPDATE api_keys SET revoked_at = quintet_now() WHERE id = %s",
        "UPDATE api_keys SET expires_at = quintet_now() - interval '1s' WHERE id = %s",
        "DELETE FROM api_keys WHERE id = %s",
    ):
        made = await api.ask("POST", "/auth/api-keys", {"name": "x", "permissions": ["read"]}, 201)
        await api.sql(ending, made["id"])
        api.runtime.keys.forget()
        answers.append(await refused(api, f"Bearer {made['key']}"))
    answers.append(await refused(api, "Bearer gf_" + "x" * 43))
    assert {answer.status_code for answer in answers} == {401}
    bodies = [{**answer.json(), "requestId": ""} for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0]["code"] == "AUTH_INVALID_API_KEY"
    assert {frozenset(answer.headers) for answer in answers} == {frozenset(answers[0].headers)}


async def test_key_may_name_its_own_team_and_no_other(api: Api) -> None:
    team = await api.team_id()
    for named in (str(team), str(team).upper()):
        assert (await api.get("/auth/me", headers={"X-Team-Id": named})).status_code == 200
    for other in (await foreign_team(api), uuid.uuid4()):
        answer = await api.get("/auth/me", headers={"X-Team-Id": str(other)})
        assert (answer.status_code, answer.json()["code"]) == (403, "TEAM_FORBIDDEN")
        assert all(int(answer.headers[name]) >= 0 for name in RATE)


@pytest.mark.parametrize("given", ["", "mine", "12", "prj_01", "\xff"])
async def test_team_that_is_no_uuid_is_invalid(api: Api, given: str) -> None:
    answer = await api.get("/auth/me", headers={"X-Team-Id": given.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["field"] == "X-Team-Id"
    assert all(int(answer.headers[name]) >= 0 for name in RATE)


async def test_user_in_one_team_need_not_name_it(api: Api, people: People) -> None:
    user = await people.signed_in("viewer")
    me = await user.ask("GET", "/auth/me")
    assert me["teamId"] == str(await api.team_id())
    assert [team["role"] for team in me["teams"]] == ["viewer"]
    assert await user.ask("GET", "/billing/subscription") == {
        "plan": "self-hosted",
        "status": "active",
        "limits": {},
    }


async def test_user_in_several_teams_has_to_name_one(api: Api, people: People) -> None:
    second = await api.other_project()
    email = await people.make("admin", api, second)
    login = await people.login(email)
    teams = [team["id"] for team in login["teams"]]
    assert teams[0] == str(await api.team_id())
    nameless = people.with_token(login["accessToken"])
    await nameless.refused("GET", "/billing/subscription", None, 400, "TEAM_REQUIRED")
    # These are about the user; and they tell which teams there are to name.
    assert (await nameless.ask("GET", "/auth/me"))["teamId"] is None
    assert (await nameless.ask("GET", "/auth/me"))["scopes"] == []
    assert {team["id"] for team in await nameless.ask("GET", "/teams")} == set(teams)
    for team in teams:
        named = people.with_token(login["accessToken"], team)
        assert (await named.ask("GET", "/auth/me"))["teamId"] == team
        await named.ask("GET", "/billing/subscription")


async def test_foreign_and_unknown_teams_of_a_user_get_one_answer(api: Api, people: People) -> None:
    token = (await people.login(await people.make()))["accessToken"]
    bodies = []
    for other in (await foreign_team(api), uuid.uuid4()):
        client = people.with_token(token, other)
        error = await client.refused("GET", "/auth/me", None, 403, "TEAM_FORBIDDEN")
        bodies.append({**error, "requestId": ""})
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    ("role", "reads", "writes", "administers"),
    [
        ("owner", True, True, True),
        ("admin", True, True, True),
        ("editor", True, True, False),
        ("viewer", True, False, False),
    ],
)
async def test_scopes_of_a_user_follow_the_role(
    people: People, role: str, reads: bool, writes: bool, administers: bool
) -> None:
    user = await people.signed_in(role)
    scopes = (await user.ask("GET", "/auth/me"))["scopes"]
    assert ("read:stats" in scopes) is reads
    assert ("write:campaigns" in scopes) is writes
    assert ("admin" in scopes) is administers


async def test_change_of_role_and_removal_hold_at_once(api: Api, people: People) -> None:
    email = await people.make("owner")
    user = people.with_token((await people.login(email))["accessToken"])
    await people.make("viewer", email=email)
    assert "admin" not in (await user.ask("GET", "/auth/me"))["scopes"]
    await api.sql(
        "DELETE FROM ghostflow_members m USING ghostflow_users u "
        "WHERE m.user_id = u.id AND u.email = %s",
        email,
    )
    await user.refused("GET", "/auth/me", None, 403, "TEAM_FORBIDDEN")
    await api.sql("DELETE FROM ghostflow_users WHERE email = %s", email)
    await user.refused("GET", "/auth/me", None, 401, "AUTH_INVALID_TOKEN")


async def test_new_password_ends_logins(api: Api, people: People) -> None:
    email = await people.make()
    user = people.with_token((await people.login(email))["accessToken"])
    await user.ask("GET", "/auth/me")
    await api.sql(
        "UPDATE ghostflow_users SET password_version = password_version + 1 WHERE email = %s",
        email,
    )
    await user.refused("GET", "/auth/me", None, 401, "AUTH_INVALID_TOKEN")


async def test_token_of_another_service_is_none_of_ours(api: Api, people: People) -> None:
    email = await people.make()
    [[user_id]] = await api.sql("SELECT id FROM ghostflow_users WHERE email = %s", email)
    [ghostflow] = [each for each in api.runtime.services if each.name == "ghostflow"]
    tokens = ghostflow.auth.parts.tokens
    for claims in (
        {"sub": str(user_id), "pwv": 1},
        {"aud": "aerostack", "sub": str(user_id), "pwv": 1},
        {"aud": "ghostflow", "sub": str(user_id)},
        {"aud": "ghostflow", "sub": "nobody", "pwv": 1},
        {"aud": "ghostflow", "sub": 7, "pwv": 1},
    ):
        token, _ = await tokens.issue(claims)
        client = people.with_token(token)
        await client.refused("GET", "/auth/me", None, 401, "AUTH_INVALID_TOKEN")


async def test_login_expires(clocked: Api) -> None:
    people = People(clocked)
    user = await people.signed_in()
    await user.ask("GET", "/auth/me")
    await clocked.advance(minutes=61)
    await user.refused("GET", "/auth/me", None, 401, "AUTH_TOKEN_EXPIRED")


async def test_many_failures_of_an_address_have_to_wait_and_right_keys_need_not(
    clocked: Api,
) -> None:
    left = []
    for _ in range(FAILURES):
        answer = await refused(clocked, "Bearer gf_wrong")
        assert answer.status_code == 401
        left.append(int(answer.headers["x-ratelimit-remaining"]))
    assert left == [2, 1, 0]
    answer = await refused(clocked, "Bearer nonsense")
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    assert int(answer.headers["x-ratelimit-limit"]) == FAILURES
    assert int(answer.headers["x-ratelimit-reset"]) > 1_700_000_000
    assert (await clocked.get("/auth/me")).status_code == 200
    # Passwords can be guessed: there nothing is compared any more, right or wrong.
    people = People(clocked)
    email = await people.make()
    body = {"email": email, "password": PASSWORD}
    await clocked.refused("POST", "/auth/login", body, 429, "RATE_LIMITED")
    await clocked.advance(minutes=1)
    await clocked.ask("POST", "/auth/login", body)


async def test_wrong_passwords_of_one_email_have_to_wait(clocked: Api) -> None:
    people = People(clocked)
    email, other = await people.make(), await people.make()
    wrong = {"email": email.upper(), "password": "wrong"}
    for _ in range(2):
        await clocked.refused("POST", "/auth/login", wrong, 401, "AUTH_INVALID_CREDENTIALS")
    right = {"email": email, "password": PASSWORD}
    answer = await clocked.post("/auth/login", right)
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
    assert int(answer.headers["retry-after"]) > 60
    await people.login(other)
    await clocked.advance(minutes=8)
    await clocked.ask("POST", "/auth/login", right)
    # The right password began anew: there is room for two again.
    for _ in range(2):
        await clocked.refused("POST", "/auth/login", wrong, 401, "AUTH_INVALID_CREDENTIALS")
