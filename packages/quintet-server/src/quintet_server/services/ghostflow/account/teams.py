"""`/teams`: the caller's own teams, and what they are called and count in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from starlette.responses import Response

from quintet_server.services.ghostflow.account.callers import scopes_of_role, signed_in
from quintet_server.services.ghostflow.catalog.fields import Timezone
from quintet_server.services.ghostflow.catalog.resource import ResourceBody, check_read_only
from quintet_server.services.ghostflow.context import Call, write
from quintet_server.services.ghostflow.errors import insufficient_scope, not_found
from quintet_server.services.ghostflow.listing import keyset, like, list_args, list_response
from quintet_server.services.ghostflow.teams import Team
from quintet_server.services.ghostflow.wire import CurrencyCode, instant, ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["TeamChanges", "check_manager", "get", "list_", "update"]

NOUN = "Team"
_COLUMNS = "id, project_id, name, timezone, currency, secret, version, created_at, updated_at"
_WHERE = """
WHERE id = ANY (%(ids)s) AND (%(like)s::text IS NULL OR name ILIKE %(like)s)
"""
_COUNT = f"SELECT count(*) FROM ghostflow_teams {_WHERE}"
_LIST = f"SELECT {_COLUMNS} FROM ghostflow_teams {_WHERE}"
_FIND = f"SELECT {_COLUMNS} FROM ghostflow_teams WHERE id = %s"
_LOCK = f"{_FIND} FOR NO KEY UPDATE"
_CHANGE = f"""
UPDATE ghostflow_teams SET name = %(name)s, timezone = %(timezone)s, currency = %(currency)s,
    version = version + 1, updated_at = quintet_now()
WHERE id = %(id)s RETURNING {_COLUMNS}
"""
_CHANGEABLE = ("name", "timezone", "currency")


class TeamChanges(ResourceBody):
    """What is to be different; absent fields stay as they are."""

    timezone: Timezone = ""
    currency: CurrencyCode = ""


async def list_(call: Call) -> Response:
    """The teams of a user, or the one of a key."""
    args = list_args(call)
    search = None if args.search is None else like(args.search.replace("\0", "\ufffd"))
    behind, page = keyset(args)
    values = {"ids": _own_ids(call), "like": search, **page}
    async with call.parts.db.connection() as conn:
        (total,) = await (await conn.execute(_COUNT.encode(), values)).fetchone() or (0,)
        async with conn.cursor(row_factory=class_row(Team)) as cursor:
            await cursor.execute((_LIST + behind).encode(), values)
            teams = await cursor.fetchall()
    keys = [(getattr(team, args.column), team.id) for team in teams]
    return list_response(call, [_shown(team) for team in teams], keys, total, args)


async def get(call: Call) -> Response:
    """One of the caller's teams, with its version as ETag."""
    async with call.parts.db.connection() as conn:
        team = await _found(conn, _FIND, _own_id(call))
    return ok(_shown(team), version=team.version)


async def update(call: Call, body: TeamChanges) -> Response:
    """Change a team."""
    id = _own_id(call)

    async def action(conn: Connection) -> Reply:
        team = await _found(conn, _LOCK, id)
        call.check_match(team.version)
        check_read_only(body, _shown(team))
        given = body.model_fields_set
        wanted = {name: getattr(body if name in given else team, name) for name in _CHANGEABLE}
        if any(wanted[name] != getattr(team, name) for name in _CHANGEABLE):
            team = await _found(conn, _CHANGE, {**wanted, "id": id})
        return ok_reply(_shown(team), version=team.version)

    response = await write(call, action)
    call.parts.teams.forget()  # other processes are told; this one need not wait until it is
    return response


def check_manager(call: Call) -> None:
    """Raise 404 unless the team in the path is one of the caller's, 403 unless they run it."""
    if "admin" not in _scopes_in(call, _own_id(call)):
        raise insufficient_scope("admin")


def _own_ids(call: Call) -> list[UUID]:
    caller = signed_in(call.principal)
    return [call.team.id] if caller is None else [one.team_id for one in caller.memberships]


def _own_id(call: Call) -> UUID:
    """The team in the path. Raises 404 unless it is one of the caller's."""
    id = call.path_id(NOUN)
    if id not in _own_ids(call):
        raise not_found(NOUN, id)
    return id


def _scopes_in(call: Call, team_id: UUID) -> frozenset[str]:
    """What the caller may do in one of their teams, whichever the call names."""
    caller = signed_in(call.principal)
    membership = caller.membership(team_id) if caller is not None else None
    return call.scopes if membership is None else scopes_of_role(membership.role)


async def _found(conn: Connection, statement: str, values: Any) -> Team:
    async with conn.cursor(row_factory=class_row(Team)) as cursor:
        await cursor.execute(statement.encode(), values if isinstance(values, dict) else (values,))
        team = await cursor.fetchone()
    if team is None:  # gone since the caller was looked at
        raise not_found(NOUN, values)
    return team


def _shown(team: Team) -> dict[str, Any]:
    return {
        "id": str(team.id),
        "teamId": str(team.id),
        "name": team.name,
        "version": team.version,
        "createdAt": instant(team.created_at),
        "updatedAt": instant(team.updated_at),
        "timezone": team.timezone,
        "currency": team.currency,
    }
