"""Whose token it is: the user behind an `Authorization: Bearer` of one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from quintet_server.engines.identity import TokenExpired, TokenInvalid
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.errors import bad_token
from quintet_server.services.aerostack.users.model import User

__all__ = ["BearerUser", "UserToken", "bearer_of", "find_bearer", "user_of"]

_FIND = """
SELECT u.id, u.project_id, u.email, u.name, u.metadata, u.created_at FROM aerostack_users u
WHERE u.project_id = %s AND u.id = %s
  AND NOT EXISTS (SELECT FROM aerostack_ended_tokens e WHERE e.jti = %s)
"""


@dataclass(frozen=True, slots=True)
class UserToken:
    """The user a token stands for."""

    project_id: str
    user_id: str
    email: str


@dataclass(frozen=True, slots=True)
class BearerUser:
    """The user, as the database has them, and the token itself."""

    user: User
    jti: str
    expires_at: int


async def user_of(parts: Aerostack, token: str) -> UserToken:
    """Return the user of a token that holds; the address is the user's of today.

    Raises ApiError: 401 with the reason `AUTH_TOKEN_EXPIRED`, or `AUTH_TOKEN_INVALID` for one that
    is not ours, was ended by a sign-out, or whose user is no more.
    """
    user = (await find_bearer(parts, token)).user
    return UserToken(user.project_id, str(user.id), user.email)


async def find_bearer(parts: Aerostack, token: str) -> BearerUser:
    """The same with everything there is to know; raises as :func:`user_of`."""
    try:
        claims = await parts.tokens.verify(token)
        id = UUID(claims["sub"])
        project_id, jti = str(claims["pid"]), str(claims["jti"])
    except TokenExpired:
        raise bad_token("This token has expired: sign in again.", "AUTH_TOKEN_EXPIRED") from None
    except (TokenInvalid, KeyError, ValueError):
        raise _invalid() from None
    async with parts.db.connection() as conn:
        row = await (await conn.execute(_FIND, (project_id, id, jti))).fetchone()
    if row is None:
        raise _invalid()
    return BearerUser(User(*row), jti, int(claims["exp"]))


def bearer_of(request: Request) -> str:
    """The token in the header. Raises ApiError: 401 when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        message = "No token was sent; expected the header Authorization: Bearer <token>."
        raise bad_token(message, "AUTH_TOKEN_INVALID")
    return token.strip()


def _invalid() -> ApiError:
    return bad_token("This token is not valid: sign in again.", "AUTH_TOKEN_INVALID")
