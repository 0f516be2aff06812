"""`/auth/api-keys`: keys of a team, made, revoked, given another secret and deleted.

Users, and keys that may administer, do this. A user who may not administer has to do with the keys
they made themselves, and with no others; and nobody gets hold of a key that may do more than they.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from starlette.responses import Response

from quintet_server.services.ghostflow.account.auditing import note_change
from quintet_server.services.ghostflow.account.callers import signed_in
from quintet_server.services.ghostflow.account.shapes import key_shape
from quintet_server.services.ghostflow.account.shown_once import Shown, write_shown_once
from quintet_server.services.ghostflow.context import SERVICE, Call, write
from quintet_server.services.ghostflow.endpoints import Body
from quintet_server.services.ghostflow.errors import (
    conflict,
    invalid,
    not_found,
)
from quintet_server.services.ghostflow.listing import SEARCHED_PAGE, list_args, list_response
from quintet_server.services.ghostflow.parameters import choice_of
from quintet_server.services.ghostflow.wire import Name, deleted_reply, ok_reply, parse_instant
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply
from quintet_server.store.key_formats import KEY_FORMATS
from quintet_server.store.keys import (
    ApiKey,
    create_key,
    delete_key,
    find_key,
    list_keys,
    replace_secret,
    revoke_key,
)

__all__ = [
    "QUERY",
    "NewKey",
    "check_manager",
    "create",
    "delete",
    "is_own",
    "list_",
    "regenerate",
    "revoke",
]

NOUN = "API key"
STATUSES = ("active", "revoked", "all")
QUERY = (*SEARCHED_PAGE, choice_of("status", STATUSES, "all"))
"""What a query for keys may say."""
_FORM = KEY_FORMATS[SERVICE]
_NAME_MAX_CHARS = 100


def _short(name: str) -> str:
    if len(name) > _NAME_MAX_CHARS:
        raise ValueError(f"must have 1 to {_NAME_MAX_CHARS} characters")
    return name


class NewKey(Body):
    """What a new key is to be."""

    name: Annotated[Name, AfterValidator(_short)]
    permissions: Annotated[list[str], Field(min_length=1, max_length=100)]
    expires_at: str | None = None


async def create(call: Call, body: NewKey) -> Response:
    """Make a key; its secret is in this answer and in no other."""
    granted = _granted(call, body.permissions)
    expires_at = _future(call, body.expires_at)
    user = signed_in(call.principal)
    made_by = call.principal.key_id if user is None else str(user.user.id)

    async def action(conn: Connection) -> Shown:
        secret, key = await create_key(
            conn,
            SERVICE,
            project=call.principal.project_name,
            scopes=granted,
            name=body.name,
            expires_at=expires_at,
            attributes={"permissions": body.permissions, "made_by": made_by},
        )
        await note_change(conn, call, key.id, "created", 201)
        return {**key_shape(key), "key": secret}

    return await write_shown_once(call, action, status=201)


async def list_(call: Call) -> Response:
    """The keys of the team, newest first; of a user who may not administer, their own."""
    status = call.query("status") or "all"
    if status not in STATUSES:
        raise invalid(f"status: must be one of {', '.join(STATUSES)}", "status")
    args = list_args(call, status=status)
    await call.parts.keys.write_use()
    async with call.parts.db.connection() as conn:
        found = await list_keys(conn, SERVICE, call.principal.project_id)
    search = (args.search or "").casefold()
    keys = [
        ((getattr(key, args.column), UUID(key.id)), key)
        for key in found
        if is_own(call, key)
        and search in key.name.casefold()
        and status in ("all", "active" if key.revoked_at is None else "revoked")
    ]
    keys.sort(key=lambda pair: pair[0], reverse=args.descending)
    behind = [
        (place, key)
        for place, key in keys
        if args.after is None or (place < args.after if args.descending else place > args.after)
    ][: args.limit + 1]
    shown = [key_shape(key) for _, key in behind]
    return list_response(call, shown, [place for place, _ in behind], len(keys), args)


async def revoke(call: Call) -> Response:
    """End a key; done again, it changes nothing."""

    async def action(conn: Connection) -> Reply:
        key = await _found(conn, call)
        if key.revoked_at is None:
            revoked = await revoke_key(conn, key.id)
            if revoked is None:  # deleted since it was found
                raise not_found(NOUN, key.id)
            key = revoked
            await note_change(conn, call, key.id, "revoked")
        return ok_reply(key_shape(key))

    return _forgetting(call, await write(call, action))


async def regenerate(call: Call) -> Response:
    """Another secret for a key that stays the same otherwise; the old one is dead at once."""

    async def action(conn: Connection) -> Shown:
        key = await _found(conn, call)
        _granted(call, key.scopes)
        made = await replace_secret(conn, SERVICE, key.project_id, key.id)
        if made is None:
            raise conflict("A key that was revoked gets no other secret; make a new key.")
        secret, key = made
        await note_change(conn, call, key.id, "regenerated")
        return {**key_shape(key), "key": secret}

    return _forgetting(call, await write_shown_once(call, action))


async def delete(call: Call) -> Response:
    """Remove a key; its audit log stays."""

    async def action(conn: Connection) -> Reply:
        key = await _found(conn, call)
        if not await delete_key(conn, SERVICE, key.project_id, key.id):
            raise not_found(NOUN, key.id)  # somebody else has just done it
        await note_change(conn, call, key.id, "deleted")
        return deleted_reply(UUID(key.id))

    return _forgetting(call, await write(call, action))


def check_manager(call: Call) -> None:
    """Raise 403 for a key that may not administer."""
    if signed_in(call.principal) is None:
        call.needs_scope("admin")


def is_own(call: Call, key: ApiKey) -> bool:
    """Whether a key is the caller's affair."""
    user = signed_in(call.principal)
    if user is None or "admin" in call.scopes:
        return True
    return bool(key.attributes.get("made_by") == str(user.user.id))


async def _found(conn: Connection, call: Call) -> ApiKey:
    """The key in the path. Raises 404, also for one that is not the caller's affair."""
    id = call.path_id(NOUN)
    key = await find_key(conn, SERVICE, call.principal.project_id, str(id))
    if key is None or not is_own(call, key):
        raise not_found(NOUN, id)
    return key


def _granted(call: Call, permissions: list[str]) -> list[str]:
    """The scopes behind permissions. Raises 400 for unknown ones, 403 for others than one's own."""
    try:
        granted = _FORM.expand(permissions)
    except ValueError as error:
        raise invalid(f"permissions: {error}", "permissions") from None
    for scope in granted:
        call.needs_scope(scope)
    return granted


def _future(call: Call, given: str | None) -> datetime | None:
    """When a new key ends. Raises 400."""
    if given is None:
        return None
    try:
        when = parse_instant(given)
    except ValueError:
        message = "expiresAt: must be an instant such as 2026-04-14T18:22:11Z"
        raise invalid(message, "expiresAt") from None
    if when <= datetime.fromtimestamp(call.parts.clock.now(), UTC):
        raise invalid("expiresAt: must be in the future", "expiresAt")
    return when


def _forgetting(call: Call, response: Response) -> Response:
    """Other processes are told what has changed; this one need not wait until it is."""
    call.parts.keys.forget()
    return response
