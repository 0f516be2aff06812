"""Every class of error, as the real server and the real network bring it about."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from ghostflow import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncGhostFlowClient,
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    ConflictError,
    GhostFlowError,
    InvalidResponseError,
    MisuseError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ResponseTooLargeError,
    ValidationError,
)
from tests.e2e.ghostflow.things import EMAIL, PASSWORD, Things
from tests.support.ghostflow import GhostFlowServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("ghostflow")]

Call = Callable[[AsyncGhostFlowClient, Things], Any]

REFUSED: dict[str, tuple[Call, type[APIStatusError], int, str]] = {
    "unknown id": (
        lambda gf, made: gf.offers.get(str(uuid.uuid4())),
        NotFoundError,
        404,
        "NOT_FOUND",
    ),
    "no id": (
        lambda gf, made: gf.campaigns.get("non-existent-id"),
        NotFoundError,
        404,
        "NOT_FOUND",
    ),
    "unknown route": (lambda gf, made: gf.get("/nothing"), NotFoundError, 404, "NOT_FOUND"),
    "unknown click": (
        lambda gf, made: gf.conversions.create(str(uuid.uuid4())),
        NotFoundError,
        404,
        "CLICK_NOT_FOUND",
    ),
    "wrong method": (
        lambda gf, made: gf.delete("/clicks"),
        APIStatusError,
        405,
        "METHOD_NOT_ALLOWED",
    ),
    "used offer": (lambda gf, made: gf.offers.delete(made.used), ConflictError, 409, "CONFLICT"),
    "illegal status": (
        lambda gf, made: gf.conversions.update(made.conversion, status="pending"),
        ConflictError,
        409,
        "CONFLICT",
    ),
    "old version": (
        lambda gf, made: gf.campaigns.update(made.campaign, name="X", if_match=99),
        ConflictError,
        412,
        "PRECONDITION_FAILED",
    ),
    "bad field": (
        lambda gf, made: gf.post("/campaigns", json={"name": "", "url": "x", "colour": 1}),
        ValidationError,
        400,
        "VALIDATION_ERROR",
    ),
    "bad query": (
        lambda gf, made: gf.get("/reports/dashboard", timezone="Mars/Olympus"),
        ValidationError,
        400,
        "VALIDATION_ERROR",
    ),
    "huge body": (
        lambda gf, made: gf.post("/campaigns", json={"name": "x" * 1_100_000}),
        ValidationError,
        413,
        "PAYLOAD_TOO_LARGE",
    ),
    "other team": (
        lambda gf, made: gf.with_options(team_id=str(uuid.uuid4())).campaigns.list(),
        PermissionDeniedError,
        403,
        "TEAM_FORBIDDEN",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refusal_is_an_error_of_its_own_class(things: Things, name: str) -> None:
    call, kind, status, code = REFUSED[name]
    async with AsyncGhostFlowClient(things.key, things.server.api) as gf:
        with pytest.raises(GhostFlowError) as caught:
            await call(gf, things)
    error = caught.value
    assert (type(error), error.status, error.code) == (kind, status, code)
    assert error.body["code"] == code
    assert error.body["message"] == str(error)
    assert error.request_id == error.headers["x-request-id"] == error.body["requestId"]
    assert error.rate_limit is not None
    assert error.rate_limit.limit is not None
    assert error.rate_limit.remaining is not None
    assert error.attempts == 1


async def test_validation_error_names_every_field(things: Things) -> None:
    async with AsyncGhostFlowClient(things.key, things.server.api) as gf:
        with pytest.raises(ValidationError) as caught:
            await gf.post("/campaigns", json={"name": "", "url": "x", "colour": 1})
    assert {one["field"] for one in caught.value.details} == {"name", "url", "colour"}


async def test_key_without_the_scope_is_told_which_one_it_needs(server: GhostFlowServer) -> None:
    async with AsyncGhostFlowClient(server.team("read:stats")) as gf:
        await gf.reports.dashboard()
        with pytest.raises(PermissionDeniedError) as caught:
            await gf.campaigns.create("S", "https://example.com/")
    assert caught.value.code == "AUTH_INSUFFICIENT_SCOPE"
    assert caught.value.details == [{"field": "scope", "reason": "write:campaigns"}]


@pytest.mark.parametrize(
    ("token", "code"),
    [("gf_" + "0" * 43, "AUTH_INVALID_API_KEY"), ("aaaa.bbbb.cccc", "AUTH_INVALID_TOKEN")],
)
async def test_wrong_key_or_token_is_an_authentication_error(
    server: GhostFlowServer, token: str, code: str
) -> None:
    async with AsyncGhostFlowClient(token) as gf:
        with pytest.raises(AuthenticationError) as caught:
            await gf.campaigns.list()
        with pytest.raises(AuthenticationError):
            await gf.login(EMAIL, "not the password")
    assert (caught.value.status, caught.value.code) == (401, code)
    assert token not in f"{caught.value!r}{caught.value.message}{caught.value.body}{gf!r}"


async def test_revoked_and_deleted_key_are_refused_like_an_unknown_one(
    server: GhostFlowServer,
) -> None:
    async with AsyncGhostFlowClient() as gf:
        made = await gf.api_keys.create("CI", ["read"])
        async with AsyncGhostFlowClient(made["key"]) as other:
            await other.campaigns.list()
            again = await gf.api_keys.regenerate(made["id"])
            with pytest.raises(AuthenticationError) as old:
                await other.campaigns.list()
        async with AsyncGhostFlowClient(again["key"]) as other:
            await other.campaigns.list()
            await gf.api_keys.revoke(made["id"])
            with pytest.raises(AuthenticationError) as revoked:
                await other.campaigns.list()
            with pytest.raises(ConflictError):
                await gf.api_keys.regenerate(made["id"])
            audit = [line["action"] for line in await gf.api_keys.audit_log(made["id"])]
            await gf.api_keys.delete(made["id"])
            with pytest.raises(AuthenticationError) as deleted:
                await other.campaigns.list()
    codes = {error.value.code for error in (old, revoked, deleted)}
    assert codes == {"AUTH_INVALID_API_KEY"}
    assert {"created", "used", "regenerated", "revoked", "denied"} <= set(audit)


async def test_login_of_several_teams_must_name_one(server: GhostFlowServer) -> None:
    projects, email = [uuid.uuid4().hex for _ in range(2)], f"{uuid.uuid4().hex}@example.com"
    server.member(email, PASSWORD, *projects, role="viewer")
    async with await AsyncGhostFlowClient.log_in(email, PASSWORD) as gf:
        teams = (await gf.me())["teams"]
        assert [team["role"] for team in teams] == ["viewer", "viewer"]
        with pytest.raises(ValidationError) as unnamed:
            await gf.campaigns.list()
        one = gf.with_options(team_id=teams[1]["id"])
        assert await one.campaigns.list() == []
        with pytest.raises(PermissionDeniedError) as viewer:
            await one.campaigns.create("S", "https://example.com/")
    assert unnamed.value.code == "TEAM_REQUIRED"
    assert viewer.value.code == "AUTH_INSUFFICIENT_SCOPE"


async def test_idempotency_key_repeats_the_answer_and_refuses_another_body(
    server: GhostFlowServer,
) -> None:
    async with AsyncGhostFlowClient() as gf:
        url, key = "https://example.com/", uuid.uuid4().hex
        first = await gf.campaigns.create("S", url, idempotency_key=key)
        raw = gf.with_raw_response.campaigns
        again = await raw.create("S", url, idempotency_key=key)
        assert (again.model, again.headers["idempotency-replayed"]) == (first, "true")
        with pytest.raises(ConflictError) as caught:
            await gf.campaigns.create("T", url, idempotency_key=key)
        assert len(await gf.campaigns.list()) == 1
    assert (caught.value.status, caught.value.code) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_retry_of_a_429_waits_no_longer_than_the_deadline(server: GhostFlowServer) -> None:
    key = server.team(requests_per_minute=1)
    async with AsyncGhostFlowClient(key, deadline=20) as gf:
        await gf.campaigns.list()
        with pytest.raises(RateLimitedError) as caught:
            await gf.campaigns.list()
    assert caught.value.attempts == 1
    assert caught.value.retry_after is not None
    assert 20 < caught.value.retry_after <= 60


async def test_answer_that_is_not_json_or_too_large_is_an_error(server: GhostFlowServer) -> None:
    async with AsyncGhostFlowClient(base_url=server.url) as gf:
        with pytest.raises(InvalidResponseError):
            await gf.get("/metrics")
        with pytest.raises(APIStatusError) as unknown:
            await gf.get("/c/nobody")
    async with AsyncGhostFlowClient(max_response_bytes=10) as gf:
        with pytest.raises(ResponseTooLargeError):
            await gf.me()
    assert unknown.value.status == 404


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Somebody who takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def test_server_that_is_silent_or_gone_is_an_error_without_a_status(
    silent_url: str, things: Things
) -> None:
    async with AsyncGhostFlowClient(things.key, silent_url, 0, timeout=0.1) as gf:
        with pytest.raises(APITimeoutError) as silent:
            await gf.campaigns.list()
    with closing(socket.socket()) as deaf:  # holds its port, and does not listen there
        deaf.bind(("127.0.0.1", 0))
        gone_url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        async with AsyncGhostFlowClient(things.key, gone_url, max_retries=0) as gf:
            with pytest.raises(APIConnectionError) as gone:
                await gf.campaigns.list()
    assert (silent.value.status, silent.value.code) == (0, "TIMEOUT")
    assert (gone.value.status, gone.value.code) == (0, "CONNECTION_ERROR")


async def test_misuse_is_told_before_anything_is_sent(
    server: GhostFlowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gf = AsyncGhostFlowClient()
    with pytest.raises(MisuseError):
        await gf.campaigns.get("")
    with pytest.raises(MisuseError):
        await gf.get("/campaigns/a/../../b")
    await gf.aclose()
    with pytest.raises(ClientClosedError):
        await gf.campaigns.list()
    monkeypatch.delenv("GF_API_KEY")
    with pytest.raises(ConfigurationError, match="GF_API_KEY"):
        AsyncGhostFlowClient()
