"""The tree of errors: as the guide makes them, and over the runtime's."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import amdahl
from amdahl import AmdahlError, _error_map, errors
from quintet import errors as runtime


def test_error_is_made_and_printed_as_in_the_guide() -> None:
    error = AmdahlError(404, "not_found", "No such page", {"error": {"code": "not_found"}})
    assert str(error) == "[404 not_found] No such page"
    assert (error.status, error.code, error.body) == (
        404,
        "not_found",
        {"error": {"code": "not_found"}},
    )
    named = AmdahlError(status=429, code="rate_limited", message="slow down")
    assert (named.body, named.raw, named.status_code) == (None, b"", 429)
    assert AmdahlError().code == "unknown"
    assert "not_found" in repr(error)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_public_pickles_and_is_of_the_base(name: str) -> None:
    kind = getattr(errors, name)
    assert getattr(amdahl, name) is kind
    assert issubclass(kind, AmdahlError)
    error = kind(400, "some_code", "why", {"a": 1}, request_id="r1")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), again.body, again.request_id) == ("[400 some_code] why", {"a": 1}, "r1")


@pytest.mark.parametrize("name", runtime.__all__)
def test_every_error_of_the_runtime_has_its_class(name: str) -> None:
    kind = getattr(runtime, name)
    original = kind("what happened", attempts=3, retry_after=2.0)
    original.__cause__ = KeyError("root")
    adopted = _error_map.adopt(original)
    assert isinstance(adopted, AmdahlError)
    assert (adopted.message, adopted.attempts, adopted.retry_after) == ("what happened", 3, 2.0)
    assert adopted.__cause__ is original.__cause__
    assert _error_map.adopt(adopted) is adopted
    for builtin in (TimeoutError, ConnectionError, ValueError):
        assert isinstance(adopted, builtin) or not issubclass(kind, builtin)


def test_what_passes_by_itself_is_known() -> None:
    passing: dict[Any, bool] = {
        errors.ServerError: True,
        errors.RateLimitError: True,
        errors.QueryTimeoutError: True,
        errors.ConnectionFailedError: True,
        errors.RequestTimeoutError: True,
        errors.QuotaError: False,
        errors.NotFoundError: False,
        errors.MisuseError: False,
    }
    for kind, expected in passing.items():
        assert kind(message="x").is_retryable is expected
    assert not errors.ServerError(message="x", outcome_unknown=True).is_retryable
    assert errors.QuotaError.__mro__[1] is errors.RateLimitError
