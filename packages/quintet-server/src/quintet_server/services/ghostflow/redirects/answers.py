"""The answers of a link, as they go over the wire."""

from __future__ import annotations

from typing import NamedTuple

from starlette.types import Send

__all__ = ["Answer", "found", "not_allowed", "not_found", "not_now", "not_stored", "send_answer"]

Headers = list[tuple[bytes, bytes]]

# Nobody may remember where a link led: the next click would not come by.
_NO_STORE = (b"cache-control", b"no-store")
_NO_INDEX = (b"x-robots-tag", b"noindex")
_EMPTY = (b"content-length", b"0")
_PAGE = b"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="robots" content="noindex"><title>Not found</title></head>
<body><h1>Not found</h1><p>There is nothing behind this link.</p></body>
</html>
"""


class Answer(NamedTuple):
    """Status, headers, body."""

    status: int
    headers: Headers
    body: bytes = b""


def found(location: str, set_cookie: bytes | None = None) -> Answer:
    """302 to a URL that is ASCII throughout."""
    headers: Headers = [(b"location", location.encode("ascii")), _NO_STORE, _NO_INDEX, _EMPTY]
    if set_cookie is not None:
        headers.append((b"set-cookie", set_cookie))
    return Answer(302, headers)


def not_found() -> Answer:
    """A page that says so."""
    return _with_body(404, _PAGE, b"text/html; charset=utf-8")


def not_allowed() -> Answer:
    """405: a link is only followed."""
    return _with_body(
        405, b"Links are followed with GET.\n", b"text/plain", (b"allow", b"GET, HEAD")
    )


def not_now() -> Answer:
    """503: the click could not be stored, so it is not answered either."""
    body = b"The link cannot be followed just now; try again in a second.\n"
    return _with_body(503, body, b"text/plain", (b"retry-after", b"1"))


def not_stored() -> Answer:
    """500: something is wrong with this very click."""
    return _with_body(500, b"The link could not be followed.\n", b"text/plain")


def _with_body(status: int, body: bytes, kind: bytes, *more: tuple[bytes, bytes]) -> Answer:
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", kind), length, _NO_STORE, _NO_INDEX, *more]
    return Answer(status, headers, body)


async def send_answer(answer: Answer, send: Send, *, is_head: bool) -> None:
    """Write it; a HEAD gets the same headers and no body (RFC 9110 §9.3.2)."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": b"" if is_head else answer.body})
