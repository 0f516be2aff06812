"""Users and the teams they are in, as the database keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from quintet_server.engines.identity.emails import email_key
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_uuid7
from quintet_server.store.keys import ApiKey, ensure_project, list_keys

__all__ = [
    "ROLES",
    "Listed",
    "Membership",
    "User",
    "find_user",
    "keys_made_by",
    "list_users",
    "put_member",
    "read_memberships",
    "remove_member",
    "set_password",
]

ROLES = ("owner", "admin", "editor", "viewer")
"""From the highest down."""

_SERVICE = "ghostflow"
_USER = "u.id, u.email, u.name, u.password_version, u.created_at"
_INSERT_USER = """
INSERT INTO ghostflow_users (id, email, email_key, name, password_hash)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT (email_key) DO NOTHING
"""
_FIND = f"SELECT {_USER} FROM ghostflow_users u WHERE u.email_key = %s"
_HOLD = "SELECT FROM ghostflow_users WHERE email_key = %s FOR KEY SHARE"
_LOCK = "SELECT FROM ghostflow_users WHERE email_key = %s FOR UPDATE"
_MEMBERSHIPS = """
SELECT t.id AS team_id, t.name, m.role, t.project_id, p.name AS project_name,
    p.settings AS project_settings
FROM ghostflow_members m JOIN ghostflow_teams t ON t.id = m.team_id
JOIN projects p ON p.id = t.project_id
WHERE m.user_id = %s ORDER BY m.created_at, t.id
"""
_PUT_MEMBER = """
INSERT INTO ghostflow_members (team_id, user_id, role)
SELECT t.id, u.id, %s FROM ghostflow_teams t, ghostflow_users u
WHERE t.project_id = %s AND u.email_key = %s
ON CONFLICT (user_id, team_id) DO UPDATE SET role = excluded.role
"""
_REMOVE_MEMBER = """
DELETE FROM ghostflow_members m USING ghostflow_teams t, projects p, ghostflow_users u
WHERE m.team_id = t.id AND m.user_id = u.id AND p.id = t.project_id
  AND u.email_key = %s AND p.name = coalesce(%s, p.name)
"""
_REMOVE_IF_ALONE = """
DELETE FROM ghostflow_users u WHERE u.email_key = %s
  AND NOT EXISTS (SELECT FROM ghostflow_members m WHERE m.user_id = u.id)
"""
_SET_PASSWORD = """
UPDATE ghostflow_users SET password_hash = %s, password_version = password_version + 1,
    updated_at = quintet_now()
WHERE email_key = %s
"""
_LIST = """
SELECT u.id, u.email, u.name, p.name AS team, t.id AS team_id, m.role, u.created_at
FROM ghostflow_users u JOIN ghostflow_members m ON m.user_id = u.id
JOIN ghostflow_teams t ON t.id = m.team_id JOIN projects p ON p.id = t.project_id
WHERE p.name = coalesce(%s, p.name) ORDER BY u.email_key, m.created_at, t.id
"""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can sign in."""

    id: UUID
    email: str
    name: str | None
    password_version: int
    """Tokens hold as long as it is the one they were issued under."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's place in a team."""

    team_id: UUID
    name: str
    role: str
    project_id: str
    project_name: str
    project_settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """A user in a team, as the command line lists them."""

    id: UUID
    email: str
    name: str | None
    team: str
    team_id: UUID
    role: str
    created_at: datetime


async def find_user(conn: Connection, email: str) -> User | None:
    """The user of an address. Raises InvalidEmail."""
    async with conn.cursor(row_factory=class_row(User)) as cursor:
        await cursor.execute(_FIND.encode(), (email_key(email),))
        return await cursor.fetchone()


async def read_memberships(conn: Connection, user_id: UUID) -> tuple[Membership, ...]:
    """The teams of a user, in the order they were joined."""
    async with conn.cursor(row_factory=class_row(Membership)) as cursor:
        await cursor.execute(_MEMBERSHIPS, (user_id,))
        return tuple(await cursor.fetchall())


async def put_member(
    conn: Connection,
    email: str,
    *,
    team: str,
    role: str,
    password_hash: str | None,
    name: str | None = None,
) -> bool:
    """Give a user this role in a team; the team is made if there is none.

    A user that does not exist yet is made with the hash; True says so. One that does keeps the
    password they have.

    Raises:
        InvalidEmail: No address.
        LookupError: No such user, and no hash for a new one.
    """
    key, is_new = email_key(email), False
    while True:
        if password_hash is not None:
            values = (new_uuid7(), email, key, name, password_hash)
            is_new = (await conn.execute(_INSERT_USER, values)).rowcount == 1
        # Held from here on: one that is being removed from the last team may go just now.
        if (await conn.execute(_HOLD, (key,))).rowcount:
            break
        if password_hash is None:
            raise LookupError(f"there is no user {email}")
    project_id = await ensure_project(conn, _SERVICE, team)
    await conn.execute(_PUT_MEMBER, (role, project_id, key))
    return is_new


async def remove_member(conn: Connection, email: str, team: str | None) -> bool:
    """Take a user out of a team, or out of all; who is in none is deleted. False: was not there.

    Raises:
        InvalidEmail: No address.
    """
    key = email_key(email)
    # Before anything is looked at: what somebody is being put into meanwhile must be seen.
    await conn.execute(_LOCK, (key,))
    removed = (await conn.execute(_REMOVE_MEMBER, (key, team))).rowcount
    deleted = (await conn.execute(_REMOVE_IF_ALONE, (key,))).rowcount
    return bool(removed or deleted)


async def keys_made_by(conn: Connection, email: str, team: str | None) -> list[ApiKey]:
    """The keys that a user has made in a team, or in any, and that are not revoked.

    Those made with such a key are among them: they are in the same hands.

    Raises:
        InvalidEmail: No address.
    """
    user = await find_user(conn, email)
    makers = set() if user is None else {str(user.id)}
    found = []
    for key in await list_keys(conn, _SERVICE):  # oldest first: a key comes before what it made
        if key.attributes.get("made_by") in makers and team in (None, key.project):
            makers.add(key.id)
            if key.revoked_at is None:
                found.append(key)
    return found


async def set_password(conn: Connection, email: str, password_hash: str) -> bool:
    """Give a user another password, which ends every login; False if there is no such user.

    Raises:
        InvalidEmail: No address.
    """
    return (await conn.execute(_SET_PASSWORD, (password_hash, email_key(email)))).rowcount == 1


async def list_users(conn: Connection, team: str | None = None) -> list[Listed]:
    """Everybody in a team, or in any, by address."""
    async with conn.cursor(row_factory=class_row(Listed)) as cursor:
        await cursor.execute(_LIST, (team,))
        return await cursor.fetchall()
