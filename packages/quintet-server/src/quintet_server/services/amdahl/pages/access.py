"""Who may see a page: any role, or those it is granted to."""

from __future__ import annotations

from collections.abc import Sequence

from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.errors import invalid_argument
from quintet_server.services.amdahl.pages.model import Page
from quintet_server.services.amdahl.pages.store import lock_page, no_page, read_page
from quintet_server.store.database import Connection

__all__ = ["check_grants", "locked_page", "may_see", "visible_page"]

_ALWAYS = "owner"


def may_see(page: Page, role: str) -> bool:
    """Whether a role sees a page: one without grants is for everyone, owners see all."""
    return not page.grants or role == _ALWAYS or role in page.grants


async def visible_page(call: Call) -> Page:
    """The page that the path names. Raises ApiError: 404, also if it is granted to others only."""
    page = await read_page(call.parts.db, call.project_id, call.path("id"))
    return _seen(call, page)


async def locked_page(call: Call, conn: Connection) -> Page:
    """The same, and it stays as it is until the transaction ends."""
    return _seen(call, await lock_page(conn, call.project_id, call.path("id")))


def check_grants(call: Call, grants: Sequence[str]) -> None:
    """Raise 400 for grants that would take the page away from the one who makes them."""
    if grants and call.role != _ALWAYS and call.role not in grants:
        message = (
            f"page_grants: must contain your own role, {call.role}, or you could not see the page"
        )
        raise invalid_argument(message, "page_grants")


def _seen(call: Call, page: Page) -> Page:
    if not may_see(page, call.role):
        raise no_page(page.id)
    return page
