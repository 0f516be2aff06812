"""Whether an answer is what the SDK's types say: each field there, none besides, each of its type.

The types are what an editor shows. Nothing but this compares them with what the server sends.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["disagreements"]


def disagreements(value: Any, kind: Any, where: str = "") -> Iterator[str]:
    """Yield a sentence for each place where `value` is no `kind`."""
    origin = get_origin(kind)
    if kind is Any:
        return
    if hasattr(kind, "__required_keys__"):
        yield from _of_object(value, kind, where)
    elif origin in {Union, types.UnionType}:
        found = [list(disagreements(value, one, where)) for one in get_args(kind)]
        if all(found):
            yield min(found, key=len)[0]
    elif origin is list:
        if not isinstance(value, list):
            yield f"{where}: {value!r} is no list"
            return
        for number, one in enumerate(value):
            yield from disagreements(one, get_args(kind)[0], f"{where}[{number}]")
    elif origin is dict:
        for name, one in value.items():
            yield from disagreements(one, get_args(kind)[1], f"{where}.{name}")
    elif origin is Literal:
        if value not in get_args(kind):
            yield f"{where}: {value!r} is none of {get_args(kind)}"
    elif type(value) is not kind and not (kind is float and type(value) is int):
        yield f"{where}: {value!r} is no {kind.__name__}"


def _of_object(value: Any, kind: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is no object"
        return
    hints = get_type_hints(kind)
    for name in sorted(kind.__required_keys__ - value.keys()):
        yield f"{where}.{name} is missing"
    for name, one in value.items():
        if name in hints:
            yield from disagreements(one, hints[name], f"{where}.{name}")
        else:
            yield f"{where}.{name} is not in {kind.__name__}"
