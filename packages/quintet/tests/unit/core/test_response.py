"""Whole answers."""

from __future__ import annotations

import json

import pytest

from quintet.core.headers import Headers
from quintet.core.response import Response, check_declared_length
from quintet.errors import BodyTooLarge, DecodeError


def response(body: bytes, status: int = 200, **headers: str) -> Response:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Response(status, Headers(pairs), body, "http://h/jobs?key=hunter2", "GET")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_in_any_unicode_encoding_is_read(encoding: str) -> None:
    assert response('{"a":"ü"}'.encode(encoding)).json() == {"a": "ü"}


@pytest.mark.parametrize(
    "body", [b"", b"<html>hunter2", b'{"hunter2"', b"\xff\xfe\xfd", b"[" * 99_999]
)
def test_json_of_something_else_is_an_error_without_the_body(body: bytes) -> None:
    answer = response(body, 502, Content_Type="Text/HTML; charset=x", X_Request_Id="req_1")
    with pytest.raises(DecodeError) as caught:
        answer.json()
    error = caught.value
    assert (error.status, error.request_id, error.response) == (502, "req_1", answer)
    assert (error.method, error.url, error.attempts) == ("GET", answer.url, 1)
    assert "expected JSON from GET http://h/jobs, got status 502" in str(error)
    assert str(error).endswith("; is base_url right?")
    assert "502" in str(error)
    assert "text/html" in str(error)
    assert "req_1" in str(error)
    assert "hunter2" not in str(error)
    assert isinstance(error.__cause__, (ValueError, RecursionError))


def test_json_error_of_something_other_than_a_page_suspects_no_base_url() -> None:
    with pytest.raises(DecodeError) as caught:
        response(b"{", Content_Type="application/json").json()
    assert "base_url" not in str(caught.value)
    with pytest.raises(DecodeError, match=r"application/xml\); is base_url right\?$"):
        response(b" <error/>", Content_Type="application/xml").json()
    with pytest.raises(DecodeError, match=r"^expected JSON, got status 200"):
        Response(200, Headers(), b"x").json()


def test_json_error_without_headers_says_so() -> None:
    with pytest.raises(DecodeError, match=r"an empty body \(no content type\)"):
        response(b"").json()


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain", "ü".encode(), "ü"),
        ("text/plain; charset=latin-1", b"\xfc", "ü"),
        ('text/plain; a=b; Charset="latin-1"', b"\xfc", "ü"),
        ("text/plain; charset=", "ü".encode(), "ü"),
        ("text/plain; charset=nonsense", "ü".encode(), "ü"),
        ("text/plain", b"\xfc!", "\ufffd!"),
    ],
)
def test_text_is_decoded_as_declared_and_never_fails(
    content_type: str, body: bytes, text: str
) -> None:
    assert response(body, Content_Type=content_type).text() == text


def test_text_with_a_limit_is_cut() -> None:
    assert response("üäö".encode()).text(2) == "üä"
    assert response(b"abc").text(10) == "abc"


def test_request_id_comes_from_the_named_header() -> None:
    answer = response(b"", X_Request_Id="a", X_Trace="b")
    assert answer.request_id() == "a"
    assert answer.request_id("x-trace") == "b"
    assert answer.request_id("x-none") is None


def test_repr_shows_neither_body_nor_query() -> None:
    shown = repr(response(b"hunter2", Set_Cookie="hunter2"))
    assert shown == "<Response 200 GET http://h/jobs 7 bytes>"


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        ({}, 10),
        ({"Content-Length": "10"}, 10),
        ({"Content-Length": " 10 "}, 10),
        ({"Content-Length": "11"}, None),
        ({"Content-Length": "junk"}, 10),
        ({"Content-Length": "-11"}, 10),
        ({"Content-Length": "١١"}, 10),
        ({"Content-Length": "11", "Content-Encoding": "gzip"}, 10),
    ],
)
def test_declared_length_within_the_limit_passes(
    headers: dict[str, str], limit: int | None
) -> None:
    check_declared_length(Headers(headers), limit)


@pytest.mark.parametrize("length", ["11", "9" * 20, "9" * 5000])
def test_declared_length_above_the_limit_is_refused(length: str) -> None:
    with pytest.raises(BodyTooLarge) as caught:
        check_declared_length(Headers({"Content-Length": length}), 10)
    assert caught.value.limit == 10
    assert len(str(caught.value)) < 200


def test_json_of_a_large_integer_is_an_error_or_a_number() -> None:
    # Newer interpreters refuse to read integers of more than 4300 digits.
    body = b"9" * 5000
    try:
        json.loads(body)
    except ValueError:
        with pytest.raises(DecodeError):
            response(body).json()
    else:
        assert response(body).json() > 0


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b"", ""),
        (b"plain  <b>\n text", "plain <b> text"),
        (b" <!DOCTYPE html>\n<html><p>It  <b>works</b>", "It works"),
        (b"<style>p {}</style><!-- x > y --><SCRIPT>1 < 2</SCRIPT><p>seen", "seen"),
        (b"<style>never closed", ""),
        (b"<a href='never closed", ""),
        (b"\x1b[31mred\0", "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}"),
        (b"x" * 30, "x" * 30),
        (b"x" * 31, "x" * 29 + "…"),
        (b" " * 9000 + b"x", ""),
    ],
)
def test_excerpt_is_one_short_printable_line(body: bytes, line: str) -> None:
    assert Response(200, Headers(), body).excerpt(30) == line
