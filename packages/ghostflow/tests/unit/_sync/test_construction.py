# Generated from tests/unit/_async/test_construction.py by tools/async_to_sync; edit the source and run scripts/fix.
"""What a client can be made of, what it refuses, and its views."""

from __future__ import annotations

import pickle
from typing import Any

import httpx
import pytest

from ghostflow import (
    ClientClosedError,
    ConfigurationError,
    GhostFlowClient,
    MisuseError,
    RawResponse,
    ServerError,
)
from quintet.testing import FakeClock, ScriptedTransport

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
        {"http_client": object(), "transport": ScriptedTransport([])},
    ],
)
def test_impossible_option_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        GhostFlowClient(**{"base_url": BASE, "api_key": KEY, **options})
    assert KEY not in str(caught.value)


def test_defaults_are_those_of_the_guide() -> None:
    gf = GhostFlowClient(KEY)
    assert (gf.base_url, gf.max_retries, gf.timeout) == (VENDOR, 2, 30.0)
    assert (gf.api_key, gf.team_id) == (KEY, None)
    gf = GhostFlowClient(KEY, BASE + "/", 5, 7.0)
    assert (gf.base_url, gf.max_retries, gf.timeout) == (BASE, 5, 7.0)


def test_environment_says_what_arguments_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GF_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("GF_BASE_URL", BASE)
    monkeypatch.setenv("GF_TEAM_ID", ID)
    gf = GhostFlowClient()
    assert (gf.api_key, gf.base_url, gf.team_id) == (KEY, BASE, ID)
    gf = GhostFlowClient("gf_other", VENDOR, team_id="t")
    assert (gf.api_key, gf.base_url, gf.team_id) == ("gf_other", VENDOR, "t")


def test_key_is_shown_by_its_beginning_only() -> None:
    assert "'gf_0123…'" in repr(client()[0])
    assert "secret" not in repr(GhostFlowClient("gf_secret", BASE))
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
def test_posts_are_repeated_unless_the_service_is_the_hosted_one(url: str, repeated: bool) -> None:
    gf, transport = client(reply(500), ok({}), base_url=url)
    if repeated:
        gf.post("/campaigns")
    else:
        with pytest.raises(ServerError):
            gf.post("/campaigns")
    assert len(transport.requests) == 1 + repeated
    gf, transport = client(reply(500), base_url=url, idempotent_posts=False)
    with pytest.raises(ServerError):
        gf.post("/campaigns")
    assert len(transport.requests) == 1


def test_httpx_client_of_ones_own_sends_and_stays_open() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        return httpx.Response(200, json=[])

    mine: Any
    mine = httpx.Client(transport=httpx.MockTransport(handle))
    gf = GhostFlowClient(KEY, BASE, http_client=mine)
    assert gf.get("/campaigns")[0] == []
    gf.close()
    assert not mine.is_closed
    mine.close()


def test_view_has_limits_of_its_own() -> None:
    clock = FakeClock(randoms=[0.5])
    gf, transport = client(reply(503), reply(503), ok({"id": ID}), clock=clock)
    with pytest.raises(ServerError):
        gf.with_options(max_retries=0).campaigns.get(ID)
    assert len(transport.requests) == 1
    view = gf.with_options(timeout=float("inf"), max_retries=1, team_id=ID)
    view.campaigns.get(ID)
    assert (view.timeout, view.max_retries, gf.max_retries) == (None, 1, 2)
    assert header(transport, "X-Team-Id") == ID
    gf, _ = client(reply(503, headers={"Retry-After": "5"}), clock=clock)
    with pytest.raises(ServerError):
        gf.with_options(deadline=2.0).campaigns.get(ID)
    for wrong in ({"timeout": 0}, {"deadline": -1}, {"max_retries": -1}, {"team_id": " "}):
        with pytest.raises(ConfigurationError):
            gf.with_options(**wrong)  # type: ignore[arg-type]


def test_raw_response_has_what_came_along() -> None:
    gf, _ = client(reply(503), ok({"id": ID, "payout": 1.5}, X_Request_Id="req_9"))
    found = gf.with_raw_response.offers.get(ID)
    assert isinstance(found, RawResponse)
    model, headers, rate_limit, attempts = found
    assert model["id"] == ID
    assert headers["x-ratelimit-limit"] == "120"
    assert (rate_limit.remaining, attempts, found.request_id) == (119, 2, "req_9")
    gf, _ = hosted(ok({"user": None}))
    assert gf.with_raw_response.me().model == {"user": None}


def test_etag_of_a_raw_response_makes_a_change_conditional() -> None:
    for etag in ('"7"', 'W/"7"'):
        gf, transport = client(ok({"id": ID}, ETag=etag), ok({"id": ID}))
        found = gf.with_raw_response.offers.get(ID)
        assert found.etag == etag
        gf.offers.update(ID, if_match=found.etag, payout=2)
        assert header(transport, "If-Match") == etag
    gf, _ = client(ok([]))
    assert gf.with_raw_response.offers.list().etag is None


def test_raw_response_can_be_named_with_its_model() -> None:
    assert RawResponse[dict]
    assert repr(RawResponse(1, 2, 3, 4)).startswith("RawResponse(model=1")  # type: ignore[arg-type]


def test_raw_response_refuses_what_has_no_single_answer() -> None:
    gf, _ = client()
    for name, error in (("iter", MisuseError), ("frob", AttributeError), ("_x", AttributeError)):
        with pytest.raises(error):
            getattr(gf.with_raw_response.offers, name)


def test_view_that_is_closed_leaves_its_client_open() -> None:
    gf, _ = client(ok({"id": ID}), ok({"id": ID}))
    with gf.with_options(timeout=5) as view:
        view.campaigns.get(ID)
    view.close()
    gf.campaigns.get(ID)
    gf.close()
    with pytest.raises(ClientClosedError):
        view.campaigns.get(ID)
