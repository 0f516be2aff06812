"""The keys that tokens are signed with, kept in PostgreSQL for every process.

One key signs. A rotation puts a new one in its place and leaves the old one for verifying until the
last token that it signed has expired. Every process is told by a notification; one that has not
heard yet signs with the old key a moment longer, which the time an old key is kept allows for.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from quintet_server.store.database import Connection
from quintet_server.store.ids import new_ulid

__all__ = ["CHANNEL", "TokenKey", "ensure_key", "note_lifetime", "read_keys", "rotate_keys"]

CHANNEL = "token_keys"

_SECRET_BYTES = 32  # RFC 7518 §3.2: at least as long as the output of SHA-256
# A process that lost its connection notices within this, see `store.notify`.
_OVERLAP_SECONDS = 120

_ENSURE = """
INSERT INTO identity_token_keys (kid, secret) VALUES (%s, %s)
ON CONFLICT ((verifies_until IS NULL)) WHERE verifies_until IS NULL DO NOTHING
"""
_READ = """
SELECT kid, secret, longest_seconds, created_at, verifies_until FROM identity_token_keys
WHERE verifies_until IS NULL OR verifies_until > quintet_now()
ORDER BY verifies_until DESC NULLS FIRST
"""
_NOTE = """
UPDATE identity_token_keys SET longest_seconds = greatest(longest_seconds, %s)
WHERE kid = %s AND verifies_until IS NULL
"""
_RETIRE = """
UPDATE identity_token_keys
SET verifies_until = quintet_now() + make_interval(secs => longest_seconds + %s)
WHERE verifies_until IS NULL
"""
_ADD = "INSERT INTO identity_token_keys (kid, secret) VALUES (%s, %s)"
_TIDY = "DELETE FROM identity_token_keys WHERE %s OR verifies_until <= quintet_now()"


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key; the one without an end is the one that signs."""

    kid: str
    secret: bytes
    longest_seconds: int
    """The longest lifetime of a token it has signed."""
    created_at: datetime
    verifies_until: datetime | None


async def ensure_key(conn: Connection) -> None:
    """Make the first key, unless there is one."""
    await conn.execute(_ENSURE, (new_ulid(), secrets.token_bytes(_SECRET_BYTES)))


async def read_keys(conn: Connection) -> list[TokenKey]:
    """Return every key that still verifies; the first one signs."""
    return [TokenKey(*row) for row in await (await conn.execute(_READ)).fetchall()]


async def note_lifetime(conn: Connection, kid: str, seconds: int) -> bool:
    """Keep in mind that `kid` signs tokens that live for so long; False if it signs no more."""
    return (await conn.execute(_NOTE, (seconds, kid))).rowcount == 1


async def rotate_keys(conn: Connection, *, revoke: bool = False) -> list[TokenKey]:
    """Put a new key in place of the one that signs, in the caller's transaction; returns all.

    Tokens signed before hold until they expire. With `revoke` they stop holding at once: every user
    has to sign in again.
    """
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('identity_token_keys'))")
    await conn.execute(_RETIRE, (_OVERLAP_SECONDS,))
    await conn.execute(_TIDY, (revoke,))
    await conn.execute(_ADD, (new_ulid(), secrets.token_bytes(_SECRET_BYTES)))
    return await read_keys(conn)
