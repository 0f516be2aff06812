"""``--where``: which clicks a report or a list is about."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

OBJECTS = ("campaign", "offer", "source", "network", "domain")
"""What is filtered by id, and may be named by a name instead."""
_SUBS = tuple(f"sub{number}" for number in range(1, 11))
_FIELDS = (
    *(f"{noun}Id" for noun in OBJECTS),
    *("country", "device", "os", "browser", "referrerHost", "externalId"),
    *_SUBS,
    "event",
)
_KNOWN = {name.casefold(): name for name in _FIELDS} | {
    **{noun: f"{noun}Id" for noun in OBJECTS},
    "referrer": "referrerHost",
    "external": "externalId",
}
_WHERE = re.compile(r"([A-Za-z0-9_-]+?)\s*(!?=)(.*)", re.DOTALL)
UNKNOWN = "unknown"

Filters = dict[str, list[str]]
"""Values by name on the wire; those that begin with ``!`` are left out."""


@dataclass(frozen=True, slots=True)
class Where:
    """One ``--where``: a field, and its values, each perhaps behind a ``!``."""

    field: str
    values: tuple[str, ...]


def read_where(text: str) -> Where:
    """Read ``country=US,DE``, ``os=!iOS`` or ``os!=iOS``; for argparse."""
    found = _WHERE.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not FIELD=VALUE or FIELD!=VALUE")
    values = [value.strip() for value in found[3].split(",") if value.strip()]
    if not values:
        raise argparse.ArgumentTypeError(f"{text!r} has no value; {UNKNOWN} is what is not known")
    if found[2] == "!=":
        values = [f"!{value.removeprefix('!')}" for value in values]
    return Where(field_name(found[1]), tuple(values))


def field_name(text: str) -> str:
    """Return a field's name on the wire, however its words are joined."""
    plain = text.replace("-", "").replace("_", "").casefold()
    if plain in _KNOWN:
        return _KNOWN[plain]
    near = get_close_matches(plain, _KNOWN, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_FIELDS)}"
    raise argparse.ArgumentTypeError(f"nothing is known as {text!r}; {hint}")


def filters_of(wheres: Iterable[Where], id_of: Callable[[str, str], str]) -> Filters:
    """Return the filters that several ``--where`` come to.

    Args:
        id_of: Finds the id of an object: called with ``"campaign"`` and what it is called.
    """
    filters: Filters = {}
    for where in wheres:
        values = filters.setdefault(where.field, [])
        for value in where.values:
            mark, word = ("!", value[1:]) if value.startswith("!") else ("", value)
            noun = where.field.removesuffix("Id")
            if noun in OBJECTS and word.casefold() != UNKNOWN:
                word = id_of(noun, word)
            values.append(mark + word)
    return filters


def in_words(wheres: Iterable[Where]) -> str:
    """Return what is filtered by, as it was asked for: ``country US or DE, os not iOS``."""
    parts = []
    for where in wheres:
        wanted = [value for value in where.values if not value.startswith("!")]
        others = [value[1:] for value in where.values if value.startswith("!")]
        noun = where.field.removesuffix("Id")
        if wanted:
            parts.append(f"{noun} {' or '.join(wanted)}")
        if others:
            parts.append(f"{noun} not {' or '.join(others)}")
    return ", ".join(parts)
