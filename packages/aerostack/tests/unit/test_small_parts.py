"""UNSET, open enumerations, retry options, ranges of bytes, the debug log's redaction."""

from __future__ import annotations

import copy
import pickle
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aerostack import Aerostack, errors, models
from aerostack._byte_range import Cut
from aerostack._debug_log import DebugLog
from aerostack._secret_fields import is_secret_field
from aerostack._service import policy_of
from aerostack.types import UNSET, BaseModel, OptionalNullable, Unset
from aerostack.utils import BackoffStrategy, RetryConfig
from quintet import AsyncNativeTransport, NativeTransport
from quintet.core.request import Request


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"transport": AsyncNativeTransport()}, r"^transport is for clients that await.*NativeTr"),
        ({"async_transport": NativeTransport()}, r"^async_transport is.* block .*AsyncNativeTr"),
        ({"transport": NativeTransport}, "is the class NativeTransport"),
        ({"async_transport": 5}, "async_transport must be"),
    ],
)
def test_transport_of_the_other_kind_of_calls_is_refused_at_once(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match=words):
        Aerostack(**options)


def test_unset_is_one_falsy_object_however_it_travels() -> None:
    for same in (Unset(), copy.copy(UNSET), copy.deepcopy([UNSET])[0]):
        assert same is UNSET
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert not UNSET and repr(UNSET) == "UNSET"


def test_model_of_ones_own_may_have_a_field_that_is_unset() -> None:
    class Mine(BaseModel):
        name: OptionalNullable[str] = UNSET

    assert Mine().model_dump() == {} and Mine(name=None).model_dump() == {"name": None}
    assert Mine().model_dump_json() == "{}" and Mine(name="x").model_dump_json() == '{"name":"x"}'


@given(st.text(min_size=1))
def test_open_enumeration_keeps_any_string(text: str) -> None:
    code = errors.Code(text)
    assert isinstance(code, errors.Code) and code == text and code.value == text
    assert pickle.loads(pickle.dumps(code)) == code
    assert str(code) == text
    data = errors.ErrorResponseData(code=code, message="m")
    assert data.model_dump()["code"] == text
    assert errors.ErrorResponseData.model_validate({"code": text, "message": ""}).code == text


def test_open_enumeration_refuses_what_is_no_string_and_lists_what_is_known() -> None:
    with pytest.raises(ValueError, match="7"):
        errors.Code(7)
    errors.Code("SOMETHING_NEW")
    assert len(list(errors.Code)) == 7
    assert models.Role("user") is models.Role.USER
    assert models.JobStatus("paused").name == "paused"


@pytest.mark.parametrize(
    "wrong", [(-1, 50, 1.1, 100), (1, -1, 1.1, 100), (1, 50, 0.9, 100), (1, 50, 1.1, float("inf"))]
)
def test_backoff_refuses_numbers_that_are_none(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="at least"):
        BackoffStrategy(*wrong)


@pytest.mark.parametrize("wrong", ["backof", "BACKOFF", "", None])
def test_strategy_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="strategy"):
        RetryConfig(wrong, BackoffStrategy(1, 50, 1.1, 100), False)


def test_retry_config_refuses_what_it_cannot_use() -> None:
    waits = BackoffStrategy(1, 50, 1.1, 100)
    with pytest.raises(ValueError, match="BackoffStrategy"):
        RetryConfig("backoff", 5, True)  # type: ignore[arg-type]
    for count in (-1, True, 1.5):
        with pytest.raises(ValueError, match="max_retries"):
            RetryConfig("backoff", waits, True, max_retries=count)  # type: ignore[arg-type]


def test_policy_is_in_seconds_and_none_for_none() -> None:
    waits = BackoffStrategy(1, 50, 1.1, 100)
    policy = policy_of(RetryConfig("backoff", waits, False))
    assert policy is not None
    assert (policy.backoff.base, policy.backoff.cap, policy.backoff.factor) == (0.001, 0.05, 1.1)
    assert (policy.max_elapsed, policy.failures, policy.jitter_floor) == (0.1, False, False)
    assert policy_of(RetryConfig("none", waits, False)) is None


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)), st.integers(0, 220), st.data())
def test_cut_gives_the_same_however_the_whole_comes(
    whole: bytes, cuts: list[int], first: int, data: Any
) -> None:
    last = data.draw(st.one_of(st.none(), st.integers(first, 240)))
    cut = Cut((first, last))
    edges = [0, *sorted(min(each, len(whole)) for each in cuts), len(whole)]
    found = b"".join(cut.feed(whole[a:b]) for a, b in pairwise(edges))
    assert found == whole[first : None if last is None else last + 1]


def test_log_redacts_headers_and_fields_at_any_depth() -> None:
    lines: list[str] = []

    class Logger:
        def debug(self, message: str, *args: Any) -> None:
            lines.append(message % args)

    log = DebugLog(Logger())
    body = (
        b'{"password":"p1","nested":[{"refreshToken":"p2","api_key":"p3"}],'
        b'"max_tokens":5,"key":"cache-key"}'
    )
    headers = (("Authorization", "Bearer p4"), ("X-Aerostack-Key", "p5"), ("Accept", "a/b"))
    sent = Request("POST", "http://x.example/v1/a?token=p6", headers, body)
    log.request(sent)
    log.answer(sent, 200, [("Set-Cookie", "p7")], b"<html>", 6)
    log.answer(sent, 200, [], b'{"cut":', 9000)
    text = "\n".join(lines)
    assert not [secret for secret in ("p1", "p2", "p3", "p4", "p5", "p6", "p7") if secret in text]
    assert '"max_tokens": 5' in text and "cache-key" in text and "a/b" in text
    assert "[6 bytes]" in text and "[9000 bytes]" in text


def test_log_does_not_repeat_a_credential_that_an_answer_echoes() -> None:
    lines: list[str] = []

    class Logger:
        def debug(self, message: str, *args: Any) -> None:
            lines.append(message % args)

    key = "aero-0123456789"
    sent = Request("GET", "http://x.example/v1/a", (("X-Aerostack-Key", key),))
    log = DebugLog(Logger())
    log.answer(sent, 401, [("X-Echo", f"<{key}>")], b'{"message":"no key %s"}' % key.encode(), 38)
    log.answer(sent, 200, [], b'"%s"' % key.encode(), 17)
    log.failure(sent, ValueError(f"illegal line: {key}"))
    assert len(lines) == 3
    assert key not in "\n".join(lines)
    assert "<**********>" in lines[0] and "illegal line: **********" in lines[2]


def test_errors_may_be_made_by_hand_as_the_published_package_allows() -> None:
    import httpx

    raw = httpx.Response(404, text="gone", headers={"X-A": "b"})
    found = errors.SDKError("no such thing", raw)
    assert (found.status_code, found.body, found.headers["x-a"]) == (404, "gone", "b")
    assert found.raw_response is raw
    data = errors.ErrorResponseData(code=errors.Code.FORBIDDEN, message="not yours")
    typed = errors.ErrorResponse(data, raw, "text")
    assert (typed.data, typed.message, typed.body) == (data, "not yours", "text")


@pytest.mark.parametrize(
    ("status", "code", "may_pass"),
    [
        (503, "INTERNAL_ERROR", True),
        (429, "RATE_LIMIT_EXCEEDED", True),
        (501, "", False),
        (500, "DB_QUERY_FAILED", False),
        (404, "VALIDATION_ERROR", False),
    ],
)
def test_error_says_whether_the_call_may_succeed_later(
    status: int, code: str, may_pass: bool
) -> None:
    assert errors.SDKError("m", status_code=status, code=code).is_retryable == may_pass
    assert errors.RequestTimeoutError("late").is_retryable
    assert not errors.RequestValidationError("wrong").is_retryable


def test_tree_of_errors_is_as_drawn() -> None:
    tree = {
        "SDKBaseError": "AerostackError", "ErrorResponse": "SDKBaseError",
        "SDKError": "SDKBaseError", "ResponseValidationError": "SDKBaseError",
        "ResponseTooLargeError": "SDKBaseError", "NoResponseError": "AerostackError",
        "ConnectionFailedError": "NoResponseError", "RequestTimeoutError": "NoResponseError",
        "ProtocolError": "NoResponseError", "StreamError": "AerostackError",
        "StreamIdleError": "StreamError", "RequestValidationError": "AerostackError",
        "RequestTypeError": "RequestValidationError", "ConfigurationError": "AerostackError",
        "ClientClosedError": "RequestValidationError",
    }  # fmt: skip
    for name, base in tree.items():
        assert getattr(errors, base) in getattr(errors, name).__mro__[1:], name
    assert set(tree) | {"AerostackError", "Code", "ErrorResponseData"} == set(errors.__all__)
    assert not issubclass(errors.ErrorResponse, errors.SDKError)
    assert not issubclass(errors.NoResponseError, errors.SDKBaseError)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("refreshToken", "x", True),
        ("api-key", "x", True),
        ("newPassword", 5, True),
        ("access_tokens", ["x"], True),
        ("prompt_tokens", 5, False),
        ("prompt_tokens_details", {"cached_tokens": 5}, False),
        ("key", "x", False),
    ],
)
def test_field_is_secret_by_its_name_in_any_spelling(name: str, value: Any, secret: bool) -> None:
    assert is_secret_field(name, value) is secret


def test_log_shows_no_signature_of_a_url() -> None:
    lines: list[str] = []

    class Logger:
        def debug(self, message: str, *args: Any) -> None:
            lines.append(message % args)

    location = [("Location", "https://cdn.example/a?signature=p1"), ("Link", "https://x.example/b")]
    body = b'{"url":"http://cdn.example/a?X-Signature=p2","urls":["https://c.example/?t=p3"]}'
    sent = Request("GET", "http://x.example/")
    DebugLog(Logger()).answer(sent, 302, location, body, len(body))
    assert not [secret for secret in ("p1", "p2", "p3") if secret in lines[0]]
    assert "https://cdn.example/a?[redacted]" in lines[0] and "https://x.example/b" in lines[0]
