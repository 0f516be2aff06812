"""What is said of answers that do not say it themselves."""

from __future__ import annotations

import pytest

from quintet.core.headers import Headers
from quintet.core.response import Response
from quintet.core.unsaid import answered, is_page, redirect_note, unsaid

URL = "https://api.example/v1/things?key=hunter2"


def answer(status: int, **headers: str) -> Response:
    return Response(status, Headers(list(headers.items())), b"", URL, "GET")


def test_answer_is_named_by_what_was_asked() -> None:
    assert answered(answer(502)) == "GET https://api.example/v1/things answered 502"
    assert answered(Response(502, Headers(), b"")) == "the server answered 502"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_redirect_says_whither(status: int) -> None:
    to = answer(status, location="https://login.example/?to=hunter2")
    said = "redirects are not followed; the location is https://login.example/"
    assert redirect_note(to) == said
    assert unsaid(to) == said
    assert redirect_note(answer(status)).endswith("names no location")


@pytest.mark.parametrize("status", [200, 299, 304, 400, 502])
def test_other_answers_are_no_redirects(status: int) -> None:
    assert redirect_note(answer(status, location="/x")) == ""


def test_answer_without_a_reason_points_at_the_base_url_if_that_is_likely() -> None:
    assert "is base_url right?" in unsaid(answer(404))
    assert unsaid(answer(502)) == "the answer does not say why"


@pytest.mark.parametrize(
    ("kind", "body", "page"),
    [
        ("text/html; charset=utf-8", b"words", True),
        ("text/plain", b"\n <!DOCTYPE html><p>", True),
        ("", b"<html>", True),
        ("application/json", b"{}", False),
        ("text/plain", b"a < b", False),
        ("text/plain", b"", False),
    ],
)
def test_page_is_told_by_its_type_or_its_beginning(kind: str, body: bytes, page: bool) -> None:
    assert is_page(Response(502, Headers((("Content-Type", kind),)), body)) is page
