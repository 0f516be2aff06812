"""Whose turn it is to roll or to seal: one at a time over all processes, and nobody waits."""

from __future__ import annotations

from quintet_server.store.database import Connection

__all__ = ["takes_turn"]

_LOCK = 0x67666C6F77  # any constant shared by all processes on a database
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock(%s)"


async def takes_turn(conn: Connection) -> bool:
    """Whether the transaction has the turn, until it ends."""
    row = await (await conn.execute(_TRY_LOCK, (_LOCK,))).fetchone()
    return bool(row and row[0])
