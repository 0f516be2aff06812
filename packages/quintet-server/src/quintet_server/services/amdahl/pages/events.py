"""What the event log is told of pages; webhooks and the log's readers have it from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from quintet_server.services.amdahl.pages.model import Page
from quintet_server.store.database import Connection
from quintet_server.store.event_log import append

__all__ = ["tell_archived", "tell_created", "tell_updated"]

_WIRE_NAMES = {"grants": "page_grants"}


async def tell_created(conn: Connection, page: Page) -> None:
    """`page.created`."""
    told = {"id": page.id, "name": page.name, "status": page.status, "version": page.version}
    await _tell(conn, page, "page.created", {"page": told})


async def tell_updated(conn: Connection, page: Page, changed: Iterable[str]) -> None:
    """`page.updated`, with the names of the fields that are not what they were."""
    names = {_WIRE_NAMES.get(name, name) for name in changed if name != "uses_custom"}
    told = {
        "page_id": page.id,
        "version": page.version,
        "status": page.status,
        "changed": sorted(names),
    }
    await _tell(conn, page, "page.updated", told)


async def tell_archived(
    conn: Connection, page: Page, previous_status: str, *, permanent: bool = False
) -> None:
    """`page.archived`; `permanent` when it was deleted with its history."""
    told = {"page_id": page.id, "previous_status": previous_status, "permanent": permanent}
    await _tell(conn, page, "page.archived", told)


async def _tell(conn: Connection, page: Page, type: str, data: Mapping[str, Any]) -> None:
    await append(conn, page.project_id, page.id, type, data)
