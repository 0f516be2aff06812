"""Functions about texts, `$join`, `$split` …, and about what a value is."""

from __future__ import annotations

from typing import Any, Final

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.scope import MISSING
from quintet_server.services.flowmaestro.expressions.transforms.arguments import (
    Table,
    listed_of,
    needed_text,
    whole_number,
)
from quintet_server.services.flowmaestro.expressions.transforms.machine import (
    Builtin,
    Function,
    Machine,
)
from quintet_server.services.flowmaestro.expressions.values import (
    is_falsy,
    loosely_equal,
)

TEXTS: Final = Table()


@TEXTS.enter(1)
def _string(machine: Machine, position: int, value: Any) -> str:
    if isinstance(value, Function | Builtin):
        raise ExpressionError("A function has no text", position)
    text = "null" if value is None or value is MISSING else machine.text(value, position)
    return machine.new_text(text, position)


@TEXTS.enter(1)
def _length(machine: Machine, position: int, value: Any) -> int:
    """Of a text its characters, of a list its elements, of an object its keys."""
    return len(value) if isinstance(value, list | dict) else len(machine.text(value, position))


@TEXTS.enter(1)
def _uppercase(machine: Machine, position: int, value: Any) -> str:
    return machine.new_text(needed_text(machine, position, value).upper(), position)


@TEXTS.enter(1)
def _lowercase(machine: Machine, position: int, value: Any) -> str:
    return machine.new_text(needed_text(machine, position, value).lower(), position)


@TEXTS.enter(1)
def _trim(machine: Machine, position: int, value: Any) -> str:
    return machine.new_text(needed_text(machine, position, value).strip(), position)


@TEXTS.enter(1, 2)
def _join(machine: Machine, position: int, values: Any, separator: Any = "") -> str:
    """The texts of a list with a separator between them."""
    between = needed_text(machine, position, separator)
    texts: list[str] = []
    length = 0
    listed = listed_of(machine, position, values)
    machine.spend(len(listed), position)
    for one in listed:
        texts.append(machine.text(one, position))
        length += len(texts[-1]) + len(between)
        machine.spend(length // 1_000_000, position)  # stop before it is joined
    return machine.new_text(between.join(texts), position)


@TEXTS.enter(2, 3)
def _split(
    machine: Machine, position: int, value: Any, separator: Any, limit: Any = None
) -> list[str]:
    """The pieces between separators; an empty separator cuts into characters."""
    text = needed_text(machine, position, value)
    between = needed_text(machine, position, separator)
    pieces = text.split(between) if between else list(text)
    machine.spend(len(pieces), position)
    return (
        pieces
        if limit is None or limit is MISSING
        else pieces[: max(0, whole_number(limit, position))]
    )


@TEXTS.enter(2, 3)
def _substring(machine: Machine, position: int, value: Any, start: Any, length: Any = None) -> str:
    """From `start` (negative: from the end), at most `length` characters."""
    text = needed_text(machine, position, value)
    begin = whole_number(start, position)
    begin = max(0, begin + len(text)) if begin < 0 else begin
    if length is None or length is MISSING:
        return text[begin:]
    return text[begin : begin + max(0, whole_number(length, position))]


@TEXTS.enter(2)
def _contains(machine: Machine, position: int, value: Any, part: Any) -> bool:
    """Whether a list has an element, or a text a part."""
    if isinstance(value, list):
        listed = listed_of(machine, position, value)
        machine.measure(listed, position)
        return any(loosely_equal(one, part) for one in listed)
    return needed_text(machine, position, part) in needed_text(machine, position, value)


@TEXTS.enter(2)
def _starts_with(machine: Machine, position: int, value: Any, part: Any) -> bool:
    start = needed_text(machine, position, part)
    return needed_text(machine, position, value).startswith(start)


@TEXTS.enter(2)
def _ends_with(machine: Machine, position: int, value: Any, part: Any) -> bool:
    end = needed_text(machine, position, part)
    return needed_text(machine, position, value).endswith(end)


@TEXTS.enter(3)
def _replace(machine: Machine, position: int, value: Any, part: Any, by: Any) -> str:
    """Every occurrence of a text (no pattern) replaced by another."""
    text, old, new = (needed_text(machine, position, one) for one in (value, part, by))
    if not old:
        raise ExpressionError("$replace needs a text to look for", position)
    growth = text.count(old) * max(0, len(new) - len(old))
    machine.spend((len(text) + growth) // 64, position)
    return machine.new_text(text.replace(old, new), position)


@TEXTS.enter(1)
def _boolean(_machine: Machine, _position: int, value: Any) -> bool:
    """False for null, false, 0 and the empty text."""
    return not is_falsy(value)


@TEXTS.enter(1)
def _not(_machine: Machine, _position: int, value: Any) -> bool:
    return is_falsy(value)


@TEXTS.enter(1)
def _exists(_machine: Machine, _position: int, value: Any) -> bool:
    """Whether a path leads somewhere; also true for null."""
    return value is not MISSING


@TEXTS.enter(1)
def _type(_machine: Machine, _position: int, value: Any) -> str:
    """`null`, `boolean`, `number`, `string`, `array` or `object`."""
    if isinstance(value, Function | Builtin):
        return "function"
    names = {bool: "boolean", str: "string", list: "array", dict: "object"}
    return "null" if value is None or value is MISSING else names.get(type(value), "number")
