"""Functions about objects: `$keys`, `$merge`, `$pick` …"""

from __future__ import annotations

from typing import Any, Final

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.transforms.arguments import (
    Table,
    listed_of,
    needed_text,
)
from quintet_server.services.flowmaestro.expressions.transforms.machine import (
    Machine,
    kind_of,
)

OBJECTS: Final = Table()


@OBJECTS.enter(1)
def _keys(machine: Machine, position: int, value: Any) -> list[str]:
    """Of an object, or of all objects of a list, each key once."""
    keys: dict[str, None] = {}
    for one in listed_of(machine, position, value):
        if isinstance(one, dict):
            machine.spend(len(one), position)
            keys.update(dict.fromkeys(one))
    return list(keys)


@OBJECTS.enter(1)
def _values(machine: Machine, position: int, value: Any) -> list[Any]:
    if not isinstance(value, dict):
        return []
    machine.spend(len(value), position)
    return list(value.values())


@OBJECTS.enter(1)
def _entries(machine: Machine, position: int, value: Any) -> list[dict[str, Any]]:
    """`[{key, value}]`."""
    if not isinstance(value, dict):
        return []
    machine.spend(2 * len(value), position)
    return [{"key": key, "value": member} for key, member in value.items()]


@OBJECTS.enter(2)
def _lookup(machine: Machine, position: int, value: Any, key: Any) -> Any:
    """The member of an object, or of each object of a list, under a key."""
    name = needed_text(machine, position, key)
    if not isinstance(value, list):
        return value.get(name) if isinstance(value, dict) else None
    objects = (one for one in listed_of(machine, position, value) if isinstance(one, dict))
    return [one[name] for one in objects if name in one]


@OBJECTS.enter(1, 20)
def _merge(machine: Machine, position: int, *objects: Any) -> dict[str, Any]:
    """One object of several, given one by one or as a list; the later one wins."""
    merged: dict[str, Any] = {}
    for given in objects:
        for one in listed_of(machine, position, given):
            if one is None:
                continue
            if not isinstance(one, dict):
                raise ExpressionError(f"$merge needs objects, not {kind_of(one)}", position)
            machine.spend(len(one), position)
            merged.update(one)
    return merged


@OBJECTS.enter(2)
def _pick(machine: Machine, position: int, value: Any, keys: Any) -> dict[str, Any]:
    names = listed_of(machine, position, keys)
    members = value if isinstance(value, dict) else {}
    return {name: members[name] for name in names if isinstance(name, str) and name in members}


@OBJECTS.enter(2)
def _omit(machine: Machine, position: int, value: Any, keys: Any) -> dict[str, Any]:
    names = {one for one in listed_of(machine, position, keys) if isinstance(one, str)}
    members = value if isinstance(value, dict) else {}
    machine.spend(len(members), position)
    return {name: member for name, member in members.items() if name not in names}
