"""API keys of a business, made and revoked by its administrators."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.responses import Response

from quintet_server.services.amdahl.context import ROLES, SERVICE, Call, write
from quintet_server.services.amdahl.endpoints import Body
from quintet_server.services.amdahl.errors import invalid_argument, missing_scope, not_found
from quintet_server.services.amdahl.listing import envelope, list_args
from quintet_server.services.amdahl.wire import instant, no_content_reply, ok
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply
from quintet_server.store.key_formats import KEY_FORMATS
from quintet_server.store.keys import ApiKey, create_key, list_keys, revoke_key

_MAX_DAYS = 3650


class NewKey(Body):
    """What a new key is to be."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=100)]
    role: Literal["viewer", "editor", "admin", "owner"] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=_MAX_DAYS)] | None = None


async def create(call: Call, body: NewKey) -> Response:
    """Make a key that may do no more than the one that asks for it."""
    role = body.role or call.role
    if ROLES.index(role) > ROLES.index(call.role):
        call.needs_role(role)
    form = KEY_FORMATS[SERVICE]
    try:
        granted = form.expand(body.scopes)
    except ValueError as error:
        allowed = [*form.scopes, *form.bundles]
        raise invalid_argument(f"scopes: {error}", "scopes", allowed=allowed) from None
    if beyond := [scope for scope in granted if scope not in call.scopes]:
        raise missing_scope(*beyond)
    lifetime = None if body.expires_in_days is None else timedelta(days=body.expires_in_days)

    # No idempotency key is looked at: the answer would be kept, and with it the secret.
    async with call.parts.db.transaction() as conn:
        secret, key = await create_key(
            conn,
            SERVICE,
            project=call.project_name,
            scopes=granted,
            name=body.name,
            lifetime=lifetime,
            attributes={"role": role, "user_id": call.user_id},
        )
    return ok({**_shown(key), "key": secret}, 201)


async def list_(call: Call) -> Response:
    """The keys of the business, newest first."""
    args = list_args(call)
    async with call.parts.db.connection() as conn:
        keys = await list_keys(conn, SERVICE, call.project_id)
    keys.sort(key=lambda key: (key.created_at, key.id), reverse=True)
    behind = [key for key in keys if args.after is None or (key.created_at, key.id) < args.after]
    page = behind[args.offset : args.offset + args.limit + 1]
    shown = [_shown(key) for key in page]
    return ok(envelope(shown, len(keys), args, [(key.created_at, key.id) for key in page]))


async def revoke(call: Call) -> Response:
    """Revoke a key of the business; 404 for any other, and for one revoked before."""
    key_id = call.path("id")

    async def act(conn: Connection) -> Reply:
        keys = await list_keys(conn, SERVICE, call.project_id)
        if not any(key.id == key_id and key.revoked_at is None for key in keys):
            raise not_found("API key", key_id)
        await revoke_key(conn, key_id)
        return no_content_reply()

    response = await write(call, act)
    call.parts.keys.forget()  # other processes are told; this one need not wait until it is
    return response


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "role": key.attributes.get("role", "owner"),
        "created_at": instant(key.created_at),
        "expires_at": instant(key.expires_at),
        "revoked_at": instant(key.revoked_at),
        "last_used_at": instant(key.last_used_at),
    }
