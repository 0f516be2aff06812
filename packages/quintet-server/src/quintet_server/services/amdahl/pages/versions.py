"""The history of a page: its versions, and going back to one of them."""

from __future__ import annotations

from starlette.responses import Response

from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.errors import invalid_argument, invalid_state, not_found
from quintet_server.services.amdahl.listing import envelope, list_args
from quintet_server.services.amdahl.pages.access import locked_page, visible_page
from quintet_server.services.amdahl.pages.bodies import RestorePage
from quintet_server.services.amdahl.pages.changing import (
    check_version,
    draft_of,
    expected_versions,
    page_reply,
)
from quintet_server.services.amdahl.pages.events import tell_updated
from quintet_server.services.amdahl.pages.shapes import change_shape, version_shape
from quintet_server.services.amdahl.pages.store import list_versions, read_version, save_page
from quintet_server.services.amdahl.pages.verifying import check, verify_for
from quintet_server.services.amdahl.wire import ok
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["get_version", "get_versions", "restore_version"]

_VERSION_MAX_DIGITS = 9


async def get_versions(call: Call) -> Response:
    """The versions of a page, the latest first, without specs."""
    args = list_args(call)
    page = await visible_page(call)
    before = None if args.after is None else _cursor_version(args.after[1])
    found = await list_versions(
        call.parts.db, page, before=before, offset=args.offset, limit=args.limit + 1
    )
    items = [change_shape(page, change) for change in found]
    keys = [(change.created_at, str(change.version)) for change in found]
    # Versions are counted without gaps, so the latest is how many there are.
    return ok(envelope(items, page.version, args, keys))


async def get_version(call: Call) -> Response:
    """One version of a page, with its spec and queries."""
    number = _version_number(call.path("n"))
    page = await visible_page(call)
    return ok(version_shape(page, await read_version(call.parts.db, page, number)))


async def restore_version(call: Call, body: RestorePage) -> Response:
    """Make an earlier version the present one: as a new version, so nothing is lost.

    It has to pass the verifier of today.
    """
    expected = expected_versions(call, body.expected_version)
    seen = await visible_page(call)
    version = await read_version(call.parts.db, seen, body.version)
    declared = [query.shape() for query in version.declared_queries]
    verified = await verify_for(call, version.spec, declared)

    async def action(conn: Connection) -> Reply:
        page = await locked_page(call, conn)
        if page.status == "archived":
            message = "This page is archived; set its status to draft to go on with it."
            raise invalid_state(message, status=page.status)
        check_version(page, expected)
        check(verified.findings)
        draft = draft_of(
            page,
            version=page.version + 1,
            name=version.change.name,
            spec=version.spec,
            declared_queries=version.declared_queries,
            uses_custom=verified.findings.uses_custom,
        )
        saved = await save_page(
            conn, draft, by=call.user_id, is_new_version=True, restored_from=body.version
        )
        fields = ("name", "spec", "declared_queries")
        changed = {name for name in fields if getattr(page, name) != getattr(saved, name)}
        await tell_updated(conn, saved, changed)
        return page_reply(call, saved)

    return await write(call, action)


def _version_number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= _VERSION_MAX_DIGITS
    if not is_number:
        raise not_found("Version", text)
    return int(text)


def _cursor_version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _VERSION_MAX_DIGITS):
        raise invalid_argument("cursor: is not one that this list has given out", "cursor")
    return int(text)
