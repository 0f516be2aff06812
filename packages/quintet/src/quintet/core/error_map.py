"""Error bodies: the many shapes services use, as one.

Known shapes, tried on the body itself and on a lone ``data`` member around it::

    {"error": {"code", "message", "request_id", "details"}}      {"error": "<text or code>"}
    {"error": "<code>", "message"}     {"error": "<text>", "code"}     {"code", "message"}
    {"message"}     {"detail": "<text>" or [{"loc", "msg"}]}     {"errors": [ … ]}
    problem details (RFC 9457): {"type", "title", "detail", "status", "instance"}

Whatever else comes gives an ``ErrorBody`` of Nones: error handling must not be what fails.  HTML
from a proxy never becomes a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quintet.core.record import Record

if TYPE_CHECKING:
    from quintet.core.response import Response

__all__ = ["ErrorBody", "parse_error_body"]

MAX_MESSAGE_CHARS = 1000
MAX_CODE_CHARS = 100


class ErrorBody(Record):
    """What an error answer says about itself.

    Attributes:
        code: The service's error code.
        message: One line of text for a human, at most 1000 characters, without control characters.
        request_id: From the body, else from the header.
        details: The service's structured details, as they came.
        raw: The whole parsed body, None if it is not JSON.
    """

    __slots__ = _fields = ("code", "message", "request_id", "details", "raw")
    code: str | None
    message: str | None
    request_id: str | None
    details: Any
    raw: Any

    def __init__(
        self,
        code: str | None = None,
        message: str | None = None,
        request_id: str | None = None,
        details: Any = None,
        raw: Any = None,
    ) -> None:
        self._fill(code, message, request_id, details, raw)


def parse_error_body(response: Response, *, request_id_header: str = "x-request-id") -> ErrorBody:
    """Return what the body of an error answer says; never raises."""
    # Imported here: whoever has an answer has loaded it, and others need not.
    import json

    from_header = _short(response.request_id(request_id_header), MAX_CODE_CHARS)
    try:
        raw = json.loads(response.body)
    except (ValueError, RecursionError):
        return ErrorBody(request_id=from_header)
    found = _read(raw)
    return ErrorBody(
        code=_short(found.get("code"), MAX_CODE_CHARS),
        message=_line(found.get("message")),
        request_id=_short(found.get("request_id"), MAX_CODE_CHARS) or from_header,
        details=found.get("details"),
        raw=raw,
    )


def _read(raw: Any) -> dict[str, Any]:
    """Return code, message, request_id and details, where the body has them."""
    if isinstance(raw, str):
        return {"message": raw}
    if not isinstance(raw, Mapping):
        return {}
    inner = raw.get("data")
    if len(raw) == 1 and isinstance(inner, Mapping):
        return _read(inner)
    meta = raw.get("meta")
    outer = {
        "code": raw.get("code"),
        "message": raw.get("message"),
        "details": raw.get("details"),
        "request_id": _first(
            raw.get("request_id"), raw.get("requestId"), _member(meta, "request_id")
        ),
    }
    error = raw.get("error")
    if isinstance(error, Mapping):
        return _merge(_read(error), outer)
    if isinstance(error, str):
        return _merge(_string_error(error, outer), outer)
    return _merge(outer, _listed(raw), _problem(raw))


def _string_error(error: str, outer: Mapping[str, Any]) -> dict[str, Any]:
    """Tell a code from a sentence: it is a code if a message stands beside it."""
    if outer["message"] is not None and outer["code"] is None and " " not in error:
        return {"code": error}
    return {"message": _first(outer["message"], error)}


def _listed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Read ``errors: […]`` and the list form of ``detail``; the first entry speaks for all."""
    for name in ("errors", "detail"):
        entries = raw.get(name)
        if isinstance(entries, list) and entries:
            first = entries[0]
            if isinstance(first, str):
                return {"message": first, "details": entries}
            message = _first(
                *(_member(first, key) for key in ("message", "msg", "detail", "title"))
            )
            return {"code": _member(first, "code"), "message": message, "details": entries}
    return {}


def _problem(raw: Mapping[str, Any]) -> dict[str, Any]:
    detail = raw.get("detail")
    text = detail if isinstance(detail, str) else None
    if isinstance(detail, Mapping):
        return _read(detail)
    kind = raw.get("type")
    code = None
    if isinstance(kind, str) and "title" in raw and kind != "about:blank":
        code = kind.rstrip("/").rpartition("/")[2]
    return {"code": code, "message": _first(text, raw.get("title"))}


def _merge(*sources: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first value that is not None for each name."""
    names = ("code", "message", "request_id", "details")
    return {name: _first(*(source.get(name) for source in sources)) for name in names}


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _short(value: Any, most: int) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    # A body may hold an integer too long for str(); such a code is no code.
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else None
    text = "".join(char for char in value[:most] if char.isprintable()).strip()
    return text or None


def _line(value: Any) -> str | None:
    """Return one bounded line; control characters could forge log lines or drive a terminal."""
    if not isinstance(value, str):
        return None
    start = value.lstrip()[:200].lower()
    if start.startswith(("<!doctype", "<html", "<head", "<body", "<?xml")):
        return None
    cut = value[: MAX_MESSAGE_CHARS + 1]
    text = " ".join("".join(c if c.isprintable() else " " for c in cut).split(" "))
    text = text.strip()
    if len(value) > MAX_MESSAGE_CHARS:
        text = text[: MAX_MESSAGE_CHARS - 1] + "…"
    return text or None
