"""Tokens of users who have signed in: what they say, and whom they stand for by now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from quintet_server.engines.identity import TokenInvalid
from quintet_server.services.ghostflow.account.users import Membership, User
from quintet_server.services.ghostflow.context import SERVICE, GhostFlow

__all__ = ["issue_token", "read_token"]

# Everything of a call in one question; a user in no team is one row without a team.
_READ = """
SELECT u.id, u.email, u.name, u.password_version, u.created_at,
    t.id, t.name, m.role, t.project_id, p.name, p.settings
FROM ghostflow_users u
LEFT JOIN ghostflow_members m ON m.user_id = u.id
LEFT JOIN ghostflow_teams t ON t.id = m.team_id
LEFT JOIN projects p ON p.id = t.project_id
WHERE u.id = %s AND u.password_version = %s
ORDER BY m.created_at, t.id
"""
_USER_COLUMNS = 5


async def issue_token(parts: GhostFlow, user: User) -> str:
    """A token of the user, which holds for an hour unless the settings say otherwise."""
    # Other services of this server sign with the same keys.
    claims = {"aud": SERVICE, "sub": str(user.id), "pwv": user.password_version}
    token, _ = await parts.tokens.issue(claims, parts.settings.login_lifetime_seconds)
    return token


async def read_token(parts: GhostFlow, token: str) -> tuple[User, tuple[Membership, ...]]:
    """The user of a token that holds, and their teams of today.

    Raises:
        TokenExpired: Its time is over.
        TokenInvalid: It is not one of ours, or its user or password is no more.
    """
    claims = await parts.tokens.verify(token)
    if claims.get("aud") != SERVICE:
        raise TokenInvalid("the token is for another service")
    try:
        values = (UUID(claims["sub"]), int(claims["pwv"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TokenInvalid("the token is not complete") from error
    async with parts.db.connection() as conn:
        rows: list[tuple[Any, ...]] = await (await conn.execute(_READ, values)).fetchall()
    if not rows:
        raise TokenInvalid("the token's user or password is no more")
    user = User(*rows[0][:_USER_COLUMNS])
    found = (row[_USER_COLUMNS:] for row in rows)
    return user, tuple(Membership(*row) for row in found if row[0] is not None)
