"""Artifacts in the database.

Every change of title or content adds a version; earlier ones never change. What a write means for
webhooks is appended to the log in its transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from quintet_server.engines.runs.model import Lost
from quintet_server.engines.runs.values import encode
from quintet_server.services.amdahl.artifacts.model import (
    COLUMNS,
    VERSION_COLUMNS,
    Artifact,
    Version,
)
from quintet_server.services.amdahl.errors import not_found
from quintet_server.store import event_log
from quintet_server.store.database import Connection, Database
from quintet_server.store.ids import new_id

__all__ = [
    "add_version",
    "create",
    "create_for_session",
    "delete",
    "find",
    "lock",
    "read_version",
    "set_status",
]

ID_PREFIX = "art"
_TITLE_MAX_CHARS = 300

_INSERT = f"""
INSERT INTO amdahl_artifacts AS a
    (project_id, id, artifact_type, title, status, session_id, made_by, created_by)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (project_id, session_id, made_by) DO NOTHING
RETURNING {COLUMNS}
"""
_INSERT_VERSION = """
INSERT INTO amdahl_artifact_versions
    (project_id, artifact_id, version, title, content, change_summary, created_by)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_MADE = f"""
SELECT {COLUMNS} FROM amdahl_artifacts a
WHERE a.project_id = %s AND a.session_id = %s AND a.made_by = %s
"""
# A session that has been cancelled meanwhile leaves nothing more behind.
_STILL_RUNS = "SELECT 1 FROM runs WHERE id = %s AND state = 'running' FOR SHARE"
_FIND = f"""
SELECT {COLUMNS}, v.content FROM amdahl_artifacts a
JOIN amdahl_artifact_versions v ON v.project_id = a.project_id AND v.artifact_id = a.id
    AND v.version = a.current_version
WHERE a.project_id = %s AND a.id = %s
"""
_LOCK = "SELECT 1 FROM amdahl_artifacts WHERE project_id = %s AND id = %s FOR UPDATE"
_NEXT = f"""
UPDATE amdahl_artifacts AS a
SET title = %s, current_version = a.current_version + 1, updated_at = quintet_now()
WHERE a.project_id = %s AND a.id = %s RETURNING {COLUMNS}
"""
_SET_STATUS = f"""
UPDATE amdahl_artifacts AS a SET status = %s, updated_at = quintet_now()
WHERE a.project_id = %s AND a.id = %s RETURNING {COLUMNS}
"""
_DELETE = "DELETE FROM amdahl_artifacts WHERE project_id = %s AND id = %s RETURNING 1"
_VERSION = f"""
SELECT {VERSION_COLUMNS}, v.content FROM amdahl_artifact_versions v
WHERE v.project_id = %s AND v.artifact_id = %s AND v.version = %s
"""


async def create(
    conn: Connection,
    project_id: str,
    *,
    artifact_type: str,
    title: str,
    content: Mapping[str, Any],
    status: str,
    session_id: str | None,
    created_by: str,
) -> Artifact:
    """Create an artifact, and tell of it."""
    artifact = await _insert(
        conn, project_id, artifact_type, title, content, status, session_id, None, created_by
    )
    assert artifact is not None  # only what sessions make can be there already
    await _tell(conn, artifact, "artifact.created", {"artifact": artifact.short()})
    return artifact


async def create_for_session(
    db: Database,
    project_id: str,
    *,
    session_id: str,
    key: str,
    artifact_type: str,
    title: str,
    content: Mapping[str, Any],
) -> dict[str, Any]:
    """Create what an agent has made, once per place in its session; returns its summary.

    Its event is one of the session's, so the session tells of it.

    Raises:
        Lost: the session has been cancelled meanwhile.
    """
    # What a model says may hold characters that text in the database cannot.
    shown = str(orjson.loads(encode(title)))[:_TITLE_MAX_CHARS]
    async with db.transaction() as conn:
        row = await (await conn.execute(_MADE, (project_id, session_id, key))).fetchone()
        if row is not None:
            return Artifact(*row).short()
        if await (await conn.execute(_STILL_RUNS, (session_id,))).fetchone() is None:
            raise Lost(session_id)
        artifact = await _insert(
            conn, project_id, artifact_type, shown, content, "draft", session_id, key, None
        )
    if artifact is None:  # a segment that has been overtaken was faster
        raise Lost(session_id)
    return artifact.short()


async def _insert(
    conn: Connection,
    project_id: str,
    artifact_type: str,
    title: str,
    content: Mapping[str, Any],
    status: str,
    session_id: str | None,
    made_by: str | None,
    created_by: str | None,
) -> Artifact | None:
    values = (project_id, new_id(ID_PREFIX), artifact_type, title, status)
    cursor = await conn.execute(_INSERT, (*values, session_id, made_by, created_by))
    row = await cursor.fetchone()
    if row is None:
        return None
    artifact = Artifact(*row)
    await _write_version(conn, artifact, content, None, created_by)
    return artifact


async def _write_version(
    conn: Connection,
    artifact: Artifact,
    content: Mapping[str, Any],
    change_summary: str | None,
    by: str | None,
) -> None:
    place = (artifact.project_id, artifact.id, artifact.current_version)
    stored = encode(content).decode()
    await conn.execute(_INSERT_VERSION, (*place, artifact.title, stored, change_summary, by))


async def find(conn: Connection, project_id: str, id: str) -> tuple[Artifact, Any]:
    """An artifact and its content. Raises 404."""
    row = await (await conn.execute(_FIND, (project_id, id))).fetchone()
    if row is None:
        raise not_found("Artifact", id)
    *columns, content = row
    return Artifact(*columns), content


async def lock(conn: Connection, project_id: str, id: str) -> tuple[Artifact, Any]:
    """The same; nobody else changes it before the transaction is over. Raises 404."""
    # Two statements: one that waits for the row would look for the version it saw before.
    await conn.execute(_LOCK, (project_id, id))
    return await find(conn, project_id, id)


async def add_version(
    conn: Connection,
    artifact: Artifact,
    *,
    title: str,
    content: Mapping[str, Any],
    change_summary: str | None,
    by: str,
) -> Artifact:
    """Give a locked artifact a new version, and tell of it."""
    cursor = await conn.execute(_NEXT, (title, artifact.project_id, artifact.id))
    row = await cursor.fetchone()
    assert row is not None  # it is locked
    changed = Artifact(*row)
    await _write_version(conn, changed, content, change_summary, by)
    told = {"version": changed.current_version, "change_summary": change_summary}
    await _tell(conn, changed, "artifact.updated", {"artifact_id": changed.id, **told})
    return changed


async def set_status(conn: Connection, artifact: Artifact, status: str) -> Artifact:
    """Change the status of a locked artifact, and tell of it."""
    values = (status, artifact.project_id, artifact.id)
    row = await (await conn.execute(_SET_STATUS, values)).fetchone()
    assert row is not None  # it is locked
    told = {
        "artifact_id": artifact.id,
        "previous_status": artifact.status,
        "new_status": status,
    }
    await _tell(conn, artifact, "artifact.status_changed", told)
    return Artifact(*row)


async def delete(conn: Connection, project_id: str, id: str) -> None:
    """Delete an artifact with all its versions. Raises 404."""
    row = await (await conn.execute(_DELETE, (project_id, id))).fetchone()
    if row is None:
        raise not_found("Artifact", id)


async def read_version(
    conn: Connection, project_id: str, id: str, version: int
) -> tuple[Version, Any]:
    """A version and its content. Raises 404."""
    row = await (await conn.execute(_VERSION, (project_id, id, version))).fetchone()
    if row is None:
        raise not_found("Artifact version", f"{id}/{version}")
    *columns, content = row
    return Version(*columns), content


async def _tell(conn: Connection, artifact: Artifact, type: str, data: Mapping[str, Any]) -> None:
    await event_log.append(conn, artifact.project_id, artifact.id, type, data)
