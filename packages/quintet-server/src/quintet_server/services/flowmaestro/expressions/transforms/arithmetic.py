"""Signs between values: arithmetic, joining of texts, comparisons, membership."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Final

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.scope import MISSING
from quintet_server.services.flowmaestro.expressions.transforms.machine import Machine, kind_of
from quintet_server.services.flowmaestro.expressions.values import (
    Number,
    as_number,
    is_number,
    loosely_equal,
    strictly_equal,
)

Operation = Callable[[Machine, int, Any, Any], Any]

_LARGEST_BITS: Final = 1023
_EXACT: Final = 2.0**53


def needed_number(value: Any, position: int, what: str) -> Number:
    """The number a value is or spells.

    Raises:
        ExpressionError: it is none; the message says what needed one.
    """
    number = None if isinstance(value, bool) else as_number(value)
    if number is None:
        raise ExpressionError(f"{what} needs a number, not {kind_of(value)}", position)
    return number


def finite(number: Number, position: int) -> Number:
    """A result, a whole one as an integer.

    Raises:
        ExpressionError: it is too large to be a number of JSON everywhere.
    """
    if isinstance(number, int):
        if number.bit_length() <= _LARGEST_BITS:
            return number
    elif math.isfinite(number):
        return int(number) if number.is_integer() and abs(number) < _EXACT else number
    raise ExpressionError("The number is too large", position)


def _numbers(sign: str, work: Callable[[Any, Any], Number]) -> Operation:
    def run(_machine: Machine, position: int, left: Any, right: Any) -> Number:
        first = needed_number(left, position, f"'{sign}'")
        second = needed_number(right, position, f"'{sign}'")
        try:
            return finite(work(first, second), position)
        except ZeroDivisionError:
            raise ExpressionError("Division by zero", position) from None
        except OverflowError:
            raise ExpressionError("The number is too large", position) from None

    return run


def _divide(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right
    return left / right


def _remainder(left: Number, right: Number) -> Number:
    """With the sign of the left side, as in JavaScript."""
    if isinstance(left, int) and isinstance(right, int):
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    if right == 0:
        raise ZeroDivisionError
    return math.fmod(left, right)


_add_numbers = _numbers("+", operator.add)


def _add(machine: Machine, position: int, left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        return _join(machine, position, left, right)
    return _add_numbers(machine, position, left, right)


def _join(machine: Machine, position: int, left: Any, right: Any) -> str:
    text = machine.text(left, position) + machine.text(right, position)
    return machine.new_text(text, position)


def _equal(machine: Machine, position: int, left: Any, right: Any) -> bool:
    machine.measure(left, position)
    machine.measure(right, position)
    return loosely_equal(left, right)


def _identical(machine: Machine, position: int, left: Any, right: Any) -> bool:
    machine.measure(left, position)
    machine.measure(right, position)
    first = None if left is MISSING else left
    return strictly_equal(first, None if right is MISSING else right)


def _is_in(machine: Machine, position: int, left: Any, right: Any) -> bool:
    if isinstance(right, dict):
        return isinstance(left, str) and left in right
    members = right if isinstance(right, list) else [right]
    machine.spend(len(members), position)
    return any(_equal(machine, position, left, member) for member in members)


def _ordered(work: Callable[[Any, Any], bool]) -> Operation:
    def run(_machine: Machine, _position: int, left: Any, right: Any) -> bool:
        pair = comparable(left, right)
        return pair is not None and work(*pair)

    return run


def comparable(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Both sides as what they are compared as: numbers, or texts; None if they have no order."""
    numbers = _order_number(left), _order_number(right)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers
    return (left, right) if isinstance(left, str) and isinstance(right, str) else None


def _order_number(value: Any) -> Number | None:
    return int(value) if isinstance(value, bool) else as_number(value)


def is_whole(value: Any) -> bool:
    """Whether a value is a number without a fraction."""
    return is_number(value) and float(value).is_integer()


OPERATIONS: Final[dict[str, Operation]] = {
    "+": _add,
    "-": _numbers("-", operator.sub),
    "*": _numbers("*", operator.mul),
    "/": _numbers("/", _divide),
    "%": _numbers("%", _remainder),
    "&": _join,
    "==": _equal,
    "=": _equal,
    "!=": lambda *given: not _equal(*given),
    "===": _identical,
    "!==": lambda *given: not _identical(*given),
    "<": _ordered(operator.lt),
    ">": _ordered(operator.gt),
    "<=": _ordered(operator.le),
    ">=": _ordered(operator.ge),
    "in": _is_in,
}
