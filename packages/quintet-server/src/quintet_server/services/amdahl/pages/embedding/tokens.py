"""The tokens in the URLs of embedded pages: `base64url(claims).base64url(HMAC-SHA256)`.

The HMAC is over the first part as it stands, with the secret of the workspace. The claims can be
read by anybody, changed by nobody. The form is our decision; the vendor shows none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

__all__ = ["Claims", "TokenInvalid", "read_claims", "sign", "verify_token"]

# Ours have some hundred characters; the rules of a page may add some thousand.
TOKEN_MAX_CHARS = 32 * 1024


class TokenInvalid(ValueError):
    """Not a token of ours, or one that was changed, or of another secret."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says.

    Attributes:
        pid: The page.
        biz: The workspace.
        aud: self, workspace or public.
        sub: The key of whoever made it, whose rights bound it.
        rules: Values of parameters.
        origins: Sites that may show it.
        kid: The secret it is signed with.
        iat: When it was made, in Unix seconds.
        exp: The first second in which it is worth nothing.
    """

    pid: str
    biz: str
    aud: str
    sub: str
    rules: Mapping[str, Any]
    origins: tuple[str, ...]
    kid: str
    iat: int
    exp: int


def sign(claims: Claims, secret: bytes) -> str:
    """The token of these claims."""
    told = _encode(orjson.dumps(asdict(claims)))
    return f"{told}.{_encode(_mac(told, secret))}"


def read_claims(token: str) -> Claims:
    """The claims of a token that nobody has verified yet: they say which secret to look for.

    Raises:
        TokenInvalid: It has not got the form of one.
    """
    told, dot, _ = token.partition(".")
    if not dot or len(token) > TOKEN_MAX_CHARS:
        raise TokenInvalid
    try:
        found = orjson.loads(_decode(told))
        claims = Claims(**{**found, "origins": tuple(found["origins"])})
    except (ValueError, TypeError, KeyError) as error:
        raise TokenInvalid from error
    texts = (claims.pid, claims.biz, claims.aud, claims.sub, claims.kid, *claims.origins)
    numbers = (claims.iat, claims.exp)
    is_sound = (
        all(isinstance(text, str) for text in texts)
        and all(type(number) is int for number in numbers)
        and isinstance(claims.rules, dict)
    )
    if not is_sound:
        raise TokenInvalid
    return claims


def verify_token(token: str, secret: bytes) -> None:
    """Raise :class:`TokenInvalid` unless the token is signed with this secret."""
    told, _, signature = token.partition(".")
    try:
        given = _decode(signature)
    except ValueError as error:
        raise TokenInvalid from error
    if not hmac.compare_digest(given, _mac(told, secret)):
        raise TokenInvalid


def _mac(told: str, secret: bytes) -> bytes:
    return hmac.digest(secret, told.encode(), hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    if not text.isascii():
        raise TokenInvalid
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise TokenInvalid from error
