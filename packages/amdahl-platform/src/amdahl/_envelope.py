"""Bodies in all the shapes in which the service, its proxies and its past selves write them.

An error is read in this order (the service's documents disagree with each other, so all are met):

1. no JSON, or a redirect: the status line and the beginning of the text (of a page of HTML
   nothing) or the location, ``http_<status>`` as code;
2. a lone ``data`` around everything is taken off;
3. ``error`` is an object: its ``code`` and ``message``;
4. ``error`` is a string: the code if it looks like one and no ``code`` stands beside it, else the
   message;
5. ``code``, ``message`` and ``detail`` at the top;
6. a success that says ``"success": false`` and has an ``error`` object is an error too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from quintet.core.unsaid import answered, is_page, redirect_note
from quintet.core.url import LOOK_AT_BASE_URL

if TYPE_CHECKING:
    from quintet.core.response import Response

UNKNOWN = "unknown"

_CODE = re.compile(r"[a-z][a-z0-9_.]*")
_NUMBER = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?", re.ASCII)
_MAX_CODE_CHARS = 100
_MAX_MESSAGE_CHARS = 1000
_EXCERPT_CHARS = 200


class ErrorFacts(NamedTuple):
    """What an answer says about what went wrong.

    Attributes:
        code: ``"unknown"`` if the answer names none.
        message: One line.
        details: As they came.
        request_id: From the body, ``""`` if it has none.
        body: The whole parsed body; ``None`` if it is no JSON.
    """

    code: str
    message: str
    details: Any
    request_id: str
    body: Any


def parsed(response: Response) -> Any:
    """Return the body as JSON, ``None`` if it is none; never raises."""
    # Imported here: whoever has an answer has loaded it, and others need not.
    import json

    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        return None


def unwrapped(body: Any) -> Any:
    """Take a lone ``data`` off."""
    if isinstance(body, dict) and len(body) == 1 and "data" in body:
        return body["data"]
    return body


def read_error(response: Response) -> ErrorFacts:
    """Return what an error answer says; never raises."""
    body = parsed(response)
    if body is None or redirect_note(response):
        return ErrorFacts(f"http_{response.status}", _status_line(response), None, "", body)
    inner = unwrapped(body)
    found = _facts(inner) if isinstance(inner, Mapping) else {}
    message = inner if isinstance(inner, str) else found.get("message")
    return ErrorFacts(
        _code(found.get("code")) or UNKNOWN,
        _line(message) or f"HTTP {response.status} ({answered(response)})",
        found.get("details"),
        _code(found.get("request_id")),
        body,
    )


def is_hidden_error(body: Any) -> bool:
    """Tell a success that says in its body that it is none."""
    inner = unwrapped(body)
    return (
        isinstance(inner, Mapping)
        and inner.get("success") is False
        and isinstance(inner.get("error"), Mapping)
    )


def asked_wait(body: Any) -> float | None:
    """Return the seconds that the body of an error asks to wait; ``None`` if it does not say."""
    inner = unwrapped(body)
    if not isinstance(inner, Mapping):
        return None
    error = inner.get("error")
    details = error.get("details") if isinstance(error, Mapping) else None
    for source in (inner, details):
        value = _number(source.get("retry_after")) if isinstance(source, Mapping) else None
        if value is not None and 0 <= value < 2**31:
            return value
    return None


def items_of(envelope: Any, key: str = "items") -> list[Any] | None:
    """Return the items of a page: under the key, under ``items``, or the only list there is."""
    if isinstance(envelope, list):
        return envelope
    if not isinstance(envelope, Mapping):
        return None
    for name in (key, "items"):
        if isinstance(envelope.get(name), list):
            found: list[Any] = envelope[name]
            return found
    lists = [value for value in envelope.values() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else None


def _facts(body: Mapping[str, Any]) -> dict[str, Any]:
    error = body.get("error")
    outer = {"code": body.get("code"), "request_id": body.get("request_id")}
    outer["details"] = body.get("details")
    message = body.get("message")
    if isinstance(error, Mapping):
        inner = {name: error.get(name) for name in ("code", "details", "request_id")}
        inner["message"] = error.get("message") or message
        return {**outer, **{name: value for name, value in inner.items() if value is not None}}
    if isinstance(error, str):
        if outer["code"] is None and _CODE.fullmatch(error):
            return {**outer, "code": error, "message": message or error}
        return {**outer, "message": error if outer["code"] is not None else message or error}
    detail = body.get("detail")
    return {**outer, "message": message or (detail if isinstance(detail, str) else None)}


def _status_line(response: Response) -> str:
    from http import HTTPStatus

    try:
        phrase = " " + HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    line = f"HTTP {response.status}{phrase} ({answered(response)})"
    if note := redirect_note(response):
        return f"{line}; {note}"
    if response.status == 404:
        line = f"{line}; {LOOK_AT_BASE_URL}"
    excerpt = "" if is_page(response) else response.excerpt(_EXCERPT_CHARS)
    return f"{line}: {excerpt}" if excerpt else line


def _number(value: Any) -> float | None:
    """Return a number, also one that was written as a string."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value.strip()) else None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else None


def _code(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**9 else ""
    text = value if isinstance(value, str) else ""
    return "".join(char for char in text[:_MAX_CODE_CHARS] if char.isprintable()).strip()


def _line(value: Any) -> str:
    """One bounded line: control characters could forge lines of a log."""
    text = value if isinstance(value, str) else ""
    cut = text[: _MAX_MESSAGE_CHARS + 1]
    line = "".join(char if char.isprintable() else " " for char in cut).strip()
    return line if len(text) <= _MAX_MESSAGE_CHARS else line[: _MAX_MESSAGE_CHARS - 1] + "…"
