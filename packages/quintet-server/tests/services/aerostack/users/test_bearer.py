"""Whose token it is."""

from __future__ import annotations

import uuid

import pytest

from quintet_server.engines.identity import Tokens
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.users.bearer import UserToken, user_of

from ..conftest import Api
from .peeking import Advance, moved

ADA = {"email": "ada@example.com", "password": "correct horse"}


class Parts:
    """The parts that a token is looked at with."""

    def __init__(self, api: Api) -> None:
        runtime = api.runtime
        self.db = runtime.db
        self.tokens = Tokens(runtime.db, runtime.bus, runtime.clock)


def parts_of(api: Api) -> Aerostack:
    return Parts(api)  # type: ignore[return-value]


async def refused(api: Api, token: str) -> str:
    with pytest.raises(ApiError) as error:
        await user_of(parts_of(api), token)
    assert (error.value.status, error.value.code) == (401, "AUTH_INVALID_KEY")
    return str(error.value.details["reason"])


async def test_token_names_its_user_and_project(api: Api) -> None:
    body = await api.ask("/auth/signup", ADA, 201)
    found = await user_of(parts_of(api), body["token"])
    assert found == UserToken(api.project_id, body["user"]["id"], "ada@example.com")


async def test_what_is_no_token_of_ours_is_401(api: Api) -> None:
    body = await api.ask("/auth/signup", ADA, 201)
    for token in ("", "x", body["token"][:-2], api.key):
        assert await refused(api, token) == "AUTH_TOKEN_INVALID"


async def test_token_that_says_nothing_of_a_user_is_401(api: Api) -> None:
    tokens = parts_of(api).tokens
    for claims in ({}, {"sub": "no uuid", "pid": "x"}, {"sub": str(uuid.uuid4()), "pid": "x"}):
        token, _ = await tokens.issue(claims)
        assert await refused(api, token) == "AUTH_TOKEN_INVALID"


async def test_token_of_a_deleted_user_is_401(api: Api) -> None:
    body = await api.ask("/auth/signup", ADA, 201)
    await api.sql("DELETE FROM aerostack_users WHERE id = %s", body["user"]["id"])
    assert await refused(api, body["token"]) == "AUTH_TOKEN_INVALID"


async def test_expired_token_says_so(alone: Api, advance: Advance) -> None:
    body = await alone.ask("/auth/signup", ADA, 201)
    await moved(alone, advance, 86_401)
    assert await refused(alone, body["token"]) == "AUTH_TOKEN_EXPIRED"
