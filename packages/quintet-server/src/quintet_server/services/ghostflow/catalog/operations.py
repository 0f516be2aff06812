"""Make, look at, list, change and delete: the same for each of the five resources.

A change locks its row first, so of two at once the later one starts from what the earlier one has
left; and what is refused is refused inside the transaction, where it is kept under an idempotency
key as a success is.
"""

from __future__ import annotations

from starlette.responses import Response

from quintet_server.services.ghostflow.catalog import store
from quintet_server.services.ghostflow.catalog.resource import (
    Resource,
    ResourceBody,
    Row,
    Values,
    check_read_only,
    given_values,
)
from quintet_server.services.ghostflow.context import Call, write
from quintet_server.services.ghostflow.errors import invalid
from quintet_server.services.ghostflow.listing import list_args, list_response
from quintet_server.services.ghostflow.wire import deleted_reply, ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["apply", "change", "create", "delete", "get", "list_", "locked", "make", "reply"]


async def create(resource: Resource, call: Call, body: ResourceBody) -> Response:
    """201 with the new object."""

    async def action(conn: Connection) -> Reply:
        row = await make(resource, call, conn, given_values(resource, body, defaults=True))
        check_read_only(body, resource.show(call, row))
        return reply(resource, call, row, 201)

    return await write(call, action)


async def make(resource: Resource, call: Call, conn: Connection, values: Values) -> Row:
    """Write a new row and tell of it."""
    if resource.locks_team:
        await store.lock_team(conn, call.team.id)
    await resource.prepare(call, conn, None, values)
    row = await store.insert(conn, resource, call.team.id, values)
    await resource.tell(call, conn, None, row)
    return row


async def get(resource: Resource, call: Call) -> Response:
    """One object, with its version as ETag."""
    id = call.path_id(resource.noun)
    async with call.parts.db.connection() as conn:
        row = await store.find(conn, resource, call.team.id, id)
    return ok(resource.show(call, row), version=row["version"])


async def list_(resource: Resource, call: Call) -> Response:
    """A page of the team's objects."""
    status = _status(resource, call)
    args = list_args(call, status=status)
    async with call.parts.db.connection() as conn:
        rows, total = await store.list_rows(conn, resource, call.team.id, args, status)
    items = [resource.show(call, row) for row in rows]
    return list_response(call, items, [(row[args.column], row["id"]) for row in rows], total, args)


def _status(resource: Resource, call: Call) -> str | None:
    given = call.query("status")
    if given is None:
        return None
    if given not in (*resource.statuses, "all"):
        raise invalid(f"status: must be one of {', '.join(resource.statuses)}, all", "status")
    return given


async def change(resource: Resource, call: Call, body: ResourceBody) -> Response:
    """Change what the body names, and nothing else; what is so already leaves no trace."""

    async def action(conn: Connection) -> Reply:
        row = await locked(resource, call, conn)
        call.check_match(row["version"])
        check_read_only(body, resource.show(call, row))
        values = given_values(resource, body, defaults=False)
        await resource.prepare(call, conn, row, values)
        return reply(resource, call, await apply(resource, call, conn, row, values))

    return await write(call, action)


async def locked(resource: Resource, call: Call, conn: Connection) -> Row:
    """The row that the path names, locked."""
    id = call.path_id(resource.noun)
    if resource.locks_team:
        await store.lock_team(conn, call.team.id)
    return await store.lock(conn, resource, call.team.id, id)


async def apply(resource: Resource, call: Call, conn: Connection, row: Row, values: Values) -> Row:
    """Write what differs in a locked row and tell of it."""
    changes = {name: value for name, value in values.items() if row[name] != value}
    if not changes:
        return row
    new = await store.update(conn, resource, row, changes)
    await resource.tell(call, conn, row, new)
    return new


async def delete(resource: Resource, call: Call) -> Response:
    """Delete it: from then on it is not found."""

    async def action(conn: Connection) -> Reply:
        row = await locked(resource, call, conn)
        call.check_match(row["version"])
        await resource.untie(call, conn, row)
        await store.remove(conn, resource, row)
        return deleted_reply(row["id"])

    return await write(call, action)


def reply(resource: Resource, call: Call, row: Row, status: int = 200) -> Reply:
    """An object as an answer."""
    return ok_reply(resource.show(call, row), status, version=row["version"])
