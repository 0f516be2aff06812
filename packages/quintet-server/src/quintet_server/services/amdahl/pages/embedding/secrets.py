"""The secret of a workspace that signs its embed tokens. A new one ends every token at once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from quintet_server.services.amdahl.context import SERVICE
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_id

__all__ = ["EmbedSecret", "ensure_secret", "find_workspace", "rotate_secret"]

_BYTES = 32
_WORKSPACE = "SELECT id FROM projects WHERE service = %s AND name = %s"
_READ = "SELECT kid, secret FROM amdahl_embed_secrets WHERE project_id = %s"
_ENSURE = """
INSERT INTO amdahl_embed_secrets (project_id, kid, secret) VALUES (%s, %s, %s)
ON CONFLICT (project_id) DO NOTHING
"""
_ROTATE = """
INSERT INTO amdahl_embed_secrets (project_id, kid, secret) VALUES (%s, %s, %s)
ON CONFLICT (project_id) DO UPDATE
   SET kid = excluded.kid, secret = excluded.secret, created_at = quintet_now()
"""


@dataclass(frozen=True, slots=True)
class EmbedSecret:
    """A secret and its name."""

    kid: str
    secret: bytes


async def ensure_secret(conn: Connection, project_id: str) -> EmbedSecret:
    """The secret of a workspace; the first time, a new one."""
    row = await (await conn.execute(_READ, (project_id,))).fetchone()
    if row is None:
        made = _new()
        await conn.execute(_ENSURE, (project_id, made.kid, made.secret))
        # Of two that come first together, one has made it.
        row = await (await conn.execute(_READ, (project_id,))).fetchone()
    assert row is not None  # made above, and never deleted
    return EmbedSecret(*row)


async def rotate_secret(conn: Connection, project_id: str) -> EmbedSecret:
    """Another secret: no token that was made before opens anything, on no server."""
    made = _new()
    await conn.execute(_ROTATE, (project_id, made.kid, made.secret))
    return made


async def find_workspace(conn: Connection, name: str) -> str | None:
    """The id of the workspace of this name, if there is one."""
    row = await (await conn.execute(_WORKSPACE, (SERVICE, name))).fetchone()
    return None if row is None else str(row[0])


def _new() -> EmbedSecret:
    return EmbedSecret(new_id("es"), secrets.token_bytes(_BYTES))
