"""The same rules once more, as naive as can be: all bytes at once, a pattern for each rule."""

from __future__ import annotations

import re

from .feeding import COMPLETE, MORE, Outcome

__all__ = ["expected"]

REFUSED = "RemoteProtocolError"
TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
TEXT = rb"[\t\x20-\x7e\x80-\xff]*"
QUOTED = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([0-9]{3})(?: " + TEXT + rb")?")
FIELD = re.compile(rb"(" + TOKEN + rb"):(" + TEXT + rb")")
# llhttp lets the value of an extension be empty; nobody reads it.
CHUNK_LINE = re.compile(
    rb"([0-9A-Fa-f]+)(?:;" + TOKEN + rb"(?:=(?:" + TOKEN + rb"|" + QUOTED + rb")?)?)*"
)


class Refused(Exception):
    """The bytes so far are an error."""


class Cut(Exception):
    """The bytes end too soon, or are an error: which of both is not asked here."""


def expected(data: bytes, method: str, *, closes: bool) -> Outcome | None:
    """Return what must come of the bytes; None if they end before the end of a head."""
    try:
        status, fields, http10, rest = _final_head(data)
    except Refused:
        return Outcome(None, (), b"", REFUSED, False)
    except Cut:
        return None
    pairs = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields)
    codings = _all(fields, b"transfer-encoding")
    lengths = _all(fields, b"content-length")
    options = [
        option.strip(b" \t").lower()
        for value in _all(fields, b"connection")
        for option in value.split(b",")
    ]
    keeps = b"close" not in options and (not http10 or b"keep-alive" in options)
    if method == "HEAD" or status in (204, 304):
        return Outcome(status, pairs, b"", COMPLETE, keeps and not rest)
    if codings:
        if http10 or [coding.lower() for coding in codings] != [b"chunked"]:
            return Outcome(None, (), b"", REFUSED, False)
        body, end, left = _chunks(rest)
        if end == MORE and closes:
            end = REFUSED
        return Outcome(status, pairs, body, end, end == COMPLETE and keeps and left == b"")
    if not lengths:
        return Outcome(status, pairs, rest, COMPLETE if closes else MORE, False)
    length = int(lengths[0])
    if len(rest) < length:
        return Outcome(status, pairs, rest, REFUSED if closes else MORE, False)
    return Outcome(status, pairs, rest[:length], COMPLETE, keeps and len(rest) == length)


def _all(fields: list[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    return [value for name, value in fields if name.lower() == wanted]


def _final_head(data: bytes) -> tuple[int, list[tuple[bytes, bytes]], bool, bytes]:
    for _ in range(33):
        raw, found, data = data.partition(b"\r\n\r\n")
        if not found:
            raise Cut
        first, *lines = raw.split(b"\r\n")
        start = STATUS_LINE.fullmatch(first)
        if start is None:
            raise Refused
        status = int(start[2])
        fields = _fields(lines)
        if status < 100 or status == 101:
            raise Refused
        if status >= 200:
            return status, fields, start[1] == b"0", data
    raise Refused


def _fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    fields = []
    for line in lines:
        field = FIELD.fullmatch(line)
        if field is None:
            raise Refused
        fields.append((field[1], field[2].strip(b" \t")))
    lengths = _all(fields, b"content-length")
    codings = _all(fields, b"transfer-encoding")
    if len(lengths) > 1 or (lengths and codings) or b"" in codings:
        raise Refused
    for length in lengths:
        if re.fullmatch(rb"[0-9]{1,20}", length) is None or int(length) >= 2**64:
            raise Refused
    return fields


def _chunks(rest: bytes) -> tuple[bytes, str, bytes]:
    """Return the body as far as it is good, how it ends, and what is behind it."""
    body = b""
    while True:
        line, found, rest = rest.partition(b"\r\n")
        if not found:
            return body, _UNKNOWN, b""
        chunk = CHUNK_LINE.fullmatch(line)
        if chunk is None or int(chunk[1], 16) >= 2**64:
            return body, REFUSED, b""
        size = int(chunk[1], 16)
        if size == 0:
            return _trailers(body, rest)
        body += rest[:size]
        end, rest = rest[size : size + 2], rest[size + 2 :]
        if len(end) < 2 and b"\r\n".startswith(end):
            return body, MORE, b""
        if end != b"\r\n":
            return body, REFUSED, b""


_UNKNOWN = "more or an error"


def _trailers(body: bytes, rest: bytes) -> tuple[bytes, str, bytes]:
    lines = []
    while True:
        line, found, rest = rest.partition(b"\r\n")
        if not found:
            return body, _UNKNOWN, b""
        if not line:
            break
        lines.append(line)
    try:
        fields = _fields(lines)
    except Refused:
        return body, REFUSED, b""
    # llhttp looks at the framing headers of trailers too, and it may.
    return body, REFUSED if _all(fields, b"content-length") else COMPLETE, rest
