"""Amounts of money: decimals in Python, plain JSON numbers on the wire.

The service writes ``12.50`` and counts in millionths. Parsed as a binary float such a number is
another one, and sums of them drift; so the typed methods read amounts as ``Decimal``, from the text
of the answer. ``get``, ``post`` and the other calls by path give what the JSON parser gives.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ghostflow.errors import MisuseError

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
    return exact(json.loads(raw, parse_float=_fraction, parse_constant=Decimal))


def _fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        # The exponent has more digits than a decimal can hold: infinity, or nothing at all.
        return Decimal(float(text))


def exact(value: Any, *, money: bool = False) -> Any:
    """Return parsed JSON with amounts as decimals and every other fraction as a float.

    Args:
        value: From a parser that gives fractions as decimals.
        money: Whether it stands under a name of an amount.
    """
    if isinstance(value, dict):
        return {name: exact(inner, money=name in MONEY) for name, inner in value.items()}
    if isinstance(value, list):
        return [exact(inner) for inner in value]
    if isinstance(value, Decimal):
        return value if money else float(value)
    if money and type(value) is int:
        return Decimal(value)
    return value


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
    return _number(value) if isinstance(value, Decimal) else value


def _number(value: Decimal) -> int | float:
    if not value.is_finite():
        raise MisuseError(message="an amount must be a finite number")
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    # The shortest text of the nearest float, which is what is sent: equal, or it is not sent.
    number = float(value)
    if Decimal(repr(number)) != value:
        raise MisuseError(message="an amount has more digits than a JSON number is sure to keep")
    return number
