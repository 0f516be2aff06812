"""Cursors of the list of keys: opaque to callers, the last key of a page to us.

A position in the order of keys stays one, whatever is written or removed meanwhile.
"""

from __future__ import annotations

import base64
import binascii

from quintet_server.engines.kv.model import check_key
from quintet_server.services.aerostack.errors import invalid_field

__all__ = ["decode_cursor", "encode_cursor"]

_MARK = b"k1:"


def encode_cursor(key: str) -> str:
    """The cursor behind `key`."""
    return base64.urlsafe_b64encode(_MARK + key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, prefix: str) -> str:
    """The key a cursor stands for.

    Raises:
        ApiError: 400 when it is none of ours, or one of a list with another prefix.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if not raw.startswith(_MARK):
            raise ValueError("no mark")
        key = raw.removeprefix(_MARK).decode()
        check_key(key)
    except (binascii.Error, ValueError):
        message = "must be the cursor of an answer of this list; start again without one"
        raise invalid_field("cursor", message) from None
    if not key.startswith(prefix):
        message = "belongs to a list with another prefix; start again without one"
        raise invalid_field("cursor", message)
    return key
