"""Pages and their versions in the database."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Json

from quintet_server.http.errors import ApiError
from quintet_server.services.amdahl.errors import not_found
from quintet_server.services.amdahl.listing import Filters, ListArgs
from quintet_server.services.amdahl.pages.model import Change, DeclaredQuery, Page, Version
from quintet_server.store.database import Connection, Database

__all__ = [
    "Draft",
    "Summary",
    "delete_page",
    "list_pages",
    "list_versions",
    "lock_page",
    "no_page",
    "read_page",
    "read_version",
    "save_page",
]

_COLUMNS = """
p.id, p.project_id, p.name, p.description, p.tags, p.spec, p.declared_queries, p.status, p.version,
p.uses_custom, p.grants, p.created_by, p.updated_by, p.created_at, p.updated_at, p.archived_at
"""
_READ = f"SELECT {_COLUMNS} FROM amdahl_pages p WHERE p.project_id = %s AND p.id = %s"
_LOCK = f"{_READ} FOR UPDATE"
_DELETE = f"DELETE FROM amdahl_pages p WHERE p.project_id = %s AND p.id = %s RETURNING {_COLUMNS}"
# A page that is changed has been locked before, so nothing is overwritten unseen.
_SAVE = f"""
WITH saved AS (
    INSERT INTO amdahl_pages AS p
           (project_id, id, name, description, tags, spec, declared_queries, layout, status,
            version, uses_custom, grants, created_by, updated_by, archived_at)
    VALUES (%(project)s, %(id)s, %(name)s, %(description)s, %(tags)s, %(spec)s, %(queries)s,
            %(layout)s, %(status)s, %(version)s, %(uses_custom)s, %(grants)s, %(by)s, %(by)s,
            CASE WHEN %(status)s = 'archived' THEN quintet_now() END)
    ON CONFLICT (project_id, id) DO UPDATE
       SET name = excluded.name, description = excluded.description, tags = excluded.tags,
           spec = excluded.spec, declared_queries = excluded.declared_queries,
           layout = excluded.layout, status = excluded.status, version = excluded.version,
           uses_custom = excluded.uses_custom, grants = excluded.grants,
           updated_by = excluded.updated_by, updated_at = quintet_now(),
           archived_at = CASE WHEN excluded.status = 'archived'
                              THEN coalesce(p.archived_at, quintet_now()) END
    RETURNING {_COLUMNS}
), kept AS (
    INSERT INTO amdahl_page_versions
           (project_id, page_id, version, name, spec, declared_queries, uses_custom,
            restored_from, created_by)
    SELECT project_id, id, version, name, spec, declared_queries, uses_custom,
           %(restored_from)s::integer, updated_by
      FROM saved WHERE %(is_new_version)s
)
SELECT * FROM saved
"""

# `role` is the reader's: pages granted to others are not there for them.
_LISTED = """
FROM amdahl_pages p
WHERE p.project_id = %(project)s
  AND CASE WHEN %(status)s::text IS NULL THEN p.status <> 'archived' ELSE p.status = %(status)s END
  AND (p.grants = '{}' OR %(role)s = 'owner' OR %(role)s = ANY (p.grants))
  AND (%(tags)s::text[] IS NULL OR p.tags @> %(tags)s)
  AND (%(pattern)s::text IS NULL OR p.name ILIKE %(pattern)s OR p.description ILIKE %(pattern)s
       OR EXISTS (SELECT FROM unnest(p.tags) AS tag WHERE tag ILIKE %(pattern)s))
  AND (%(created_at_gte)s::timestamptz IS NULL OR p.created_at >= %(created_at_gte)s)
  AND (%(created_at_lte)s::timestamptz IS NULL OR p.created_at <= %(created_at_lte)s)
  AND (%(updated_at_gte)s::timestamptz IS NULL OR p.updated_at >= %(updated_at_gte)s)
  AND (%(updated_at_lte)s::timestamptz IS NULL OR p.updated_at <= %(updated_at_lte)s)
"""
# The total on every row, so that a list is one statement; without rows it is asked for.
_LIST = f"""
SELECT p.id, p.name, p.description, p.tags, p.status, p.version, p.layout,
       json_array_length(p.declared_queries), p.uses_custom, p.grants, p.created_by, p.updated_by,
       p.created_at, p.updated_at, p.archived_at, (SELECT count(*) {_LISTED})
{_LISTED}
  AND (%(after)s::timestamptz IS NULL OR (p.created_at, p.id) < (%(after)s, %(after_id)s::uuid))
ORDER BY p.created_at DESC, p.id DESC OFFSET %(offset)s LIMIT %(limit)s
"""
_COUNT = f"SELECT count(*) {_LISTED}"

_CHANGE_COLUMNS = "version, name, uses_custom, restored_from, created_by, created_at"
_VERSIONS = f"""
SELECT {_CHANGE_COLUMNS} FROM amdahl_page_versions
WHERE project_id = %s AND page_id = %s AND (%s::integer IS NULL OR version < %s)
ORDER BY version DESC OFFSET %s LIMIT %s
"""
_VERSION = f"""
SELECT {_CHANGE_COLUMNS}, spec, declared_queries FROM amdahl_page_versions
WHERE project_id = %s AND page_id = %s AND version = %s
"""

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be stored of a page: all that the caller decides."""

    project_id: str
    id: str
    name: str
    description: str | None
    tags: Sequence[str]
    spec: Mapping[str, Any]
    declared_queries: Sequence[DeclaredQuery]
    status: str
    version: int
    uses_custom: bool
    grants: Sequence[str]


@dataclass(frozen=True, slots=True)
class Summary:
    """A page in a list: without spec and queries."""

    id: str
    name: str
    description: str | None
    tags: tuple[str, ...]
    status: str
    version: int
    layout: str
    query_count: int
    uses_custom: bool
    grants: tuple[str, ...]
    created_by: str | None
    updated_by: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


async def read_page(source: Database | Connection, project_id: str, page_id: str) -> Page:
    """The page of this id. Raises ApiError: 404, also for another tenant's."""
    async with _lent(source) as conn:
        row = await (await conn.execute(_READ.encode(), (project_id, _uuid(page_id)))).fetchone()
    return _page(row, page_id)


async def lock_page(conn: Connection, project_id: str, page_id: str) -> Page:
    """The same, and nobody else can change it before this transaction ends."""
    row = await (await conn.execute(_LOCK.encode(), (project_id, _uuid(page_id)))).fetchone()
    return _page(row, page_id)


async def save_page(
    conn: Connection,
    draft: Draft,
    *,
    by: str | None,
    is_new_version: bool,
    restored_from: int | None = None,
) -> Page:
    """Store a page, new or locked before; `is_new_version` keeps it in its history."""
    values = {
        "project": draft.project_id,
        "id": draft.id,
        "name": draft.name,
        "description": draft.description,
        "tags": list(draft.tags),
        "spec": Json(draft.spec),
        "queries": Json([query.shape() for query in draft.declared_queries]),
        "layout": draft.spec.get("layout", "dashboard"),
        "status": draft.status,
        "version": draft.version,
        "uses_custom": draft.uses_custom,
        "grants": list(draft.grants),
        "by": by,
        "is_new_version": is_new_version,
        "restored_from": restored_from,
    }
    row = await (await conn.execute(_SAVE.encode(), values)).fetchone()
    return _page(row, draft.id)


async def delete_page(conn: Connection, project_id: str, page_id: str) -> Page:
    """Delete a page with its history; returns what it was. Raises ApiError: 404."""
    row = await (await conn.execute(_DELETE.encode(), (project_id, _uuid(page_id)))).fetchone()
    return _page(row, page_id)


async def list_pages(
    db: Database,
    project_id: str,
    args: ListArgs,
    filters: Filters,
    *,
    role: str,
    tags: Sequence[str] | None,
) -> tuple[list[Summary], int]:
    """The newest pages first, one more than the limit if there are, and how many fit in all."""
    after, after_id = args.after or (None, None)
    values = {
        **filters.as_mapping(),
        "project": project_id,
        "role": role,
        "tags": None if tags is None else list(tags),
        "pattern": None if filters.q is None else _pattern(filters.q),
        "after": after,
        "after_id": after_id,
        "offset": args.offset,
        "limit": args.limit + 1,
    }
    async with db.connection() as conn:
        rows = await (await conn.execute(_LIST.encode(), values)).fetchall()
        if rows:
            return [_summary(row[:-1]) for row in rows], int(rows[0][-1])
        count = await (await conn.execute(_COUNT.encode(), values)).fetchone()
    assert count is not None  # an aggregate has one row
    return [], int(count[0])


async def list_versions(
    db: Database, page: Page, *, before: int | None, offset: int, limit: int
) -> list[Change]:
    """The latest versions first, those below `before` if it is given."""
    values = (page.project_id, page.id, before, before, offset, limit)
    async with db.connection() as conn:
        rows = await (await conn.execute(_VERSIONS.encode(), values)).fetchall()
    return [Change(*row) for row in rows]


async def read_version(source: Database | Connection, page: Page, version: int) -> Version:
    """One version of a page. Raises ApiError: 404."""
    async with _lent(source) as conn:
        values = (page.project_id, page.id, version)
        row = await (await conn.execute(_VERSION.encode(), values)).fetchone()
    if row is None:
        raise not_found("Version", str(version))
    return Version(Change(*row[:-2]), row[-2], _queries(row[-1]))


@asynccontextmanager
async def _lent(source: Database | Connection) -> AsyncIterator[Connection]:
    if isinstance(source, Database):
        async with source.connection() as conn:
            yield conn
    else:
        yield source


def _uuid(page_id: str) -> UUID:
    """The id as the database has it. Raises ApiError: 404 for what cannot be the id of a page."""
    if _UUID.fullmatch(page_id) is None:
        raise no_page(page_id)
    return UUID(page_id)


def no_page(page_id: str) -> ApiError:
    """The refusal for a page that is not there, or not for the one who asks."""
    return not_found("Page", page_id)


def _queries(shapes: Sequence[Mapping[str, Any]]) -> tuple[DeclaredQuery, ...]:
    return tuple(DeclaredQuery.of(shape) for shape in shapes)


def _page(row: tuple[Any, ...] | None, page_id: str) -> Page:
    if row is None:
        raise no_page(page_id)
    id, project_id, name, description, tags, spec, queries, status, version, *rest = row
    uses_custom, grants, *signs = rest
    told = (name, description, tuple(tags), spec, _queries(queries), status, version)
    return Page(str(id), project_id, *told, uses_custom, tuple(grants), *signs)


def _summary(row: tuple[Any, ...]) -> Summary:
    id, name, description, tags, status, version, layout, count, *rest = row
    uses_custom, grants, *signs = rest
    told = (name, description, tuple(tags), status, version, layout, count)
    return Summary(str(id), *told, uses_custom, tuple(grants), *signs)


def _pattern(text: str) -> str:
    """What `ILIKE` finds the text with, anywhere; no text can hold a NUL."""
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return f"%{text}%".replace("\0", "\ufffd")
