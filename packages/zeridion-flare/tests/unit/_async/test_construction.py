"""Making a client: where key and address come from, and what options may be."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from zeridion_flare import (
    AsyncFlareClient,
    FlareConfigurationError,
)

from .rig import KEY


def test_key_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FlareConfigurationError, match="FLARE_API_KEY"):
        AsyncFlareClient()
    monkeypatch.setenv("FLARE_API_KEY", KEY)
    AsyncFlareClient()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (None, "https://api.zeridion.com/flare/v1"),
        ("https://api.zeridion.com", "https://api.zeridion.com/flare/v1"),
        ("http://localhost:5100/", "http://localhost:5100/flare/v1"),
        ("http://localhost:5100/flare/v1", "http://localhost:5100/flare/v1"),
        ("http://localhost:5100/flare/v1/", "http://localhost:5100/flare/v1"),
        ("https://proxy.example/zeridion", "https://proxy.example/zeridion/flare/v1"),
    ],
)
def test_base_url_carries_the_prefix_exactly_once(given: str | None, used: str) -> None:
    assert AsyncFlareClient(KEY, given).base_url == used


def test_c16_base_url_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLARE_BASE_URL", "http://127.0.0.1:8787")
    assert AsyncFlareClient(KEY).base_url == "http://127.0.0.1:8787/flare/v1"
    assert AsyncFlareClient(KEY, "http://other").base_url == "http://other/flare/v1"


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "ftp://x"},
        {"base_url": "no url"},
        {"max_retries": -1},
        {"max_retries": True},
        {"timeout": 0},
        {"timeout": "30"},
        {"deadline": -1},
        {"max_response_bytes": -1},
        {"retry_base_delay_ms": -1},
        {"retry_max_delay_ms": "x"},
        {"http_client": object()},
    ],
)
def test_options_out_of_range_are_configuration_errors(options: dict[str, Any]) -> None:
    with pytest.raises(FlareConfigurationError) as caught:
        AsyncFlareClient(KEY, **options)
    assert isinstance(caught.value, ValueError)
    assert caught.value.status_code == 0


def test_constructor_has_the_documented_defaults() -> None:
    parameters = inspect.signature(AsyncFlareClient).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    assert defaults == {
        "api_key": None,
        "base_url": None,
        "max_retries": 3,
        "retry_base_delay_ms": 500,
        "retry_max_delay_ms": 30_000,
        "max_response_bytes": 10 * 1024 * 1024,
        "timeout": 30.0,
        "deadline": None,
        "http_client": None,
        "transport": None,
        "hooks": (),
        "clock": None,
    }
