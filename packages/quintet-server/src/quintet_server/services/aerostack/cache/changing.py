"""How a handler of the cache reaches the store: with the refusals of this service, and once."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import structlog
from starlette.responses import Response

from quintet_server.engines.kv.model import KvUnavailable
from quintet_server.http.responses import JsonResponse
from quintet_server.services.aerostack.context import Call, write
from quintet_server.services.aerostack.errors import unavailable
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["change", "once_of", "reaching"]

_log = structlog.get_logger(__name__)

Change = Callable[[Connection | None], Awaitable[Any]]


@contextmanager
def reaching() -> Iterator[None]:
    """Around every call of the store: one that is away is 503, and the log says why."""
    try:
        yield
    except KvUnavailable as error:
        _log.warning("cache_unavailable", error=str(error))
        message = "The cache is not available right now; try again shortly."
        raise unavailable(message, retry_after=1) from error


async def change(call: Call, action: Change) -> Response:
    """Run a write and answer with what it returns.

    With an `Idempotency-Key` it is part of the transaction that stores the answer, and is done at
    most once. Without one it needs no transaction, and can share its statement with others.
    """

    async def answer(conn: Connection | None) -> bytes:
        with reaching():
            return orjson.dumps(await action(conn))

    async def keyed(conn: Connection) -> Reply:
        return Reply(200, await answer(conn))

    if "idempotency-key" in call.request.headers:
        return await write(call, keyed)
    return JsonResponse(await answer(None))


def once_of(call: Call) -> str | None:
    """A name for this write and its repetitions, for a store outside the transaction."""
    key = call.request.headers.get("idempotency-key")
    if key is None:
        return None
    return hashlib.sha256(key.encode() + b"\0" + call.raw).hexdigest()
