"""Page cursors: opaque to callers, a position in a keyset to us.

The text is URL-safe base64 of `timestamp|id` for jobs (the vendor's samples look like that) and
of a sequence number for activity. A cursor holds no filters: callers repeat them.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from quintet_server.services.flare.errors import invalid_field
from quintet_server.services.flare.timestamps import parse_timestamp, render_timestamp

_MAX_CHARS = 800


def encode_position(created_at: datetime, id: str) -> str:
    """The cursor after the row at (`created_at`, `id`)."""
    return _encode(f"{render_timestamp(created_at)}|{id}")


def decode_position(cursor: str) -> tuple[datetime, str]:
    """The position a cursor stands for.

    Raises:
        ApiError: 400 `invalid_request` when it is none of ours.
    """
    instant, bar, id = _decode(cursor).partition("|")
    try:
        if not bar or not id or "\x00" in id:
            raise ValueError("two parts expected")
        return parse_timestamp(instant), id
    except ValueError as error:
        raise _malformed() from error


def encode_sequence(number: int) -> str:
    """The cursor after event `number`."""
    return _encode(str(number))


def decode_sequence(cursor: str) -> int:
    """The event number a cursor stands for; 400 `invalid_request` when it is none of ours."""
    text = _decode(cursor)
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise _malformed()
    return int(text)


def encode_name(name: str) -> str:
    """The cursor after the row of that name, in a listing by name."""
    return _encode(name)


def decode_name(cursor: str) -> str:
    """The name a cursor stands for; 400 `invalid_request` when it is none of ours."""
    name = _decode(cursor)
    if not name or "\x00" in name:
        raise _malformed()
    return name


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    if len(cursor) > _MAX_CHARS or not cursor.isascii():
        raise _malformed()
    # Plain base64 and padding are read as well: some clients re-encode what they were given.
    plain = cursor.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
        return raw.decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise _malformed() from error


def _malformed() -> Exception:
    return invalid_field("cursor", "not a cursor of this listing; start again without one")
