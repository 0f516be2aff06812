"""The shapes of answers and of what is in requests: money, instants, names, versions."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import orjson
from pydantic import AfterValidator, PlainValidator, WithJsonSchema
from starlette.responses import Response

from quintet_server.http.responses import reply_response
from quintet_server.store.idempotency import Reply

__all__ = [
    "AMOUNT_MAX",
    "MICROS",
    "Amount",
    "CountryCode",
    "CurrencyCode",
    "Name",
    "decimal_number",
    "deleted_reply",
    "etag",
    "instant",
    "micros_of",
    "money",
    "ok",
    "ok_reply",
    "parse_instant",
]

MICROS = 1_000_000
"""Money is counted in millionths of a unit of its currency."""
AMOUNT_MAX = 1_000_000_000
"""Largest amount that is taken, in units."""

_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_NAME_MAX_CHARS = 200


def decimal_number(value: Decimal) -> orjson.Fragment:
    """A JSON number that is exactly this decimal, written as short as it can be."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return orjson.Fragment("0" if text in ("-0", "") else text)


def money(micros: int | None) -> orjson.Fragment | None:
    """An amount as a JSON number of units: 12_500_000 is `12.5`. None stays None."""
    return None if micros is None else decimal_number(Decimal(micros).scaleb(-6))


def micros_of(amount: Decimal) -> int:
    """An amount in millionths.

    Raises:
        ValueError: below 0, above the largest, not finite, or finer than a millionth.
    """
    if not amount.is_finite() or not 0 <= amount <= AMOUNT_MAX:
        raise ValueError(f"must be a number from 0 to {AMOUNT_MAX}")
    micros = amount.scaleb(6)
    if micros != micros.to_integral_value():
        raise ValueError("must have at most six decimals")
    return int(micros)


def _read_amount(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, (int, float, Decimal)):
        raise ValueError("must be a number")  # noqa: TRY004 - what pydantic understands
    if isinstance(given, float) and not math.isfinite(given):
        raise ValueError("must be a number")
    if isinstance(given, int) and abs(given) > AMOUNT_MAX:  # before it becomes thousands of digits
        raise ValueError(f"must be a number from 0 to {AMOUNT_MAX}")
    # The shortest text of a float is what was sent: amounts have fewer digits than it can tell.
    return micros_of(Decimal(repr(given)) if isinstance(given, float) else Decimal(given))


def _read_name(given: str) -> str:
    name = given.strip()
    if not 1 <= len(name) <= _NAME_MAX_CHARS:
        raise ValueError(f"must have 1 to {_NAME_MAX_CHARS} characters")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        raise ValueError("must not contain control characters")
    return name


def _matching(pattern: re.Pattern[str], wanted: str) -> AfterValidator:
    def check(given: str) -> str:
        if not pattern.fullmatch(given):
            raise ValueError(f"must be {wanted}")
        return given

    return AfterValidator(check)


Amount: TypeAlias = Annotated[
    int,
    PlainValidator(_read_amount),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": AMOUNT_MAX}),
]
"""In a request a number of units; in the model, millionths."""
Name: TypeAlias = Annotated[str, AfterValidator(_read_name)]
"""1 to 200 characters, without spaces around and without control characters."""
CurrencyCode: TypeAlias = Annotated[
    str, _matching(_CURRENCY, "an ISO 4217 code in capitals, such as USD")
]
CountryCode: TypeAlias = Annotated[
    str, _matching(_COUNTRY, "an ISO 3166-1 alpha-2 code in capitals, such as US")
]


def instant(when: datetime | None) -> str | None:
    """`2026-04-14T18:22:11.453Z`; None stays None."""
    if when is None:
        return None
    return when.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_instant(text: str) -> datetime:
    """A moment in RFC 3339. Raises ValueError for anything else, also without an offset."""
    try:
        # A plus sign in a query that was not encoded arrives as a space.
        when = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        if when.tzinfo is None:
            raise ValueError
        return when.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be an instant with an offset, 2026-04-14T18:22:11Z") from None


def etag(version: int) -> str:
    """The version of an object as a header."""
    return f'"{version}"'


def ok_reply(
    data: Any,
    status: int = 200,
    *,
    version: int | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> Reply:
    """An answer that can be kept under an idempotency key; `version` becomes its ETag."""
    if version is not None:
        headers = (*headers, ("ETag", etag(version)))
    return Reply(status, orjson.dumps(data), tuple(headers))


def ok(
    data: Any,
    status: int = 200,
    *,
    version: int | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> Response:
    """The bare object or array: GhostFlow has no envelope around a success."""
    return reply_response(ok_reply(data, status, version=version, headers=headers))


def deleted_reply(id: UUID) -> Reply:
    """What a deletion answers: the vendor's sample reads JSON from every success."""
    return ok_reply({"id": str(id), "deleted": True})
