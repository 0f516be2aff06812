"""The endpoint that renders a page: data as JSON, or a document for a browser."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import Response

from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.endpoints import Body, Endpoint
from quintet_server.services.amdahl.errors import invalid_state
from quintet_server.services.amdahl.pages.access import visible_page
from quintet_server.services.amdahl.rendering.accept import prefers_html
from quintet_server.services.amdahl.rendering.rendered import render

__all__ = ["DOCUMENT_HEADERS", "ENDPOINTS"]

# Nothing in the document runs or is fetched; this makes a browser hold it to that.
DOCUMENT_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}
JSON_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept"}


class RenderPage(Body):
    """The values of a rendering."""

    params: dict[str, Any] = Field(default_factory=dict)
    """By name, for the parameters that the page's queries declare."""


class QueryOutcome(BaseModel):
    """The rows of a declared query, or why there are none."""

    columns: list[str]
    rows: list[dict[str, Any]]
    row_count: int
    truncated: bool
    error: dict[str, Any] | None


class RenderedPage(BaseModel):
    """A page with its data."""

    page_id: str
    version: int
    results: dict[str, QueryOutcome]
    resolved_spec: dict[str, Any]
    rendered_at: str


async def render_page(call: Call, body: RenderPage) -> Response:
    """Run the page's queries for the caller and answer in the form they accept."""
    page = await visible_page(call)
    if page.status == "archived":
        raise invalid_state("An archived page is not rendered; restore it to draft first.")
    rendered = await render(call.parts, call.project_id, page, body.params)
    if prefers_html(call.request.headers.get("accept", "")):
        document = await rendered.html()
        return Response(document, media_type="text/html", headers=DOCUMENT_HEADERS)
    return Response(await rendered.json(), media_type="application/json", headers=JSON_HEADERS)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/pages/{id}/render",
        handler=render_page,
        operation_id="pages.render",
        summary="Render a page",
        description="Runs the declared queries and binds what they give. `Accept: text/html` gives "
        "a standalone document without scripts instead.",
        scope="pages:read",
        request=RenderPage,
        response=RenderedPage,
    ),
)
