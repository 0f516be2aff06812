"""Effects outside of the database that carry an idempotency key.

The record of the answer cannot be one transaction with such an effect, and a transaction held open
around it would keep a database connection for as long as a service takes. So requests with one key
take turns within a process, the first answer is recorded when it is there, and between processes
the record decides which answer all of them get. The key travels on, so that a target which honours
it acts once even then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.responses import Response

from quintet_server.http.errors import Failure
from quintet_server.http.idempotency import idempotent
from quintet_server.http.responses import reply_response
from quintet_server.services.aerostack.context import RULES, Call
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["Turns", "once"]

_NOT_YET = Reply(100, b"")
# As long as the store of idempotency keys lets a duplicate wait for the first request.
_PATIENCE_SECONDS = 10.0

Name = tuple[str, str]


class Turns:
    """One request at a time per project and key."""

    def __init__(self) -> None:
        self._locks: dict[Name, asyncio.Lock] = {}
        self._wanted: dict[Name, int] = {}

    @contextlib.asynccontextmanager
    async def take(self, name: Name) -> AsyncIterator[None]:
        """Hold the turn. Raises TimeoutError when it does not come within the patience."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._wanted[name] = self._wanted.get(name, 0) + 1
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await lock.acquire()
            try:
                yield
            finally:
                lock.release()
        finally:
            self._wanted[name] -= 1
            if not self._wanted[name]:
                del self._wanted[name], self._locks[name]


async def once(call: Call, turns: Turns, act: Callable[[], Awaitable[Reply]]) -> Response:
    """Act and answer; with an `Idempotency-Key`, answer again what was answered before.

    Only successes are recorded: after a failure the key is free.

    Raises:
        ApiError: for a bad key, one used with another request, or one that is in use right now.
    """
    key = call.request.headers.get("idempotency-key")
    if key is None:
        return reply_response(await act())
    async with contextlib.AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(turns.take((call.project_id, key)))
        except TimeoutError:
            envelope = call.request.app.state.service.envelope
            message = "The first request with this idempotency key is still running."
            raise envelope.error(
                Failure.IDEMPOTENCY_IN_PROGRESS, message, headers={"Retry-After": "1"}
            ) from None
        return await _in_turn(call, act)


async def _in_turn(call: Call, act: Callable[[], Awaitable[Reply]]) -> Response:
    async def nothing(_: Connection) -> Reply:
        return _NOT_YET  # no success, so nothing is stored and the key stays free

    found = await idempotent(call.request, nothing, rules=RULES, body=call.raw)
    if found.status_code != _NOT_YET.status:
        return found
    outcome = await act()

    async def record(_: Connection) -> Reply:
        return outcome

    return await idempotent(call.request, record, rules=RULES, body=call.raw)
