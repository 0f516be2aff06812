"""Whose turn it is to roll, and whose to seal: one each over all processes, and nobody waits."""

from __future__ import annotations

from enum import IntEnum

from quintet_server.store.database import Connection

__all__ = ["Turn", "takes_turn"]


class Turn(IntEnum):
    """What one process at a time does: constants shared by all processes on a database."""

    ROLL = 0x67666C6F78
    SEAL = 0x67666C6F79


# Earlier versions have one turn for both. One that still runs has it alone, or not at all.
_ANY = 0x67666C6F77
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock_shared(%s) AND pg_try_advisory_xact_lock(%s)"


async def takes_turn(conn: Connection, turn: Turn) -> bool:
    """Whether the transaction has the turn, until it ends."""
    row = await (await conn.execute(_TRY_LOCK, (_ANY, int(turn)))).fetchone()
    return bool(row and row[0])
