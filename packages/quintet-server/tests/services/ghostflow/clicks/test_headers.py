"""Referrers and languages."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.clicks.headers import language, referrer_host


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        (b"https://News.Example.com:8443/a?b#c", "news.example.com"),
        (b"http://example.com.", "example.com"),
        (b"https://user:pw@example.com/x", "example.com"),
        (b"https://[2001:db8::1]/", "[2001:db8::1]"),
        (b"https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        (b"android-app://com.example/", None),
        (b"about:blank", None),
        (b"https://", None),
        (b"https://exa mple.com/", None),
        (b"https://" + b"a" * 300 + b"/", None),
        (b"", None),
        (None, None),
    ],
)
def test_referrer_host_is_the_host_alone(referrer: bytes | None, expected: str | None) -> None:
    assert referrer_host(referrer) == expected


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (b"en-US,en;q=0.9", "en-US"),
        (b" de ; q=0.7", "de"),
        (b"zh-Hans-CN", "zh-Hans-CN"),
        (b"*", None),
        (b"\xff", None),
        (b"", None),
        (None, None),
    ],
)
def test_language_is_the_first(accepted: bytes | None, expected: str | None) -> None:
    assert language(accepted) == expected


@given(st.binary(max_size=200))
def test_headers_of_any_bytes_are_read(given_bytes: bytes) -> None:
    for text in (referrer_host(b"https://" + given_bytes), language(given_bytes)):
        assert text is None or (text.isascii() and text.isprintable())
