"""Instants and cursors: what is read, and that it comes back the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from quintet_server.http.errors import ApiError
from quintet_server.services.flare.cursors import (
    decode_name,
    decode_position,
    decode_sequence,
    encode_name,
    encode_position,
    encode_sequence,
)
from quintet_server.services.flare.timestamps import parse_timestamp, render_timestamp

instants = st.datetimes(
    min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)
)


@given(instants)
def test_what_is_written_is_read_back(instant):
    assert parse_timestamp(render_timestamp(instant)) == instant


@given(instants, st.integers(-14 * 60, 14 * 60))
def test_an_offset_names_the_same_instant(instant, minutes):
    local = instant.astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_timestamp(local.isoformat()) == instant
    assert render_timestamp(local) == render_timestamp(instant)
    assert render_timestamp(local.isoformat()) == render_timestamp(instant)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2030-01-31T12:00:00Z", "2030-01-31T12:00:00.000000Z"),
        ("2030-01-31t12:00:00z", "2030-01-31T12:00:00.000000Z"),
        ("2030-01-31 12:00:00", "2030-01-31T12:00:00.000000Z"),
        ("2030-01-31T12:00", "2030-01-31T12:00:00.000000Z"),
        ("2030-01-31", "2030-01-31T00:00:00.000000Z"),
        ("2030-01-31T12:00:00.1234567Z", "2030-01-31T12:00:00.123456Z"),
        ("2030-01-31T12:00:00.5+0530", "2030-01-31T06:30:00.500000Z"),
        ("  2030-01-31T12:00:00-05:00 ", "2030-01-31T17:00:00.000000Z"),
        ("0999-01-01", "0999-01-01T00:00:00.000000Z"),
    ],
)
def test_tolerated_spellings(text, expected):
    assert render_timestamp(parse_timestamp(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2030",
        "2030-1-1",
        "20300101",
        "2030-02-30",
        "2030-01-01T25:00",
        "1e9",
        "٢٠٣٠-01-01",
    ],
)
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match=r"instant|ISO 8601"):
        parse_timestamp(text)


@given(st.text(max_size=80))
def test_no_text_does_anything_but_parse_or_raise_value_error(text):
    try:
        parse_timestamp(text)
    except ValueError:
        pass


@given(instants, st.from_regex(r"[A-Za-z0-9_|-]{1,60}", fullmatch=True))
def test_a_position_survives_its_cursor(instant, id):
    assert decode_position(encode_position(instant, id)) == (instant, id)


@given(st.integers(0, 10**17))
def test_a_sequence_number_survives_its_cursor(number):
    assert decode_sequence(encode_sequence(number)) == number


@given(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
        min_size=1,
        max_size=100,
    )
)
def test_a_name_survives_its_cursor(name):
    assert decode_name(encode_name(name)) == name


@pytest.mark.parametrize("decode", [decode_position, decode_sequence, decode_name])
@given(cursor=st.text(max_size=60))
def test_no_text_does_anything_but_decode_or_refuse(decode, cursor):
    refusals = []
    try:
        decode(cursor)
    except ApiError as error:
        refusals.append((error.status, error.code))
    assert refusals in ([], [(400, "invalid_request")])
