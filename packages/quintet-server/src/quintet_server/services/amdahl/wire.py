"""The shapes of answers: plain JSON objects, and instants."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.responses import Response

from quintet_server.http.responses import json_response
from quintet_server.store.idempotency import Reply

__all__ = ["instant", "no_content_reply", "ok", "ok_reply"]


def ok(data: Any, status: int = 200) -> Response:
    """The answer as it is: Amdahl has no envelope around a success."""
    return json_response(data, status)


def ok_reply(data: Any, status: int = 200) -> Reply:
    """The same as a reply that can be stored under an idempotency key."""
    return Reply(status, orjson.dumps(data))


def no_content_reply() -> Reply:
    """204 without a body."""
    return Reply(204, b"")


def instant(when: datetime | None) -> str | None:
    """`2026-04-14T18:22:11.453Z`; None stays None."""
    if when is None:
        return None
    return when.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
