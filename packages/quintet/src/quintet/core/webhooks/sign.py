"""Signing a webhook: what a sender does, and what a test of a receiver needs."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from quintet.core.webhooks.schemes import Scheme, Signed
from quintet.core.webhooks.verify import keys_of

__all__ = ["sign"]


def sign(
    scheme: Scheme,
    payload: bytes | str,
    secrets: str | bytes | Iterable[str | bytes],
    *,
    timestamp: float,
    id: str | None = None,
) -> dict[str, str]:
    """Return the headers that sign this body; several secrets give several signatures.

    Args:
        scheme: How to sign.
        payload: The body exactly as it is sent; ``str`` is signed as UTF-8.
        secrets: One, or several while they are being rotated.
        timestamp: Epoch seconds, cut to whole ones.  Schemes without time ignore it.
        id: Message id, for schemes that sign one.

    Raises:
        ConfigurationError: There is no secret, one is empty or of the wrong form, or the scheme
            needs an id.
    """
    # By a view: what is no bytes fails here, before there is a key that a traceback could show.
    body = payload.encode() if isinstance(payload, str) else bytes(memoryview(payload))
    claim = Signed((), str(int(timestamp)), id)
    message = scheme.message(body, claim)
    digests = [hmac.digest(key, message, "sha256") for key in keys_of(scheme, secrets)]
    return scheme.write(digests, claim)
