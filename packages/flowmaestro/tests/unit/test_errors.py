"""The error tree: one base, the documented names, the built-ins, pickling, what is said."""

from __future__ import annotations

import builtins
import inspect
import pickle
from typing import Any

import pytest
from hypothesis import given, strategies as st

from flowmaestro import _wire as wire, errors
from flowmaestro.errors import FlowMaestroError, adopt, from_response
from quintet import errors as runtime
from quintet.core.headers import Headers
from quintet.core.response import Response

CLASSES = [getattr(errors, name) for name in errors.__all__]


def answer(status: int, body: bytes, **headers: str) -> Response:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    url = "https://api.flowmaestro.io/api/v1/threads/t%2F1/messages?x=secret"
    return Response(status, Headers(pairs), body, url, "POST")


@pytest.mark.parametrize("kind", CLASSES)
def test_every_exception_is_a_flow_maestro_error(kind: type[FlowMaestroError]) -> None:
    error = kind("sentence")
    assert isinstance(error, FlowMaestroError)
    assert isinstance(error, runtime.QuintetError)
    assert error.status_code == 0
    assert error.code
    assert error.message == "sentence"
    assert "sentence" in str(error)


def runtime_classes() -> list[type[runtime.QuintetError]]:
    return [
        kind
        for _, kind in inspect.getmembers(runtime, inspect.isclass)
        if issubclass(kind, runtime.QuintetError)
    ]


@pytest.mark.parametrize("kind", runtime_classes())
def test_every_runtime_error_is_adopted_with_all_it_knows(
    kind: type[runtime.QuintetError],
) -> None:
    original = kind("sentence", attempts=3, retry_after=1.5, request_id="r", status=200)
    cause = ValueError("why")
    original.__cause__ = cause
    found = adopt(original)
    assert isinstance(found, FlowMaestroError)
    assert (found.message, found.attempts, found.retry_after) == ("sentence", 3, 1.5)
    assert (found.request_id, found.status_code) == ("r", 200)
    assert found.__cause__ is cause
    kept = {c for c in kind.__mro__ if c.__module__ == "builtins"}
    assert kept <= set(type(found).__mro__)
    assert adopt(found) is found


@pytest.mark.parametrize("kind", CLASSES)
def test_errors_survive_pickling(kind: type[FlowMaestroError]) -> None:
    error = kind("sentence", "the_code", "the_id", 418, details=[1])
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (repr(copy), str(copy), copy.details) == (repr(error), str(error), [1])


STATUSES = {
    400: errors.ValidationError,
    401: errors.AuthenticationError,
    403: errors.AuthorizationError,
    404: errors.NotFoundError,
    405: errors.FlowMaestroStatusError,
    408: errors.ServiceTimeoutError,
    409: errors.ConflictError,
    413: errors.ValidationError,
    418: errors.FlowMaestroStatusError,
    422: errors.ValidationError,
    429: errors.RateLimitError,
    500: errors.ServerError,
    501: errors.ServerError,
    503: errors.ServerError,
    599: errors.ServerError,
}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_status_decides_the_class(status: int, kind: type[FlowMaestroError]) -> None:
    body = b'{"error": {"code": "some_code", "message": "Said", "details": {"a": 1}}}'
    error = from_response(answer(status, body, X_Request_Id="req_1"), wire.SEND_MESSAGE)
    assert type(error) is kind
    assert (error.status_code, error.code, error.message) == (status, "some_code", "Said")
    assert (error.request_id, error.details) == ("req_1", {"a": 1})


def test_text_of_an_error_names_code_place_and_request() -> None:
    body = b'{"error": {"code": "resource_not_found", "message": "Thread not found"}}'
    error = from_response(answer(404, body, X_Request_Id="req_1"), wire.SEND_MESSAGE)
    assert str(error) == (
        "[resource_not_found] Thread not found "
        "(POST /api/v1/threads/t%2F1/messages answered 404) (request_id: req_1)"
    )
    assert str(errors.NotFoundError("gone", "c")) == "[c] gone"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"error": null}'])
def test_answer_that_says_nothing_still_makes_a_sentence(body: bytes) -> None:
    error = from_response(answer(404, body), wire.GET_THREAD)
    assert (error.code, error.request_id) == ("unknown", "")
    assert "base_url" in error.message
    assert from_response(answer(500, body), wire.GET_THREAD).message


def test_thread_is_named_only_where_it_is_about_one() -> None:
    error = from_response(answer(408, b""), wire.SEND_MESSAGE)
    assert isinstance(error, errors.ServiceTimeoutError)
    assert error.thread_id == "t/1"
    error = from_response(answer(408, b""), wire.LIST_WORKFLOWS)
    assert isinstance(error, errors.ServiceTimeoutError)
    assert error.thread_id == ""


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (b'{"limit": 60, "window": "day", "retry_after": 3600}', (60, "day", 3600.0)),
        (b'{"limit": "60", "window": 7, "retry_after": -1}', (None, None, None)),
        (b'{"limit": true, "retry_after": true}', (None, None, None)),
        (b'"no object"', (None, None, None)),
        (b"null", (None, None, None)),
    ],
)
def test_rate_limit_is_read_from_the_details(details: bytes, expected: Any) -> None:
    body = b'{"error": {"code": "rate_limit_exceeded", "message": "m", "details": %s}}' % details
    error = from_response(answer(429, body), wire.LIST_WORKFLOWS)
    assert isinstance(error, errors.RateLimitError)
    assert (error.limit, error.window, error.retry_after) == expected


def test_rate_limit_is_read_from_the_headers() -> None:
    headers = {
        "X_RateLimit_Limit": "60",
        "X_RateLimit_Remaining": "0",
        "X_RateLimit_Reset": "1700000060",
    }
    error = from_response(answer(429, b"", **headers), wire.LIST_WORKFLOWS)
    assert isinstance(error, errors.RateLimitError)
    assert (error.limit, error.remaining, error.reset_at) == (60, 0, 1700000060.0)


def test_errors_say_whether_a_repeat_may_help() -> None:
    for error in (
        errors.FlowMaestroConnectionError("x"),
        errors.RequestTimeoutError("x"),
        errors.RateLimitError("x"),
        errors.ServerError("x", status_code=503),
    ):
        assert error.is_retryable
    for error in (
        errors.ServerError("x", status_code=501),
        errors.ServiceTimeoutError("x"),
        errors.ValidationError("x"),
        errors.WaitTimeoutError("x"),
    ):
        assert not error.is_retryable


def test_timeouts_of_all_kinds_are_built_in_timeouts() -> None:
    for kind in (
        errors.RequestTimeoutError,
        errors.WaitTimeoutError,
        errors.ServiceTimeoutError,
        errors.StreamIdleError,
    ):
        assert issubclass(kind, builtins.TimeoutError)
        assert issubclass(kind, errors.TimeoutError)


@given(st.integers(300, 599), st.binary(max_size=200))
def test_any_answer_makes_an_error(status: int, body: bytes) -> None:
    error = from_response(answer(status, body), wire.SEND_MESSAGE)
    assert isinstance(error, errors.FlowMaestroStatusError)
    assert str(error)
    assert "secret" not in str(error)
