"""The log of postbacks in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from quintet_server.services.ghostflow.wire import instant
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_uuid7

__all__ = [
    "ADD_ROWS",
    "COLUMNS",
    "DIRECTIONS",
    "ONCE",
    "OUTCOMES",
    "Row",
    "add_row",
    "document",
    "read_row",
    "wire",
]

DIRECTIONS = ("in", "out")
OUTCOMES = (
    *("created", "updated", "duplicate", "ignored", "click_not_found", "forbidden", "invalid"),
    *("pending", "delivered", "failed"),
)
"""The last three are of those that go out."""


@dataclass(slots=True, kw_only=True)
class Row:
    """One postback: received, or sent."""

    id: UUID = field(default_factory=new_uuid7)
    team_id: UUID
    direction: str
    at: datetime | None = None
    """None: now."""
    outcome: str
    reason: str | None = None
    http_status: int | None = None
    """What was answered: by us, or last by the source."""
    method: str = "GET"
    campaign_id: UUID | None = None
    offer_id: UUID | None = None
    source_id: UUID | None = None
    network_id: UUID | None = None
    click_id: str | None = None
    conversion_id: UUID | None = None
    event: str | None = None
    tx_id: str | None = None
    status: str | None = None
    params: dict[str, str] | None = None
    """Received: what was sent, without secrets."""
    url: str | None = None
    """Sent: where to, without secrets."""
    attempts: list[dict[str, Any]] | None = None
    waiting_until: datetime | None = None
    """Received: its click is waited for until then."""
    completed_at: datetime | None = None


_NAMES = tuple(one.name for one in fields(Row))
COLUMNS = ", ".join(_NAMES)
"""The columns, in the order that `read_row` expects."""
_STORED = ", ".join(f"coalesce(r.{n}, quintet_now())" if n == "at" else f"r.{n}" for n in _NAMES)
ADD_ROWS = f"""
INSERT INTO ghostflow_postbacks ({COLUMNS}, target) SELECT {_STORED}, r.target
FROM json_populate_recordset(NULL::ghostflow_postbacks, %(rows)s::json) AS r
"""
"""Writes the rows of a `document`; to be continued by a condition, and by `ONCE`."""
ONCE = "ON CONFLICT (conversion_id, status) WHERE direction = 'out' DO NOTHING"
"""A source that has been told of a status is not told again."""


def document(*rows: Row, target: str | None = None) -> str:
    """Rows, for the parameter `rows` of `ADD_ROWS`.

    `target`: where the one that is sent goes, secrets included; kept until it has been delivered.
    """
    stored = [{name: getattr(row, name) for name in _NAMES} for row in rows]
    for each in stored:
        if each["direction"] == "out":
            each["target"] = target
    return orjson.dumps(stored).decode()


async def add_row(conn: Connection, row: Row) -> None:
    """Write a row about a postback that was received."""
    await conn.execute(ADD_ROWS, {"rows": document(row)})


def read_row(row: Sequence[Any]) -> Row:
    """A row from the values of `COLUMNS`."""
    return Row(**dict(zip(_NAMES, row, strict=True)))


def wire(row: Row) -> Mapping[str, Any]:
    """The row as the API shows it."""
    shown: dict[str, Any] = {
        "id": str(row.id),
        "teamId": str(row.team_id),
        "direction": row.direction,
        "at": instant(row.at),
        "outcome": row.outcome,
        "reason": row.reason,
        "httpStatus": row.http_status,
        "method": row.method,
        "campaignId": _text(row.campaign_id),
        "offerId": _text(row.offer_id),
        "sourceId": _text(row.source_id),
        "networkId": _text(row.network_id),
        "clickId": row.click_id,
        "conversionId": _text(row.conversion_id),
        "event": row.event,
        "txId": row.tx_id or None,
        "status": row.status,
        "completedAt": instant(row.completed_at),
    }
    if row.direction == "in":
        return {**shown, "params": row.params or {}, "waitingUntil": instant(row.waiting_until)}
    return {**shown, "url": row.url, "attempts": row.attempts or []}


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)
