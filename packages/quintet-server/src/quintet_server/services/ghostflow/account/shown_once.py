"""Answers with a secret that is shown once, and is kept nowhere: not for a repetition either."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from starlette.responses import Response

from quintet_server.services.ghostflow.context import Call, write
from quintet_server.services.ghostflow.errors import conflict
from quintet_server.services.ghostflow.wire import ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["Shown", "write_shown_once"]

Shown: TypeAlias = dict[str, Any]


async def write_shown_once(
    call: Call, action: Callable[[Connection], Awaitable[Shown]], *, status: int = 200
) -> Response:
    """Run a change whose answer holds a secret.

    With an `Idempotency-Key` it runs at most once, as any other; what is kept is that it was done,
    without the answer. So a repetition is 409, and changes nothing.
    """
    shown: list[Shown] = []

    async def act(conn: Connection) -> Reply:
        shown.append(await action(conn))
        return ok_reply({}, status)

    response = await write(call, act)
    if response.status_code >= 400:  # a refusal holds no secret: it comes again as it was
        return response
    if not shown:
        message = "This was done before under this Idempotency-Key; its secret is not kept."
        raise conflict(message)
    return ok(shown[-1], status, headers=[("Cache-Control", "no-store")])
