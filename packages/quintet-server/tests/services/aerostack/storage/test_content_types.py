"""Which content type an object gets, and which a browser may show."""

from __future__ import annotations

import pytest

from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.storage.content_types import (
    checked_content_type,
    chosen_content_type,
    is_inert,
)


@pytest.mark.parametrize(
    "given_type",
    [
        *("image/png", "text/html; charset=utf-8", 'a/b; x="y;\\"z"', "application/vnd.a+json;"),
        "application/x-foo; a=b ; c=d",
    ],
)
def test_media_type_is_taken_as_it_is(given_type: str) -> None:
    assert checked_content_type(f" {given_type} ") == given_type


@pytest.mark.parametrize(
    "given_type",
    ["png", "image/", "/png", "a/b\r\nX: y", "a/b; c", "a/é", "a b/c", "a/" + "b" * 254],
)
def test_what_is_no_media_type_is_refused(given_type: str) -> None:
    with pytest.raises(ApiError) as caught:
        checked_content_type(given_type)
    assert list(caught.value.details["fieldErrors"]) == ["contentType"]


@pytest.mark.parametrize(
    ("field", "header", "chosen"),
    [
        ("image/png", "text/plain", "image/png"),
        (None, "text/plain", "text/plain"),
        (None, None, "application/octet-stream"),
        (None, "nonsense", "application/octet-stream"),
        (None, "a/b\r\nX: y", "application/octet-stream"),
    ],
)
def test_field_comes_before_header_before_unknown_bytes(field, header, chosen) -> None:
    assert chosen_content_type(field, header) == chosen


def test_empty_field_is_none() -> None:
    assert checked_content_type("") is None


@pytest.mark.parametrize(
    ("kind", "inert"),
    [
        *(("image/png", True), ("IMAGE/PNG; x=y", True), ("image/svg+xml", False)),
        *(("text/html", False), ("application/xhtml+xml", False), ("text/xml", False)),
        *(("text/plain; charset=utf-8", True), ("application/pdf", True), ("video/mp4", True)),
        *(("text/javascript", False), ("application/x-shockwave-flash", False), ("a/b", False)),
    ],
)
def test_only_what_cannot_act_is_shown_in_place(kind: str, inert: bool) -> None:
    assert is_inert(kind) is inert
