"""Keys, prefixes and cursors."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given, strategies as st

from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.storage.keys import (
    checked_key,
    checked_prefix,
    cursor_of,
    key_of,
    quoted,
)


@pytest.mark.parametrize(
    ("given_key", "kept"),
    [
        *(("a", "a"), ("/a/b.txt", "a/b.txt"), ("a/", "a/"), ("a//b", "a//b")),
        *(("..a", "..a"), ("a..", "a.."), ("a/...", "a/..."), (".hidden/x", ".hidden/x")),
        *(
            (" a b ", " a b "),
            ("é😀", "é😀"),
            ("x" * 1024, "x" * 1024),
            ("/" + "x" * 1024, "x" * 1024),
        ),
        *(("a?b#c%2F", "a?b#c%2F"), ("a\\..\\b", "a\\..\\b")),
    ],
)
def test_key_is_kept_but_for_one_leading_slash(given_key: str, kept: str) -> None:
    assert checked_key(given_key) == kept


@pytest.mark.parametrize(
    "key",
    [
        *("//", "//a", "///a"),
        *("", "/", "..", "../a", "a/..", "a/../b", "/../a", ".", "./a", "a/./b"),
        *("x" * 1025, "é" * 513, "a\0b", "a\nb", "a\x7f", "a\x85", "\ud800"),
    ],
)
def test_key_that_cannot_be_is_refused_with_its_field(key: str) -> None:
    with pytest.raises(ApiError) as caught:
        checked_key(key, "sourceKey")
    assert caught.value.status == 400
    assert caught.value.details["reason"] == "INVALID_KEY"
    assert list(caught.value.details["fieldErrors"]) == ["sourceKey"]


@given(st.text(st.sampled_from("/.ab"), max_size=6))
def test_key_as_an_answer_names_it_is_the_same_key_when_it_is_sent_back(key: str) -> None:
    try:
        kept = checked_key(key)
    except ApiError:
        return
    assert checked_key(kept) == kept


def test_prefix_may_be_empty_and_end_in_dots() -> None:
    assert [checked_prefix(each) for each in ("", "/", "a/..", "/a")] == ["", "", "a/..", "a"]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_cursor_and_url_give_the_key_back(key: str) -> None:
    assert key_of(cursor_of(key)) == key
    assert unquote(quoted(key)) == key
    assert quoted(key).isascii()


@pytest.mark.parametrize("cursor", ["", "=", "a", "!!!!", "/w", "_w", "YQ==", "é", "AA"])
def test_cursor_of_somebody_else_is_refused(cursor: str) -> None:
    with pytest.raises(ApiError) as caught:
        key_of(cursor)
    assert caught.value.details["reason"] == "INVALID_CURSOR"


@given(st.text(max_size=12))
def test_any_text_as_a_cursor_is_refused_or_canonical(cursor: str) -> None:
    try:
        key = key_of(cursor)
    except ApiError:
        return
    assert cursor_of(key) == cursor
