"""Signatures with a time in them, so that a recorded delivery cannot be played again later."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

SECRET_PREFIX = "whsec_"

# Receivers bound the header they are willing to read; whoever rotates more often within the overlap
# loses the oldest secrets first.
_SIGNATURES_MAX = 8


def sign_with_time(body: bytes, keys: Sequence[str], seconds: int) -> str:
    """`t=<seconds>,v1=<hex>[,v1=<hex>]`, each the HMAC-SHA256 over `<seconds>.<body>`.

    One for each secret that is valid, newest first; the whole secret as text is the key.
    """
    signed = f"{seconds}.".encode() + body
    digests = (
        hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys[:_SIGNATURES_MAX]
    )
    return ",".join([f"t={seconds}", *(f"v1={digest}" for digest in digests)])


def new_secret() -> str:
    """A new signing secret."""
    return f"{SECRET_PREFIX}{secrets.token_hex(32)}"
