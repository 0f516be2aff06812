"""People who sign in, beside the keys that `api` and its like have."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from quintet_server.runtime import Runtime
from quintet_server.services.ghostflow.account import users

from ...serving import shared_database
from ..conftest import Api, run

PASSWORD = "correct horse battery"
FAILURES = 3
"""Of an address in a minute, on the server whose clock is moved."""


class People:
    """Users of a server, and clients with their tokens."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def make(self, role: str = "owner", *teams: Api, email: str | None = None) -> str:
        """A new user, in the team of `api` unless others are given; returns the address."""
        email = email or f"{uuid.uuid4().hex}@example.test"
        runtime = self.api.runtime
        for team in teams or (self.api,):
            hashed = await _hashed(self.api, PASSWORD)
            async with runtime.db.transaction() as conn:
                await users.put_member(
                    conn, email, team=team.project, role=role, password_hash=hashed
                )
        return email

    async def login(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        body = {"email": email, "password": password}
        found: dict[str, Any] = await self.api.ask("POST", "/auth/login", body)
        return found

    def with_token(self, token: str, team: object = None) -> Api:
        """A client that says who it is with a token, and in which team."""
        api = self.api
        other = Api(api.runtime, api.http._transport, token, api.project)
        other.project_id = api.project_id
        if team is not None:
            other.http.headers["X-Team-Id"] = str(team)
        return other

    async def signed_in(self, role: str = "owner", *teams: Api) -> Api:
        """A client of a new user."""
        email = await self.make(role, *teams)
        return self.with_token((await self.login(email))["accessToken"])


async def _hashed(api: Api, password: str) -> str:
    [ghostflow] = [each for each in api.runtime.services if each.name == "ghostflow"]
    passwords = ghostflow.auth.parts.passwords  # type: ignore[attr-defined]
    hashed: str = await passwords.hash(password)
    return hashed


@pytest.fixture
def people(api: Api) -> People:
    return People(api)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def clock_runtime(
    cluster_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Runtime]:
    """A server whose clock tests move, and where few mistakes are too many."""
    limits = {"auth_failures_per_minute": FAILURES, "login_failures_max_count": 2}
    with shared_database(cluster_url, template_database, "ghostflow_clock") as url:
        async with run(url, tmp_path_factory.mktemp("clock"), **limits) as runtime:
            yield runtime


@pytest_asyncio.fixture(loop_scope="session")
async def clocked(clock_runtime: Runtime) -> AsyncIterator[Api]:
    """A team there, at a time when all mistakes made before are forgotten."""
    async with Api.of(clock_runtime) as found:
        await found.advance(minutes=2)
        yield found
