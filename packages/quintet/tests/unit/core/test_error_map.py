"""Error bodies of many shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet.core.error_map import ErrorBody, parse_error_body
from quintet.core.headers import Headers
from quintet.core.response import Response


def parse(body: Any, **headers: str) -> ErrorBody:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return parse_error_body(Response(400, Headers(pairs), raw))


D = [{"field": "queue", "message": "too long"}]

SHAPES: list[tuple[Any, str | None, str | None, str | None, Any]] = [
    # body, code, message, request id, details
    ({"error": {"code": "c", "message": "m", "request_id": "r", "details": D}}, "c", "m", "r", D),
    ({"error": {"code": "c", "message": "m"}, "meta": {"request_id": "r"}}, "c", "m", "r", None),
    ({"error": {"message": "m"}, "request_id": "r", "details": D}, None, "m", "r", D),
    ({"error": {"code": "c", "message": "m"}, "requestId": "r"}, "c", "m", "r", None),
    ({"success": False, "error": "not found here"}, None, "not found here", None, None),
    ({"error": "Unauthorized"}, None, "Unauthorized", None, None),
    ({"error": "bad_thing", "message": "m"}, "bad_thing", "m", None, None),
    ({"error": "a sentence", "message": "m"}, None, "m", None, None),
    ({"error": "a sentence", "code": "c"}, "c", "a sentence", None, None),
    ({"error": "x", "code": "c", "message": "m"}, "c", "m", None, None),
    ({"code": "c", "message": "m", "details": D}, "c", "m", None, D),
    ({"message": "m"}, None, "m", None, None),
    ({"code": 1001, "message": "m"}, "1001", "m", None, None),
    ({"data": {"error": {"code": "c", "message": "m"}}}, "c", "m", None, None),
    ({"data": {"success": False, "error": {"code": "c"}}}, "c", None, None, None),
    ({"detail": "m"}, None, "m", None, None),
    ({"detail": {"code": "c", "message": "m"}}, "c", "m", None, None),
    ({"detail": [{"loc": ["body"], "msg": "m", "type": "t"}]}, None, "m", None,
     [{"loc": ["body"], "msg": "m", "type": "t"}]),
    ({"errors": [{"code": "c", "message": "m"}, {}]}, "c", "m", None,
     [{"code": "c", "message": "m"}, {}]),
    ({"errors": ["m", "n"]}, None, "m", None, ["m", "n"]),
    ({"errors": [5]}, None, None, None, [5]),
    ({"errors": []}, None, None, None, None),
    ({"message": "m", "errors": [{"code": "c"}]}, "c", "m", None, [{"code": "c"}]),
    ({"type": "https://e/probs/out-of-credit", "title": "t", "detail": "m", "status": 403},
     "out-of-credit", "m", None, None),
    ({"type": "about:blank", "title": "t"}, None, "t", None, None),
    ({"type": "https://e/p", "title": "t", "code": "c"}, "c", "t", None, None),
    ({"type": "event"}, None, None, None, None),
    ("just text", None, "just text", None, None),
    (None, None, None, None, None),
    ([], None, None, None, None),
    (17, None, None, None, None),
    ({}, None, None, None, None),
    ({"error": None}, None, None, None, None),
    ({"error": 7, "message": "m"}, None, "m", None, None),
    ({"error": {"code": True, "message": 5}}, None, None, None, None),
    ({"error": {"code": 10**30, "message": "m"}}, None, "m", None, None),
    ({"error": {"code": "", "message": " "}}, None, None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "message", "request_id", "details"), SHAPES)
def test_error_body_of_a_known_shape_is_understood(
    body: Any, code: str | None, message: str | None, request_id: str | None, details: Any
) -> None:
    found = parse(body)
    assert (found.code, found.message, found.request_id) == (code, message, request_id)
    assert found.details == details
    assert found.raw == body


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><body>Bad Gateway</body></html>", b"Service Unavailable", b"\xff", b"[" * 99_999],
)
def test_error_body_that_is_no_json_gives_no_message(body: bytes) -> None:
    assert parse(body, X_Request_Id="r") == ErrorBody(request_id="r")


@pytest.mark.parametrize(
    "html", ["<!DOCTYPE html><p>", " \n<HTML>", "<head>", "<body x>", "<?xml version='1.0'?>"]
)
def test_html_inside_json_is_no_message(html: str) -> None:
    assert parse({"error": {"message": html}}).message is None


def test_request_id_of_the_body_wins_over_the_header() -> None:
    assert parse({"error": {"request_id": "b"}}, X_Request_Id="h").request_id == "b"
    assert parse({"error": {}}, X_Request_Id="h").request_id == "h"


def test_request_id_header_may_have_another_name() -> None:
    answer = Response(400, Headers([("X-Trace", "t")]), b"{}")
    assert parse_error_body(answer, request_id_header="x-trace").request_id == "t"


def test_message_is_one_bounded_line_without_control_characters() -> None:
    message = parse({"message": "a\r\nb\x1b[31m\x00c" + "x" * 5000}).message
    assert message is not None
    assert message.startswith("a  b [31m c")
    assert len(message) == 1000
    assert message.endswith("…")
    assert parse({"message": "y" * 1000}).message == "y" * 1000


def test_code_is_bounded() -> None:
    assert parse({"code": "c" * 500}).code == "c" * 100


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "code", "message", "detail", "errors", "data", "meta", "type", "title"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_error_body_of_any_json_is_read_without_an_exception(body: Any) -> None:
    found = parse(body)
    assert found.code is None or 0 < len(found.code) <= 100
    assert found.message is None or found.message.isprintable()


@given(st.binary())
def test_error_body_of_any_bytes_is_read_without_an_exception(body: bytes) -> None:
    parse(body)
