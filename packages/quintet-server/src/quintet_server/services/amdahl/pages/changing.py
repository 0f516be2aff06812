"""Making, changing, archiving and deleting pages.

A page is verified before the transaction that stores it, because that takes connections of its own.
In the transaction the row is locked; if the page has got another version since it was read, the
change is made again from there. Refusals are raised inside the transaction's action, where they are
kept under an idempotency key as successes are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
from starlette.responses import Response

from quintet_server.http.errors import ApiError
from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.errors import (
    conflict,
    invalid_argument,
    invalid_state,
    version_conflict,
)
from quintet_server.services.amdahl.pages.access import check_grants, locked_page, visible_page
from quintet_server.services.amdahl.pages.bodies import ChangePage, CreatePage
from quintet_server.services.amdahl.pages.events import tell_archived, tell_created, tell_updated
from quintet_server.services.amdahl.pages.model import Page
from quintet_server.services.amdahl.pages.shapes import page_shape
from quintet_server.services.amdahl.pages.store import Draft, delete_page, no_page, save_page
from quintet_server.services.amdahl.pages.verifying import check, verify_for
from quintet_server.services.amdahl.wire import no_content_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = [
    "archive_page",
    "change_page",
    "check_version",
    "create_page",
    "draft_of",
    "expected_versions",
    "hard_delete_page",
    "page_reply",
]

_TRIES = 5
_ENTITY_TAG = re.compile('"([1-9][0-9]{0,8})"')
# What null cannot stand for; of the others it empties or clears.
_NEVER_NULL = ("name", "spec", "status")
_VERSIONED = frozenset({"name", "spec", "declared_queries"})
# What is a list on the wire, and its name here; null empties it.
_LISTS = {"tags": "tags", "page_grants": "grants"}
_VERIFIED = frozenset({"spec", "declared_queries"})
_ARCHIVED = "archived"


class _Moved(Exception):
    """The page has another version than the one the change was prepared from."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A change, merged with the page as it was read; or why there can be none."""

    version: int
    values: Mapping[str, Any]
    refusal: ApiError | None = None


async def create_page(call: Call, body: CreatePage) -> Response:
    """Make a page out of a spec that passes the verifier; a draft."""
    verified = await verify_for(call, body.spec, body.declared_queries)

    async def action(conn: Connection) -> Reply:
        check(verified.findings)
        check_grants(call, body.page_grants or ())
        draft = Draft(
            project_id=call.project_id,
            id=str(uuid4()),
            name=body.name,
            description=body.description,
            tags=body.tags or (),
            spec=verified.spec,
            declared_queries=verified.queries,
            status="draft",
            version=1,
            uses_custom=verified.findings.uses_custom,
            grants=body.page_grants or (),
        )
        page = await save_page(conn, draft, by=call.user_id, is_new_version=True)
        await tell_created(conn, page)
        return page_reply(call, page, 201)

    return await write(call, action)


async def change_page(call: Call, body: ChangePage) -> Response:
    """Change what is sent, unless somebody else has changed the page in the meantime."""
    sent = _sent(body)
    expected = expected_versions(call, body.expected_version)
    for _ in range(_TRIES):
        prepared = await _prepare(call, sent)

        async def action(conn: Connection, prepared: _Prepared = prepared) -> Reply:
            page = await locked_page(call, conn)
            _check_state(page, sent)
            check_version(page, expected)
            if prepared.version != page.version:
                raise _Moved
            if prepared.refusal is not None:
                raise prepared.refusal
            return page_reply(call, await _apply(call, conn, page, prepared.values))

        try:
            return await write(call, action)
        except _Moved:
            continue
    raise conflict("This page is being changed all the time; try again.")


def _sent(body: ChangePage) -> dict[str, Any]:
    """The fields that are in the body. Raises ApiError: 400 for a null where none can be."""
    sent = {name: getattr(body, name) for name in body.model_fields_set - {"expected_version"}}
    for name in _NEVER_NULL:
        if name in sent and sent[name] is None:
            raise invalid_argument(f"{name}: must not be null", name)
    return sent


async def _prepare(call: Call, sent: Mapping[str, Any]) -> _Prepared:
    """Verify the page that would come out.

    Publishing verifies again, so that what others see is right by today's tables.
    """
    values = {name: value for name, value in sent.items() if name not in _VERIFIED}
    for name in _LISTS.keys() & values.keys():
        values[_LISTS[name]] = tuple(values.pop(name) or ())
    try:
        page = await visible_page(call)
    except ApiError:
        return _Prepared(0, values)  # the action finds the same
    try:
        check_grants(call, values.get("grants", ()))
        if not _VERIFIED.isdisjoint(sent) or sent.get("status") == "published":
            values |= await _verified(call, page, sent)
    except ApiError as refusal:
        if refusal.status >= 500:  # says nothing about the change
            raise
        return _Prepared(page.version, values, refusal)
    return _Prepared(page.version, values)


async def _verified(call: Call, page: Page, sent: Mapping[str, Any]) -> dict[str, Any]:
    declared = sent.get("declared_queries", [query.shape() for query in page.declared_queries])
    verified = await verify_for(call, sent.get("spec", page.spec), declared)
    # Whoever only publishes has not written the Custom code that stands there already.
    check(verified.findings if "spec" in sent else verified.findings.without_custom())
    return {
        "spec": verified.spec,
        "declared_queries": verified.queries,
        "uses_custom": verified.findings.uses_custom,
    }


async def _apply(call: Call, conn: Connection, page: Page, values: Mapping[str, Any]) -> Page:
    """Store what is different; a change that changes nothing leaves no trace."""
    changed = {name for name, value in values.items() if getattr(page, name) != value}
    if not changed:
        return page
    is_new_version = not changed.isdisjoint(_VERSIONED)
    draft = draft_of(page, version=page.version + is_new_version, **values)
    saved = await save_page(conn, draft, by=call.user_id, is_new_version=is_new_version)
    if saved.status == _ARCHIVED:
        await tell_archived(conn, saved, page.status)
    else:
        await tell_updated(conn, saved, changed)
    return saved


def _check_state(page: Page, sent: Mapping[str, Any]) -> None:
    """Raise 409 for a change to an archived page that does not take it out of the archive."""
    if page.status == _ARCHIVED and sent.get("status", _ARCHIVED) == _ARCHIVED:
        message = "This page is archived; set its status to draft to go on with it."
        raise invalid_state(message, status=page.status)


async def archive_page(call: Call) -> Response:
    """Archive a page: it leaves the lists, and can be taken back."""

    async def action(conn: Connection) -> Reply:
        page = await locked_page(call, conn)
        if page.status == _ARCHIVED:
            raise no_page(page.id)
        check_version(page, expected_versions(call))
        draft = draft_of(page, status=_ARCHIVED)
        saved = await save_page(conn, draft, by=call.user_id, is_new_version=False)
        await tell_archived(conn, saved, page.status)
        return no_content_reply()

    return await write(call, action)


async def hard_delete_page(call: Call) -> Response:
    """Delete a page with its history, for good."""

    async def action(conn: Connection) -> Reply:
        await locked_page(call, conn)
        page = await delete_page(conn, call.project_id, call.path("id"))
        if page.status != _ARCHIVED:
            await tell_archived(conn, page, page.status, permanent=True)
        return Reply(200, orjson.dumps({"id": page.id, "deleted": True}))

    return await write(call, action)


def draft_of(page: Page, **changed: Any) -> Draft:
    """The page as it is to be stored, with some things changed."""
    values = {name: getattr(page, name) for name in Draft.__slots__}
    return Draft(**(values | changed))


def page_reply(call: Call, page: Page, status: int = 200) -> Reply:
    """The page, with its version as entity tag (RFC 9110 §8.8.3)."""
    body = orjson.dumps(page_shape(call, page))
    return Reply(status, body, (("ETag", f'"{page.version}"'),))


def expected_versions(call: Call, named: int | None = None) -> frozenset[int]:
    """The versions a change was made for, from the body and from `If-Match`; none: any.

    Raises ApiError: 400 for an `If-Match` that is not `"<version>"` or `*`.
    """
    expected = set() if named is None else {named}
    given = call.request.headers.get("if-match", "*").strip()
    if given != "*":
        tag = _ENTITY_TAG.fullmatch(given)
        if tag is None:
            message = 'If-Match: must be the version of the page in quotes, such as "3"'
            raise invalid_argument(message, "If-Match")
        expected.add(int(tag[1]))
    return frozenset(expected)


def check_version(page: Page, expected: frozenset[int]) -> None:
    """Raise 409 unless the page still has the version that was expected."""
    if expected and expected != {page.version}:
        raise version_conflict(page.version)
