"""``Retry-After``: from a header to seconds."""

from __future__ import annotations

import math

from quintet.core.headers import Headers

__all__ = ["parse_retry_after", "parse_seconds"]

_MAX_DIGITS = 32


def parse_retry_after(headers: Headers, *, now: float) -> float | None:
    """Return how many seconds the server asks to wait, or None if it does not say.

    Read are ``retry-after-ms`` (it is the more exact), and ``Retry-After`` (RFC 9110 §10.2.3) as
    digits, as a decimal fraction, or as any of the three HTTP date forms.  A date is compared
    with the response's own ``Date``, so that a wrong clock on either side does not matter; only
    without it with ``now``.  Whatever is not one of these is as if it were absent, for a hint must
    never fail a call.  Never negative.

    Args:
        headers: The response's.
        now: Epoch seconds.
    """
    index = headers.index()
    if (text := index.get("retry-after-ms")) is not None:
        milliseconds = parse_seconds(text)
        if milliseconds is not None:
            return milliseconds / 1000
    if (text := index.get("retry-after")) is None:
        return None
    seconds = parse_seconds(text)
    if seconds is not None:
        return seconds
    # Imported here: nearly all services give seconds.
    from quintet.core.instant import parse_http_date

    moment = parse_http_date(text, now=now)
    if moment is None:
        return None
    sent = parse_http_date(index.get("date", ""), now=now)
    return max(0.0, moment - (now if sent is None else sent))


def parse_seconds(text: str) -> float | None:
    """Return an unsigned decimal number, or None: no sign, exponent, underscore, inf or nan."""
    text = text.strip()
    whole, point, fraction = text.partition(".")
    digits = whole + fraction
    if not digits or len(digits) > _MAX_DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    if point and not whole:
        return None
    value = float(text)
    return value if math.isfinite(value) else None
