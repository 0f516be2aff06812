"""Where the next page of a breakdown begins: signed, and bound to what was asked."""

from __future__ import annotations

import base64
import binascii
import hmac

import orjson

from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.errors import invalid
from quintet_server.services.ghostflow.reports.adding import After, Row

__all__ = ["read_cursor", "write_cursor"]

_SIGNATURE_BYTES = 12


def write_cursor(call: Call, last: Row, bound_to: str) -> str:
    """The cursor behind a row."""
    text = orjson.dumps([last.value, last.key, bound_to])
    return base64.urlsafe_b64encode(_signature(call, text) + text).decode().rstrip("=")


def read_cursor(call: Call, bound_to: str) -> After | None:
    """Where to go on, if the query says. Raises 400 for a cursor of something else."""
    cursor = call.query("cursor")
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        signed = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        signed = b""
    signature, text = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(_signature(call, text), signature):
        raise invalid("cursor: is not one that this report has given out", "cursor")
    value, key, made_for = orjson.loads(text)
    if made_for != bound_to:
        raise invalid("cursor: belongs to a report that was asked otherwise", "cursor")
    return After(value, key)


def _signature(call: Call, text: bytes) -> bytes:
    return hmac.digest(call.team.secret, b"report\0" + text, "sha256")[:_SIGNATURE_BYTES]
