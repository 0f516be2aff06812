"""The runtime's objects as httpx's, and back."""

from __future__ import annotations

import gzip
import pickle
from datetime import timedelta
from typing import Any

import httpx
import pytest

from quintet.core.body import open_body
from quintet.core.headers import Headers
from quintet.core.request import Request
from quintet.core.response import Response
from quintet.transport.httpx_objects import (
    from_httpx_request,
    from_httpx_response,
    to_httpx_headers,
    to_httpx_request,
    to_httpx_response,
)

PAIRS = (
    ("Content-Type", "application/json; charset=utf-8"),
    ("Set-Cookie", "a=1"),
    ("set-cookie", "b=2"),
    ("X-Latin", "\xe4"),
)


def response(body: bytes = b'{"a": "\xc3\xa4"}', *more: tuple[str, str], **fields: Any) -> Response:
    known = {"url": "https://api.example/v1/thing?q=1", "method": "POST", "elapsed": 0.25}
    return Response(404, Headers((*PAIRS, *more)), body, **{**known, **fields})


def test_headers_keep_order_case_and_duplicates() -> None:
    headers = to_httpx_headers(Headers(PAIRS))
    assert isinstance(headers, httpx.Headers)
    assert [(name.decode(), value) for name, value in headers.raw] == [
        (name, value.encode("latin-1")) for name, value in PAIRS
    ]
    assert headers.get_list("SET-COOKIE") == ["a=1", "b=2"]
    assert headers["x-latin"] == "\xe4"


def test_response_is_read_closed_and_whole() -> None:
    made = to_httpx_response(response())
    assert isinstance(made, httpx.Response)
    assert (made.status_code, made.reason_phrase, made.http_version) == (
        404,
        "Not Found",
        "HTTP/1.1",
    )
    assert made.json() == {"a": "ä"}
    assert made.text == '{"a": "ä"}'
    assert made.headers == to_httpx_headers(Headers(PAIRS))
    assert made.elapsed == timedelta(seconds=0.25)
    assert made.is_closed
    assert made.is_stream_consumed
    assert b"".join(made.iter_bytes(3)) == made.content
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        made.raise_for_status()


def test_response_has_the_request_without_its_headers() -> None:
    request = to_httpx_response(response()).request
    assert (request.method, str(request.url)) == ("POST", "https://api.example/v1/thing?q=1")
    assert set(request.headers) <= {"host", "content-length"}
    assert to_httpx_response(response(method="", url="")).request.method == "GET"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "made-up"])
def test_body_is_not_decoded_a_second_time(coding: str) -> None:
    made = to_httpx_response(response(b"plain", ("Content-Encoding", coding)))
    assert (made.content, made.read(), made.text) == (b"plain", b"plain", "plain")
    assert made.headers["content-encoding"] == coding
    assert b"".join(made.iter_bytes()) == b"plain"


def test_response_survives_a_pickle() -> None:
    again = pickle.loads(pickle.dumps(to_httpx_response(response())))
    assert (again.status_code, again.json()) == (404, {"a": "ä"})


@pytest.mark.parametrize("body", [None, b"", b"{}"])
def test_request_goes_there_and_back(body: bytes | None) -> None:
    request = Request("POST", "https://api.example/a%20b?q=1", (("X-Key", "k"), *PAIRS), body)
    native = to_httpx_request(request)
    assert isinstance(native, httpx.Request)
    assert native.headers["x-key"] == "k"
    again = from_httpx_request(native)
    assert (again.method, again.url, again.headers) == (
        request.method,
        request.url,
        request.headers,
    )
    assert again.body == (body or None)


def test_request_that_was_changed_comes_back_changed() -> None:
    native = to_httpx_request(Request("POST", "https://api.example/", (), b"{}"))
    native.headers["X-More"] = "1"
    native.url = httpx.URL("https://elsewhere.example/x")
    again = from_httpx_request(native)
    assert again.url == "https://elsewhere.example/x"
    assert Headers(again.headers).get("x-more") == "1"
    assert Headers(again.headers).get("content-length") is None, "the transport's to say"


def test_streamed_body_stays_unread_and_the_same() -> None:
    body = open_body(iter([b"one", b"two"]))
    native = to_httpx_request(Request("POST", "https://api.example/", (), body))
    assert from_httpx_request(native).body is body
    assert not body.touched
    assert b"".join(native.stream) == b"onetwo"  # type: ignore[arg-type]


async def test_streamed_body_can_be_read_asynchronously() -> None:
    native = to_httpx_request(
        Request("POST", "https://api.example/", (), open_body([b"one", b"two"]))
    )
    assert [chunk async for chunk in native.stream] == [b"one", b"two"]  # type: ignore[union-attr]


def test_streamed_body_that_a_hook_has_read_comes_back_as_bytes() -> None:
    native = to_httpx_request(
        Request("POST", "https://api.example/", (), open_body(iter([b"one", b"two"])))
    )
    assert native.read() == b"onetwo"
    assert from_httpx_request(native).body == b"onetwo"


def test_answer_of_a_hook_is_taken_over_decoded() -> None:
    packed = gzip.compress(b"plain")
    native = httpx.Response(
        201,
        headers=[("X-A", "1"), ("x-a", "2"), ("Content-Encoding", "gzip")],
        stream=httpx.ByteStream(packed),
    )
    status, headers, body = from_httpx_response(native)
    assert (status, headers.get_all("x-a"), body) == (201, ["1", "2"], b"plain")
    assert "content-encoding" not in headers
