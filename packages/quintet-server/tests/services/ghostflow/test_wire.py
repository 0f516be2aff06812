"""Money, instants, names: what goes over the wire and what comes in."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from quintet_server.http.errors import ApiError
from quintet_server.services.ghostflow.endpoints import Body, read_model
from quintet_server.services.ghostflow.wire import (
    AMOUNT_MAX,
    Amount,
    CountryCode,
    CurrencyCode,
    Name,
    decimal_number,
    instant,
    micros_of,
    money,
    parse_instant,
)


class Offer(Body):
    net_payout: Amount
    currency: CurrencyCode = "USD"
    country: CountryCode | None = None
    name: Name = "x"


def micros(text: str) -> int:
    return read_model(Offer, b'{"netPayout": ' + text.encode() + b"}").net_payout


@given(st.integers(0, AMOUNT_MAX * 1_000_000))
def test_amount_any_is_read_back_exactly_as_written(amount: int) -> None:
    text = orjson.dumps(money(amount)).decode()
    assert micros(text) == amount
    assert Decimal(text) == Decimal(amount) / 1_000_000
    assert not text.endswith("0") or "." not in text


@pytest.mark.parametrize(
    ("micros", "text"),
    [(12_500_000, "12.5"), (0, "0"), (1, "0.000001"), (100_000_000, "100"), (-2_000_000, "-2")],
)
def test_money_is_the_shortest_exact_decimal(micros: int, text: str) -> None:
    assert orjson.dumps(money(micros)).decode() == text


def test_money_none_is_null() -> None:
    assert orjson.dumps({"a": money(None)}) == b'{"a":null}'


@pytest.mark.parametrize("given", ["0E-10", "-0.00", "0"])
def test_decimal_zero_has_one_spelling(given: str) -> None:
    assert orjson.dumps(decimal_number(Decimal(given))) == b"0"


@pytest.mark.parametrize(
    "text", ["-1", "1000000000.1", "0.0000001", '"12.50"', "true", "null", "1e400", "9" * 400]
)
def test_amount_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        micros(text)
    assert (refused.value.status, refused.value.code) == (400, "VALIDATION_ERROR")
    if "9" * 300 not in text:  # the parser itself refuses such digits
        assert refused.value.details[0]["field"] == "netPayout"


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity", "1e30", "-0.01"])
def test_micros_of_what_no_amount_is_raises(bad: str) -> None:
    with pytest.raises(ValueError, match="must"):
        micros_of(Decimal(bad))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"currency": "usd"}, "currency"),
        ({"currency": "EURO"}, "currency"),
        ({"country": "us"}, "country"),
        ({"name": "  "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"surprise": 1}, "surprise"),
        ({"net_payout": 1}, "net_payout"),
    ],
)
def test_body_wrong_field_is_named_with_its_reason(body: dict[str, Any], field: str) -> None:
    with pytest.raises(ApiError) as refused:
        read_model(Offer, orjson.dumps({"netPayout": 1, **body}))
    assert [one["field"] for one in refused.value.details] == [field]
    assert field in refused.value.message


def test_body_name_is_trimmed() -> None:
    assert read_model(Offer, b'{"netPayout": 1, "name": "  two words "}').name == "two words"


def test_instant_has_milliseconds_and_z() -> None:
    assert instant(datetime(2026, 4, 14, 18, 22, 11, 453_999, UTC)) == "2026-04-14T18:22:11.453Z"
    assert instant(None) is None


@pytest.mark.parametrize(
    "text",
    ["2026-04-14T18:22:11.453Z", "2026-04-14T20:22:11.453+02:00", "2026-04-14T20:22:11.453 02:00"],
)
def test_parse_instant_any_offset_is_utc(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 4, 14, 18, 22, 11, 453_000, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-14",
        "2026-04-14T18:22:11",
        "yesterday",
        "",
        "T",
        "1776190931",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_parse_instant_without_time_or_offset_raises(text: str) -> None:
    with pytest.raises(ValueError, match="offset"):
        parse_instant(text)
