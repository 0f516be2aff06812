"""Request bodies: bounded before and while reading, and JSON that never surprises.

The bound is enforced twice: a ``Content-Length`` above it is refused before a byte is read, and
a chunked body is counted while it arrives (:class:`BoundedReceive`). JSON goes by RFC 8259 as
orjson reads it: no NaN or Infinity, no lone surrogates, no invalid UTF-8, at most 1,024 levels; of
duplicate names the last one counts; a NUL escaped in a string is legal JSON and is passed on.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.types import Message, Receive

from quintet_server.http.errors import ApiError, ErrorEnvelope, Failure

__all__ = ["BoundedReceive", "declared_length", "read_body", "read_json", "too_large"]


def too_large(envelope: ErrorEnvelope, max_bytes: int) -> ApiError:
    """Return the 413 that names the bound."""
    message = f"The request body is larger than {max_bytes} bytes."
    return envelope.error(Failure.BODY_TOO_LARGE, message, details={"max_bytes": max_bytes})


def declared_length(content_length: bytes | None) -> int | None:
    """Return the number in a Content-Length header; None when absent or not a number."""
    if content_length is None or not content_length.isdigit():
        return None
    return int(content_length)


class BoundedReceive:
    """An ASGI ``receive`` that counts, and refuses a body when it passes the bound."""

    def __init__(self, receive: Receive, envelope: ErrorEnvelope, max_bytes: int):
        self._receive = receive
        self._envelope = envelope
        self._max_bytes = max_bytes
        self._read = 0

    async def __call__(self) -> Message:
        """Receive the next message; raises the service's 413 past the bound."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self._max_bytes:
                raise too_large(self._envelope, self._max_bytes)
        return message


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """Return the whole body.

    Raises the service's 413 when it is larger, and Starlette's ClientDisconnect when the client
    left in the middle of it.
    """
    envelope = request.app.state.service.envelope
    declared = declared_length(_content_length(request))
    if declared is not None and declared > max_bytes:
        raise too_large(envelope, max_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise too_large(envelope, max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _content_length(request: Request) -> bytes | None:
    """The header, without making an object of all headers."""
    for name, value in request.scope["headers"]:
        if name == b"content-length":
            assert isinstance(value, bytes)
            return value
    return None


async def read_json(request: Request, *, max_bytes: int) -> Any:
    """Return the body as JSON, whatever its Content-Type says; an empty body is None.

    Raises the service's 413, or its 400 with the position of the first mistake.
    """
    raw = await read_body(request, max_bytes=max_bytes)
    if not raw.strip():
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        envelope = request.app.state.service.envelope
        message = (
            f"The request body is not valid JSON: {error.msg} (line {error.lineno}, "
            f"column {error.colno})"
        )
        raise envelope.error(Failure.INVALID_JSON, message) from None
