"""What a browser says along the way: on whose page the link was, and in which language it reads."""

from __future__ import annotations

import re

__all__ = ["language", "referrer_host"]

_MOST_HOST_CHARS = 253
_HOST = re.compile(rb"https?://(?:[^/?#@]*@)?(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?=[:/?#]|$)", re.I)
_TAG = re.compile(rb"\s*([a-z]{1,8}(?:-[a-z0-9]{1,8}){0,4})\s*(?:[,;]|$)", re.I)


def referrer_host(referrer: bytes | None) -> str | None:
    """The host of a `Referer` header in lower case, without the port; None if it names none."""
    if not referrer:
        return None
    found = _HOST.match(referrer[:2048])
    if found is None or len(found[1]) > _MOST_HOST_CHARS:
        return None
    return found[1].decode("ascii").lower().rstrip(".") or None


def language(accepted: bytes | None) -> str | None:
    """The first language of an `Accept-Language` header, as it is written: browsers put the
    preferred one first.
    """
    found = None if not accepted else _TAG.match(accepted[:100])
    return None if found is None else found[1].decode("ascii")
