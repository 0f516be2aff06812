"""Pages as answers show them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pydantic import BaseModel
from starlette.requests import Request

from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.pages.model import Change, Page, Version
from quintet_server.services.amdahl.pages.store import Summary
from quintet_server.services.amdahl.settings import AmdahlSettings
from quintet_server.services.amdahl.wire import instant

__all__ = [
    "PageList",
    "PageShape",
    "VerdictShape",
    "VersionList",
    "VersionShape",
    "change_shape",
    "origin_of",
    "page_shape",
    "summary_shape",
    "version_shape",
]


def origin_of(settings: AmdahlSettings, request: Request) -> str:
    """Where this server is reached: as the operator says, or as this request did."""
    origin = settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return origin.rstrip("/")


def _signs(call: Call, page: Page | Summary) -> dict[str, Any]:
    """What a page and its summary have in common, from `status` on."""
    mount = call.request.app.state.service.mount
    return {
        "status": page.status,
        "version": page.version,
        "layout": page.layout,
        "uses_custom": page.uses_custom,
        "page_grants": list(page.grants),
        "business_id": call.project_id,
        "created_by": page.created_by,
        "updated_by": page.updated_by,
        "created_at": instant(page.created_at),
        "updated_at": instant(page.updated_at),
        "archived_at": instant(page.archived_at),
        "url": f"{origin_of(call.parts.settings, call.request)}{mount}/pages/{quote(page.id)}",
    }


def page_shape(call: Call, page: Page) -> dict[str, Any]:
    """A page with all there is to it."""
    return {
        "id": page.id,
        "name": page.name,
        "description": page.description,
        "tags": list(page.tags),
        "spec": page.spec,
        "declared_queries": [query.shape() for query in page.declared_queries],
        **_signs(call, page),
    }


def summary_shape(call: Call, page: Summary) -> dict[str, Any]:
    """A page in a list."""
    return {
        "id": page.id,
        "name": page.name,
        "description": page.description,
        "tags": list(page.tags),
        "query_count": page.query_count,
        **_signs(call, page),
    }


def change_shape(page: Page, change: Change) -> dict[str, Any]:
    """A version in a list."""
    return {
        "page_id": page.id,
        "version": change.version,
        "name": change.name,
        "uses_custom": change.uses_custom,
        "restored_from": change.restored_from,
        "created_by": change.created_by,
        "created_at": instant(change.created_at),
    }


def version_shape(page: Page, version: Version) -> dict[str, Any]:
    """A version with its spec and queries."""
    return {
        **change_shape(page, version.change),
        "spec": version.spec,
        "declared_queries": [query.shape() for query in version.declared_queries],
    }


# For the document only.


class PageShape(BaseModel):
    """A page."""

    id: str
    name: str
    description: str | None
    tags: list[str]
    spec: dict[str, Any]
    declared_queries: list[dict[str, Any]]
    status: str
    version: int
    layout: str
    uses_custom: bool
    page_grants: list[str]
    business_id: str
    created_by: str | None
    updated_by: str | None
    created_at: str
    updated_at: str
    archived_at: str | None
    url: str


class PageSummary(BaseModel):
    """A page without its spec and queries."""

    id: str
    name: str
    description: str | None
    tags: list[str]
    query_count: int
    status: str
    version: int
    layout: str
    uses_custom: bool
    page_grants: list[str]
    business_id: str
    created_by: str | None
    updated_by: str | None
    created_at: str
    updated_at: str
    archived_at: str | None
    url: str


class _List(BaseModel):
    limit: int
    offset: int
    total: int
    has_more: bool
    next_cursor: str | None


class PageList(_List):
    """Pages, the newest first."""

    items: list[PageSummary]


class VersionSummary(BaseModel):
    """A version without its spec and queries."""

    page_id: str
    version: int
    name: str
    uses_custom: bool
    restored_from: int | None
    created_by: str | None
    created_at: str


class VersionShape(VersionSummary):
    """A version of a page."""

    spec: dict[str, Any]
    declared_queries: list[dict[str, Any]]


class VersionList(_List):
    """Versions of a page, the latest first."""

    items: list[VersionSummary]


class StageShape(BaseModel):
    """One stage of the verifier."""

    stage: str
    ok: bool


class ProblemShape(BaseModel):
    """One error, at a JSON pointer."""

    stage: str
    kind: str
    path: str
    message: str
    allowed: list[str] | None = None


class VerdictShape(BaseModel):
    """Whether a page is valid, and everything that is wrong if not."""

    valid: bool
    uses_custom: bool
    stages: list[StageShape]
    errors: list[ProblemShape]
    warnings: list[dict[str, Any]]
