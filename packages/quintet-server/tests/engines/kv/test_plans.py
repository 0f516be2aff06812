"""How the cache's statements read a large table, whatever it was when they were planned."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from quintet_server.engines.kv import statements

pytestmark = pytest.mark.engines

FILL = """
INSERT INTO kv_entries (space, key, value, expires_at)
SELECT 's' || n %% 3, 'k' || n, '1',
    CASE WHEN n %% 3 = 0 THEN now() + make_interval(secs => n - 10) END
FROM generate_series(1, %s) AS n
"""
# Three that are there, of the same space.
KEYS = ["k1", "k4", "k7"]
SPACES = ["s1"] * 3
CALLS: dict[str, tuple[bytes, tuple[Any, ...]]] = {
    "get": (statements.GET, ("s1", "k1")),
    "several gets": (statements.GET_BATCH, (100, SPACES, KEYS)),
    "get many": (statements.GET_MANY, ("s1", KEYS, 100)),
    "list": (statements.LIST, ("s1", "k1", "k2", "", 4)),
    "set": (statements.SET, (SPACES, KEYS, [b"1"] * 3, [None] * 3)),
    "increment": (statements.INCREMENT, (SPACES, KEYS, [1] * 3, [0] * 3, [None] * 3)),
    "expire": (statements.EXPIRE, ("s1", "k1", 100)),
    "delete": (statements.DELETE, (SPACES, KEYS)),
    "flush": (statements.FLUSH, ("s1", "k1", "k2", 4)),
    "sweep": (statements.SWEEP, (4,)),
}


@pytest.mark.parametrize("rows", [0, 1, 200])
def test_planned_on_a_small_table_still_good_on_a_full_one(database_url, rows) -> None:
    """Also where PostgreSQL knows how small it was, and would rather read the table itself."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("TRUNCATE kv_entries")
        conn.execute(FILL, (rows,))
        conn.execute("ANALYZE kv_entries")
        for _ in range(8):
            for statement, values in CALLS.values():
                conn.execute(statement, values, prepare=True)
        conn.execute("DELETE FROM kv_entries")
        conn.execute(FILL, (20_000,))
        read = {}
        for name, (statement, values) in CALLS.items():
            before = usage(conn)
            conn.execute(statement, values, prepare=True)
            read[name] = [now - then for now, then in zip(usage(conn), before, strict=True)]
        conn.execute("TRUNCATE kv_entries")
    assert {name: by_scan for name, (by_scan, _) in read.items()} == dict.fromkeys(read, 0)
    # What was removed before is passed by once more.
    most = 60 + 2 * rows
    assert {name: by_index for name, (_, by_index) in read.items() if by_index > most} == {}


def usage(conn: psycopg.Connection[Any]) -> tuple[int, int]:
    """Rows of the table read so far by sequential scans, and by its indexes."""
    conn.execute("SELECT pg_stat_force_next_flush()")
    conn.execute("SELECT pg_stat_clear_snapshot()")
    return conn.execute(
        "SELECT t.seq_tup_read, (SELECT sum(i.idx_tup_read)::bigint FROM pg_stat_user_indexes AS i"
        " WHERE i.relid = t.relid) FROM pg_stat_user_tables AS t WHERE t.relname = 'kv_entries'"
    ).fetchone()
