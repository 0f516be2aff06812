"""Payloads: kept as JSON text, exact in their numbers, bounded in size and depth.

The fast parser turns integers beyond 64 bits into floats. Where a body holds such a number, it
is parsed a second time by the standard library, so that what a worker receives is what was sent.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from quintet_server.http.errors import ApiError
from quintet_server.services.flare.errors import invalid_field, payload_too_large

_LONG_NUMBER = re.compile(rb"\d{19}")
EMPTY = "{}"


def payload_text(raw_body: bytes, body: dict[str, Any], *, max_bytes: int) -> str:
    """The `payload` field of `body` as JSON text; absent means an empty object.

    Args:
        raw_body: The request body as it came.
        body: The same, parsed.
        max_bytes: The bound of the serialized payload.

    Raises:
        ApiError: 413 `payload_too_large`; 400 when it is nested too deeply to be written again.
    """
    if "payload" not in body:
        return EMPTY
    text = _exact(raw_body) if _LONG_NUMBER.search(raw_body) else _plain(body["payload"])
    if len(text) > max_bytes:
        raise payload_too_large("payload", max_bytes)
    return text.decode()


def canonical_body(raw_body: bytes, body: object, *, without: str | None = None) -> bytes:
    """One text for every spelling of the same JSON: keys sorted, no blanks.

    Two requests with one idempotency key are the same request when these are equal.
    """
    is_long = _LONG_NUMBER.search(raw_body) is not None
    try:
        if is_long:
            body = json.loads(raw_body)
        if without is not None and isinstance(body, dict) and without in body:
            body = {name: value for name, value in body.items() if name != without}
        if is_long:
            return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise _too_deep("body") from error


def _plain(payload: Any) -> bytes:
    try:
        return orjson.dumps(payload)
    except orjson.JSONEncodeError as error:
        raise _too_deep("payload") from error


def _exact(raw_body: bytes) -> bytes:
    try:
        payload = json.loads(raw_body)["payload"]
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    except RecursionError as error:
        raise _too_deep("payload") from error


def _too_deep(field: str) -> ApiError:
    return invalid_field(field, "is nested too deeply")
