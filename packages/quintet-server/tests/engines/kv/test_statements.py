"""How PostgreSQL plans the cache's statements: once, not for every call."""

from __future__ import annotations

from typing import Any

import pytest

from quintet_server.engines.kv import statements
from quintet_server.store.database import connect

pytestmark = pytest.mark.engines

# As many as PostgreSQL makes before it decides whether one plan will do for all.
CUSTOM_PLANS = 5
SPACE = "planned"
KEYS = ["a", "b"]
SPACES = [SPACE] * len(KEYS)
VALUES = [b"1"] * len(KEYS)

# `flush` works on thousands of entries, and is worth a plan for what its space holds.
CALLS: dict[str, tuple[bytes, Any]] = {
    "get": (statements.GET, (SPACE, "a")),
    "several gets": (statements.GET_BATCH, (100, SPACES, KEYS)),
    "get many": (statements.GET_MANY, (SPACE, KEYS, 100)),
    "set": (statements.SET, (SPACES, KEYS, VALUES, [None, None])),
    "delete": (statements.DELETE, (SPACES, KEYS)),
    "expire": (statements.EXPIRE, (SPACE, "a", 10)),
    "increment": (statements.INCREMENT, (SPACES, KEYS, [1, 1], [0, 0], [None, None])),
}
# Among fewer the two kinds of plans cost about the same.
FILL = """
INSERT INTO kv_entries (space, key, value)
SELECT %s, 'key-' || n, '1' FROM generate_series(1, 2000) AS n
"""
COUNTS = "SELECT generic_plans, custom_plans FROM pg_prepared_statements"


async def test_statement_is_planned_once_for_all_calls(db) -> None:
    plans: dict[str, list[tuple[int, int]]] = {}
    async with await connect(db.url, application_name="planning") as conn:
        await conn.execute(FILL, (SPACE,), prepare=False)
        await conn.execute("ANALYZE kv_entries", prepare=False)
        for name, (statement, values) in CALLS.items():
            for _ in range(CUSTOM_PLANS + 3):
                await conn.cursor(binary=True).execute(statement, values, prepare=True)
            cursor = await conn.execute(COUNTS, prepare=False)
            plans[name] = await cursor.fetchall()
            await conn.execute("DEALLOCATE ALL", prepare=False)
    assert plans == {name: [(3, CUSTOM_PLANS)] for name in CALLS}
