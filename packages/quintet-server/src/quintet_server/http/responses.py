"""Answers from bytes and JSON values, without the detours of general-purpose responses."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.errors import ApiError, ErrorEnvelope
from quintet_server.store.idempotency import Reply

__all__ = ["JsonResponse", "error_response", "json_response", "reply_response"]


class JsonResponse(Response):
    """An answer of bytes that are JSON already, with no headers of its own."""

    media_type = "application/json"

    def __init__(self, body: bytes, status: int = 200) -> None:
        # What the constructor of the base class comes to, which costs as much as a small answer.
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [
            (b"content-length", b"%d" % len(body)),
            (b"content-type", b"application/json"),
        ]


def json_response(value: Any, status: int = 200) -> Response:
    """Return a JSON answer."""
    return JsonResponse(orjson.dumps(value), status)


def reply_response(reply: Reply, extra_headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return the answer that a reply describes; an empty body has no content type."""
    headers = dict((*reply.headers, *extra_headers))
    media_type = "application/json" if reply.body else None
    return Response(reply.body, reply.status, headers, media_type)


def error_response(request: Request, envelope: ErrorEnvelope, error: ApiError) -> Response:
    """Return a refusal in the envelope, with the request's id in it."""
    body = orjson.dumps(envelope.body(error, request.state.request_id), default=str)
    return Response(body, error.status, error.headers, "application/json")
