"""Who is calling: an API key of a team, or somebody who has signed in.

Both come as `Authorization: Bearer …`. What is written like a login token (a JWT, RFC 7519 §3) is
taken for one, and everything else for a key: a key that was mistyped, cut off or made for another
service is told of as a key. Every reason why a key is not accepted gets one same answer, so that
nothing can be learned about keys by trying them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from starlette._utils import get_route_path
from starlette.types import Scope

from quintet_server.engines.identity import TokenExpired, TokenInvalid
from quintet_server.http.auth import KeyHeader
from quintet_server.http.context import Kernel
from quintet_server.http.errors import ApiError, ErrorEnvelope
from quintet_server.services.ghostflow.account.auditing import Audit
from quintet_server.services.ghostflow.account.callers import SignedIn, principal_of_user
from quintet_server.services.ghostflow.account.failures import Failures
from quintet_server.services.ghostflow.account.login_tokens import read_token
from quintet_server.services.ghostflow.account.origins import address_of, origin_of
from quintet_server.services.ghostflow.account.users import Membership
from quintet_server.services.ghostflow.context import SERVICE, GhostFlow
from quintet_server.services.ghostflow.errors import (
    auth_refused,
    invalid,
    team_forbidden,
    team_required,
)
from quintet_server.store.keys import Principal, Rejection, find_secret

__all__ = ["GhostFlowAuth"]

_LOGIN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_BEARER = KeyHeader()
# Paths that are about the user, not about one team: whoever is in several need not name one.
_TEAMLESS = ("/auth/me", "/teams")


class GhostFlowAuth:
    """Keys and login tokens, and the header that says which team is meant."""

    parts: GhostFlow | None = None
    """Set once the service has started."""

    async def __call__(
        self,
        headers: Mapping[bytes, bytes],
        kernel: Kernel,
        envelope: ErrorEnvelope,
        scope: Scope,
    ) -> Principal:
        """The caller. Raises 401, 429 after many failures, and 400 or 403 for `X-Team-Id`."""
        assert self.parts is not None  # no request comes before the start
        parts = self.parts
        try:
            token = _BEARER.read(headers)
            if token is None:
                raise _missing()
            team_id = _team_header(headers.get(b"x-team-id"))
            if _LOGIN.fullmatch(token):
                return await _user_principal(parts, token, team_id, scope)
            return await _key_principal(parts, token, team_id, scope)
        except ApiError as error:
            failures, address = parts.room(Failures), address_of(parts, scope)
            now = parts.clock.now()
            if error.status == 401:
                raise failures.refusal(error, address, now) from None
            error.headers.update(failures.headers(address, now))
            raise


def _missing() -> ApiError:
    message = "No credentials were sent; expected the header Authorization: Bearer <API key>."
    return auth_refused("AUTH_REQUIRED", message)


def _team_header(given: bytes | None) -> UUID | None:
    """Which team the caller says they mean. Raises 400."""
    if given is None:
        return None
    try:
        return UUID(given.decode("ascii"))
    except ValueError:  # not ASCII, or no UUID
        raise invalid("X-Team-Id: must be a UUID", "X-Team-Id") from None


async def _key_principal(
    parts: GhostFlow, secret: str, team_id: UUID | None, scope: Scope
) -> Principal:
    found = await parts.keys.lookup(secret, SERVICE)
    if isinstance(found, Rejection):
        error = auth_refused("AUTH_INVALID_API_KEY", "This API key is not valid.")
        if found is not Rejection.UNKNOWN:
            await _note_denied(parts, secret, scope, error)
        raise error
    if team_id is not None and (await parts.teams.of_project(found.project_id)).id != team_id:
        error = team_forbidden()
        _note(parts, found.project_id, found.key_id, scope, error)
        raise error
    return found


async def _note_denied(parts: GhostFlow, secret: str, scope: Scope, error: ApiError) -> None:
    """A key that was revoked or has expired is still in somebody's hands: its log says so."""
    async with parts.db.connection() as conn:
        key = await find_secret(conn, SERVICE, secret)
    if key is not None:
        _note(parts, key.project_id, key.id, scope, error)


def _note(parts: GhostFlow, project_id: str, key_id: str, scope: Scope, error: ApiError) -> None:
    parts.room(Audit).note(
        project_id=project_id,
        key_id=key_id,
        action="denied",
        origin=origin_of(parts, scope),
        status=error.status,
    )


async def _user_principal(
    parts: GhostFlow, token: str, team_id: UUID | None, scope: Scope
) -> Principal:
    try:
        user, memberships = await read_token(parts, token)
    except TokenExpired:
        message = "This login has expired: sign in again."
        raise auth_refused("AUTH_TOKEN_EXPIRED", message) from None
    except TokenInvalid:
        message = "This login does not hold: sign in again."
        raise auth_refused("AUTH_INVALID_TOKEN", message) from None
    if not memberships:
        raise team_forbidden()
    team = _chosen(memberships, team_id)
    if team is None and not get_route_path(scope).startswith(_TEAMLESS):
        raise team_required()
    return principal_of_user(SignedIn(user, memberships, team))


def _chosen(memberships: tuple[Membership, ...], team_id: UUID | None) -> Membership | None:
    """The team of a call; None if the user is in several and named none. Raises 403."""
    if team_id is None:
        return memberships[0] if len(memberships) == 1 else None
    for membership in memberships:
        if membership.team_id == team_id:
            return membership
    raise team_forbidden()
