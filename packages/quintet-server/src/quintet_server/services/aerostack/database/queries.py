"""Carrying out statements for a client, and answering with bytes that are JSON already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from quintet_server.engines.sqlite import KeyReused, QueryResult, SqlBusy, SqlError, Statement
from quintet_server.http.disconnect import watch_disconnect
from quintet_server.http.errors import Failure
from quintet_server.http.idempotency import fingerprint
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
            key=_key(call),
            fingerprint=fingerprint(call.request, call.raw),
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
            key=_key(call),
            fingerprint=fingerprint(call.request, call.raw),
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
    headers = dict([RULES.replay_header]) if replayed else None
    return Response(body, headers=headers, media_type="application/json")


def _key(call: Call) -> str | None:
    """The idempotency key. It is kept in the project's own database, with what it did."""
    key = call.request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= RULES.max_chars or not (key.isascii() and key.isprintable()):
        raise invalid(
            f"Idempotency-Key: must have 1 to {RULES.max_chars} printable ASCII characters"
        )
    return key


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
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)
        if not task.done():
            await _wait_with(request, task)
        return task.result()
    finally:
        task.cancel()


async def _wait_with(request: Request, task: asyncio.Future[T]) -> None:
    async with watch_disconnect(request) as gone:
        left: asyncio.Future[Any] = asyncio.ensure_future(gone.wait())
        both: set[asyncio.Future[Any]] = {task, left}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            left.cancel()
    if not task.done():
        raise ClientDisconnect
