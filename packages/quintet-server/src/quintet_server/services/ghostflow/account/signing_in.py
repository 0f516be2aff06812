"""`POST /auth/login`: an address and a password for a token.

One answer for an unknown address and a wrong password, in words and in work. An `Idempotency-Key`
means nothing here: whoever guessed one would get somebody's token.
"""

from __future__ import annotations

from typing import Any

import psycopg
import structlog
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.identity import PasswordsBusy
from quintet_server.engines.identity.emails import key_to_look_for
from quintet_server.http.body import read_body
from quintet_server.http.errors import ApiError, Failure
from quintet_server.services.ghostflow.account.failures import Failures
from quintet_server.services.ghostflow.account.login_tokens import issue_token
from quintet_server.services.ghostflow.account.origins import address_of
from quintet_server.services.ghostflow.account.shapes import team_shape, user_shape
from quintet_server.services.ghostflow.account.users import User, read_memberships
from quintet_server.services.ghostflow.context import GhostFlow, parts_of
from quintet_server.services.ghostflow.endpoints import Body, check_kind, read_model
from quintet_server.services.ghostflow.errors import auth_refused, unavailable
from quintet_server.services.ghostflow.wire import ok

__all__ = ["OTHER_METHODS", "Login", "login", "refuse_method"]

OTHER_METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")

_log = structlog.get_logger(__name__)

_FIND = """
SELECT password_hash, id, email, name, password_version, created_at
FROM ghostflow_users WHERE email_key = %s
"""
_REHASH = "UPDATE ghostflow_users SET password_hash = %s WHERE id = %s AND password_hash = %s"


class Login(Body):
    """A user's address and password."""

    email: str
    password: str


async def login(request: Request) -> Response:
    """Sign in with an e-mail address and a password; the answer has a token and the user's teams.

    The token goes where an API key would: `Authorization: Bearer <accessToken>`. Whoever is in
    several teams names one in `X-Team-Id`.
    """
    parts = parts_of(request)
    address = address_of(parts, request.scope)
    try:
        check_kind(request)
        raw = await read_body(request, max_bytes=parts.settings.body_max_bytes)
        user = await _sign_in(parts, address, read_model(Login, raw))
    except ApiError as error:
        error.headers.update(parts.room(Failures).headers(address, parts.clock.now()))
        raise
    async with parts.db.connection() as conn:
        memberships = await read_memberships(conn, user.id)
    shown: dict[str, Any] = {
        "accessToken": await issue_token(parts, user),
        "tokenType": "Bearer",
        "expiresIn": parts.settings.login_lifetime_seconds,
        "user": user_shape(user),
        "teams": [team_shape(one) for one in memberships],
    }
    headers = parts.room(Failures).headers(address, parts.clock.now())
    return ok(shown, headers=[*headers.items(), ("Cache-Control", "no-store")])


async def refuse_method(request: Request) -> Response:
    """405, refused here so that it has the headers that every answer has."""
    parts, envelope = parts_of(request), request.app.state.service.envelope
    address = address_of(parts, request.scope)
    headers = parts.room(Failures).headers(address, parts.clock.now())
    message = "Send the e-mail address and the password with POST."
    raise envelope.error(Failure.METHOD_NOT_ALLOWED, message, headers={"Allow": "POST", **headers})


async def _sign_in(parts: GhostFlow, address: str, given: Login) -> User:
    """The user. Raises ApiError: 401, 429 after too many failures, 503 when too many sign in."""
    key = key_to_look_for(given.email)
    try:
        # Of many attempts at a time, each sees what came of the one before.
        async with parts.passwords.turn(f"ghostflow\0{key}"):
            return await _attempt(parts, address, key, given.password)
    except PasswordsBusy as error:
        message = "Too many users are signing in right now; try again shortly."
        raise unavailable(message, error.retry_after) from error


async def _attempt(parts: GhostFlow, address: str, key: str, password: str) -> User:
    failures = parts.room(Failures)
    failures.check_login(address, key, parts.clock.now())
    async with parts.db.connection() as conn:
        row = await (await conn.execute(_FIND, (key,))).fetchone()
    hashed = None if row is None else str(row[0])
    if not await parts.passwords.verify(hashed, password):
        now = parts.clock.now()
        failures.login_failed(key, now)
        error = auth_refused("AUTH_INVALID_CREDENTIALS", "The e-mail or the password is wrong.")
        raise failures.refusal(error, address, now)
    assert row is not None  # nobody's password is never right
    user = User(*row[1:])
    failures.login_succeeded(key)
    if parts.passwords.needs_rehash(row[0]):
        await _rehash(parts, user, row[0], password)
    return user


async def _rehash(parts: GhostFlow, user: User, old: str, password: str) -> None:
    """Hash the password at the costs of today; if that cannot be done now, at another sign-in."""
    try:
        new = await parts.passwords.hash(password)
        async with parts.db.connection() as conn:
            await conn.execute(_REHASH, (new, user.id, old))
    except (PasswordsBusy, psycopg.Error) as error:
        _log.warning("password_not_rehashed", error=str(error).strip())
