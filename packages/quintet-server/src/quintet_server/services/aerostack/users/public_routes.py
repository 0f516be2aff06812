"""Users without an API key: `/api/v1/public/projects/{slug}/auth/…` at the root of the host.

The slug is the project's name. These paths are for programs in the users' own hands, so they are
limited by address, and an `Idempotency-Key` means nothing here: whoever guessed one would get
somebody's token. Browsers of other origins are not served (no CORS).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from quintet_server.http.address_limit import AddressLimit
from quintet_server.http.body import read_body
from quintet_server.services.aerostack.context import SERVICE, Aerostack, parts_of
from quintet_server.services.aerostack.endpoints import Body, read_model
from quintet_server.services.aerostack.errors import bad_token, not_found, too_many
from quintet_server.services.aerostack.users.bearer import BearerUser, bearer_of, find_bearer
from quintet_server.services.aerostack.users.model import (
    Signed,
    User,
    signed_shape,
    token_for,
    user_shape,
)
from quintet_server.services.aerostack.users.profile import Faults
from quintet_server.services.aerostack.users.records import change_user
from quintet_server.services.aerostack.users.sessions import (
    end_bearer,
    end_session,
    open_session,
    refresh,
)
from quintet_server.services.aerostack.users.signing_in import sign_in
from quintet_server.services.aerostack.users.signing_up import insert_user, new_user
from quintet_server.services.aerostack.wire import ok

__all__ = ["HOST_PREFIXES", "HOST_ROUTES", "PUBLIC_PREFIXES"]

_PREFIX = "/api/v1/public/projects"
_PROJECT = "SELECT id FROM projects WHERE service = %s AND name = %s"


class Register(Body):
    """A new user."""

    email: str
    password: str
    name: str | None = None
    metadata: dict[str, Any] | None = None


class Login(Body):
    """A user's address and password."""

    email: str
    password: str


class Refresh(Body):
    """The refresh token of the latest answer."""

    refresh_token: str


class Logout(Body):
    """Nothing, or the refresh token of the session that ends."""

    refresh_token: str | None = None


class ChangedMe(Body):
    """What a user changes about themselves; metadata as a whole."""

    name: str | None = Field(default=None)
    metadata: dict[str, Any] | None = Field(default=None)


async def register(request: Request) -> Response:
    """Sign up; answers like a sign-in."""
    parts, project_id = await _entered(request)
    body = read_model(Register, await _raw(parts, request))
    new = await new_user(parts, project_id, body)
    signed = await token_for(parts, project_id, new.id, new.email)
    async with parts.db.transaction() as conn:
        user = await insert_user(conn, new)
        refresh_token = await open_session(conn, parts, user, signed)
    return ok(_session_shape(user, signed, refresh_token), 201)


async def login(request: Request) -> Response:
    """Sign in."""
    parts, project_id = await _entered(request)
    body = read_model(Login, await _raw(parts, request))
    user = await sign_in(parts, project_id, body.email, body.password)
    signed = await token_for(parts, project_id, user.id, user.email)
    async with parts.db.connection() as conn:
        refresh_token = await open_session(conn, parts, user, signed)
    return ok(_session_shape(user, signed, refresh_token))


async def refresh_session(request: Request) -> Response:
    """Trade a refresh token for a new token and the next refresh token."""
    parts, project_id = await _entered(request)
    body = read_model(Refresh, await _raw(parts, request))
    continued = await refresh(parts, project_id, body.refresh_token)
    return ok(_session_shape(continued.user, continued.signed, continued.refresh_token))


async def logout(request: Request) -> Response:
    """Sign out: the token and its session end at once."""
    parts, bearer = await _signed_in(request)
    body = read_model(Logout, await _raw(parts, request))
    if body.refresh_token is not None:
        await end_session(parts, bearer.user, body.refresh_token)
    async with parts.db.transaction() as conn:
        await end_bearer(conn, bearer)
    return ok({"success": True})


async def get_me(request: Request) -> Response:
    """The user whose token it is."""
    _, bearer = await _signed_in(request)
    return ok({"success": True, "user": user_shape(bearer.user)})


async def change_me(request: Request) -> Response:
    """Change the name, or replace the metadata."""
    parts, bearer = await _signed_in(request)
    body = read_model(ChangedMe, await _raw(parts, request))
    faults = Faults(parts.settings)
    faults.name(body.name)
    metadata = None if body.metadata is None else faults.metadata(body.metadata)
    faults.raise_if_any()
    has_name = "name" in body.model_fields_set
    async with parts.db.connection() as conn:
        user = await change_user(
            conn, bearer.user, has_name=has_name, name=body.name, metadata=metadata
        )
    if user is None:
        raise bad_token("This token is not valid: sign in again.", "AUTH_TOKEN_INVALID")
    return ok({"success": True, "user": user_shape(user)})


async def _entered(request: Request) -> tuple[Aerostack, str]:
    """The parts and the project's id. Raises ApiError: 404, or 429 for an address too busy."""
    parts = parts_of(request)
    slug = request.path_params["slug"].replace("\x00", "\ufffd")
    row = None
    if parts.settings.public_auth:
        _limit(request, parts, slug)
        async with parts.db.connection() as conn:
            row = await (await conn.execute(_PROJECT, (SERVICE, slug))).fetchone()
    if row is None:
        raise not_found(f"No such project: {slug}")
    return parts, str(row[0])


async def _signed_in(request: Request) -> tuple[Aerostack, BearerUser]:
    """The parts and the caller. Raises ApiError: 401, also for a user of another project."""
    parts, project_id = await _entered(request)
    bearer = await find_bearer(parts, bearer_of(request))
    if bearer.user.project_id != project_id:
        raise bad_token("This token is not valid: sign in again.", "AUTH_TOKEN_INVALID")
    return parts, bearer


def _limit(request: Request, parts: Aerostack, slug: str) -> None:
    state = request.app.state
    if not hasattr(state, "aerostack_public_auth"):
        state.aerostack_public_auth = AddressLimit(parts.settings.public_auth_per_minute)
    limit: AddressLimit = state.aerostack_public_auth
    address = request.client.host if request.client else ""
    wait = limit.seconds_to_wait(f"{address} {slug}", parts.clock.now())
    if wait > 0:
        raise too_many("Too many requests from this address; try again later.", wait)


async def _raw(parts: Aerostack, request: Request) -> bytes:
    return await read_body(request, max_bytes=parts.settings.body_limit(request.url.path))


def _session_shape(user: User, signed: Signed, refresh_token: str) -> dict[str, Any]:
    return {
        "success": True,
        **signed_shape(user, signed),
        "refreshToken": refresh_token,
        # Nothing waits for a look into the mailbox.
        "requiresVerification": False,
    }


def _route(path: str, method: str, handler: Callable[[Request], Awaitable[Response]]) -> BaseRoute:
    return Route(f"{_PREFIX}/{{slug}}/auth/{path}", handler, methods=[method])


HOST_PREFIXES: tuple[str, ...] = (_PREFIX,)
PUBLIC_PREFIXES: tuple[str, ...] = (f"{_PREFIX}/",)
HOST_ROUTES: tuple[BaseRoute, ...] = (
    _route("register", "POST", register),
    _route("login", "POST", login),
    _route("refresh", "POST", refresh_session),
    _route("logout", "POST", logout),
    _route("me", "GET", get_me),
    _route("me", "PATCH", change_me),
)
