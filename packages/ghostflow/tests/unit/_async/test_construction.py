"""What a client can be made of, what it refuses, and its views."""

from __future__ import annotations

import pickle
from typing import Any

import httpx
import pytest

from ghostflow import (
    AsyncGhostFlowClient,
    ClientClosedError,
    ConfigurationError,
    MisuseError,
    RawResponse,
    ServerError,
)
from quintet._acompat import ASYNC
from quintet.testing import AsyncScriptedTransport, FakeClock

from .rig import BASE, ID, KEY, VENDOR, client, header, hosted, ok, reply


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": ""},
        {"base_url": "   "},
        {"base_url": "track.example"},
        {"base_url": "https://user:pw@track.example"},
        {"base_url": "https://track.example/?x=1"},
        {"base_url": "http://[::1"},
        {"base_url": 7},
        {"api_key": ""},
        {"api_key": "GF_API_KEY=k k"},
        {"api_key": "gf_a\nb"},
        {"api_key": "gf_ä"},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"timeout": "30"},
        {"deadline": -1},
        {"max_retries": -1},
        {"max_retries": 1.5},
        {"max_response_bytes": -1},
        {"headers": {"Authorization": "x"}},
        {"headers": {"X-Team-Id": "x"}},
        {"headers": {"X-Bad": "a\nb"}},
        {"headers": {"Host": "elsewhere"}},
        {"headers": 7},
        {"hooks": 7},
        {"team_id": "a b"},
        {"team_id": ""},
        {"http_client": object()},
        {"http_client": object(), "transport": AsyncScriptedTransport([])},
    ],
)
async def test_impossible_option_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncGhostFlowClient(**{"base_url": BASE, "api_key": KEY, **options})
    assert KEY not in str(caught.value)


async def test_defaults_are_those_of_the_guide() -> None:
    gf = AsyncGhostFlowClient(KEY)
    assert (gf.base_url, gf.max_retries, gf.timeout) == (VENDOR, 2, 30.0)
    assert (gf.api_key, gf.team_id) == (KEY, None)
    gf = AsyncGhostFlowClient(KEY, BASE + "/", 5, 7.0)
    assert (gf.base_url, gf.max_retries, gf.timeout) == (BASE, 5, 7.0)


async def test_environment_says_what_arguments_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GF_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("GF_BASE_URL", BASE)
    monkeypatch.setenv("GF_TEAM_ID", ID)
    gf = AsyncGhostFlowClient()
    assert (gf.api_key, gf.base_url, gf.team_id) == (KEY, BASE, ID)
    gf = AsyncGhostFlowClient("gf_other", VENDOR, team_id="t")
    assert (gf.api_key, gf.base_url, gf.team_id) == ("gf_other", VENDOR, "t")


async def test_key_is_shown_by_its_beginning_only() -> None:
    assert "'gf_0123…'" in repr(client()[0])
    assert "secret" not in repr(AsyncGhostFlowClient("gf_secret", BASE))
    with pytest.raises(TypeError):
        pickle.dumps(client()[0])


@pytest.mark.parametrize(
    ("url", "repeated"),
    [
        (VENDOR, False),
        ("https://api.getghostflow.io/api/v1", False),
        ("https://DEVCORE.getghostflow.io./api/v1", False),
        ("https://getghostflow.io.evil.example/api/v1", True),
        ("http://127.0.0.1:8787/ghostflow/api/v1", True),
    ],
)
async def test_posts_are_repeated_unless_the_service_is_the_hosted_one(
    url: str, repeated: bool
) -> None:
    gf, transport = client(reply(500), ok({}), base_url=url)
    if repeated:
        await gf.post("/campaigns")
    else:
        with pytest.raises(ServerError):
            await gf.post("/campaigns")
    assert len(transport.requests) == 1 + repeated
    gf, transport = client(reply(500), base_url=url, idempotent_posts=False)
    with pytest.raises(ServerError):
        await gf.post("/campaigns")
    assert len(transport.requests) == 1


async def test_httpx_client_of_ones_own_sends_and_stays_open() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        return httpx.Response(200, json=[])

    mine: Any
    if ASYNC:
        mine = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    else:
        mine = httpx.Client(transport=httpx.MockTransport(handle))
    gf = AsyncGhostFlowClient(KEY, BASE, http_client=mine)
    assert (await gf.get("/campaigns"))[0] == []
    await gf.aclose()
    assert not mine.is_closed
    if ASYNC:
        await mine.aclose()
    else:
        mine.close()


async def test_view_has_limits_of_its_own() -> None:
    clock = FakeClock(randoms=[0.5])
    gf, transport = client(reply(503), reply(503), ok({"id": ID}), clock=clock)
    with pytest.raises(ServerError):
        await gf.with_options(max_retries=0).campaigns.get(ID)
    assert len(transport.requests) == 1
    view = gf.with_options(timeout=float("inf"), max_retries=1, team_id=ID)
    await view.campaigns.get(ID)
    assert (view.timeout, view.max_retries, gf.max_retries) == (None, 1, 2)
    assert header(transport, "X-Team-Id") == ID
    gf, _ = client(reply(503, headers={"Retry-After": "5"}), clock=clock)
    with pytest.raises(ServerError):
        await gf.with_options(deadline=2.0).campaigns.get(ID)
    for wrong in ({"timeout": 0}, {"deadline": -1}, {"max_retries": -1}, {"team_id": " "}):
        with pytest.raises(ConfigurationError):
            gf.with_options(**wrong)  # type: ignore[arg-type]


async def test_raw_response_has_what_came_along() -> None:
    gf, _ = client(reply(503), ok({"id": ID, "payout": 1.5}, X_Request_Id="req_9"))
    found = await gf.with_raw_response.offers.get(ID)
    assert isinstance(found, RawResponse)
    model, headers, rate_limit, attempts = found
    assert model["id"] == ID
    assert headers["x-ratelimit-limit"] == "120"
    assert (rate_limit.remaining, attempts, found.request_id) == (119, 2, "req_9")
    gf, _ = hosted(ok({"user": None}))
    assert (await gf.with_raw_response.me()).model == {"user": None}


async def test_etag_of_a_raw_response_makes_a_change_conditional() -> None:
    for etag in ('"7"', 'W/"7"'):
        gf, transport = client(ok({"id": ID}, ETag=etag), ok({"id": ID}))
        found = await gf.with_raw_response.offers.get(ID)
        assert found.etag == etag
        await gf.offers.update(ID, if_match=found.etag, payout=2)
        assert header(transport, "If-Match") == etag
    gf, _ = client(ok([]))
    assert (await gf.with_raw_response.offers.list()).etag is None


async def test_raw_response_can_be_named_with_its_model() -> None:
    assert RawResponse[dict]
    assert repr(RawResponse(1, 2, 3, 4)).startswith("RawResponse(model=1")  # type: ignore[arg-type]


async def test_raw_response_refuses_what_has_no_single_answer() -> None:
    gf, _ = client()
    for name, error in (("iter", MisuseError), ("frob", AttributeError), ("_x", AttributeError)):
        with pytest.raises(error):
            getattr(gf.with_raw_response.offers, name)


async def test_view_that_is_closed_leaves_its_client_open() -> None:
    gf, _ = client(ok({"id": ID}), ok({"id": ID}))
    async with gf.with_options(timeout=5) as view:
        await view.campaigns.get(ID)
    await view.aclose()
    await gf.campaigns.get(ID)
    await gf.aclose()
    with pytest.raises(ClientClosedError):
        await view.campaigns.get(ID)
