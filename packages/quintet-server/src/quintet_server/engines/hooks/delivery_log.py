"""What became of each delivery: the log that senders write and owners read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quintet_server.engines.hooks.subscriptions import Owner
from quintet_server.store.database import Connection, Database

_SHOWN = """
SELECT d.id, d.subscription_id, d.event_seq, d.event_type, d.state, d.error, d.created_at,
    d.completed_at, e.created_at,
    CASE WHEN d.state = 'pending' AND j.state = 'pending' THEN j.due_at END,
    coalesce((SELECT jsonb_agg(jsonb_build_object('number', a.number, 'at', a.at,
        'status', a.status, 'error', a.error, 'duration_ms', a.duration_ms,
        'response', a.response) ORDER BY a.number)
        FROM hook_attempts a WHERE a.delivery_id = d.id), '[]')
"""
_JOINED = """
JOIN hook_subscriptions s ON s.id = d.subscription_id AND s.service = %s AND s.project_id = %s
LEFT JOIN events e ON e.seq = d.event_seq
LEFT JOIN work_jobs j ON j.id = hook_job_id(d.id)
"""
_LIST = f"{_SHOWN} FROM hook_deliveries d {_JOINED}"
_PAGE = f"{_LIST} WHERE d.subscription_id = %s AND d.id < %s ORDER BY d.id DESC LIMIT %s"
_PAGE_AT = f"{_LIST} WHERE d.subscription_id = %s ORDER BY d.id DESC LIMIT %s OFFSET %s"
_COUNT = "SELECT count(*) FROM hook_deliveries WHERE subscription_id = %s"
_WANTED = """
d.subscription_id = %s AND d.event_type = coalesce(%s, d.event_type)
AND d.state = coalesce(%s, d.state) AND d.created_at >= coalesce(%s, '-infinity'::timestamptz)
AND d.created_at <= coalesce(%s, 'infinity'::timestamptz)
"""
# The page first, then what goes with it: a filter hides from the planner how few rows that are.
_SEARCH = f"""
{_SHOWN} FROM (SELECT * FROM hook_deliveries d WHERE {_WANTED} AND d.id < %s
    ORDER BY d.id DESC LIMIT %s OFFSET %s) d
{_JOINED} ORDER BY d.id DESC
"""
_COUNT_WANTED = f"SELECT count(*) FROM hook_deliveries d WHERE {_WANTED}"
_GET = f"{_LIST} WHERE d.id = %s"
_BIGGEST = 2**63 - 1


class DeliveryNotFound(Exception):
    """No such delivery, or its event is no longer kept."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `status` is None when no answer came; then `error` says why."""

    number: int
    at: datetime
    status: int | None
    error: str | None
    duration_ms: int
    response: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one subscription. `event_created_at` is None once it is pruned."""

    id: int
    subscription_id: str
    event_seq: int
    event_type: str
    state: str
    error: str | None
    created_at: datetime
    completed_at: datetime | None
    event_created_at: datetime | None
    next_attempt_at: datetime | None
    attempts: tuple[Attempt, ...]

    @property
    def trouble(self) -> str | None:
        """Why it has not arrived, as far as that is known; None if it has."""
        if self.state == "delivered":
            return None
        last = self.attempts[-1] if self.attempts else None
        said = self.error or (last.error if last else None)
        return f"answered {last.status}" if said is None and last is not None else said


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries; None lets all pass. Both instants are included."""

    event_type: str | None = None
    state: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


class DeliveryLog:
    """Reads the log; a project sees the deliveries of its own subscriptions alone."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list(
        self, owner: Owner, subscription_id: str, limit: int = 20, before: int | None = None
    ) -> Sequence[Delivery]:
        """Return deliveries of a subscription, newest first, older than delivery `before`."""
        values = (owner.service, owner.project_id, subscription_id, before or _BIGGEST, limit)
        async with self._db.connection() as conn:
            return [_read(row) for row in await (await conn.execute(_PAGE, values)).fetchall()]

    async def page(
        self, owner: Owner, subscription_id: str, offset: int, limit: int
    ) -> tuple[Sequence[Delivery], int]:
        """Return deliveries of a subscription, newest first, and how many there are in all."""
        values = (owner.service, owner.project_id, subscription_id, limit, offset)
        async with self._db.connection() as conn:
            row = await (await conn.execute(_COUNT, (subscription_id,))).fetchone()
            rows = await (await conn.execute(_PAGE_AT, values)).fetchall()
        return [_read(one) for one in rows], 0 if row is None else int(row[0])

    async def search(
        self,
        conn: Connection,
        owner: Owner,
        subscription_id: str,
        wanted: DeliveryFilter,
        *,
        limit: int,
        before: int | None = None,
        offset: int = 0,
    ) -> tuple[Sequence[Delivery], int]:
        """Return deliveries of one's own subscription that a filter lets pass, newest first.

        Older than delivery `before`, if given; and how many pass the filter in all.
        """
        filters = (
            *(subscription_id, wanted.event_type, wanted.state),
            *(wanted.created_from, wanted.created_to),
        )
        page = (before or _BIGGEST, limit, offset)
        values = (*filters, *page, owner.service, owner.project_id)
        rows = await (await conn.execute(_SEARCH, values)).fetchall()
        row = await (await conn.execute(_COUNT_WANTED, filters)).fetchone()
        return [_read(one) for one in rows], 0 if row is None else int(row[0])

    async def get(self, owner: Owner, delivery_id: int) -> Delivery:
        """Return one delivery. Raises DeliveryNotFound."""
        async with self._db.connection() as conn:
            return await self.get_on(conn, owner, delivery_id)

    async def get_on(self, conn: Connection, owner: Owner, delivery_id: int) -> Delivery:
        """Return one delivery as a transaction sees it. Raises DeliveryNotFound."""
        values = (owner.service, owner.project_id, delivery_id)
        row = await (await conn.execute(_GET, values)).fetchone()
        if row is None:
            raise DeliveryNotFound(f"no delivery {delivery_id}")
        return _read(row)


def _read(row: tuple[Any, ...]) -> Delivery:
    attempts = tuple(
        Attempt(**{**attempt, "at": datetime.fromisoformat(attempt["at"])}) for attempt in row[10]
    )
    values = list(row)
    values[10] = attempts
    return Delivery(*values)
