"""The operators of `conditional` and `switch`: looser than those of the expression language.

Texts that say a number, a truth value, null or JSON count as what they say, and texts compare
without regard to case (contract of the node, not of the expressions in braces).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import orjson

from quintet_server.services.flowmaestro.expressions.values import to_text
from quintet_server.services.flowmaestro.nodes.values import parsed

ALIASES = {
    "eq": "==",
    "equals": "==",
    "===": "==",
    "ne": "!=",
    "neq": "!=",
    "notEquals": "!=",
    "!==": "!=",
    "gt": ">",
    "greaterThan": ">",
    "lt": "<",
    "lessThan": "<",
    "gte": ">=",
    "lte": "<=",
}


def equal(left: Any, right: Any) -> bool:
    """Null only equals null; a number makes both numbers; text ignores case; the rest as JSON."""
    left, right = parsed(left), parsed(right)
    if left is None or right is None:
        return left is right
    if _is_number(left) or _is_number(right):
        return _number(left) == _number(right)  # NaN equals nothing
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return type(left) is type(right) and _json(left) == _json(right)


def _ordered(left: Any, right: Any) -> int | None:
    """-1, 0, 1; None where there is no order: against null."""
    left, right = parsed(left), parsed(right)
    if left is None or right is None:
        return None
    if _is_number(left) and _is_number(right):
        return int(left > right) - int(left < right)
    one, other = to_text(left), to_text(right)
    return (one > other) - (one < other)


def _contains(left: Any, right: Any) -> bool:
    members = parsed(left)
    if isinstance(members, list):
        return any(equal(member, right) for member in members)
    return _text(right) in _text(left)


def _is_empty(value: Any) -> bool:
    return parsed(value) is None or parsed(value) in ("", [], {})


def _text(value: Any) -> str:
    return "" if value is None else to_text(value).lower()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> float:
    if isinstance(value, bool | int | float):
        return float(value)
    return 0.0 if value == "" else math.nan


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    ">": lambda left, right: _ordered(left, right) == 1,
    "<": lambda left, right: _ordered(left, right) == -1,
    ">=": lambda left, right: _ordered(left, right) in (0, 1),
    "<=": lambda left, right: _ordered(left, right) in (0, -1),
    "contains": _contains,
    "startsWith": lambda left, right: _text(left).startswith(_text(right)),
    "endsWith": lambda left, right: _text(left).endswith(_text(right)),
    "isEmpty": lambda left, _right: _is_empty(left),
    "isNotEmpty": lambda left, _right: not _is_empty(left),
    "isNull": lambda left, _right: parsed(left) is None,
    "isNotNull": lambda left, _right: parsed(left) is not None,
}
UNARY = frozenset({"isEmpty", "isNotEmpty", "isNull", "isNotNull"})


def matches(value: Any, case: Any) -> bool:
    """Whether a switch value is a case: equal as above, or by `*` (any text) and `?` (one sign)."""
    if isinstance(case, str) and ("*" in case or "?" in case):
        return _is_like(_text(value), case.lower())
    left, right = parsed(value), parsed(case)
    if _is_number(left) and _is_number(right):
        return bool(left == right)
    return _text(value) == _text(case)


def _is_like(text: str, pattern: str) -> bool:
    """Whether a text has the form of a pattern, in at most length times length steps.

    No regular expression: some patterns with many `*` would take years there.
    """
    at = in_pattern = 0
    star, star_at = -1, 0
    while at < len(text):
        sign = pattern[in_pattern] if in_pattern < len(pattern) else None
        if sign == "*":
            star, star_at = in_pattern, at
            in_pattern += 1
        elif sign == "?" or (sign is not None and sign == text[at]):
            at, in_pattern = at + 1, in_pattern + 1
        elif star >= 0:  # the last `*` takes one more sign
            star_at += 1
            at, in_pattern = star_at, star + 1
        else:
            return False
    return pattern[in_pattern:].strip("*") == ""
