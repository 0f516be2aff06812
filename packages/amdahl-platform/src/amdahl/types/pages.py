"""Pages, their queries and their renderings."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from amdahl.types.envelope import Envelope

PageStatus = Literal["draft", "published", "archived"]
"""The states known today; a plain ``str`` on the wire."""


class _DeclaredQueryCore(TypedDict):
    name: str


class DeclaredQuery(_DeclaredQueryCore, total=False):
    """A query that the components of a page refer to by name."""

    source: str
    """``"sql"``, ``"cluster_search"`` or ``"kb_search"``."""
    sql: str
    query: str
    target: str
    params: dict[str, Any]


class _PageSummaryCore(TypedDict):
    id: str
    name: str
    tags: list[str]
    status: str
    version: int


class PageSummary(_PageSummaryCore, total=False):
    """A page as lists have it, without its spec."""

    description: str | None
    layout: str
    query_count: int
    uses_custom: bool
    business_id: str
    created_by: str | None
    updated_by: str | None
    created_at: str
    updated_at: str
    archived_at: str | None
    url: str
    page_grants: list[str]
    """The roles that may see it; none: everyone."""


class Page(PageSummary):
    """A whole page; ``spec`` is always in the canonical form."""

    spec: dict[str, Any]
    declared_queries: list[DeclaredQuery]


class PageList(Envelope):
    """A page of the list of pages."""

    items: list[PageSummary]


class _PageVersionCore(TypedDict):
    version: int
    spec: dict[str, Any]
    declared_queries: list[DeclaredQuery]


class PageVersion(_PageVersionCore, total=False):
    """What a page was at a time."""

    page_id: str
    name: str
    created_by: str | None
    created_at: str


class VerdictStage(TypedDict):
    """One part of the verification."""

    stage: str
    ok: bool


class _VerdictErrorCore(TypedDict):
    stage: str
    kind: str
    path: str
    """A JSON pointer into the spec."""
    message: str


class VerdictError(_VerdictErrorCore, total=False):
    """One thing that is wrong with a page, and where."""

    allowed: list[Any]


class _VerdictCore(TypedDict):
    valid: bool
    errors: list[VerdictError]


class Verdict(_VerdictCore, total=False):
    """What the verifier says of a page."""

    uses_custom: bool
    stages: list[VerdictStage]
    warnings: list[dict[str, Any]]


class QueryOutcome(TypedDict):
    """What one query of a rendering brought."""

    columns: list[str]
    rows: list[dict[str, Any]]
    row_count: int
    truncated: bool
    error: dict[str, Any] | None


class _RenderingCore(TypedDict):
    page_id: str
    results: dict[str, QueryOutcome]
    resolved_spec: dict[str, Any]


class Rendering(_RenderingCore, total=False):
    """A page with its data."""

    version: int
    rendered_at: str


class _TemplateCore(TypedDict):
    slug: str
    name: str
    spec: dict[str, Any]


class Template(_TemplateCore, total=False):
    """A page to begin with."""

    description: str
    declared_queries: list[DeclaredQuery]


class EmbedToken(TypedDict):
    """What lets a page be shown elsewhere for a while."""

    token: str
    expires_at: str
    embed_url: str
