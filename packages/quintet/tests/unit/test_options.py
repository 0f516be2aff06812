"""Options are checked when made and say what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from quintet import UNSET, Backoff, ClientOptions, RetryPolicy
from quintet.errors import ConfigurationError, QuintetError
from quintet.options import check_retries, check_seconds

URL = "https://api.example/v1"


def test_defaults_are_those_that_are_documented() -> None:
    options = ClientOptions(base_url=URL)
    assert (options.timeout, options.deadline) == (30.0, None)
    assert options.max_response_bytes == 10 * 1024 * 1024
    assert options.retry.max_retries == 3
    assert options.retry.statuses == {408, 425, 429, 500, 502, 503, 504}
    assert not options.redirects.follow
    assert not options.pacing
    assert options.hooks == ()


def test_base_url_loses_its_trailing_slash() -> None:
    assert ClientOptions(base_url=URL + "/").base_url == URL


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "api.example"},
        {"base_url": "https://user:pass@api.example"},
        {"timeout": 0},
        {"timeout": -1.0},
        {"timeout": float("inf")},
        {"timeout": "30"},
        {"timeout": True},
        {"deadline": 0},
        {"max_response_bytes": 0},
        {"max_response_bytes": True},
        {"max_response_bytes": 1.5},
        {"headers": {"a b": "c"}},
        {"headers": {"X": "a\nb"}},
        {"headers": {"Host": "other"}},
        {"retry": RetryPolicy(frozenset(), Backoff(1, 1), max_retries=-1)},
        {"retry": RetryPolicy(frozenset(), Backoff(1, 1), max_retries=True)},
    ],
)
def test_option_out_of_its_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        ClientOptions(**{"base_url": URL, **wrong})


def test_headers_keep_their_case_and_are_found_in_any() -> None:
    headers: Any = ClientOptions(base_url=URL, headers={"X-Tier": " gold "}).headers
    assert headers.pairs() == (("X-Tier", "gold"),)
    assert headers["x-tier"] == "gold"


def test_options_can_be_replaced() -> None:
    import dataclasses

    options = dataclasses.replace(ClientOptions(base_url=URL, headers={"X-A": "1"}), timeout=5.0)
    assert options.timeout == 5.0
    assert options.headers["x-a"] == "1"


def test_checks_name_the_option() -> None:
    with pytest.raises(ConfigurationError, match="patience"):
        check_seconds("patience", -1)
    assert check_seconds("patience", None) is None
    assert check_seconds("patience", 3) == 3.0
    assert check_retries(0) == 0
    with pytest.raises(QuintetError, match="max_retries"):
        check_retries("3")  # type: ignore[arg-type]


def test_unset_prints_as_itself() -> None:
    assert repr(UNSET) == "UNSET"


def test_policy_that_says_one_thing_has_the_usual_rest() -> None:
    once = ClientOptions(base_url=URL, retry=RetryPolicy(max_retries=0)).retry
    usual = ClientOptions(base_url=URL).retry
    assert once.max_retries == 0
    assert once.retrying(usual.max_retries) == usual == RetryPolicy()
    assert usual.backoff == Backoff(0.5, 8.0)
    assert RetryPolicy(frozenset({503}), Backoff(1, 2), 1).statuses == {503}
