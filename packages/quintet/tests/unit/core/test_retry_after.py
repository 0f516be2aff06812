"""Retry-After."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet.core.headers import Headers
from quintet.core.retry_after import parse_retry_after, parse_seconds

NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT


def parse(**headers: str) -> float | None:
    return parse_retry_after(
        Headers([(name.replace("_", "-"), value) for name, value in headers.items()]), now=NOW
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("2.", 2.0),
        ("Sun, 06 Nov 1994 08:50:07 GMT", 30.0),
        ("Sunday, 06-Nov-94 08:50:07 GMT", 30.0),
        ("Sun Nov  6 08:50:07 1994", 30.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
    ],
)
def test_retry_after_in_every_form_is_seconds(value: str, seconds: float) -> None:
    assert parse(Retry_After=value) == seconds


@pytest.mark.parametrize(
    "value",
    ["", " ", "-1", "+1", "soon", "nan", "inf", "1e3", "1_0", "0x1", ".5", ".", "١", "120, 120",
     "9" * 400, "Sun, 06 Nov 1994"],
)  # fmt: skip
def test_retry_after_that_is_junk_is_as_if_absent(value: str) -> None:
    assert parse(Retry_After=value) is None


def test_retry_after_absent_is_none() -> None:
    assert parse() is None


def test_retry_after_as_a_date_is_measured_from_the_servers_own_clock() -> None:
    # The server's clock is an hour ahead.
    assert (
        parse(Retry_After="Sun, 06 Nov 1994 09:50:07 GMT", Date="Sun, 06 Nov 1994 09:49:37 GMT")
        == 30.0
    )
    assert parse(Retry_After="Sun, 06 Nov 1994 08:50:07 GMT", Date="junk") == 30.0


def test_retry_after_ms_is_preferred_unless_it_is_junk() -> None:
    assert parse(retry_after_ms="1500", Retry_After="9") == 1.5
    assert parse(retry_after_ms="junk", Retry_After="9") == 9.0
    assert parse(retry_after_ms="junk") is None


@given(st.text(max_size=80) | st.from_regex(r"[-+0-9.eEinfa_ ]{1,20}"))
def test_retry_after_of_any_text_is_none_or_a_wait(value: str) -> None:
    seconds = parse_retry_after(Headers([("Retry-After", value)]), now=NOW)
    assert seconds is None or 0 <= seconds < float("inf")


def test_seconds_of_32_digits_are_the_most() -> None:
    assert parse_seconds("9" * 32) == float("9" * 32)
    assert parse_seconds("9" * 33) is None
