"""The endpoints of pages, and the path at which embedded ones are shown."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.endpoints import Endpoint
from quintet_server.services.amdahl.errors import not_found
from quintet_server.services.amdahl.pages.bodies import (
    ChangePage,
    CreatePage,
    EmbedPage,
    RestorePage,
    ValidatePage,
)
from quintet_server.services.amdahl.pages.changing import (
    archive_page,
    change_page,
    create_page,
    hard_delete_page,
)
from quintet_server.services.amdahl.pages.embedding.minting import make_token, rotate_embed_secret
from quintet_server.services.amdahl.pages.embedding.showing import (
    HOST_PREFIXES,
    HOST_ROUTES,
    PUBLIC_PREFIXES,
)
from quintet_server.services.amdahl.pages.reading import get_page, get_pages
from quintet_server.services.amdahl.pages.shapes import (
    PageList,
    PageShape,
    VerdictShape,
    VersionList,
    VersionShape,
)
from quintet_server.services.amdahl.pages.templates import templates
from quintet_server.services.amdahl.pages.verifying import validate_page
from quintet_server.services.amdahl.pages.versions import (
    get_version,
    get_versions,
    restore_version,
)
from quintet_server.services.amdahl.wire import ok

__all__ = ["ENDPOINTS", "HOST_PREFIXES", "HOST_ROUTES", "PUBLIC_PREFIXES"]


class TemplateSummary(BaseModel):
    """A template without its spec and queries."""

    slug: str
    name: str
    description: str
    tags: list[str]
    layout: str
    query_count: int


class TemplateShape(TemplateSummary):
    """A template: what a page is made of."""

    spec: dict[str, Any]
    declared_queries: list[dict[str, Any]]


class TemplateList(BaseModel):
    """Every template there is."""

    items: list[TemplateSummary]
    limit: int
    offset: int
    total: int
    has_more: bool
    next_cursor: str | None


class EmbedToken(BaseModel):
    """A token, until when it holds, and the URL that has it."""

    token: str
    expires_at: str
    embed_url: str


class Deleted(BaseModel):
    """A page that is gone."""

    id: str
    deleted: bool


class Rotated(BaseModel):
    """The name of the secret that signs from now on."""

    kid: str
    rotated: bool


async def get_templates(_call: Call) -> Response:
    """All of them at once: they are few."""
    items = [template.summary() for template in templates().values()]
    count = len(items)
    paging = {"limit": count, "offset": 0, "total": count, "has_more": False, "next_cursor": None}
    return ok({"items": items, **paging})


async def get_template(call: Call) -> Response:
    """One, with what is to be posted as a page."""
    found = templates().get(call.path("slug"))
    if found is None:
        raise not_found("Template", call.path("slug"))
    return ok(found.shape())


_LOCKED = (
    "`expected_version` or `If-Match` with the version in quotes makes sure that nobody else has "
    "changed it since it was read: else 409."
)
_BEGINNING: tuple[Endpoint, ...] = (
    Endpoint(
        path="/pages",
        method="GET",
        handler=get_pages,
        operation_id="pages.list",
        summary="List pages",
        description="Archived ones only with `status=archived`; `tags=a,b` are pages with both.",
        scope="pages:read",
        response=PageList,
    ),
    Endpoint(
        path="/pages",
        handler=create_page,
        operation_id="pages.create",
        summary="Create a page",
        description="The spec may be a bare node with its props beside the type; it is kept, and "
        "answered, in the canonical form.",
        scope="pages:write",
        role="editor",
        request=CreatePage,
        response=PageShape,
        status=201,
    ),
    Endpoint(
        path="/pages/validate",
        handler=validate_page,
        operation_id="pages.validate",
        summary="Validate a page",
        description="200 with a verdict, whether it is valid or not.",
        scope="pages:read",
        request=ValidatePage,
        response=VerdictShape,
    ),
    Endpoint(
        path="/pages/embed-secret/rotate",
        handler=rotate_embed_secret,
        operation_id="pages.rotate_embed_secret",
        summary="Rotate the secret of embedded pages",
        description="Every embed token of the workspace stops working at once.",
        scope="pages:write",
        role="admin",
        response=Rotated,
    ),
    Endpoint(
        path="/pages/templates",
        method="GET",
        handler=get_templates,
        operation_id="pages.list_templates",
        summary="List templates",
        scope="pages:read",
        response=TemplateList,
    ),
    Endpoint(
        path="/pages/templates/{slug}",
        method="GET",
        handler=get_template,
        operation_id="pages.get_template",
        summary="Get a template",
        scope="pages:read",
        response=TemplateShape,
    ),
)
_ONE: tuple[Endpoint, ...] = (
    Endpoint(
        path="/pages/{id}",
        method="GET",
        handler=get_page,
        operation_id="pages.get",
        summary="Get a page",
        scope="pages:read",
        response=PageShape,
    ),
    Endpoint(
        path="/pages/{id}",
        method="PATCH",
        handler=change_page,
        operation_id="pages.update",
        summary="Change a page",
        description="Only what is sent changes; lists and the spec are replaced as a whole. "
        + _LOCKED,
        scope="pages:write",
        role="editor",
        request=ChangePage,
        response=PageShape,
    ),
    Endpoint(
        path="/pages/{id}",
        method="DELETE",
        handler=archive_page,
        operation_id="pages.archive",
        summary="Archive a page",
        description="Undone by changing its status to draft.",
        scope="pages:write",
        role="editor",
        status=204,
    ),
    Endpoint(
        path="/pages/{id}/hard-delete",
        handler=hard_delete_page,
        operation_id="pages.hard_delete",
        summary="Delete a page for good",
        scope="pages:delete",
        role="editor",
        response=Deleted,
    ),
    Endpoint(
        path="/pages/{id}/versions",
        method="GET",
        handler=get_versions,
        operation_id="pages.list_versions",
        summary="List the versions of a page",
        scope="pages:read",
        response=VersionList,
    ),
    Endpoint(
        path="/pages/{id}/versions/{n}",
        method="GET",
        handler=get_version,
        operation_id="pages.get_version",
        summary="Get a version of a page",
        scope="pages:read",
        response=VersionShape,
    ),
    Endpoint(
        path="/pages/{id}/restore",
        handler=restore_version,
        operation_id="pages.restore",
        summary="Restore a version of a page",
        description="Makes a new version that repeats it. " + _LOCKED,
        scope="pages:write",
        role="editor",
        request=RestorePage,
        response=PageShape,
    ),
    Endpoint(
        path="/pages/{id}/embed-token",
        handler=make_token,
        operation_id="pages.embed_token",
        summary="Make a token that shows a page elsewhere",
        description="The audiences workspace and public need the role admin.",
        scope="pages:read",
        request=EmbedPage,
        response=EmbedToken,
    ),
)
ENDPOINTS: tuple[Endpoint, ...] = (*_BEGINNING, *_ONE)
