"""Teams: whose everything is. A team is a project of the kernel, with what its users see of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from quintet_server.store.database import Connection, Database
from quintet_server.store.notify import NotifyBus

__all__ = ["CHANNEL", "Team", "Teams", "read_team"]

CHANNEL = "ghostflow"
"""Notified when a team, or anything a link is made of, has changed."""

_REMEMBERED = 10_000
_READ = """
SELECT id, project_id, name, timezone, currency, secret, version, created_at, updated_at
FROM ghostflow_teams WHERE project_id = %s
"""


@dataclass(frozen=True, slots=True)
class Team:
    """Who owns campaigns, and in which zone and currency it counts."""

    id: UUID
    project_id: str
    name: str
    timezone: str
    currency: str
    secret: bytes
    """Keys pseudonyms of visitors and signatures of cursors; never shown."""
    version: int
    created_at: datetime
    updated_at: datetime


async def read_team(conn: Connection, project_id: str) -> Team:
    """The team of a project; every project of the service has one."""
    async with conn.cursor(row_factory=class_row(Team)) as cursor:
        await cursor.execute(_READ, (project_id,))
        team = await cursor.fetchone()
    if team is None:
        raise LookupError(f"project {project_id} has no team")
    return team


class Teams:
    """Finds the team of a project; remembers it until something changes."""

    def __init__(self, db: Database, bus: NotifyBus) -> None:
        self._db = db
        self._bus = bus
        self._known: dict[str, Team] = {}
        self._generation = 0
        self.stop = bus.subscribe(CHANNEL, self.forget)

    async def of_project(self, project_id: str) -> Team:
        """The team of a project."""
        team = self._known.get(project_id)
        return team if team is not None else await self._read(project_id)

    async def _read(self, project_id: str) -> Team:
        generation = self._generation
        async with self._db.connection() as conn:
            team = await read_team(conn, project_id)
        # Not remembered while changes would go unheard, nor if one came while reading.
        if self._bus.is_connected and generation == self._generation:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[project_id] = team
        return team

    def forget(self, _payload: str | None = None) -> None:
        """Look every team up again: something has changed."""
        self._generation += 1
        self._known.clear()
