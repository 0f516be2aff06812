"""Functions about lists: `$map`, `$sort`, `$groupBy` …"""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any, Final

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.scope import MISSING
from quintet_server.services.flowmaestro.expressions.transforms.arguments import (
    Table,
    key_of,
    listed_of,
    needed_function,
    whole_number,
)
from quintet_server.services.flowmaestro.expressions.transforms.arithmetic import (
    needed_number,
)
from quintet_server.services.flowmaestro.expressions.transforms.machine import (
    Function,
    Machine,
)
from quintet_server.services.flowmaestro.expressions.values import (
    is_falsy,
    is_number,
    to_json,
)

LISTS: Final = Table()


@LISTS.enter(2)
def _map(machine: Machine, position: int, values: Any, function: Any) -> list[Any]:
    call = needed_function(machine, position, function)
    listed = listed_of(machine, position, values)
    results = (call(one, at, listed) for at, one in enumerate(listed))
    return [None if result is MISSING else result for result in results]


@LISTS.enter(2)
def _filter(machine: Machine, position: int, values: Any, function: Any) -> list[Any]:
    call = needed_function(machine, position, function)
    listed = listed_of(machine, position, values)
    return [one for at, one in enumerate(listed) if not is_falsy(call(one, at, listed))]


@LISTS.enter(2, 3)
def _reduce(
    machine: Machine, position: int, values: Any, function: Any, initial: Any = MISSING
) -> Any:
    """From the left; without an initial value from the first element, and null for none."""
    call = needed_function(machine, position, function)
    listed = listed_of(machine, position, values)
    begin = 0 if initial is not MISSING else 1
    result = initial if initial is not MISSING else (listed[0] if listed else None)
    for at in range(begin, len(listed)):
        result = call(result, listed[at], at, listed)
    return result


@LISTS.enter(2)
def _find(machine: Machine, position: int, values: Any, function: Any) -> Any:
    call = needed_function(machine, position, function)
    listed = listed_of(machine, position, values)
    found = (one for at, one in enumerate(listed) if not is_falsy(call(one, at, listed)))
    return next(found, None)


@LISTS.enter(2)
def _some(machine: Machine, position: int, values: Any, function: Any) -> bool:
    call = needed_function(machine, position, function)
    return any(not is_falsy(call(one)) for one in listed_of(machine, position, values))


@LISTS.enter(2)
def _every(machine: Machine, position: int, values: Any, function: Any) -> bool:
    call = needed_function(machine, position, function)
    return all(not is_falsy(call(one)) for one in listed_of(machine, position, values))


@LISTS.enter(1, 3)
def _sort(
    machine: Machine, position: int, values: Any, key: Any = None, order: Any = "asc"
) -> list[Any]:
    """Sorted by a path, a function of one element, or a function that compares two."""
    if order not in ("asc", "desc"):
        raise ExpressionError("The order must be 'asc' or 'desc'", position)
    listed = listed_of(machine, position, values)
    machine.spend(len(listed) * max(len(listed), 1).bit_length(), position)
    if isinstance(key, Function) and len(key.parameters) == 2:
        compared = sorted(listed, key=cmp_to_key(_comparator(key)))
        return compared[::-1] if order == "desc" else compared
    return sorted_values(listed, key_of(machine, position, key), descending=order == "desc")


def _comparator(function: Function) -> Callable[[Any, Any], int]:
    """As in JavaScript (a number), or in JSONata (true: the first belongs behind the second)."""

    def compare(left: Any, right: Any) -> int:
        result = function(left, right)
        if isinstance(result, bool):
            return 1 if result else -1 if function(right, left) is True else 0
        number = needed_number(result, function.position, "A comparison")
        return (number > 0) - (number < 0)

    return compare


def sorted_values(
    values: list[Any], key: Callable[[Any], Any], *, descending: bool = False
) -> list[Any]:
    """A stable sort: numbers by size, then texts; what has neither comes last in both orders."""
    keyed = [(key(value), value) for value in values]
    numbers = [one for one in keyed if is_number(one[0]) or isinstance(one[0], bool)]
    texts = [one for one in keyed if isinstance(one[0], str)]
    others = [one for one in keyed if one[0] is None or isinstance(one[0], list | dict)]
    others += [one for one in keyed if one[0] is MISSING]
    numbers.sort(key=lambda one: one[0], reverse=descending)
    texts.sort(key=lambda one: one[0], reverse=descending)
    ordered = [*texts, *numbers] if descending else [*numbers, *texts]
    return [value for _, value in [*ordered, *others]]


@LISTS.enter(1)
def _reverse(machine: Machine, position: int, values: Any) -> list[Any]:
    return listed_of(machine, position, values)[::-1]


@LISTS.enter(2, 20)
def _append(machine: Machine, position: int, *lists: Any) -> list[Any]:
    return [one for values in lists for one in listed_of(machine, position, values)]


@LISTS.enter(1)
def _distinct(machine: Machine, position: int, values: Any) -> list[Any]:
    seen: dict[str, Any] = {}
    for value in listed_of(machine, position, values):
        machine.measure(value, position)
        seen.setdefault(to_json(value, sort_keys=True), value)
    return list(seen.values())


@LISTS.enter(1)
def _flatten(machine: Machine, position: int, values: Any) -> list[Any]:
    """Lists inside lists opened, one level."""
    flat: list[Any] = []
    for one in listed_of(machine, position, values):
        flat.extend(listed_of(machine, position, one) if isinstance(one, list) else [one])
    return flat


@LISTS.enter(1)
def _first(machine: Machine, position: int, values: Any) -> Any:
    return next(iter(listed_of(machine, position, values)), None)


@LISTS.enter(1)
def _last(machine: Machine, position: int, values: Any) -> Any:
    return next(reversed(listed_of(machine, position, values)), None)


@LISTS.enter(2, 3)
def _slice(machine: Machine, position: int, values: Any, start: Any, end: Any = None) -> Any:
    """Of a list or a text, from `start` to before `end`; negative numbers count from the end."""
    whole = values if isinstance(values, str) else listed_of(machine, position, values)
    stop = None if end is None or end is MISSING else whole_number(end, position)
    return whole[whole_number(start, position) : stop]


@LISTS.enter(2)
def _group_by(machine: Machine, position: int, values: Any, key: Any) -> dict[str, list[Any]]:
    """Lists of elements under the text of a path, or of what a function gives."""
    key_for = key_of(machine, position, key)
    groups: dict[str, list[Any]] = {}
    for one in listed_of(machine, position, values):
        name = key_for(one)
        groups.setdefault(machine.text(name, position), []).append(one)
    return groups
