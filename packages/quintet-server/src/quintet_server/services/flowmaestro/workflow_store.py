"""Workflows as they are stored: the current one by id, and every version that was ever applied."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from quintet_server.services.flowmaestro.executions.compiled import (
    Compiled,
    compile_definition,
    keep,
    kept,
)
from quintet_server.store.database import Connection, Database

_COLUMNS = "id, name, description, version, digest, created_at, updated_at"
_FIND = f"SELECT {_COLUMNS} FROM flowmaestro_workflows WHERE project_id = %s AND id = %s"
_COUNT = "SELECT count(*) FROM flowmaestro_workflows WHERE project_id = %s"
_LIST = f"""
SELECT {_COLUMNS} FROM flowmaestro_workflows WHERE project_id = %s
ORDER BY created_at DESC, id DESC LIMIT %s OFFSET %s
"""
_VERSION = """
SELECT definition FROM flowmaestro_workflow_versions
WHERE project_id = %s AND workflow_id = %s AND version = %s
"""
_LOCK = f"{_FIND} FOR UPDATE"
_INSERT = """
INSERT INTO flowmaestro_workflows (project_id, id, name, description, version, digest)
VALUES (%s, %s, %s, %s, 1, %s)
"""
_UPDATE = """
UPDATE flowmaestro_workflows SET name = %s, description = %s, version = %s, digest = %s,
    updated_at = quintet_now()
WHERE project_id = %s AND id = %s
"""
_INSERT_VERSION = """
INSERT INTO flowmaestro_workflow_versions (project_id, workflow_id, version, digest, definition)
VALUES (%s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow in its current version; `digest` is that of the definition's text."""

    id: str
    name: str
    description: str | None
    version: int
    digest: str
    created_at: datetime
    updated_at: datetime


async def find(conn: Connection, project_id: str, workflow_id: str) -> Workflow | None:
    """The workflow of this id."""
    row = await (await conn.execute(_FIND, (project_id, workflow_id))).fetchone()
    return None if row is None else Workflow(*row)


async def page(
    conn: Connection, project_id: str, offset: int, limit: int
) -> tuple[Sequence[Workflow], int]:
    """Some workflows, newest first, and how many there are in all."""
    (total,) = await (await conn.execute(_COUNT, (project_id,))).fetchone() or (0,)
    rows = await (await conn.execute(_LIST, (project_id, limit, offset))).fetchall()
    return [Workflow(*row) for row in rows], total


async def compiled(conn: Connection, project_id: str, workflow: Workflow) -> Compiled:
    """The current definition, ready to run. Raises InvalidDefinition."""
    found = kept(workflow.digest)
    return found or await _load(conn, project_id, workflow.id, workflow.version, workflow.digest)


async def load_version(
    db: Database, project_id: str, workflow_id: str, *, version: int, digest: str
) -> Compiled:
    """The definition of one version, ready to run. Raises InvalidDefinition."""
    if (found := kept(digest)) is not None:
        return found
    async with db.connection() as conn:
        return await _load(conn, project_id, workflow_id, version, digest)


async def _load(
    conn: Connection, project_id: str, workflow_id: str, version: int, digest: str
) -> Compiled:
    row = await (await conn.execute(_VERSION, (project_id, workflow_id, version))).fetchone()
    assert row is not None  # versions live as long as their workflow
    found = compile_definition(row[0])
    keep(digest, found)
    return found


async def store(
    conn: Connection,
    project_id: str,
    workflow_id: str,
    name: str,
    description: str | None,
    definition: Mapping[str, Any],
) -> Literal["created", "updated", "unchanged"]:
    """Make this the current definition; it gets a new version only if it says something new."""
    text = orjson.dumps(definition)
    digest = hashlib.sha256(text).hexdigest()
    row = await (await conn.execute(_LOCK, (project_id, workflow_id))).fetchone()
    if row is None:
        await conn.execute(_INSERT, (project_id, workflow_id, name, description, digest))
        version = 1
    else:
        stored = Workflow(*row)
        shown = (stored.name, stored.description)
        if stored.digest == digest and shown == (name, description):
            return "unchanged"
        version = stored.version + (stored.digest != digest)
        key = (project_id, workflow_id)
        await conn.execute(_UPDATE, (name, description, version, digest, *key))
        if version == stored.version:
            return "updated"
    await conn.execute(_INSERT_VERSION, (project_id, workflow_id, version, digest, text.decode()))
    return "created" if row is None else "updated"
