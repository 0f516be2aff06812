"""Users without an API key: registering, refreshing, signing out, and looking at oneself."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from quintet_server.services.aerostack.users import sessions

from ..conftest import Api, Started
from .peeking import Advance, claims_of, moved

ADA = {"email": "ada@example.com", "password": "correct horse"}


class Public:
    """A program in a user's hands: it knows the project's name and has no key."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.http = httpx.AsyncClient(
            base_url=f"http://test/api/v1/public/projects/{api.project}/auth",
            transport=api.http._transport,
        )

    async def ask(
        self,
        path: str,
        body: Any = None,
        status: int = 200,
        *,
        method: str = "POST",
        token: str = "",
    ) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await self.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def reason(
        self, path: str, body: Any = None, *, method: str = "POST", token: str = ""
    ) -> str:
        """Of a 401."""
        error = await self.ask(path, body, 401, method=method, token=token)
        assert error["code"] == "AUTH_INVALID_KEY"
        return str(error["details"]["reason"])

    async def me(self, token: str, status: int = 200) -> Any:
        return await self.ask("/me", status=status, method="GET", token=token)

    async def refresh(self, session: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = await self.ask(
            "/refresh", {"refreshToken": session["refreshToken"]}
        )
        return found


@pytest.fixture
def public(api: Api) -> Public:
    return Public(api)


async def test_registering_answers_201_with_everything_to_go_on(public: Public) -> None:
    body = {**ADA, "name": "Ada", "metadata": {"a": 1}}
    session = await public.ask("/register", body, 201)
    assert session.keys() == {
        *("success", "token", "expiresAt", "user", "refreshToken", "requiresVerification")
    }
    assert session["success"] is True
    assert session["requiresVerification"] is False
    assert session["user"]["name"] == "Ada"
    assert (await public.me(session["token"])) == {"success": True, "user": session["user"]}
    assert (await claims_of(public.api, session["token"]))["pid"] == public.api.project_id


async def test_user_is_the_same_with_a_key_and_without(public: Public) -> None:
    session = await public.ask("/register", ADA, 201)
    assert (await public.api.ask("/auth/signin", ADA))["user"] == session["user"]
    assert (await public.ask("/login", ADA))["user"] == session["user"]
    error = await public.ask("/register", ADA, 409)
    assert error["details"]["reason"] == "AUTH_USER_EXISTS"


async def test_wrong_password_is_401_and_weak_one_400(public: Public) -> None:
    await public.ask("/register", ADA, 201)
    error = await public.ask("/login", {**ADA, "password": "wrong horse"}, 401)
    assert error["code"] == "AUTH_INVALID_CREDENTIALS"
    error = await public.ask("/register", {**ADA, "password": "short"}, 400)
    assert error["details"]["reason"] == "AUTH_PASSWORD_WEAK"


async def test_unknown_project_and_unknown_path_are_404(public: Public) -> None:
    for path in (
        "/api/v1/public/projects/nowhere/auth/login",
        "/api/v1/public/projects/a%00b/auth/login",
    ):
        answer = await public.http.post(f"http://test{path}", json=ADA)
        assert answer.status_code == 404
        assert answer.json()["details"]["reason"] == "NOT_FOUND"
    error = await public.ask("/otp/send", {}, 404)
    assert error["details"]["reason"] == "NOT_FOUND"
    assert (await public.ask("/login", status=405, method="GET"))["code"] == "VALIDATION_ERROR"


async def test_api_key_is_no_users_token(public: Public) -> None:
    assert await public.reason("/me", method="GET") == "AUTH_TOKEN_INVALID"
    assert await public.reason("/me", method="GET", token=public.api.key) == "AUTH_TOKEN_INVALID"


async def test_token_of_another_project_is_401(public: Public) -> None:
    session = await public.ask("/register", ADA, 201)
    other = Public(await public.api.other_project())
    assert await other.reason("/me", method="GET", token=session["token"]) == "AUTH_TOKEN_INVALID"
    refused = await other.reason("/refresh", {"refreshToken": session["refreshToken"]})
    assert refused == "AUTH_TOKEN_INVALID"
    await public.refresh(session)  # not ended by that


async def test_refreshing_gives_new_tokens_that_go_on(public: Public) -> None:
    first = await public.ask("/register", ADA, 201)
    second = await public.refresh(first)
    third = await public.refresh(second)
    assert len({each["refreshToken"] for each in (first, second, third)}) == 3
    assert len({each["token"] for each in (first, second, third)}) == 3
    assert third["user"] == first["user"]
    await public.me(third["token"])


async def test_refresh_token_used_before_ends_the_session_for_both(public: Public) -> None:
    first = await public.ask("/register", ADA, 201)
    second = await public.refresh(first)
    third = await public.refresh(second)
    reason = await public.reason("/refresh", {"refreshToken": first["refreshToken"]})
    assert reason == "AUTH_TOKEN_REUSED"
    reason = await public.reason("/refresh", {"refreshToken": third["refreshToken"]})
    assert reason == "AUTH_TOKEN_INVALID"
    await public.me(third["token"], 401)
    await public.ask("/login", ADA)


async def test_lost_answer_can_be_had_again_for_a_moment(public: Public) -> None:
    first = await public.ask("/register", ADA, 201)
    lost = await public.refresh(first)
    found = await public.refresh(first)
    assert found["refreshToken"] == lost["refreshToken"]
    await public.me(found["token"])
    await public.me(lost["token"], 401)
    await public.refresh(found)


async def test_lost_answer_cannot_be_had_again_later(alone: Api, advance: Advance) -> None:
    public = Public(alone)
    first = await public.ask("/register", ADA, 201)
    await public.refresh(first)
    await moved(alone, advance, 31)
    reason = await public.reason("/refresh", {"refreshToken": first["refreshToken"]})
    assert reason == "AUTH_TOKEN_REUSED"


async def test_refreshes_at_the_same_time_lead_to_one_refresh_token(public: Public) -> None:
    first = await public.ask("/register", ADA, 201)
    sessions = await asyncio.gather(*(public.refresh(first) for _ in range(5)))
    assert len({session["refreshToken"] for session in sessions}) == 1
    await public.refresh(sessions[0])


async def test_session_ends_when_nobody_refreshes(alone: Api, advance: Advance) -> None:
    public = Public(alone)
    first = await public.ask("/register", ADA, 201)
    await moved(alone, advance, 29 * 86_400)
    second = await public.refresh(first)
    await moved(alone, advance, 29 * 86_400)
    third = await public.refresh(second)
    await moved(alone, advance, 31 * 86_400)
    reason = await public.reason("/refresh", {"refreshToken": third["refreshToken"]})
    assert reason == "AUTH_TOKEN_EXPIRED"


@pytest.mark.parametrize("token", ["", "x", "0" * 26 + ".1." + "0" * 64, "a.b.c"])
async def test_invented_refresh_token_is_401(public: Public, token: str) -> None:
    assert await public.reason("/refresh", {"refreshToken": token}) == "AUTH_TOKEN_INVALID"


async def test_changed_refresh_token_does_not_end_the_session(public: Public) -> None:
    first = await public.ask("/register", ADA, 201)
    id, _, code = first["refreshToken"].split(".")
    for forged in (f"{id}.1.{'0' * 64}", f"{id}.2.{code}"):
        assert await public.reason("/refresh", {"refreshToken": forged}) == "AUTH_TOKEN_INVALID"
    await public.refresh(first)


async def test_signing_out_ends_the_token_and_its_session_at_once(public: Public) -> None:
    first = await public.ask("/register", ADA, 201)
    other = await public.ask("/login", ADA)
    assert await public.ask("/logout", token=first["token"]) == {"success": True}
    await public.me(first["token"], 401)
    reason = await public.reason("/refresh", {"refreshToken": first["refreshToken"]})
    assert reason == "AUTH_TOKEN_INVALID"
    await public.me(other["token"])
    await public.refresh(other)


async def test_signing_out_with_an_older_token_names_the_session(public: Public) -> None:
    first = await public.ask("/register", ADA, 201)
    second = await public.refresh(first)
    body = {"refreshToken": second["refreshToken"]}
    await public.ask("/logout", body, token=first["token"])
    await public.me(first["token"], 401)
    await public.me(second["token"], 401)
    assert await public.reason("/refresh", body) == "AUTH_TOKEN_INVALID"


@pytest.mark.parametrize("how", ["/logout", "/refresh"])
async def test_session_that_is_refreshed_while_it_ends_leaves_no_token(
    public: Public, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    first = await public.ask("/register", ADA, 201)
    second = await public.refresh(await public.refresh(first))
    read, refreshed = sessions._session_of, []

    async def read_before_another_refresh(*asked: Any) -> Any:
        found = await read(*asked)
        monkeypatch.setattr(sessions, "_session_of", read)
        refreshed.append(await public.refresh(second))
        return found

    monkeypatch.setattr(sessions, "_session_of", read_before_another_refresh)
    if how == "/logout":
        await public.ask(how, {"refreshToken": second["refreshToken"]}, token=first["token"])
    else:  # one that was used long before
        await public.reason(how, {"refreshToken": first["refreshToken"]})
    [third] = refreshed
    await public.me(third["token"], 401)
    reason = await public.reason("/refresh", {"refreshToken": third["refreshToken"]})
    assert reason == "AUTH_TOKEN_INVALID"


async def test_session_of_another_user_cannot_be_ended(public: Public) -> None:
    first = await public.ask("/register", ADA, 201)
    bob = await public.ask("/register", {**ADA, "email": "bob@example.com"}, 201)
    body = {"refreshToken": first["refreshToken"]}
    assert await public.reason("/logout", body, token=bob["token"]) == "AUTH_TOKEN_INVALID"
    await public.refresh(first)


async def test_user_changes_name_and_metadata(public: Public) -> None:
    body = {**ADA, "name": "Ada", "metadata": {"a": 1}}
    token = (await public.ask("/register", body, 201))["token"]

    async def changed(body: Any, status: int = 200) -> Any:
        return await public.ask("/me", body, status, method="PATCH", token=token)

    assert (await changed({"name": "Countess"}))["user"]["metadata"] == {"a": 1}
    assert (await changed({"metadata": {"b": 2}}))["user"]["name"] == "Countess"
    assert (await changed({}))["user"]["metadata"] == {"b": 2}
    assert (await changed({"name": None}))["user"]["name"] is None
    assert (await public.me(token))["user"]["metadata"] == {"b": 2}
    error = await changed({"name": "x" * 201, "metadata": {"x": "y" * 20_000}}, 400)
    assert error["details"]["fieldErrors"].keys() == {"name", "metadata"}


async def test_idempotency_key_means_nothing_without_an_api_key(public: Public) -> None:
    headers = {"Idempotency-Key": "guessable"}
    first = await public.http.post("/register", json=ADA, headers=headers)
    again = await public.http.post("/register", json=ADA, headers=headers)
    assert (first.status_code, again.status_code) == (201, 409)


async def test_address_that_calls_too_often_is_429(started: Started) -> None:
    async with started(public_auth_per_minute=3) as api:
        public = Public(api)
        for _ in range(3):
            await public.reason("/refresh", {"refreshToken": "x"})
        answer = await public.http.post("/refresh", json={"refreshToken": "x"})
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 20
        await api.refused("/auth/signin", ADA, 401, "AUTH_INVALID_CREDENTIALS")


async def test_public_paths_can_be_switched_off(started: Started) -> None:
    async with started(public_auth=False) as api:
        await Public(api).ask("/register", ADA, 404)
        await api.ask("/auth/signup", ADA, 201)
