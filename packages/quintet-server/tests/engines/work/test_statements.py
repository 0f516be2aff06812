"""How PostgreSQL plans the engine's statements: once, not for every call."""

from __future__ import annotations

from typing import Any

import pytest

from quintet_server.engines.work import statements
from quintet_server.engines.work.arguments import numbered
from quintet_server.store.database import connect

pytestmark = pytest.mark.engines

# As many as PostgreSQL makes before it decides whether one plan will do for all.
CUSTOM_PLANS = 5
LANE = "flare:planned"
NEXT_OF = """[{"ord": 0, "lane": "flare:planned", "queues": ["q"], "types": ["t"]},
{"ord": 1, "lane": "flare:planned", "queues": ["q", "r"], "types": null}]"""

CALLS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "claim": (statements.CLAIM, (LANE, ["q"], ["t"], ["w"], 60, 300, 60, 64)),
    "next due": (statements.NEXT_DUE, (NEXT_OF,)),
    "settle": (statements.SETTLE, (numbered([]), "{}")),
    "beat": (statements.BEAT, (numbered([]), 60, 60)),
    "release": (statements.RELEASE, (numbered([]),)),
    "get": (statements.GET, ("job_1", LANE)),
}
# Among fewer the two kinds of plans cost about the same.
FILL = """
INSERT INTO work_jobs (id, lane, project_id, queue, job_type, payload, state, due_at, created_at,
    max_attempts, timeout_seconds)
SELECT 'job_' || n, %s, 'p', 'q', 't', '{}', 'pending', now(), now(), 3, 1800
FROM generate_series(1, 2000) AS n
"""
COUNTS = "SELECT generic_plans, custom_plans FROM pg_prepared_statements"


async def test_statement_is_planned_once_for_all_calls(db) -> None:
    plans: dict[str, list[tuple[int, int]]] = {}
    async with await connect(db.url, application_name="planning") as conn:
        await conn.execute(FILL, (LANE,), prepare=False)
        await conn.execute("ANALYZE work_jobs", prepare=False)
        for name, (statement, values) in CALLS.items():
            for _ in range(CUSTOM_PLANS + 3):
                await conn.execute(statement.encode(), values, prepare=True)
            cursor = await conn.execute(COUNTS, prepare=False)
            plans[name] = await cursor.fetchall()
            await conn.execute("DEALLOCATE ALL", prepare=False)
    assert plans == {name: [(3, CUSTOM_PLANS)] for name in CALLS}
