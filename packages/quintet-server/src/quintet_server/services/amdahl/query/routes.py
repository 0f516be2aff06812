"""`POST /data/query`: one SELECT over the tenant's own rows."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from quintet_server.engines.sql import QueryResult, SqlError
from quintet_server.http.disconnect import watch_disconnect
from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.endpoints import Body, Endpoint
from quintet_server.services.amdahl.errors import invalid_argument
from quintet_server.services.amdahl.query.refusals import refusal_of
from quintet_server.store.background import end

__all__ = ["ENDPOINTS"]

# A client that has gone is told nothing; the number is the usual one in access logs.
_CLIENT_CLOSED_REQUEST = 499
# A filter with long lists, written as SQL, has a parameter for each value.
_PARAMS_MAX_COUNT = 1000


class Query(Body):
    """A statement and what it is to be run with."""

    sql: str = Field(description="One SELECT, or WITH … SELECT; a final semicolon is fine.")
    limit: int | None = Field(
        default=None, description="Most rows, 1000 if not said; above 10000 is taken for 10000."
    )
    params: Annotated[dict[str, Any], Field(max_length=_PARAMS_MAX_COUNT)] | None = Field(
        default=None, description="Values of the @names in the statement."
    )


class ColumnOut(BaseModel):
    """A column of the result."""

    name: str
    type: str = Field(description="STRING, INTEGER, FLOAT, NUMERIC, BOOLEAN, DATE, TIME, …")


class QueryOut(BaseModel):
    """Rows, with what is known of them in every name that clients read."""

    columns: list[str]
    column_types: list[ColumnOut]
    rows: list[dict[str, Any]]
    row_count: int
    rowCount: int  # noqa: N815 - the name in one of the published shapes
    truncated: bool = Field(description="Whether there was at least one more row.")
    duration_ms: float


async def query(call: Call, body: Query) -> Response:
    """Run the statement; if the client goes away meanwhile, it is cancelled."""
    limit = 1000 if body.limit is None else body.limit
    if limit < 1:
        raise invalid_argument("limit must be at least 1.", "limit")
    running = asyncio.ensure_future(
        call.parts.sql.query(call.project_id, body.sql, body.params, limit=limit)
    )
    async with watch_disconnect(call.request) as gone:
        leaving = asyncio.ensure_future(gone.wait())
        try:
            await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not running.done():
                with contextlib.suppress(SqlError):
                    await end(running)
    if running.cancelled():
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    try:
        return Response(_encode(running.result()), media_type="application/json")
    except SqlError as error:
        raise refusal_of(error) from error


def _encode(result: QueryResult) -> bytes:
    """The answer; the rows are JSON already."""
    count = len(result.rows)
    return orjson.dumps(
        {
            "columns": [column.name for column in result.columns],
            "column_types": [
                {"name": column.name, "type": column.type} for column in result.columns
            ],
            "rows": orjson.Fragment(result.rows_json),
            "row_count": count,
            "rowCount": count,
            "truncated": result.truncated,
            "duration_ms": result.duration_ms,
        }
    )


ENDPOINTS = (
    Endpoint(
        path="/data/query",
        handler=query,
        operation_id="data.query",
        summary="Run one SELECT over the workspace's rows",
        scope="data:read",
        request=Query,
        response=QueryOut,
        description="BigQuery's dialect, with PostgreSQL's forms where they do not contradict it.",
    ),
)
