"""What links lead to, known in the process: one query for a slug that is new to it.

Any change of what a link is made of is notified and empties the book, so that a paused campaign or
a new offer holds at once everywhere. While notifications do not arrive, nothing is remembered.
"""

from __future__ import annotations

import asyncio
import re

from psycopg.rows import class_row, dict_row

from quintet_server.services.ghostflow.clicks import agents
from quintet_server.services.ghostflow.redirects.links import Domain, Link, read_link
from quintet_server.services.ghostflow.remembering import Memory
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus

__all__ = ["Book"]

_SLUG = re.compile(r"[A-Za-z0-9_-]{3,64}")
_HOST = re.compile(r"[a-z0-9.:_-]{1,253}")

_LINK = """
SELECT c.id, c.team_id, c.url, c.source_id, c.offers, c.sticky, c.cost, c.currency,
    c.append_click_id, c.pass_through, c.unique_window_hours,
    t.secret, t.currency AS team_currency, t.timezone, s.params, s.cost AS source_cost,
    (
        SELECT jsonb_object_agg(o.id, to_jsonb(o)) FROM ghostflow_offers o
        WHERE o.team_id = c.team_id AND o.deleted_at IS NULL
            AND o.id IN (SELECT (e ->> 'offerId')::uuid FROM jsonb_array_elements(c.offers) AS e)
    ) AS found_offers
FROM ghostflow_campaigns c
JOIN ghostflow_teams t ON t.id = c.team_id
LEFT JOIN ghostflow_sources s ON s.id = c.source_id AND s.deleted_at IS NULL
WHERE c.slug = %s AND c.status = 'active' AND c.deleted_at IS NULL
"""
_DOMAIN = """
SELECT id, team_id, fallback_url FROM ghostflow_domains
WHERE host = %s AND status = 'active' AND deleted_at IS NULL
"""


class Book:
    """Links by their slugs, and domains by their hosts.

    Args:
        db: Where they are read.
        bus: Tells when they have changed.
        wait_seconds: How long reading may take.
    """

    def __init__(self, db: Database, bus: NotifyBus, wait_seconds: float) -> None:
        self._db = db
        self._is_ready = False
        self._links = Memory(bus, _SLUG, self._read_link, wait_seconds)
        self._domains = Memory(bus, _HOST, self._read_domain, wait_seconds)

    def forget(self) -> None:
        """Read everything anew: what was changed in this process holds before it is answered."""
        self._links.forget()
        self._domains.forget()

    def stop(self) -> None:
        """Stop following changes."""
        self._links.stop()
        self._domains.stop()

    async def by_slug(self, slug: str) -> Link | None:
        """The link, if there is a campaign with this slug that is active.

        Raises:
            TimeoutError: It could not be read in time.
            psycopg.OperationalError, psycopg_pool.PoolTimeout: The database is away.
        """
        return await self._links.get(slug)

    async def domain_of(self, host: str) -> Domain | None:
        """The active domain of this host (lower case, no port), if there is one.

        Raises the same.
        """
        return await self._domains.get(host)

    async def _read_link(self, slug: str) -> Link | None:
        async with self._db.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_LINK, (slug,))
            row = await cursor.fetchone()
        if row is None:
            return None
        if not self._is_ready:  # the first click must not build the matchers on the event loop
            await asyncio.to_thread(agents.warm)
            self._is_ready = True
        return read_link(row)

    async def _read_domain(self, host: str) -> Domain | None:
        async with (
            self._db.connection() as conn,
            conn.cursor(row_factory=class_row(Domain)) as cursor,
        ):
            await cursor.execute(_DOMAIN, (host,))
            return await cursor.fetchone()
