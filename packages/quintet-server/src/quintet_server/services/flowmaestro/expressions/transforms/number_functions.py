"""Functions about numbers: `$sum`, `$round`, `$range` …"""

from __future__ import annotations

import math
from typing import Any, Final

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.scope import MISSING
from quintet_server.services.flowmaestro.expressions.transforms.arguments import (
    Table,
    listed_of,
    whole_number,
)
from quintet_server.services.flowmaestro.expressions.transforms.arithmetic import (
    finite,
    needed_number,
)
from quintet_server.services.flowmaestro.expressions.transforms.machine import (
    Machine,
)
from quintet_server.services.flowmaestro.expressions.values import (
    Number,
)

NUMBERS: Final = Table()


def _numbers(machine: Machine, position: int, values: Any, what: str) -> list[Number]:
    listed = listed_of(machine, position, values)
    return [needed_number(one, position, what) for one in listed if one is not None]


@NUMBERS.enter(1)
def _sum(machine: Machine, position: int, values: Any) -> Number:
    total: Number = 0
    for number in _numbers(machine, position, values, "$sum"):
        total += number
    return finite(total, position)


@NUMBERS.enter(1)
def _count(machine: Machine, position: int, values: Any) -> int:
    return len(listed_of(machine, position, values))


@NUMBERS.enter(1)
def _average(machine: Machine, position: int, values: Any) -> Number | None:
    numbers = _numbers(machine, position, values, "$average")
    return finite(_sum(machine, position, numbers) / len(numbers), position) if numbers else None


@NUMBERS.enter(1)
def _max(machine: Machine, position: int, values: Any) -> Number | None:
    return max(_numbers(machine, position, values, "$max"), default=None)


@NUMBERS.enter(1)
def _min(machine: Machine, position: int, values: Any) -> Number | None:
    return min(_numbers(machine, position, values, "$min"), default=None)


@NUMBERS.enter(1)
def _number(_machine: Machine, position: int, value: Any) -> Number | None:
    if value is None or value is MISSING:
        return None
    return int(value) if isinstance(value, bool) else needed_number(value, position, "$number")


@NUMBERS.enter(1)
def _abs(_machine: Machine, position: int, value: Any) -> Number:
    return abs(needed_number(value, position, "$abs"))


@NUMBERS.enter(1)
def _floor(_machine: Machine, position: int, value: Any) -> Number:
    return math.floor(needed_number(value, position, "$floor"))


@NUMBERS.enter(1)
def _ceil(_machine: Machine, position: int, value: Any) -> Number:
    return math.ceil(needed_number(value, position, "$ceil"))


@NUMBERS.enter(1, 2)
def _round(_machine: Machine, position: int, value: Any, digits: Any = 0) -> Number:
    """Halves go away from zero, as on paper."""
    number = needed_number(value, position, "$round")
    places = whole_number(digits, position)
    if not -20 <= places <= 20:
        raise ExpressionError("$round takes from -20 to 20 digits", position)
    scaled = abs(number) * 10.0**places
    if not math.isfinite(scaled) or scaled >= 2**53:
        return number
    rounded = math.floor(scaled + 0.5) / 10.0**places
    return finite(rounded if number >= 0 else -rounded, position)


@NUMBERS.enter(2)
def _power(_machine: Machine, position: int, value: Any, exponent: Any) -> Number:
    base = needed_number(value, position, "$power")
    try:
        result = float(base) ** float(needed_number(exponent, position, "$power"))
    except (OverflowError, ZeroDivisionError):
        raise ExpressionError("The number is too large", position) from None
    if isinstance(result, complex):
        raise ExpressionError("This power is no real number", position)
    return finite(result, position)


@NUMBERS.enter(1)
def _sqrt(machine: Machine, position: int, value: Any) -> Number:
    return _power(machine, position, value, 0.5)  # type: ignore[no-any-return]


@NUMBERS.enter(2)
def _range(machine: Machine, position: int, first: Any, last: Any) -> list[int]:
    """The whole numbers from `first` to `last`, both included."""
    start, end = whole_number(first, position), whole_number(last, position)
    machine.spend(max(end - start, 0), position)
    return list(range(start, end + 1))
