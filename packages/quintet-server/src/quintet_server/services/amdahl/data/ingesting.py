"""`POST /data/ingest`: rows into a table, all of them or none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.data.bodies import Ingest
from quintet_server.services.amdahl.data.embedding import request_embedding
from quintet_server.services.amdahl.data.keeping import keep_rows
from quintet_server.services.amdahl.data.rows import BadRow, Row, RowReader
from quintet_server.services.amdahl.data.tables import TABLES, Table
from quintet_server.services.amdahl.errors import invalid_argument, payload_too_large
from quintet_server.services.amdahl.wire import ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["ingest"]

_PROBLEMS_MAX_COUNT = 20
# So many rows take a few milliseconds; more are read in a thread, off the event loop.
_READ_AT_ONCE_COUNT = 200


async def ingest(call: Call, body: Ingest) -> Response:
    """Insert rows, or replace those of the same key."""
    table = TABLES.get(body.table)
    if table is None:
        message = f"table: {body.table[:100]!r} is not one of {', '.join(TABLES)}"
        raise invalid_argument(message, "table", allowed=list(TABLES))
    most = call.parts.settings.ingest_rows_max_count
    if len(body.rows) > most:
        message = f"rows: a call takes at most {most} rows, this one has {len(body.rows)}"
        raise payload_too_large(f"{message} (QUINTET_AMDAHL_INGEST_ROWS_MAX_COUNT)")
    if len(body.rows) <= _READ_AT_ONCE_COUNT:
        rows = _rows(table, body.rows)
    else:
        rows = await asyncio.to_thread(_rows, table, body.rows)

    async def action(conn: Connection) -> Reply:
        kept = await keep_rows(conn, call.project_id, table, rows)
        return ok_reply(
            {
                "table": table.name,
                "received": len(body.rows),
                "inserted": kept.inserted,
                "updated": kept.updated,
                "unchanged": kept.unchanged,
            }
        )

    response = await write(call, action)
    if table.name == "interactions" and rows:
        await request_embedding(call.parts.db, call.project_id)
    return response


def _rows(table: Table, given: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The rows, checked; of equal ones without a key only one. Raises 400 naming every field."""
    reader = RowReader(table)
    place = [column.name for column in table.columns].index(table.key)
    problems: list[dict[str, str]] = []
    rows: dict[str, Row] = {}
    first: dict[str, int] = {}
    for number, values in enumerate(given):
        try:
            row = reader.read(values)
        except BadRow as error:
            problems += [
                {"field": f"rows[{number}].{field}", "message": message}
                for field, message in error.problems
            ]
        else:
            key = row[place]
            if key in rows and rows[key] != row:
                message = f"{key!r} is the key of rows[{first[key]}] already"
                problems.append({"field": f"rows[{number}].{table.key}", "message": message})
            rows[key] = row
            first.setdefault(key, number)
        if len(problems) >= _PROBLEMS_MAX_COUNT:
            break
    if problems:
        message = f"{problems[0]['field']}: {problems[0]['message']}"
        raise invalid_argument(message, problems[0]["field"], fields=problems)
    return list(rows.values())
