"""The JSON of values exactly as it was sent, cut out of the body of the request.

A value that is parsed and written again is another text: integers lose digits in many a parser,
floats their zeros, objects their order, their spaces and their duplicate names. So a value is never
parsed here. The rule: what a client gets back is the bytes between the colon and the comma (or
bracket) behind it, without the white space around them. Of duplicate names in the body itself the
last one counts, as it does for the fields beside.

Everything here takes JSON that is known to be valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson

__all__ = ["member", "members_of_elements"]

_SPACE = re.compile(rb"[ \t\n\r]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
# A name, and all that stands between it and its value.
_NAME = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\n\r]*+:[ \t\n\r]*+', re.DOTALL)
# What stands between a value and the next one, or the bracket that ends them all.
_NEXT = re.compile(rb"[ \t\n\r]*+(?:,[ \t\n\r]*+)?")
_SCALAR = re.compile(rb"[^ \t\n\r,\]}]++")
# Up to the next bracket that is not inside a string.
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+[\[\]{}]', re.DOTALL)


def member(raw: bytes, name: str) -> bytes | None:
    """The text of the member `name` of the object `raw`; None when it has none."""
    span = _last_member(raw, 0, name)
    return None if span is None else raw[slice(*span)]


def members_of_elements(raw: bytes, array: str, name: str) -> list[bytes | None]:
    """The texts of the member `name` of each object in the array that `raw` has as `array`."""
    span = _last_member(raw, 0, array)
    if span is None:
        return []
    found = (_last_member(raw, start, name) for start in _elements(raw, span[0]))
    return [None if each is None else raw[slice(*each)] for each in found]


def _last_member(raw: bytes, start: int, name: str) -> tuple[int, int] | None:
    """Where the value of the last member of this name begins and ends."""
    found, wanted = None, orjson.dumps(name)
    at = _behind(raw, _match(_SPACE, raw, start))
    while raw[at] != ord("}"):
        match = _NAME.match(raw, at)
        assert match is not None  # the JSON is valid
        first = match.end()
        last = _end(raw, first)
        its_name = match[1]
        if its_name == wanted or (b"\\" in its_name and orjson.loads(its_name) == name):
            found = (first, last)
        at = _match(_NEXT, raw, last)
    return found


def _elements(raw: bytes, start: int) -> Iterator[int]:
    """Where each element of the array that begins at `start` begins."""
    at = _behind(raw, start)
    while raw[at] != ord("]"):
        yield at
        at = _match(_NEXT, raw, _end(raw, at))


def _end(raw: bytes, start: int) -> int:
    """Behind the value that begins at `start`."""
    first = raw[start]
    if first == ord('"'):
        return _match(_STRING, raw, start)
    if first not in b"[{":
        return _match(_SCALAR, raw, start)
    depth, at = 1, start + 1
    while depth:
        at = _match(_TO_BRACKET, raw, at)
        depth += 1 if raw[at - 1] in b"[{" else -1
    return at


def _behind(raw: bytes, at: int) -> int:
    """The first thing behind a bracket."""
    return _match(_SPACE, raw, at + 1)


def _match(pattern: re.Pattern[bytes], raw: bytes, at: int) -> int:
    match = pattern.match(raw, at)
    assert match is not None  # the JSON is valid
    return match.end()
