"""Ranges of bytes, as RFC 9110 §14 has them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.aerostack.storage.ranges import (
    ByteRange,
    NotSatisfiable,
    parse_range,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-9", (0, 10)),
        ("bytes=0-10", (0, 10)),
        ("bytes=9-", (9, 10)),
        ("bytes=-1", (9, 10)),
        ("bytes=-10", (0, 10)),
        ("bytes=-11", (0, 10)),
        ("BYTES=2-3", (2, 4)),
        ("bytes= 2-3 ", (2, 4)),
        ("bytes=0002-003", (2, 4)),
        ("bytes=0-" + "9" * 5000, (0, 10)),
        ("bytes=-" + "9" * 5000, (0, 10)),
    ],
)
def test_range_within_the_object_is_taken(header: str, expected) -> None:
    assert parse_range(header, 10) == ByteRange(*expected)


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=3-2"),
        *("bytes=0-1,3-4", "bytes=0-0,", "items=0-1", "bytes=+1-2", "bytes=1-2x", "bytes=--1"),
        *("bytes=٣-٤", "bytes=1 -2"),
    ],
)
def test_what_is_no_single_range_of_bytes_is_ignored(header) -> None:
    assert parse_range(header, 10) is None


@pytest.mark.parametrize(
    ("header", "size"),
    [
        *(("bytes=10-", 10), ("bytes=10-20", 10), ("bytes=-0", 10), ("bytes=0-", 0)),
        *(("bytes=-0", 0), ("bytes=" + "9" * 5000 + "-", 10)),
    ],
)
def test_range_outside_of_the_object_is_not_satisfiable(header: str, size: int) -> None:
    with pytest.raises(NotSatisfiable):
        parse_range(header, size)


def test_suffix_of_an_empty_object_is_the_object() -> None:
    assert parse_range("bytes=-5", 0) is None


@given(st.text("bytes=-0123456789, ", max_size=20), st.integers(0, 50))
def test_any_header_gives_a_range_that_is_there(header: str, size: int) -> None:
    try:
        found = parse_range(header, size)
    except NotSatisfiable:
        return
    assert found is None or 0 <= found.start < found.stop <= size


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 50))
def test_range_is_what_slicing_gives(first: int, last: int, size: int) -> None:
    data = bytes(range(size))
    for header, wanted in (
        (f"bytes={first}-{last}", data[first : last + 1]),
        (f"bytes={first}-", data[first:]),
        (f"bytes=-{last}", data[-last:] if last else b""),
    ):
        try:
            found = parse_range(header, size)
        except NotSatisfiable:
            assert wanted == b""
        else:
            if found is not None:
                assert data[found.start : found.stop] == wanted
