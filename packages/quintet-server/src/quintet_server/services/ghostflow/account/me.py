"""`GET /auth/me`: who is calling, in which teams, and what they may do."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from quintet_server.services.ghostflow.account.callers import SignedIn, signed_in
from quintet_server.services.ghostflow.account.shapes import (
    in_order,
    key_shape,
    team_shape,
    user_shape,
)
from quintet_server.services.ghostflow.context import SERVICE, Call
from quintet_server.services.ghostflow.wire import ok
from quintet_server.store.keys import find_key

__all__ = ["me"]


async def me(call: Call) -> Response:
    """The user or the key; `scopes` are those in the team that the call is about."""
    caller = signed_in(call.principal)
    who = await _key(call) if caller is None else _user(caller)
    return ok({**who, "scopes": in_order(call.scopes)})


def _user(caller: SignedIn) -> dict[str, Any]:
    return {
        "user": user_shape(caller.user),
        "apiKey": None,
        "teamId": None if caller.team is None else str(caller.team.team_id),
        "teams": [team_shape(one) for one in caller.memberships],
    }


async def _key(call: Call) -> dict[str, Any]:
    principal, team = call.principal, call.team
    async with call.parts.db.connection() as conn:
        key = await find_key(conn, SERVICE, principal.project_id, principal.key_id)
    return {
        "user": None,
        "apiKey": None if key is None else key_shape(key),
        "teamId": str(team.id),
        "teams": [{"id": str(team.id), "name": team.name, "role": None}],
    }
