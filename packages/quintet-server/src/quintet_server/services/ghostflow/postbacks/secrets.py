"""Taking secrets out of what goes into the log of postbacks."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit, urlunsplit

__all__ = ["REMOVED", "shown_params", "shown_url"]

REMOVED = "[removed]"

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SECRET = frozenset(
    (
        *("accesskey", "accesstoken", "apikey", "auth", "authkey", "authorization", "authtoken"),
        *("bearer", "cookie", "credential", "credentials", "hash", "hmac", "jwt", "key", "pass"),
        *("passphrase", "passwd", "password", "pin", "pwd", "secret", "secretkey", "secrets"),
        *("securitytoken", "session", "sig", "sign", "signature", "token", "tokens"),
    )
)


def _is_secret(name: str) -> bool:
    """Whether a name says that its value is secret: `apiKey` and `auth_token`, not `keyword`."""
    return any(word.lower() in _SECRET for word in _WORDS.findall(name))


def shown_params(
    params: Mapping[str, str], *, known: Collection[str], secret: str
) -> dict[str, str]:
    """Parameters without secrets.

    Args:
        params: By name.
        known: Names that stand for something known, which is no secret whatever it is called.
        secret: Removed from every value.
    """
    return {
        name: REMOVED if name not in known and _is_secret(name) else value.replace(secret, REMOVED)
        for name, value in params.items()
    }


def shown_url(url: str) -> str:
    """A URL without the values of those parameters that are called secret."""
    parts = urlsplit(url)
    pieces = []
    for piece in parts.query.split("&"):
        name, equals, _ = piece.partition("=")
        pieces.append(f"{name}={REMOVED}" if equals and _is_secret(name) else piece)
    return urlunsplit(parts._replace(query="&".join(pieces)))
