"""What values are worth: true or false, equal or not, as a number, as text; the rules of JavaScript
where the documented product follows them, and bounds where JavaScript has none.

Only values of JSON come in: None, booleans, numbers, text, lists, dictionaries with text keys.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

from quintet_server.services.flowmaestro.expressions.errors import (
    MAX_TEXT_LENGTH,
    MAX_VALUE_DEPTH,
    MAX_VALUES,
    ExpressionError,
)
from quintet_server.services.flowmaestro.expressions.scope import MISSING

Number = int | float

_NUMERIC = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_LONGEST_NUMERIC = 400
_LARGEST_BITS = 1023  # the integers that a float can hold
_SHOWN_WITH_EXPONENT = 1e21
_SMALLEST_PLAIN = 1e-6


def is_falsy(value: Any) -> bool:
    """Whether a value counts as false: missing, null, false, 0 and the empty text."""
    return value is None or value is MISSING or value is False or value in (0, "")


def is_number(value: Any) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_number(value: Any) -> Number | None:
    """The number a value is or spells; None if it is none, is not finite, or is absurdly long."""
    if isinstance(value, str):
        return _read_number(value)
    return value if is_number(value) and _is_finite(value) else None


def to_number(value: Any) -> Number:
    """The number a value stands for in a comparison: true is 1, and what is no number is 0."""
    if isinstance(value, bool):
        return int(value)
    number = as_number(value)
    return 0 if number is None else number


def _read_number(text: str) -> Number | None:
    if len(text) > _LONGEST_NUMERIC or not _NUMERIC.fullmatch(text):
        return None
    try:
        number: Number = int(text)
    except ValueError:
        number = float(text)
    return number if _is_finite(number) else None


def _is_finite(number: Number) -> bool:
    if isinstance(number, int):
        return number.bit_length() <= _LARGEST_BITS
    return math.isfinite(number)


def loosely_equal(left: Any, right: Any) -> bool:
    """The `==` of the expressions.

    Null equals missing and nothing else; a number and a text that spells one are compared as
    numbers; otherwise only values of the same type are equal, objects and lists by content.
    """
    if left is None or left is MISSING or right is None or right is MISSING:
        return (left is None or left is MISSING) and (right is None or right is MISSING)
    if is_number(left) and isinstance(right, str):
        return bool(left == as_number(right))
    if isinstance(left, str) and is_number(right):
        return bool(right == as_number(left))
    return strictly_equal(left, right)


def strictly_equal(left: Any, right: Any) -> bool:
    """Equal in type and content; 1 and 1.0 are the same number, 1 and true are not."""
    if isinstance(left, dict | list) and type(left) is type(right):
        check_size(left)
        check_size(right)
        return _same(left, right)
    return _same(left, right)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def to_text(value: Any) -> str:
    """A value as it appears inside a text: numbers as in JavaScript, objects as compact JSON.

    Raises:
        ExpressionError: it would be longer than `MAX_TEXT_LENGTH`, or is nested too deeply.
    """
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    return to_json(value)


def number_text(number: Number) -> str:
    """A number the way JavaScript prints it: `1` for 1.0, `1e-7`, `100000000000000000000`."""
    if isinstance(number, int):
        return str(Decimal(number)) if _is_finite(number) else "Infinity"
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number.is_integer() and abs(number) < _SHOWN_WITH_EXPONENT:
        # Beyond the safe integers the shortest digits that tell the number, and then zeros.
        return str(int(number)) if abs(number) < 2**53 else f"{Decimal(repr(number)):.0f}"
    if _SMALLEST_PLAIN <= abs(number) < _SHOWN_WITH_EXPONENT:
        return f"{Decimal(repr(number)):f}"
    mantissa, _, exponent = repr(number).partition("e")
    return f"{mantissa}e{int(exponent):+d}"


def to_json(value: Any, *, sort_keys: bool = False) -> str:
    """Compact JSON, whole numbers without a fraction.

    Raises:
        ExpressionError: it would be longer than `MAX_TEXT_LENGTH`, or is nested too deeply.
    """
    check_size(value)
    text = json.dumps(
        _json_numbers(value),
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=sort_keys,
        default=str,
    )
    return check_text(text)


def _json_numbers(value: Any) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        is_whole = value.is_integer() and abs(value) < _SHOWN_WITH_EXPONENT
        return int(value) if is_whole else value
    if isinstance(value, int) and not _is_finite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _json_numbers(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_json_numbers(member) for member in value]
    return None if value is MISSING else value


def check_text(text: str, position: int = 0) -> str:
    """`text` itself, if it is not too long.

    Raises:
        ExpressionError: it is longer than `MAX_TEXT_LENGTH`.
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise ExpressionError(f"The text is longer than {MAX_TEXT_LENGTH} characters", position)
    return text


def check_size(value: Any, position: int = 0) -> int:
    """How many values a value consists of; one that shares parts counts them each time.

    A few functions can build a value that is small in memory and has 2^40 leaves as JSON.

    Raises:
        ExpressionError: more than `MAX_VALUES` values, more than `MAX_TEXT_LENGTH` characters, or
            nested deeper than `MAX_VALUE_DEPTH`.
    """
    values, characters = 0, 0
    level: list[Any] = [value]
    for _ in range(MAX_VALUE_DEPTH):
        values += len(level)
        below: list[Any] = []
        for one in level:
            if isinstance(one, str):
                characters += len(one)
            elif isinstance(one, dict):
                characters += sum(map(len, map(str, one)))
                below.extend(one.values())
            elif isinstance(one, list | tuple):
                below.extend(one)
            if values + len(below) > MAX_VALUES:
                raise ExpressionError(f"The value has more than {MAX_VALUES} members", position)
        if characters > MAX_TEXT_LENGTH:
            limit = f"{MAX_TEXT_LENGTH} characters of text"
            raise ExpressionError(f"The value has more than {limit}", position)
        if not below:
            return values
        level = below
    raise ExpressionError(f"The value is nested deeper than {MAX_VALUE_DEPTH}", position)
