"""What may be the key of an object, and how it reads in a URL and in a cursor."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from urllib.parse import quote

from quintet_server.services.aerostack.errors import invalid_field

__all__ = ["KEY_MAX_BYTES", "checked_key", "checked_prefix", "cursor_of", "key_of", "quoted"]

KEY_MAX_BYTES = 1024
_REASON = "INVALID_KEY"


def checked_key(key: str, field: str = "key") -> str:
    """The key as it is stored: one leading slash means nothing.

    Raises 400 for an empty key, more than 1024 bytes, control characters, and the segments `.` and
    `..`: the contract refuses the second, and a browser takes either out of a URL, which would then
    lead to another object. Also for a second leading slash: what is stored would begin with one, so
    the key that an answer names would be the name of another object when it is sent back.
    """
    kept = _bounded(key, field)
    if not kept:
        raise invalid_field(field, "must not be empty", _REASON)
    if kept.startswith("/"):
        raise invalid_field(field, "must not begin with two slashes", _REASON)
    if not {".", ".."}.isdisjoint(kept.split("/")):
        raise invalid_field(field, "must not have '.' or '..' between its slashes", _REASON)
    return kept


def checked_prefix(prefix: str) -> str:
    """The beginning that keys of a list have; taken literally, and like a key without a slash."""
    return _bounded(prefix, "prefix")


def _bounded(text: str, field: str) -> str:
    kept = text.removeprefix("/")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in kept):
        raise invalid_field(field, "must not have control characters", _REASON)
    if (size := len(kept.encode())) > KEY_MAX_BYTES:
        message = f"must not be longer than {KEY_MAX_BYTES} bytes in UTF-8; this is {size}"
        raise invalid_field(field, message, _REASON)
    return kept


def quoted(key: str) -> str:
    """The key as the path of a URL; its slashes stay slashes."""
    return quote(key, safe="/")


def cursor_of(key: str) -> str:
    """The cursor that continues a list after a key."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def key_of(cursor: str) -> str:
    """The key in a cursor. Raises 400 for anything that is none of ours."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = raw.decode()
    except (binascii.Error, ValueError):  # among them: no UTF-8
        key = ""
    if not key or "\0" in key or cursor_of(key) != cursor:
        raise invalid_field("cursor", "is not one that a list has returned", "INVALID_CURSOR")
    return key
