# Generated from tests/unit/_async/test_construction.py by tools/async_to_sync; edit the source and run scripts/fix.
"""What a client can be told, what it is called, and views of it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from flowmaestro import (
    ClientClosedError,
    ConfigurationError,
    FlowMaestroClient,
    FlowMaestroError,
)

from .rig import KEY, client, header, ok, reply


def test_constructor_has_the_documented_defaults_in_the_documented_order() -> None:
    parameters = inspect.signature(FlowMaestroClient).parameters
    assert {name: parameter.default for name, parameter in parameters.items()} == {
        "api_key": None,
        "base_url": None,
        "timeout": 30.0,
        "max_retries": 3,
        "headers": None,
        "deadline": None,
        "max_response_bytes": 10 * 1024 * 1024,
        "http_client": None,
        "transport": None,
        "hooks": (),
        "clock": None,
    }
    positional = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == ["api_key", "base_url", "timeout", "max_retries", "headers"]


def test_key_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="FLOWMAESTRO_API_KEY"):
        FlowMaestroClient()
    monkeypatch.setenv("FLOWMAESTRO_API_KEY", KEY)
    FlowMaestroClient()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (None, "https://api.flowmaestro.io/api/v1"),
        ("https://api.flowmaestro.io", "https://api.flowmaestro.io/api/v1"),
        ("http://localhost:3001/", "http://localhost:3001/api/v1"),
        ("http://localhost:3001/api/v1/", "http://localhost:3001/api/v1"),
        ("https://proxy.example/fm", "https://proxy.example/fm/api/v1"),
        ("https://proxy.example/v1/api/v1", "https://proxy.example/v1/api/v1"),
    ],
)
def test_base_url_carries_the_prefix_exactly_once(given: str | None, used: str) -> None:
    assert FlowMaestroClient(KEY, given).base_url == used


@pytest.mark.parametrize("url", ["https://api.flowmaestro.example/v1", "http://host/fm/v1/"])
def test_base_url_with_half_of_the_prefix_is_refused_with_both_ways_out(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    advice = "adds /api/v1: leave /v1 out, or, if it is meant, let the URL end in /v1/api/v1"
    with pytest.raises(ConfigurationError, match=advice):
        FlowMaestroClient(KEY, url)
    monkeypatch.setenv("FLOWMAESTRO_BASE_URL", url)
    with pytest.raises(ConfigurationError, match=advice):
        FlowMaestroClient(KEY)


def test_base_url_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMAESTRO_BASE_URL", "http://127.0.0.1:8787")
    assert FlowMaestroClient(KEY).base_url == "http://127.0.0.1:8787/api/v1"
    assert FlowMaestroClient(KEY, "http://other").base_url == "http://other/api/v1"


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "ftp://x"},
        {"base_url": "no url"},
        {"base_url": ""},
        {"base_url": " "},
        {"base_url": 8787},
        {"max_retries": -1},
        {"max_retries": True},
        {"timeout": 0},
        {"timeout": 0.0},
        {"timeout": -1},
        {"timeout": "30"},
        {"timeout": float("nan")},
        {"deadline": -1},
        {"max_response_bytes": -1},
        {"http_client": object()},
        {"headers": {"X": "a\nb"}},
        {"headers": {"not a name": "x"}},
        {"headers": {"Content-Length": "1"}},
    ],
)
def test_options_out_of_range_are_configuration_errors(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        FlowMaestroClient(KEY, **options)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, FlowMaestroError)


@pytest.mark.parametrize(
    "key", ["", " ", "fm_live_a b", "fm_live_a\nb", "fm_live_\u00fc", "fm_live_\x00", 7]
)
def test_keys_that_cannot_be_keys_are_refused_and_not_shown(key: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        FlowMaestroClient(key)
    assert "fm_live" not in str(caught.value)


def test_line_break_after_a_key_is_forgiven() -> None:
    fm, transport = client(ok({"id": "wf_1"}))
    other = FlowMaestroClient(f" {KEY}\n", transport=transport)
    other.workflows.get("wf_1")
    assert header(transport, "Authorization") == f"Bearer {KEY}"
    assert KEY not in repr(fm)


def test_headers_go_along_with_every_request() -> None:
    fm, transport = client(ok({}), headers={"X-Custom-Header": "value", "User-Agent": "mine/1"})
    fm.workflows.get("wf_1")
    assert header(transport, "X-Custom-Header") == "value"
    assert header(transport, "User-Agent") == "mine/1"
    assert header(transport, "Accept") == "application/json"


def test_requests_say_who_sends_them() -> None:
    fm, transport = client(ok({}))
    fm.workflows.get("wf_1")
    assert (header(transport, "User-Agent") or "").startswith("flowmaestro-sdk-python/")
    assert header(transport, "Content-Type") is None


def test_view_has_its_own_limits_and_its_own_last_response() -> None:
    fm, transport = client(reply(503), ok({"id": "a"}), ok({"id": "b"}))
    view = fm.with_options(max_retries=0, timeout=5, deadline=9)
    with pytest.raises(FlowMaestroError):
        view.workflows.get("wf_1")
    assert fm.last_response is None
    assert view.last_response is not None
    assert view.last_response.status_code == 503
    assert fm.workflows.get("wf_1")["data"]["id"] == "a"
    assert view.last_response.status_code == 503
    assert len(transport.requests) == 2
    assert fm.last_response is not None
    assert fm.last_response.attempts == 1


def test_view_that_is_closed_leaves_its_client_open() -> None:
    fm, transport = client(*[ok({"id": "a"})] * 3)
    with fm.with_options(timeout=5) as view:
        view.workflows.get("wf_1")
    view.with_options(timeout=6).close()
    fm.workflows.get("wf_1")
    view.workflows.get("wf_1")
    fm.close()
    for each in (fm, view):
        with pytest.raises(ClientClosedError):
            each.workflows.get("wf_1")
    assert len(transport.requests) == 3


@pytest.mark.parametrize("limits", [{"timeout": 0}, {"deadline": -1}, {"timeout": "x"}])
def test_view_with_impossible_limits_is_refused(limits: dict[str, Any]) -> None:
    fm, _ = client()
    with pytest.raises(ConfigurationError):
        fm.with_options(**limits)


def test_impossible_limit_of_a_call_is_refused() -> None:
    fm, transport = client()
    with pytest.raises(ConfigurationError):
        fm.workflows.get("wf_1", timeout=0)
    assert not transport.requests


def test_context_manager_gives_and_closes_the_client() -> None:
    fm, transport = client(ok({}))
    with fm as same:
        assert same is fm
        fm.agents.get("agent_1")
    assert transport.closed
    fm.close()


def test_close_is_the_plain_name() -> None:
    fm, transport = client()
    fm.close()
    assert transport.closed
