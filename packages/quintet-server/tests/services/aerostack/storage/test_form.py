"""Forms: the same events wherever the bytes were cut, and broken ones refused."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.aerostack.storage.form import (
    FormError,
    FormParser,
    PartBegin,
    PartData,
    PartEnd,
    boundary_of,
)

from .forms import BOUNDARY, cut, form, part

TRICKY = b"\r\n--" + BOUNDARY[:-1] + b"\r\n\r\n--" + BOUNDARY[:5] + b"\r\r\n-\r\n--\r\n"


def parse(pieces) -> list[tuple[str, str | None, bytes]]:
    parser, parts = FormParser(BOUNDARY), []
    for piece in pieces:
        for event in parser.feed(piece):
            if isinstance(event, PartBegin):
                parts.append([event.name, event.content_type, b"", False])
            elif isinstance(event, PartData):
                parts[-1][2] += event.data
            else:
                assert event == PartEnd()
                parts[-1][3] = True
    parser.finish()
    assert all(is_over for *_, is_over in parts)
    return [(name, kind, data) for name, kind, data, _ in parts]


BODY = form(
    [
        part("file", TRICKY, filename="né.bin", kind="image/png"),
        part("key", "a/ü.png".encode()),
        part("contentType", b""),
    ]
)
PARTS = [
    ("file", "image/png", TRICKY),
    ("key", None, "a/ü.png".encode()),
    ("contentType", None, b""),
]


def test_form_cut_anywhere_is_the_same() -> None:
    for place in range(len(BODY) + 1):
        assert parse(cut(BODY, place)) == PARTS


def test_form_byte_by_byte_is_the_same() -> None:
    assert parse(bytes([byte]) for byte in BODY) == PARTS


@given(
    st.lists(st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--", BOUNDARY[:7], b"x", b"\0"]))),
    st.data(),
)
def test_any_data_comes_back_however_it_was_cut(contents, data) -> None:
    parts = [(f"p{n}", None, b"".join(pieces)) for n, pieces in enumerate(contents)]
    if not parts:
        return
    body = form([part(name, text) for name, _, text in parts])
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=8))
    assert parse(cut(body, *places)) == parts


@pytest.mark.parametrize("extra", [b"", b"epilogue", b"--" + BOUNDARY + b"\r\n" + part("x", b"")])
def test_what_follows_the_last_boundary_means_nothing(extra: bytes) -> None:
    assert parse([BODY + extra]) == PARTS
    assert parse([BODY, extra]) == PARTS


def test_line_breaks_before_the_first_boundary_are_passed_over() -> None:
    assert parse([b"\r\n" + BODY]) == PARTS


def test_form_that_ends_early_is_refused() -> None:
    for end in range(len(BODY) - 2):
        with pytest.raises(FormError, match="ends before"):
            parse([BODY[:end]])


@pytest.mark.parametrize(
    "body",
    [
        b"key=value",
        b"--another\r\n" + part("key", b"x"),
        form([b"Content-Type: text/plain\r\n\r\nx"]),
        form([b"Content-Disposition: form-data\r\n\r\nx"]),
        form([b'Content-Disposition: attachment; name="key"\r\n\r\nx']),
        form([b'Content-Disposition: form-data; name="\xff"\r\n\r\nx']),
        form([b"no header at all\r\n\r\nx"]),
        form(
            [b'Content-Disposition: form-data; name="key"\r\nX: ' + b"x" * 100_000 + b"\r\n\r\nx"]
        ),
        form([part(f"p{n}", b"") for n in range(101)]),
    ],
)
def test_broken_form_is_refused(body: bytes) -> None:
    with pytest.raises(FormError):
        parse([body])


def test_broken_form_is_no_line_in_the_log(caplog) -> None:
    for name in list(logging.root.manager.loggerDict):  # as a program that configures logging does
        logging.getLogger(name).disabled = False
    with pytest.raises(FormError):
        parse([b"key=value"])
    parse([BODY + b"epilogue"])
    assert caplog.records == []


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; BOUNDARY="a b"', b"a b"),
        ("multipart/mixed; boundary=abc", None),
        ("application/json", None),
        ("", None),
        (None, None),
    ],
)
def test_boundary_comes_from_the_content_type(header, boundary) -> None:
    assert boundary_of(header) == boundary


@pytest.mark.parametrize("options", ["", "; boundary=", "; boundary=" + "x" * 201])
def test_form_without_a_usable_boundary_is_refused(options: str) -> None:
    with pytest.raises(FormError, match="boundary"):
        boundary_of("multipart/form-data" + options)
