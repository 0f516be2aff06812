"""Request ids: a usable one from the client is kept, otherwise one is made."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["choose_request_id"]

# 1-128 visible ASCII characters: safe to log and to echo in a header.
_ACCEPTABLE = re.compile(rb"[\x21-\x7e]{1,128}")


def choose_request_id(given: bytes | None, mint: Callable[[], str]) -> str:
    """Return the client's id if it is 1-128 visible ASCII characters, else a new one."""
    if given is not None and _ACCEPTABLE.fullmatch(given):
        return given.decode("ascii")
    return mint()
