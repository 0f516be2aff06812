"""Signed tokens (RFC 7519, HS256): what somebody is called, and until when that holds.

A token names its key in the header, so that keys can change while tokens live on. Processes
remember the keys; when a token names an unknown one, or while notifications do not arrive, they
look again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from quintet_server.engines.identity import token_keys
from quintet_server.engines.identity.settings import TokenSettings
from quintet_server.engines.identity.token_keys import CHANNEL, TokenKey
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database
from quintet_server.store.ids import new_ulid
from quintet_server.store.notify import NotifyBus

__all__ = ["TokenExpired", "TokenInvalid", "Tokens"]

_ALGORITHM = "HS256"
_KID = re.compile(r"[0-9A-Z]{26}")
# Ours have some hundred characters; what is longer is not looked at.
_TOKEN_MAX_CHARS = 8192
_HEADER_NAMES = frozenset({"alg", "typ", "kid"})
_CLAIMS = ("iat", "exp", "jti")


class TokenInvalid(Exception):
    """Not a token of ours, or one that was changed."""


class TokenExpired(TokenInvalid):
    """A token of ours that has had its time."""


@dataclass(frozen=True, slots=True)
class _Keys:
    signing: TokenKey
    by_kid: Mapping[str, OctKey]


class Tokens:
    """Issues tokens and tells whether they hold; time is the database's."""

    def __init__(
        self, db: Database, bus: NotifyBus, clock: Clock, settings: TokenSettings | None = None
    ) -> None:
        self._db = db
        self._bus = bus
        self._clock = clock
        self._settings = settings or TokenSettings()
        self._keys: _Keys | None = None
        self._generation = 0
        self._noted: dict[str, int] = {}
        self._unsubscribe: Callable[[], None] = _nothing

    async def start(self) -> None:
        """Make sure there is a key, and follow changes."""
        async with self._db.connection() as conn:
            await token_keys.ensure_key(conn)
        self._unsubscribe = self._bus.subscribe(CHANNEL, self._forget)

    async def stop(self) -> None:
        """Hear of no more changes."""
        self._unsubscribe()

    async def issue(
        self, claims: Mapping[str, Any], lifetime: int | None = None
    ) -> tuple[str, datetime]:
        """Return a signed token and when it expires, which is its claim `exp`.

        `iat`, `exp` and, unless there is one, `jti` are added to the claims. `lifetime` is in
        seconds; without one it is that of the settings, 24 h by default.
        """
        seconds = lifetime or self._settings.lifetime_seconds
        keys = await self._known()
        while not await self._may_sign(keys.signing, seconds):
            keys = await self._read()
        now = int(self._clock.now())
        kid = keys.signing.kid
        token = jwt.encode(
            {"alg": _ALGORITHM, "typ": "JWT", "kid": kid},
            {"jti": new_ulid(), **claims, "iat": now, "exp": now + seconds},
            keys.by_kid[kid],
            algorithms=[_ALGORITHM],
        )
        return token, datetime.fromtimestamp(now + seconds, UTC)

    async def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that holds.

        Raises:
            TokenExpired: its signature is ours, its time is over.
            TokenInvalid: anything else is wrong with it.
        """
        key = await self._key_of(token)
        try:
            claims = jwt.decode(token, key, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise TokenInvalid("the token's signature is not ours") from error
        if not all(name in claims for name in _CLAIMS):
            raise TokenInvalid("the token is not complete")
        if claims["exp"] <= self._clock.now():
            raise TokenExpired("the token has expired")
        return claims

    async def rotate(self, *, revoke: bool = False) -> list[TokenKey]:
        """See :func:`~.token_keys.rotate_keys`."""
        async with self._db.transaction() as conn:
            return await token_keys.rotate_keys(conn, revoke=revoke)

    async def _key_of(self, token: str) -> OctKey:
        kid = _kid_of(token)
        keys = await self._known()
        if kid not in keys.by_kid:
            # A key so new that its notification has not arrived yet.
            keys = await self._read()
        if kid not in keys.by_kid:
            raise TokenInvalid("the token was signed with a key that is not in use")
        return keys.by_kid[kid]

    async def _known(self) -> _Keys:
        keys = self._keys
        return await self._read() if keys is None or not self._bus.is_connected else keys

    async def _read(self) -> _Keys:
        generation = self._generation
        async with self._db.connection() as conn:
            found = await token_keys.read_keys(conn)
            if not found or found[0].verifies_until is not None:
                await token_keys.ensure_key(conn)
                found = await token_keys.read_keys(conn)
        keys = _Keys(found[0], {key.kid: OctKey.import_key(key.secret) for key in found})
        if generation == self._generation:  # else it may have been read before a change
            self._keys = keys
        return keys

    async def _may_sign(self, key: TokenKey, seconds: int) -> bool:
        """Before the first token that outlives all others: an old key is kept long enough."""
        if seconds > self._noted.get(key.kid, key.longest_seconds):
            async with self._db.connection() as conn:
                if not await token_keys.note_lifetime(conn, key.kid, seconds):
                    return False  # replaced just now
            self._noted = {key.kid: seconds}
        return True

    def _forget(self, _payload: str | None) -> None:
        self._generation += 1
        self._keys = None


def _nothing() -> None:
    """What there is to end before the start."""


def _kid_of(token: str) -> str:
    if len(token) > _TOKEN_MAX_CHARS or not token.isascii():
        raise TokenInvalid("not a token")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise TokenInvalid("not a token") from error
    kid = header.get("kid")
    # Ours have no other names; what the library makes of odd ones need not be found out.
    if header.keys() != _HEADER_NAMES or not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise TokenInvalid("the token names no key of ours")
    return kid
