"""Header lists."""

from __future__ import annotations

import copy

import pytest

from quintet.core.headers import Headers, check_header_name, check_header_value, is_secret_name
from quintet.errors import ConfigurationError

PAIRS = (("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2"))


def test_headers_with_duplicates_keep_order_and_show_the_first() -> None:
    headers = Headers(PAIRS)
    assert headers.pairs() == PAIRS
    assert headers["SET-COOKIE"] == "a=1"
    assert headers.get("Set-Cookie") == "a=1"
    assert headers.get_all("set-COOKIE") == ["a=1", "b=2"]
    assert list(headers) == ["content-type", "set-cookie"]
    assert len(headers) == 2
    assert dict(headers) == {"content-type": "text/plain", "set-cookie": "a=1"}


def test_headers_without_the_name_give_the_default() -> None:
    headers = Headers(PAIRS)
    assert headers.get("x") is None
    assert headers.get("x", "d") == "d"
    assert headers.get_all("x") == []
    assert "x" not in headers
    assert 7 not in headers  # type: ignore[comparison-overlap]
    assert "content-TYPE" in headers
    with pytest.raises(KeyError):
        headers["x"]


@pytest.mark.parametrize(
    "source", [PAIRS[:1], list(PAIRS[:1]), dict(PAIRS[:1]), Headers(PAIRS[:1]), iter(PAIRS[:1])]
)
def test_headers_from_any_source_are_equal(source: object) -> None:
    assert Headers(source) == Headers(PAIRS[:1])  # type: ignore[arg-type]


def test_headers_from_headers_keep_duplicates() -> None:
    assert Headers(Headers(PAIRS)).pairs() == PAIRS


def test_headers_compare_names_without_case_and_values_with_case() -> None:
    assert Headers([("A", "x")]) == Headers([("a", "x")])
    assert hash(Headers([("A", "x")])) == hash(Headers([("a", "x")]))
    assert Headers([("A", "x")]) != Headers([("a", "X")])
    assert Headers() != {}


def test_headers_of_text_are_those_of_its_pairs() -> None:
    pairs = (*PAIRS, ("X", ""), ("Y", "a: b"), ("Z", "\xa0c\x85"))
    text = "Content-Type: text/plain\r\nSet-Cookie:a=1 \t\r\nset-cookie:\tb=2"
    headers = Headers.of_text(text + "\r\nX: \r\nY: a: b\r\nZ: \xa0c\x85 ")
    assert headers["set-cookie"] == "a=1"
    assert headers["z"] == "\xa0c\x85"
    assert len(headers) == 5
    assert headers.pairs() == pairs
    assert headers == Headers(pairs)
    assert copy.deepcopy(Headers.of_text(text)).pairs() == PAIRS
    assert Headers(Headers.of_text(text)).pairs() == PAIRS
    assert "b=2" not in repr(Headers.of_text(text))
    assert Headers.of_text("").pairs() == ()
    assert len(Headers.of_text("")) == 0


@pytest.mark.parametrize(
    "name", ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-API-Key", "X-Token"]
)
def test_repr_of_a_secret_header_hides_the_value(name: str) -> None:
    shown = repr(Headers([(name, "hunter2"), ("Accept", "visible")]))
    assert "hunter2" not in shown
    assert name in shown
    assert "visible" in shown
    assert is_secret_name(name.upper())


@pytest.mark.parametrize(
    ("value", "kept"),
    [("plain", "plain"), (" key\n", "key"), ("", ""), ("a\tb", "a\tb"), ("caf\xe9", "caf\xe9")],
)
def test_header_value_that_can_be_sent_is_stripped(value: str, kept: str) -> None:
    assert check_header_value("X", value) == kept


@pytest.mark.parametrize(
    "value", ["sec\rret", "sec\nret", "sec\0ret", "sec\x7fret", "sec\x1bret", "sec€ret", 5, None]
)
def test_header_value_that_cannot_be_sent_is_refused_unseen(value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_header_value("X-Name", value)  # type: ignore[arg-type]
    assert "X-Name" in str(caught.value)
    assert "sec" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "naïve", "a\r\nb", 3])
def test_header_name_that_is_no_token_is_refused(name: object) -> None:
    with pytest.raises(ConfigurationError):
        check_header_name(name)  # type: ignore[arg-type]


def test_header_name_that_is_a_token_is_kept() -> None:
    assert check_header_name("X-Request-Id") == "X-Request-Id"
