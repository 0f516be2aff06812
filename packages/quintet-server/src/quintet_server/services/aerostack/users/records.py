"""Users in the database."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from quintet_server.services.aerostack.users.model import User
from quintet_server.store.database import Connection

__all__ = ["NewUser", "change_user", "create_user", "find_user"]

_COLUMNS = "id, project_id, email, name, metadata, created_at"
_CREATE = f"""
INSERT INTO aerostack_users (id, project_id, email, email_key, name, metadata, password_hash)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (project_id, email_key) DO NOTHING
RETURNING {_COLUMNS}
"""
_FIND = f"SELECT {_COLUMNS} FROM aerostack_users WHERE project_id = %s AND id = %s"
_CHANGE = f"""
UPDATE aerostack_users SET name = CASE WHEN %s THEN %s ELSE name END,
    metadata = coalesce(%s, metadata), updated_at = quintet_now()
WHERE project_id = %s AND id = %s RETURNING {_COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user who is not there yet."""

    id: UUID
    project_id: str
    email: str
    email_key: str
    name: str | None
    metadata: str
    password_hash: str


async def create_user(conn: Connection, new: NewUser) -> User | None:
    """The user, or None if the project has one of this address; of several at once, one is made."""
    values = (
        *(new.id, new.project_id, new.email, new.email_key),
        *(new.name, new.metadata, new.password_hash),
    )
    row = await (await conn.execute(_CREATE.encode(), values)).fetchone()
    return None if row is None else User(*row)


async def find_user(conn: Connection, project_id: str, id: UUID) -> User | None:
    """The user of this id, if the project has it."""
    row = await (await conn.execute(_FIND.encode(), (project_id, id))).fetchone()
    return None if row is None else User(*row)


async def change_user(
    conn: Connection, user: User, *, has_name: bool, name: str | None, metadata: str | None
) -> User | None:
    """The user with another name (only if `has_name`) or other metadata; None if it is gone."""
    values = (has_name, name, metadata, user.project_id, user.id)
    row = await (await conn.execute(_CHANGE.encode(), values)).fetchone()
    return None if row is None else User(*row)
