"""Reports of workers that carry an idempotency key.

Their effects commit on their own, before the record of the answer: they share statements with other
requests, and a transaction held open around each would let a crowd of them take every connection
and then wait for one more. So that duplicates still see one effect, requests with one key take
turns in a process; between processes the record decides, and who comes second undoes what it did.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from starlette.responses import Response

from quintet_server.http.errors import Failure
from quintet_server.http.idempotency import idempotent
from quintet_server.services.flare.context import Call
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

_NOT_YET = Reply(100, b"")


async def keyed(
    call: Call,
    act: Callable[[], Awaitable[Reply]],
    undo: Callable[[], Awaitable[None]] | None = None,
) -> Response:
    """Answer a request with an idempotency key; `act` is its effect.

    `undo` is called after `act` when another answer, or none, is given: the key was used meanwhile
    by another process, or the record could not be written. Without one the effect must be safe to
    repeat by its own rules.
    """
    name = (call.project_id, call.key() or "")
    async with contextlib.AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(call.flare.turns.take(name))
        except TimeoutError:
            envelope = call.request.app.state.service.envelope
            message = "The first request with this idempotency key is still running."
            raise envelope.error(
                Failure.IDEMPOTENCY_IN_PROGRESS, message, headers={"Retry-After": "1"}
            ) from None
        return await _in_turn(call, act, undo)


async def _in_turn(
    call: Call,
    act: Callable[[], Awaitable[Reply]],
    undo: Callable[[], Awaitable[None]] | None,
) -> Response:
    request, rules, body = call.request, call.rules, call.canonical()

    async def nothing(_: Connection) -> Reply:
        return _NOT_YET  # no success, so nothing is stored and the key stays free

    found = await idempotent(request, nothing, rules=rules, body=body)
    if found.status_code != _NOT_YET.status:
        return found
    outcome = await act()

    async def record(_: Connection) -> Reply:
        return outcome

    is_told = False
    try:
        answer = await idempotent(request, record, rules=rules, body=body)
        is_told = rules.replay_header[0] not in answer.headers
        return answer
    finally:
        if undo is not None and not is_told:
            await undo()
