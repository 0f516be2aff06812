"""The subscriptions of a project, as far as a filter lets them pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from quintet_server.engines.hooks.formats import Subscription
from quintet_server.engines.hooks.subscriptions import COLUMNS, Owner, read_row
from quintet_server.store.database import Connection

_WANTED = """
service = %(service)s AND project_id = %(project_id)s
AND enabled = coalesce(%(enabled)s, enabled)
AND (%(text)s::text IS NULL OR strpos(lower(url), lower(%(text)s)) > 0
     OR strpos(lower(description), lower(%(text)s)) > 0)
AND created_at >= coalesce(%(created_from)s, '-infinity'::timestamptz)
AND created_at <= coalesce(%(created_to)s, 'infinity'::timestamptz)
AND updated_at >= coalesce(%(updated_from)s, '-infinity'::timestamptz)
AND updated_at <= coalesce(%(updated_to)s, 'infinity'::timestamptz)
"""
_COUNT = f"SELECT count(*) FROM hook_subscriptions WHERE {_WANTED}"
_NEWEST_FIRST = f"""
SELECT {COLUMNS} FROM hook_subscriptions WHERE {_WANTED}
AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s, %(id)s))
ORDER BY created_at DESC, id DESC OFFSET %(offset)s LIMIT %(limit)s
"""
_OLDEST_FIRST = _NEWEST_FIRST.replace(" DESC", "").replace(
    "(created_at, id) <", "(created_at, id) >"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFilter:
    """Which subscriptions; None lets all pass. Instants are included."""

    enabled: bool | None = None
    text: str | None = None
    """Occurs in the URL or in the description, in capitals or not."""
    created_from: datetime | None = None
    created_to: datetime | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None


async def list_subscriptions(
    conn: Connection,
    owner: Owner,
    wanted: SubscriptionFilter,
    *,
    limit: int,
    after: tuple[datetime, str] | None = None,
    offset: int = 0,
    descending: bool = True,
) -> tuple[Sequence[Subscription], int]:
    """Return a page behind the (created_at, id) given, and how many pass the filter in all.

    The newest come first, unless it is not to be `descending`.
    """
    at, id = after or (None, None)
    statement = _NEWEST_FIRST if descending else _OLDEST_FIRST
    values = {
        "service": owner.service,
        "project_id": owner.project_id,
        **{name: getattr(wanted, name) for name in SubscriptionFilter.__slots__},
        "at": at,
        "id": id,
        "offset": offset,
        "limit": limit,
    }
    rows = await (await conn.execute(statement.encode(), values)).fetchall()
    row = await (await conn.execute(_COUNT.encode(), values)).fetchone()
    return [read_row(one) for one in rows], 0 if row is None else int(row[0])
