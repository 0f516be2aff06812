"""Run a statement in a transaction of its own, again if the database asks for it.

The engine's statements lock rows in one order and should not deadlock; a caller that mixes them
into a transaction of its own may still cross one. PostgreSQL then ends one side, and that side
simply repeats: nothing had been done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from psycopg import errors

from quintet_server.store.database import Database

_AGAIN = (errors.DeadlockDetected, errors.SerializationFailure)

Rows = list[tuple[Any, ...]]


async def run(
    db: Database,
    statement: LiteralString,
    params: Sequence[Any] | Mapping[str, Any],
    retries: int,
) -> Rows:
    """Return the rows of one autocommitted statement.

    Raises:
        psycopg.Error: as it comes; a deadlock only after `retries` repetitions.
    """
    while True:
        try:
            async with db.connection() as conn:
                cursor = await conn.execute(statement, params)
                return await cursor.fetchall()
        except _AGAIN:
            if retries <= 0:
                raise
            retries -= 1
