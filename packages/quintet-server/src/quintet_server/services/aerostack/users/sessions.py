"""Sign-ins that can be continued: refresh tokens that are used once.

A refresh token is `<session>.<number>.<code>`; the code is an HMAC of the number with the session's
seed. Each use counts the number up, so the database knows of any token that comes whether it is the
one that holds. One that was used before tells that two have it: the session ends, for both. Only
the one used last may come again for some seconds, and gets the answer that its client has lost.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.errors import bad_token
from quintet_server.services.aerostack.users.bearer import BearerUser
from quintet_server.services.aerostack.users.model import Signed, User, token_for
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_ulid

__all__ = ["Continued", "end_bearer", "end_session", "open_session", "refresh"]

_SEED_BYTES = 32
_TOKEN = re.compile(r"([0-9A-Z]{26})\.([1-9][0-9]{0,8})\.([0-9a-f]{64})")

_OPEN = """
INSERT INTO aerostack_sessions
    (id, project_id, user_id, seed, access_jti, access_until, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, quintet_now() + make_interval(secs => %s))
"""
_FIND = """
SELECT s.seed, s.number, s.access_jti, s.access_until, s.expires_at > quintet_now(),
    s.numbered_at >= quintet_now() - make_interval(secs => %s),
    u.id, u.project_id, u.email, u.name, u.metadata, u.created_at
FROM aerostack_sessions s JOIN aerostack_users u ON u.id = s.user_id
WHERE s.id = %s AND s.project_id = %s
"""
# Nothing is locked while a token is made: what another refresh has changed matches no more.
_COUNT_UP = """
UPDATE aerostack_sessions SET number = number + 1, numbered_at = quintet_now(),
    access_jti = %s, access_until = %s, expires_at = quintet_now() + make_interval(secs => %s)
WHERE id = %s AND access_jti = %s
"""
_REISSUE = """
UPDATE aerostack_sessions SET access_jti = %s, access_until = %s WHERE id = %s AND access_jti = %s
"""
_DROP = "DELETE FROM aerostack_sessions WHERE id = %s RETURNING access_jti, access_until"
_DROP_OF_TOKEN = """
DELETE FROM aerostack_sessions WHERE project_id = %s AND user_id = %s AND access_jti = %s
"""
_END_TOKEN = """
INSERT INTO aerostack_ended_tokens (jti, expires_at) VALUES (%s, to_timestamp(%s))
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Continued:
    """A user with a new token, and the refresh token that comes after it."""

    user: User
    signed: Signed
    refresh_token: str


@dataclass(frozen=True, slots=True)
class _Session:
    id: str
    seed: bytes
    number: int
    access_jti: str
    access_until: datetime
    is_alive: bool
    is_fresh: bool
    """Whether it was refreshed just now."""
    user: User

    def token(self, number: int) -> str:
        return _token(self.id, self.seed, number)


async def open_session(conn: Connection, parts: Aerostack, user: User, signed: Signed) -> str:
    """Write a session for a token just issued; returns its refresh token."""
    id, seed = new_ulid(), secrets.token_bytes(_SEED_BYTES)
    lifetime = parts.settings.refresh_lifetime_seconds
    values = (id, user.project_id, user.id, seed, signed.jti, signed.expires_at, lifetime)
    await conn.execute(_OPEN, values)
    return _token(id, seed, 1)


async def refresh(parts: Aerostack, project_id: str, token: str) -> Continued:
    """Take a refresh token and give new ones.

    Raises ApiError: 401 when it does not hold. One that was used before ends the session, together
    with the token that was issued last.
    """
    while True:
        session, number = await _session_of(parts, project_id, token)
        if not session.is_alive:
            raise bad_token("This refresh token has expired: sign in again.", "AUTH_TOKEN_EXPIRED")
        is_lost = number == session.number - 1 and session.is_fresh
        if number != session.number and not is_lost:
            async with parts.db.transaction() as conn:
                await _end(conn, session)
            raise bad_token(
                "This refresh token was used before, so the session was ended: sign in again.",
                "AUTH_TOKEN_REUSED",
            )
        continued = await _continue(parts, session, counts=not is_lost)
        if continued is not None:
            return continued


async def end_session(parts: Aerostack, user: User, token: str) -> None:
    """End the session of a refresh token. Raises ApiError: 401 when it is not one of this user."""
    session, _ = await _session_of(parts, user.project_id, token)
    if session.user.id != user.id:
        raise _invalid()
    async with parts.db.transaction() as conn:
        await _end(conn, session)


async def end_bearer(conn: Connection, bearer: BearerUser) -> None:
    """End a token before its time, and the session it came from."""
    user = bearer.user
    await conn.execute(_END_TOKEN, (bearer.jti, bearer.expires_at))
    await conn.execute(_DROP_OF_TOKEN, (user.project_id, user.id, bearer.jti))


async def _session_of(parts: Aerostack, project_id: str, token: str) -> tuple[_Session, int]:
    """The session a refresh token belongs to, and the token's number. Raises ApiError: 401."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise _invalid()
    id, number = found[1], int(found[2])
    async with parts.db.connection() as conn:
        values = (parts.settings.refresh_grace_seconds, id, project_id)
        row: Any = await (await conn.execute(_FIND, values)).fetchone()
    if row is None:
        raise _invalid()
    seed, current, access_jti, access_until, is_alive, is_fresh, *columns = row
    user = User(*columns)
    session = _Session(id, seed, current, access_jti, access_until, is_alive, is_fresh, user)
    if not hmac.compare_digest(session.token(number), token):
        raise _invalid()
    return session, number


async def _continue(parts: Aerostack, session: _Session, *, counts: bool) -> Continued | None:
    """New tokens; None if the session has changed meanwhile."""
    user = session.user
    signed = await token_for(parts, user.project_id, user.id, user.email)
    seen = (session.id, session.access_jti)
    async with parts.db.transaction() as conn:
        if counts:
            lifetime = parts.settings.refresh_lifetime_seconds
            values = (signed.jti, signed.expires_at, lifetime, *seen)
            changed = await conn.execute(_COUNT_UP, values)
        else:
            changed = await conn.execute(_REISSUE, (signed.jti, signed.expires_at, *seen))
            # The one that got lost on its way must not live on beside this one.
            await _end_token(conn, session.access_jti, session.access_until)
    if not changed.rowcount:
        return None
    return Continued(user, signed, session.token(session.number + counts))


async def _end(conn: Connection, session: _Session) -> None:
    # A refresh may have come in between: what ends is the token that the row has by now.
    dropped = await (await conn.execute(_DROP, (session.id,))).fetchone()
    if dropped is not None:
        await _end_token(conn, *dropped)


async def _end_token(conn: Connection, jti: str, until: datetime) -> None:
    await conn.execute(_END_TOKEN, (jti, until.timestamp()))


def _token(id: str, seed: bytes, number: int) -> str:
    code = hmac.new(seed, str(number).encode(), hashlib.sha256).hexdigest()
    return f"{id}.{number}.{code}"


def _invalid() -> ApiError:
    return bad_token("This refresh token is not valid: sign in again.", "AUTH_TOKEN_INVALID")
