"""Transform expressions: one over all data, or one for each element of a list.

The language is small, safe and bounded: paths, filters in brackets, arithmetic, comparisons,
`&& || ! ??`, `? :`, texts, lists, objects, arrow functions, and the functions of
`transforms/functions.py`. Nothing of Python can be reached from it.

Names: `$`, `item` are the element at hand (all data, outside of any list), `index` its position,
`items` all data, `$$` too. A bare name is a member of the element at hand, else a name of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.paths import follow, parse_path
from quintet_server.services.flowmaestro.expressions.scope import MISSING, Scope
from quintet_server.services.flowmaestro.expressions.transforms.list_functions import sorted_values
from quintet_server.services.flowmaestro.expressions.transforms.machine import (
    Builtin,
    Frame,
    Function,
    Machine,
    kind_of,
    plain,
)
from quintet_server.services.flowmaestro.expressions.transforms.parsing import parse
from quintet_server.services.flowmaestro.expressions.transforms.tree import (
    ELEMENT_NAMES,
    Arrow,
    Part,
    free_names,
)
from quintet_server.services.flowmaestro.expressions.values import check_size, is_falsy

_OF_ELEMENTS: Final = ELEMENT_NAMES | {"acc", "accumulator"}


def evaluate_transform(expression: str, items: Any, scope: Scope) -> Any:
    """The value of an expression over `items`; a function is called with `items`.

    Raises:
        ExpressionError: it cannot be read, does not fit the data, takes too many steps, or gives
            too much. The data is never changed; the result may share parts with it.
    """
    part, frame = parse(expression), _frame(items, scope)
    value = part(frame)
    if isinstance(value, Function):
        value = value(items)
    return _finished(value)


def map_items(expression: str, items: Any, scope: Scope) -> list[Any]:
    """The value of the expression for each element.

    An expression that speaks of `items` and not of an element is evaluated once and must give the
    list. The same goes for `filter_items`.

    Raises:
        ExpressionError: as for `evaluate_transform`, or `items` is no list.
    """
    part, frame = parse(expression), _frame(items, scope)
    if _is_about_all(part):
        return _needed_list(_finished(part(frame)), "The result of this expression")
    values = (value for _, value in _each(part, frame, items))
    return _finished([None if value is MISSING else value for value in values])  # type: ignore[no-any-return]


def filter_items(expression: str, items: Any, scope: Scope) -> list[Any]:
    """The elements for which the expression is true.

    Raises:
        ExpressionError: as for `map_items`.
    """
    part, frame = parse(expression), _frame(items, scope)
    if _is_about_all(part):
        return _needed_list(_finished(part(frame)), "The result of this expression")
    return [element for element, value in _each(part, frame, items) if not is_falsy(value)]


def reduce_items(expression: str, items: Any, scope: Scope, initial: Any = MISSING) -> Any:
    """The elements folded into one value, from the left.

    The expression is a function `(acc, item) => …`, or an expression with `acc` (or `accumulator`)
    and `item` in it; one that speaks of `items` only is evaluated once.

    Args:
        expression: What gives the next `acc`.
        items: The list.
        scope: The names of the run.
        initial: What `acc` is at first; without it the first element is, and null for no elements.

    Raises:
        ExpressionError: as for `map_items`.
    """
    part, frame = parse(expression), _frame(items, scope)
    if _is_about_all(part):
        return _finished(part(frame))
    listed = _needed_list(items, "The data")
    begin = 0 if initial is not MISSING else 1
    result = initial if initial is not MISSING else (listed[0] if listed else None)
    for at in range(begin, len(listed)):
        result = _folded(part, frame, result, at)
    return _finished(result)


def sort_items(path: str, items: Any, *, descending: bool = False) -> list[Any]:
    """The elements in the order of what `path` leads to in them; without a path, their own order.

    Numbers come before texts; what has neither comes last.

    Raises:
        ExpressionError: `path` is no path, or `items` no list.
    """
    listed = _needed_list(items, "The data")
    steps = parse_path(path) if path.strip() else ()
    return sorted_values(listed, lambda element: follow(element, steps), descending=descending)


def _frame(items: Any, scope: Scope) -> Frame:
    return Frame(Machine(items, scope), items, {"items": items})


def _finished(value: Any) -> Any:
    value = plain(value, 0)
    check_size(value)
    return None if value is MISSING else value


def _needed_list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ExpressionError(f"{what} must be a list, not {kind_of(value)}")
    return value


def _is_about_all(part: Part) -> bool:
    names = free_names(part)
    return "items" in names and not isinstance(part, Arrow) and names.isdisjoint(_OF_ELEMENTS)


def _each(part: Part, frame: Frame, items: Any) -> Iterator[tuple[Any, Any]]:
    """Each element with the value of the expression, or of the function it is, for it."""
    listed = _needed_list(items, "The data")
    for at, element in enumerate(listed):
        frame.machine.spend(part.size, 0)
        value = part(frame.element(element, at))
        if isinstance(value, Function):
            value = value(element, at, listed)
        elif isinstance(value, Builtin):
            value = value.call(frame.machine, 0, [element])
        yield element, value


def _folded(part: Part, frame: Frame, result: Any, at: int) -> Any:
    machine = frame.machine
    machine.spend(part.size, 0)
    element = machine.root[at]
    names = {"acc": result, "accumulator": result, "item": element, "index": at}
    folded = part(Frame(machine, element, names, frame))
    if isinstance(folded, Function):
        return folded(result, element, at, machine.root)
    return None if folded is MISSING else plain(folded, 0)
