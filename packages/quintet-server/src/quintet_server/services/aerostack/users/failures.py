"""Wrong passwords, counted by address: guessing comes down to some tries in a quarter of an hour.

A level rises by one with each failure and drains steadily; at the bound, sign-ins with that address
are refused until there is room for another. A right password empties it. Addresses without a user
are counted like the others, so that being refused tells nothing; and nobody else is held up: other
addresses are not, nor is the same address in other projects.
"""

from __future__ import annotations

from quintet_server.services.aerostack.settings import AerostackSettings
from quintet_server.store.database import Connection

__all__ = [
    "LEVEL_NOW",
    "clear_failures",
    "drain_per_second",
    "note_failure",
    "seconds_to_wait",
]

# `f` is the row; `%(drain)s` the drain per second. A clock that was set back drains nothing.
LEVEL_NOW = """
greatest(0, f.level
    - greatest(0, extract(epoch FROM quintet_now() - f.at))::float8 * %(drain)s::float8)
"""
_NOTE = f"""
INSERT INTO aerostack_signin_failures AS f (project_id, email_key, level, at)
VALUES (%(project)s, %(key)s, 1, quintet_now())
ON CONFLICT (project_id, email_key) DO UPDATE SET level = {LEVEL_NOW} + 1, at = excluded.at
"""
_CLEAR = "DELETE FROM aerostack_signin_failures WHERE project_id = %s AND email_key = %s"


def drain_per_second(settings: AerostackSettings) -> float:
    """How fast the level goes down."""
    return settings.signin_failures_max_count / settings.signin_failures_window_seconds


def seconds_to_wait(level: float, settings: AerostackSettings) -> float:
    """How long until one more failure has room; 0 or less: now."""
    over = level + 1 - settings.signin_failures_max_count
    return over / drain_per_second(settings)


async def note_failure(
    conn: Connection, project_id: str, key: str, settings: AerostackSettings
) -> None:
    """Count one."""
    values = {"project": project_id, "key": key, "drain": drain_per_second(settings)}
    await conn.execute(_NOTE.encode(), values)


async def clear_failures(conn: Connection, project_id: str, key: str) -> None:
    """Forget them."""
    await conn.execute(_CLEAR, (project_id, key))
