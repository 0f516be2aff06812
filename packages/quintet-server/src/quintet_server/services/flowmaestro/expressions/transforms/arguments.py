"""The functions of the language by name, and the readers of their arguments."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.paths import follow, parse_path
from quintet_server.services.flowmaestro.expressions.scope import MISSING
from quintet_server.services.flowmaestro.expressions.transforms.arithmetic import needed_number
from quintet_server.services.flowmaestro.expressions.transforms.machine import (
    Builtin,
    Function,
    Machine,
    kind_of,
)

Work = Callable[..., Any]


class Table(dict[str, Builtin]):
    """Functions by name, without the `$`.

    Each is called with the machine, the position of the call and its arguments; what is missing is
    null. A list is wanted where the first argument is called `values`.
    """

    def enter(self, least: int, most: int | None = None) -> Callable[[Work], Work]:
        """Enter a function with `least` to `most` arguments.

        It is called as in Python, in camel case and without the leading underscore.
        """

        def enter(run: Work) -> Work:
            first, *rest = run.__name__.strip("_").split("_")
            name = first + "".join(word.capitalize() for word in rest)
            self[name] = Builtin(name, run, least, least if most is None else most)
            return run

        return enter


def suggestion(name: str, known: Iterable[str], prefix: str = "") -> str:
    """`; did you mean '$x'?` if there is something like `name`, else what there is."""
    folded = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower().strip("$"), folded, 1, 0.6)
    if near:
        return f"; did you mean '{prefix}{folded[near[0]]}'?"
    return "; there are: " + ", ".join(prefix + one for one in sorted(known))


def listed_of(machine: Machine, position: int, values: Any) -> list[Any]:
    """A list as it is, null as an empty one, anything else as a list of one; paid for.

    Raises:
        ExpressionError: it is a function.
    """
    if values is None or values is MISSING:
        return []
    if isinstance(values, Function | Builtin):
        raise ExpressionError("A function stands where values are needed", position)
    if not isinstance(values, list):
        return [values]
    machine.spend(len(values), position)
    return values


def needed_text(machine: Machine, position: int, value: Any) -> str:
    """A text, or what a number, a boolean or null is as text.

    Raises:
        ExpressionError: it is a list, an object or a function.
    """
    if isinstance(value, list | dict | Function | Builtin):
        raise ExpressionError(f"A text is needed here, not {kind_of(value)}", position)
    return machine.text(value, position)


def needed_function(machine: Machine, position: int, value: Any) -> Callable[..., Any]:
    """Something to call.

    Raises:
        ExpressionError: it is no function.
    """
    if isinstance(value, Function):
        return value
    if isinstance(value, Builtin):
        most = value.most
        return lambda *given: value.call(machine, position, given[:most][: max(value.least, 1)])
    message = f"A function such as x => x.name is needed here, not {kind_of(value)}"
    raise ExpressionError(message, position)


def whole_number(value: Any, position: int) -> int:
    """A whole number.

    Raises:
        ExpressionError: it is none.
    """
    number = needed_number(value, position, "This argument")
    if number != int(number):
        raise ExpressionError("This argument must be a whole number", position)
    return int(number)


def key_of(machine: Machine, position: int, key: Any) -> Callable[[Any], Any]:
    """What sorting and grouping look at: a function of the element, or a path into it."""
    if key is None or key is MISSING:
        return lambda element: element
    if isinstance(key, str):
        path = parse_path(key)
        return lambda element: follow(element, path)
    return needed_function(machine, position, key)
