"""What a link's query says about a click.

Longer input is cut, never refused: the click has been paid for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

__all__ = [
    "FIELDS",
    "MOST_CHARS",
    "MOST_PARAMETERS",
    "Incoming",
    "cut",
    "read_incoming",
    "read_pairs",
]

MOST_CHARS = 512
MOST_PARAMETERS = 50

FIELDS = {
    "external_id": "externalId",
    "cost": "cost",
    "currency": "currency",
    **{f"sub{number}": f"sub{number}" for number in range(1, 11)},
}
"""Names in a query, and the fields that they fill; a source may map further names to these."""
NETWORK_IDS = ("gclid", "fbclid", "msclkid", "ttclid")
"""Click ids of big networks: they are the external id if nothing else is."""
_SUB_NUMBERS = {f"sub{number}": number for number in range(1, 11)}
_TAGS = {f"utm_{name}": name for name in ("source", "medium", "campaign", "term", "content")}
_STANDARD = {**FIELDS, **{name: name for name in _TAGS}}
_PLAIN = re.compile(rb"[!-$&-*,-~]*")  # visible, and neither a percent sign nor a plus
_MOST_BYTES = MOST_CHARS * 12  # four bytes to a character, three characters to an encoded byte


@dataclass(slots=True)
class Incoming:
    """The parameters of one click."""

    external_id: str | None = None
    cost: str | None = None
    """As it came: whether it is an amount is for `costing` to say."""
    currency: str | None = None
    subs: dict[int, str] = field(default_factory=dict)
    """By number, 1 to 10."""
    utm: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    """What has no field of its own, by name; the first of equal names."""
    unknown: list[tuple[str, str]] = field(default_factory=list)
    """The same in the order it came, repeated names too: what a link may pass through."""


def read_incoming(query: bytes, params: Mapping[str, str]) -> Incoming:
    """Read the query of a link.

    Args:
        query: As it came, without the question mark.
        params: Names that the source uses, and the fields they fill (`externalId`, `cost`,
            `currency`, `sub1` to `sub10`). They go before the standard names.
    """
    return _read(_pairs(query), params) if query else Incoming()


def read_pairs(pairs: Iterable[tuple[str, str]], params: Mapping[str, str]) -> Incoming:
    """The same from decoded names and values."""
    return _read([(cut(name), cut(value)) for name, value in pairs], params)


def _pairs(query: bytes) -> list[tuple[str, str]]:
    """Names and values, decoded and cut. Most queries are short and plain, and soon read."""
    if len(query) <= MOST_CHARS and _PLAIN.fullmatch(query):
        pieces = query.decode("ascii").split("&", MOST_PARAMETERS)[:MOST_PARAMETERS]
        split = [piece.partition("=") for piece in pieces]
        return [(name, value) for name, _, value in split if name]
    parts = [part.partition(b"=") for part in query.split(b"&", MOST_PARAMETERS)[:MOST_PARAMETERS]]
    return [(_decoded(name), _decoded(value)) for name, _, value in parts if name]


def _decoded(raw: bytes) -> str:
    raw = raw[:_MOST_BYTES].replace(b"+", b" ")
    return cut((unquote_to_bytes(raw) if b"%" in raw else raw).decode("utf-8", "replace"))


def _read(pairs: Iterable[tuple[str, str]], params: Mapping[str, str]) -> Incoming:
    incoming = Incoming()
    mapped: dict[str, str] = {}
    standard: dict[str, str] = {}
    for name, value in pairs:
        if params and (target := params.get(name)) is not None:
            if value:
                mapped.setdefault(target, value)
        elif (target := _STANDARD.get(name)) is not None:
            if value:
                standard.setdefault(target, value)
        else:
            incoming.unknown.append((name, value))
            incoming.extra.setdefault(name, value)
    _fill(incoming, standard | mapped)
    return incoming


def _fill(incoming: Incoming, fields: Mapping[str, str]) -> None:
    for name, value in fields.items():
        if (number := _SUB_NUMBERS.get(name)) is not None:
            incoming.subs[number] = value
        elif (tag := _TAGS.get(name)) is not None:
            incoming.utm[tag] = value
        elif name == "externalId":
            incoming.external_id = value
        elif name == "cost":
            incoming.cost = value
        elif name == "currency":
            incoming.currency = value
    if incoming.external_id is None and incoming.extra:
        incoming.external_id = _network_id(incoming.extra)


def _network_id(extra: Mapping[str, str]) -> str | None:
    return next((extra[name] for name in NETWORK_IDS if extra.get(name)), None)


def cut(text: str, most_chars: int = MOST_CHARS) -> str:
    """The beginning of it, without the one character that the database cannot keep."""
    text = text[:most_chars]
    return text.replace("\0", "") if "\0" in text else text
