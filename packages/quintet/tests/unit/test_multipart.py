"""Forms as an SDK makes them."""

from __future__ import annotations

import pytest

from quintet import open_body
from quintet.multipart import FilePart, TextPart, guess_content_type, multipart


def test_form_has_a_boundary_of_its_own_each_time() -> None:
    first, second = multipart([TextPart("a", "b")]), multipart([TextPart("a", "b")])
    assert first.content_type != second.content_type
    boundary = first.content_type.partition("boundary=")[2]
    assert len(boundary) == 32
    assert f"--{boundary}--".encode() in b"".join(first.chunks())


def test_boundary_can_be_given() -> None:
    assert multipart([], boundary="x").content_type.endswith("boundary=x")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jpg", "image/jpeg"),
        ("a.JSON", "application/json"),
        ("a.tar.gz", "application/gzip"),
        ("a.txt.bz2", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("a.no-such-end", "application/octet-stream"),
    ],
)
def test_media_type_is_that_of_the_name(name: str, kind: str) -> None:
    assert guess_content_type(name) == kind
    body = multipart([FilePart("file", name, open_body(b"x"))])
    assert f"Content-Type: {kind}\r\n".encode() in b"".join(body.chunks())


def test_media_type_that_is_given_stays() -> None:
    body = multipart([FilePart("file", "a.jpg", open_body(b"x"), "text/plain")])
    assert b"Content-Type: text/plain\r\n" in b"".join(body.chunks())
