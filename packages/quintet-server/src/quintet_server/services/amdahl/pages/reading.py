"""Reading pages, one and many."""

from __future__ import annotations

from starlette.responses import Response

from quintet_server.http.responses import reply_response
from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.listing import common_filters, envelope, list_args
from quintet_server.services.amdahl.pages.access import visible_page
from quintet_server.services.amdahl.pages.changing import page_reply
from quintet_server.services.amdahl.pages.model import STATUSES
from quintet_server.services.amdahl.pages.shapes import summary_shape
from quintet_server.services.amdahl.pages.store import list_pages
from quintet_server.services.amdahl.wire import ok

__all__ = ["get_page", "get_pages"]


async def get_page(call: Call) -> Response:
    """A page, archived ones as well."""
    return reply_response(page_reply(call, await visible_page(call)))


async def get_pages(call: Call) -> Response:
    """Summaries; archived pages only when they are asked for.

    `tags=a,b` are the pages that have all of these tags.
    """
    filters = common_filters(call, statuses=STATUSES)
    tags = _tags(call)
    args = list_args(call, **filters.as_mapping(), tags=tags)
    found, total = await list_pages(
        call.parts.db, call.project_id, args, filters, role=call.role, tags=tags
    )
    items = [summary_shape(call, page) for page in found]
    return ok(envelope(items, total, args, [(page.created_at, page.id) for page in found]))


def _tags(call: Call) -> list[str] | None:
    given = call.request.query_params.getlist("tags")
    # No text of the database has a NUL, so what has one is not found.
    tags = [tag.strip().replace("\0", "\ufffd") for text in given for tag in text.split(",")]
    return sorted(filter(None, tags)) or None
