"""Amounts of money: decimals in Python, plain JSON numbers on the wire.

The service writes ``12.50`` and counts in millionths. Parsed as a binary float such a number is
another one, and sums of them drift; so the typed methods read amounts as ``Decimal``, from the text
of the answer. ``get``, ``post`` and the other calls by path give what the JSON parser gives.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ghostflow.errors import MisuseError

if TYPE_CHECKING:
    from decimal import Decimal
    from json import JSONDecoder

MONEY = frozenset(
    {
        "amount",
        "cost",
        "cpa",
        "cpc",
        "epc",
        "payout",
        "pendingRevenue",
        "profit",
        "revenue",
    }
)
"""Names of the fields that hold an amount wherever they stand and are numbers."""


def parse(raw: bytes | bytearray | str) -> Any:
    """Return JSON with amounts as decimals and every other fraction as a float.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        found, end = _decoder().raw_decode(text)
        if end == len(text):
            return exact(found)
    except ValueError:
        pass
    import json

    # White space around it, another encoding, or no JSON: let the whole parser find out.
    return exact(json.loads(raw, parse_float=_fraction, parse_constant=_decimal))


@functools.cache
def _module() -> Any:
    # Imported here: many programs never meet an amount. And kept, for those that meet many.
    import decimal

    return decimal


def _decimal(value: Any) -> Decimal:
    found: Decimal = _module().Decimal(value)
    return found


def _fraction(text: str) -> Decimal:
    try:
        return _decimal(text)
    except _module().InvalidOperation:
        # The exponent has more digits than a decimal can hold: infinity, or nothing at all.
        return _decimal(float(text))


@functools.cache
def _decoder() -> JSONDecoder:
    # Imported with the first answer, and kept.
    from json import JSONDecoder

    return JSONDecoder(parse_float=_fraction, parse_constant=_decimal)


_AS_THEY_ARE = frozenset({str, bool, type(None)})


def exact(value: Any, *, money: bool = False) -> Any:
    """Return parsed JSON with amounts as decimals and every other fraction as a float.

    Objects are changed on the spot.

    Args:
        value: From a parser that gives fractions as decimals.
        money: Whether it stands under a name of an amount.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            # Most fields are texts, and a call for each would take as long as to parse them.
            if type(inner) not in _AS_THEY_ARE:
                value[name] = exact(inner, money=name in MONEY)
        return value
    if isinstance(value, list):
        return [exact(inner) for inner in value]
    if type(value) is int:
        return _decimal(value) if money else value
    return float(value) if _is_decimal(value) and not money else value


def _is_decimal(value: Any) -> bool:
    # There is none before its module has been loaded.
    decimal = sys.modules.get("decimal")
    return decimal is not None and isinstance(value, decimal.Decimal)


def sendable(value: Any) -> Any:
    """Return a body with its decimals as JSON numbers; everything else stays.

    Raises:
        MisuseError: A decimal has more digits than a JSON number is sure to keep (15), or is no
            number; or the body is within itself.
    """
    try:
        return _sendable(value)
    except RecursionError:
        raise MisuseError(message="the body is nested too deeply, or is within itself") from None


def _sendable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sendable(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sendable(inner) for inner in value]
    return _number(value) if _is_decimal(value) else value


def _number(value: Decimal) -> int | float:
    if not value.is_finite():
        raise MisuseError(message="an amount must be a finite number")
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    # The shortest text of the nearest float, which is what is sent: equal, or it is not sent.
    number = float(value)
    if _decimal(repr(number)) != value:
        raise MisuseError(message="an amount has more digits than a JSON number is sure to keep")
    return number
