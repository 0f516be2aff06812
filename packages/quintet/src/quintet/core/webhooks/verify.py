"""Is this webhook genuine?"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping

from quintet.core.webhooks.schemes import Scheme
from quintet.errors import ConfigurationError

__all__ = ["keys_of", "verify"]


def verify(
    scheme: Scheme,
    payload: bytes | str,
    headers: str | Mapping[str, str],
    secrets: str | bytes | Iterable[str | bytes],
    *,
    tolerance: float | None,
    now: float,
) -> bool:
    """Return True if one of the secrets made one of the signatures, within the time window.

    Whatever the other side sends, the answer is True or False and never an exception.  Every
    secret is tried on every signature in constant time, so the time taken tells nothing.

    Args:
        scheme: How the sender signs.
        payload: The body exactly as received; parsing and writing it again changes it.
        headers: All headers, or the signature header's value where the scheme has just one.
        secrets: One, or several while they are being rotated.
        tolerance: How many seconds the timestamp may be off, **either way**: a time ahead of now
            would keep a captured webhook valid for longer.  None checks no time.  Schemes
            without a timestamp ignore it.
        now: Epoch seconds.

    Raises:
        ConfigurationError: There is no secret, or one that is empty or of the wrong form.
    """
    # Not the keys themselves: a traceback that shows local names would show them.
    is_by_one = _comparing(keys_of(scheme, secrets))
    signed = scheme.parse(headers)
    if signed is None:
        return False
    try:
        body = payload.encode() if isinstance(payload, str) else bytes(payload)
        message = scheme.message(body, signed)
    except UnicodeEncodeError:
        return False
    genuine = is_by_one(message, signed.signatures)
    if signed.timestamp is None or tolerance is None:
        return genuine
    return genuine and abs(now - int(signed.timestamp)) <= tolerance


def keys_of(scheme: Scheme, secrets: str | bytes | Iterable[str | bytes]) -> list[bytes]:
    """Return the HMAC keys of one or several secrets.

    Raises:
        ConfigurationError: There is none, or one that is empty or of the wrong form.
    """
    try:
        keys = [
            scheme.key(secret)
            for secret in ((secrets,) if isinstance(secrets, (str, bytes)) else secrets or ())
        ]
    except ConfigurationError as error:
        # Raised anew: the frame that looked at the secret would be shown with it.
        raise ConfigurationError(error.message) from None
    if not keys:
        raise ConfigurationError("a webhook is verified with its secret, and there is none")
    return keys


def _comparing(keys: list[bytes]) -> Callable[[bytes, tuple[bytes, ...]], bool]:
    def is_by_one(message: bytes, signatures: tuple[bytes, ...]) -> bool:
        genuine = False
        for key in keys:
            expected = hmac.digest(key, message, "sha256")
            for signature in signatures:
                genuine |= hmac.compare_digest(expected, signature)
        return genuine

    return is_by_one
