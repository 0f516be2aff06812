"""Carrying out statements for a client, and answering with bytes that are JSON already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypedDict, TypeVar

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from quintet_server.engines.sqlite import KeyReused, QueryResult, SqlBusy, SqlError, Statement
from quintet_server.http.disconnect import watch_disconnect
from quintet_server.http.errors import Failure
from quintet_server.http.idempotency import fingerprint
from quintet_server.http.responses import JsonResponse
from quintet_server.services.aerostack.context import RULES, Call
from quintet_server.services.aerostack.database.failures import item_of, refusal_of
from quintet_server.services.aerostack.database.models import DbBatch, DbQuery
from quintet_server.services.aerostack.errors import invalid, too_many

__all__ = ["db_batch", "db_query"]

T = TypeVar("T")

_PATIENCE_SECONDS = 0.1
"""Most statements are done by then, and nobody has to be watched for them."""


async def db_query(call: Call, body: DbQuery) -> Response:
    """The rows of one statement, or how many it changed."""
    result = await _carried_out(
        call,
        call.parts.sqlite.query(
            call.project_id,
            body.sql,
            body.params or (),
            **_once(call),
            allow_ddl=not call.parts.settings.strict_sql,
        ),
    )
    return _answer(_shown(result), [result])


async def db_batch(call: Call, body: DbBatch) -> Response:
    """The outcome of every statement; those that fail say so in their place."""
    outcomes = await _carried_out(
        call,
        call.parts.sqlite.batch(
            call.project_id,
            [Statement(query.sql, query.params or ()) for query in body.queries],
            atomic=body.atomic,
            **_once(call),
            allow_ddl=not call.parts.settings.strict_sql,
        ),
    )
    shown = b",".join(
        orjson.dumps(item_of(outcome)) if isinstance(outcome, SqlError) else _shown(outcome)
        for outcome in outcomes
    )
    success = not any(isinstance(outcome, SqlError) for outcome in outcomes)
    return _answer(b'{"results":[%b],"success":%b}' % (shown, orjson.dumps(success)), outcomes)


def _shown(result: QueryResult) -> bytes:
    """One outcome; the engine has made the rows into JSON where that holds nobody up."""
    changes = result.changes or 0
    rest = {
        "count": result.row_count if result.is_rows else changes,
        "success": True,
        "meta": {
            "target": "d1",
            "duration": round(result.duration_ms, 3),
            "rowCount": result.row_count,
            "changes": changes,
            "last_row_id": result.last_row_id,
        },
    }
    return b'{"results":%b,%b' % (result.rows_json, orjson.dumps(rest)[1:])


def _answer(body: bytes, outcomes: Sequence[QueryResult | SqlError]) -> Response:
    replayed = any(isinstance(one, QueryResult) and one.replayed for one in outcomes)
    response = JsonResponse(body)
    if replayed:
        name, value = RULES.replay_header
        response.headers[name] = value
    return response


class _Once(TypedDict, total=False):
    key: str
    fingerprint: bytes


def _once(call: Call) -> _Once:
    """The idempotency key, kept in the project's own database with what was done under it."""
    key = call.request.headers.get("idempotency-key")
    if key is None:
        return {}
    if not 1 <= len(key) <= RULES.max_chars or not (key.isascii() and key.isprintable()):
        raise invalid(
            f"Idempotency-Key: must have 1 to {RULES.max_chars} printable ASCII characters"
        )
    return {"key": key, "fingerprint": fingerprint(call.request, call.raw)}


async def _carried_out(call: Call, work: Awaitable[T]) -> T:
    """The result of `work`, its failures as this service's answers."""
    try:
        return await _unless_gone(call.request, work)
    except SqlError as error:
        raise refusal_of(error) from error
    except SqlBusy as error:
        raise too_many(error.message, error.retry_after, "DB_BUSY") from None
    except KeyReused:
        message = "This idempotency key was used before with another request."
        envelope = call.request.app.state.service.envelope
        raise envelope.error(Failure.IDEMPOTENCY_KEY_REUSE, message) from None


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of `work`, which is cancelled when the client leaves."""
    watch = _Watch(request)
    timer = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, watch.begin)
    try:
        return await work
    except asyncio.CancelledError:
        if watch.has_cancelled():
            raise ClientDisconnect from None
        raise
    finally:
        timer.cancel()
        await watch.end()


class _Watch:
    """Cancels the task it is made in when the client leaves. Costs nothing before it begins."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._watched = asyncio.current_task()
        self._task: asyncio.Task[None] | None = None
        self._is_gone = False

    def begin(self) -> None:
        self._task = asyncio.create_task(self._run(), name="watch-client")

    async def _run(self) -> None:
        async with watch_disconnect(self._request) as gone:
            await gone.wait()
        if self._watched is not None:
            self._is_gone = True
            self._watched.cancel()

    def has_cancelled(self) -> bool:
        """Whether the cancellation at hand is ours, and nobody else's as well."""
        return self._is_gone and self._watched is not None and self._watched.uncancel() == 0

    async def end(self) -> None:
        """Cancel nothing from here on."""
        self._watched = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
