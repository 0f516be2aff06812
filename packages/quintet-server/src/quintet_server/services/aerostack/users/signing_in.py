"""Signing in: an address and a password, and one answer for everything that is wrong with them."""

from __future__ import annotations

from uuid import UUID

import psycopg
import structlog

from quintet_server.engines.identity import PasswordsBusy
from quintet_server.engines.identity.emails import key_to_look_for
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.errors import bad_credentials, too_many
from quintet_server.services.aerostack.users import failures
from quintet_server.services.aerostack.users.model import User
from quintet_server.services.aerostack.users.signing_up import busy

__all__ = ["sign_in"]

_log = structlog.get_logger(__name__)

_LOOK = f"""
SELECT {failures.LEVEL_NOW}, u.password_hash,
    u.id, u.project_id, u.email, u.name, u.metadata, u.created_at
FROM (VALUES (%(project)s, %(key)s)) AS asked (project, key)
LEFT JOIN aerostack_users u ON (u.project_id, u.email_key) = (asked.project, asked.key)
LEFT JOIN aerostack_signin_failures f ON (f.project_id, f.email_key) = (asked.project, asked.key)
"""
_REHASH = "UPDATE aerostack_users SET password_hash = %s WHERE id = %s AND password_hash = %s"


async def sign_in(parts: Aerostack, project_id: str, email: str, password: str) -> User:
    """The user of this address and password.

    Raises ApiError: 401 for an unknown address and a wrong password alike, in words and in work;
    429 after too many failures; 503 when too many passwords are being checked.
    """
    key = key_to_look_for(email)
    try:
        async with parts.passwords.turn(f"{project_id}\0{key}"):
            return await _attempt(parts, project_id, key, password)
    except PasswordsBusy as error:
        raise busy(error) from error


async def _attempt(parts: Aerostack, project_id: str, key: str, password: str) -> User:
    drain = failures.drain_per_second(parts.settings)
    values = {"project": project_id, "key": key, "drain": drain}
    async with parts.db.connection() as conn:
        row = await (await conn.execute(_LOOK.encode(), values)).fetchone()
    assert row is not None  # of one pair of values there is one row
    level, hashed, *columns = row
    wait = failures.seconds_to_wait(level or 0.0, parts.settings)
    if wait > 0:
        raise too_many(
            "Too many failed attempts to sign in with this e-mail address; try again later.",
            wait,
            "AUTH_TOO_MANY_ATTEMPTS",
        )
    if not await parts.passwords.verify(hashed, password):
        async with parts.db.connection() as conn:
            await failures.note_failure(conn, project_id, key, parts.settings)
        raise bad_credentials("The e-mail address or the password is wrong.")
    user = User(*columns)
    if level is not None:
        async with parts.db.connection() as conn:
            await failures.clear_failures(conn, project_id, key)
    if parts.passwords.needs_rehash(hashed):
        await _rehash(parts, user.id, hashed, password)
    return user


async def _rehash(parts: Aerostack, id: UUID, old: str, password: str) -> None:
    """Hash the password at the costs of today; if that cannot be done now, at another sign-in."""
    try:
        new = await parts.passwords.hash(password)
        async with parts.db.connection() as conn:
            await conn.execute(_REHASH, (new, id, old))
    except (PasswordsBusy, psycopg.Error) as error:
        _log.warning("password_not_rehashed", error=str(error).strip())
