"""Writes that are done once per idempotency key: remembered in the database that they change.

The record and the write are one transaction of one file, so that a crash leaves both or neither.
"""

from __future__ import annotations

from typing import Any

import orjson

from quintet_server.engines.sqlite.connection import Connection
from quintet_server.engines.sqlite.model import KeyReused, QueryResult, SqlError
from quintet_server.engines.sqlite.rules import HIDDEN_TABLE

__all__ = ["Outcome", "forget", "recall", "remember"]

Outcome = QueryResult | SqlError

_FORGET_COUNT = 1_000

_RECALL = f"SELECT fingerprint, made_at, answer FROM {HIDDEN_TABLE} WHERE key = ?"
_REMEMBER = (
    f"INSERT OR REPLACE INTO {HIDDEN_TABLE} (key, fingerprint, made_at, answer) VALUES (?, ?, ?, ?)"
)
_FORGET = f"""
DELETE FROM {HIDDEN_TABLE} WHERE key IN
    (SELECT key FROM {HIDDEN_TABLE} WHERE made_at < ? ORDER BY made_at LIMIT {_FORGET_COUNT})
"""


def recall(
    connection: Connection, key: str, fingerprint: bytes, *, oldest: float
) -> list[Outcome] | None:
    """Return the stored outcome of the first request with this key, None if there is none.

    `oldest`: what was made before is forgotten. Raises :class:`KeyReused` for another request.
    """
    for kept, made_at, answer in connection.internal(_RECALL, (key,)):
        if made_at < oldest:
            return None
        if kept != fingerprint:
            raise KeyReused
        return [_outcome(item) for item in orjson.loads(answer)]
    return None


def remember(
    connection: Connection, key: str, fingerprint: bytes, outcomes: list[Outcome], *, now: float
) -> None:
    """Store an outcome, in the transaction of the write; :class:`SqlError` if it is too long."""
    answer = orjson.dumps([_record(outcome) for outcome in outcomes])
    bound = connection.settings.key_response_max_bytes
    if len(answer) > bound:
        message = (
            f"With an Idempotency-Key the answer is kept, and it is longer than {bound} bytes: "
            "return fewer rows, or send no key."
        )
        raise SqlError("too_big", message)
    connection.internal(_REMEMBER, (key, fingerprint, now, answer))


def forget(connection: Connection, *, oldest: float) -> None:
    """Remove records made before `oldest`, some of them: the next call removes more."""
    # A tenant's table may refer to ours; that must not keep us from tidying.
    connection.internal("PRAGMA foreign_keys = OFF")
    try:
        connection.internal(_FORGET, (oldest,))
    finally:
        connection.internal("PRAGMA foreign_keys = ON")


def _record(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, SqlError):
        names = ("kind", "message", "table", "column", "suggestion")
        return {"error": {name: getattr(outcome, name) for name in names}}
    return {
        "columns": outcome.columns,
        "rows": outcome.rows_json.decode(),
        "row_count": outcome.row_count,
        "is_rows": outcome.is_rows,
        "changes": outcome.changes,
        "last_row_id": outcome.last_row_id,
        "duration_ms": outcome.duration_ms,
    }


def _outcome(record: dict[str, Any]) -> Outcome:
    if "error" in record:
        return SqlError(**record["error"])
    rows = record.pop("rows").encode()
    columns = tuple(record.pop("columns"))
    return QueryResult(**record, columns=columns, rows_json=rows, replayed=True)
