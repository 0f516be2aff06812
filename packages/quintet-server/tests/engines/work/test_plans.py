"""How the hot statements read a large table: by index, in order, no further than needed."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest

BACKLOG = """
INSERT INTO work_jobs (id, lane, project_id, queue, job_type, payload, state, run_at, due_at,
    created_at, max_attempts, timeout_seconds, completed_at, tags)
SELECT 'job_' || lpad(n::text, 26, '0'), 'flare:p' || n %% 3, 'p', 'q' || n %% 7,
    't' || n %% 11, '{}',
    CASE WHEN n %% 10 < 4 THEN 'succeeded' WHEN n %% 10 < 6 THEN 'scheduled' ELSE 'pending' END,
    CASE WHEN n %% 10 BETWEEN 4 AND 5 THEN now() + interval '1 hour' END,
    CASE WHEN n %% 10 BETWEEN 4 AND 5 THEN now() + interval '1 hour' ELSE now() END
        - n * interval '1 ms',
    now() - n * interval '1 ms', 3, 1800, CASE WHEN n %% 10 < 4 THEN now() END,
    CASE WHEN n %% 100 = 0 THEN '{"env": "dev"}'::jsonb END
FROM generate_series(1, %s) n
"""


@pytest.fixture
def conn(database_url):
    with psycopg.connect(database_url, autocommit=True) as conn:
        yield conn


def body(conn: psycopg.Connection[Any], function: str) -> str:
    """The first query of a function with its parameters as $n, as plpgsql would plan it."""
    source, names, types = conn.execute(
        "SELECT prosrc, proargnames, proargtypes::regtype[]::text[] FROM pg_proc"
        " WHERE proname = %s",
        (function,),
    ).fetchone()
    start = source.index("RETURN QUERY") + len("RETURN QUERY")
    query = source[start : source.index(";", start)]
    for number, (name, type) in enumerate(zip(names, types, strict=False), 1):
        query = re.sub(rf"\b{name}\b", f"(${number}::{type})", query)
    return query.replace("v_wanted", "cardinality($4::text[])")


def scanned(plan: dict[str, Any]) -> dict[str, int]:
    """Rows each index gave up, over the whole plan."""
    found: dict[str, int] = {}

    def walk(node: dict[str, Any]) -> None:
        assert node["Node Type"] != "Seq Scan" or node.get("Relation Name") != "work_jobs"
        if name := node.get("Index Name"):
            rows = round(node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
            found[name] = found.get(name, 0) + rows * node["Actual Loops"]
        for child in node.get("Plans", ()):
            walk(child)

    walk(plan)
    return found


@pytest.mark.parametrize("is_analyzed", [True, False])
def test_claim_reads_a_deep_mixed_backlog_in_index_order(conn, is_analyzed):
    """100,000 jobs in three lanes and seven queues, a fifth of them not due for an hour."""
    conn.execute(BACKLOG, (100_000,))
    if is_analyzed:
        conn.execute("ANALYZE work_jobs")
    options = conn.execute("SELECT proconfig FROM pg_proc WHERE proname = 'work_claim'").fetchone()
    for option in options[0]:
        conn.execute(f"SET {option}")
    types = "text, text[], text[], text[], float8, float8, float8, int"
    conn.execute(f"PREPARE claiming ({types}) AS {body(conn, 'work_claim')}")
    (explained,) = conn.execute(
        "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE claiming ('flare:p1', '{q1,q2,q3}', NULL,"
        " array_fill('w'::text, '{20}'), 60, 300, 60, 64)"
    ).fetchone()
    rows = scanned(explained[0]["Plan"])
    # Three queues, each no further than the 20 wanted and 64 spare; then the 20 by id.
    assert rows.pop("work_jobs_ready") <= 3 * 84
    assert rows.pop("work_jobs_pkey") <= 84 + 20
    assert rows == {}


def test_planned_on_an_empty_table_still_good_on_a_full_one(conn):
    """Plans are kept per connection: the first ones are made when there is nothing to plan for."""
    claim = "SELECT id FROM work_claim('flare:p1', '{q1}', NULL, '{w}', 60, 300, 60, 64)"
    settle = "SELECT * FROM work_settle(%s::jsonb, '{}')"
    beat = "SELECT * FROM work_beat(%s::jsonb, 60, 60)"
    item = '[{"ord":0,"lane":"flare:p1","id":"%s","worker_id":"w","status":"succeeded"}]'
    for _ in range(3):
        conn.execute(claim)
        conn.execute(beat, (item % "x",))
        conn.execute(settle, (item % "x",))
    conn.execute(BACKLOG, (50_000,))
    before = usage(conn)
    (id,) = conn.execute(claim).fetchone()
    assert conn.execute(beat, (item % id,)).fetchone()[1] == "ok"
    assert conn.execute(settle, (item % id,)).fetchone()[1] == "settled"
    used = {name: count - before.get(name, 0) for name, count in usage(conn).items()}
    assert used["work_jobs_ready"] <= 65
    assert sum(used.values()) < 200
    assert used.get("sequential", 0) == 0


@pytest.mark.parametrize("rows", [0, 1, 1000])
def test_next_due_planned_on_a_small_table_still_good_on_a_full_one(conn, rows):
    """Also where PostgreSQL knows how small it was, and would rather read the table itself."""
    next_due = "SELECT work_next_due('flare:p1', '{q1,q2}', %s::text[])"
    conn.execute(BACKLOG, (rows,))
    conn.execute("ANALYZE work_jobs")
    for _ in range(3):
        conn.execute(next_due, (None,))
        conn.execute(next_due, (["t1"],))
    conn.execute("DELETE FROM work_jobs")
    conn.execute(BACKLOG, (20_000,))
    before = usage(conn)
    assert conn.execute(next_due, (None,)).fetchone()[0] < 0
    assert conn.execute(next_due, (["t1"],)).fetchone()[0] < 0
    used = {name: count - before.get(name, 0) for name, count in usage(conn).items()}
    # Twice two queues, one that is due and one that is not yet; more for those of other types.
    assert used.pop("work_jobs_ready") <= rows + 100
    assert set(used.values()) == {0}


def usage(conn: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows read so far per index of the jobs table, and by sequential scans."""
    conn.execute("SELECT pg_stat_force_next_flush()")
    conn.execute("SELECT pg_stat_clear_snapshot()")
    rows = conn.execute(
        "SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes WHERE relname = 'work_jobs'"
        " UNION ALL SELECT 'sequential', seq_tup_read FROM pg_stat_user_tables"
        " WHERE relname = 'work_jobs'"
    ).fetchall()
    return dict(rows)


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("", "work_jobs_list"),
        ("AND j.state = 'failed'", "work_jobs_unhappy"),
        ("AND j.state = 'dead_letter'", "work_jobs_unhappy"),
        ('AND j.tags IS NOT NULL AND j.tags @> \'{"env": "none"}\'', "work_jobs_tags"),
    ],
)
def test_listing_uses_an_index(conn, condition, index):
    conn.execute(BACKLOG, (20_000,))
    conn.execute("ANALYZE work_jobs")
    (explained,) = conn.execute(
        "EXPLAIN (FORMAT JSON) SELECT j.id FROM work_jobs j WHERE j.lane = 'flare:p1' "
        f"{condition} ORDER BY j.created_at DESC, j.id DESC LIMIT 21"
    ).fetchone()
    assert f"'Index Name': '{index}'" in str(explained)


def test_heartbeats_stay_on_their_page_and_touch_no_index(conn):
    conn.execute(BACKLOG, (200,))
    conn.execute("SELECT id FROM work_claim('flare:p1', '{q1}', NULL, '{w}', 60, 300, 60, 64)")
    (id,) = conn.execute("SELECT id FROM work_jobs WHERE state = 'processing'").fetchone()
    before = updates(conn)
    for _ in range(50):
        conn.execute(
            "SELECT * FROM work_beat(%s::jsonb, 60, 60)",
            (f'[{{"ord":0,"lane":"flare:p1","id":"{id}","worker_id":"w"}}]',),
        )
    every, hot = (now - then for now, then in zip(updates(conn), before, strict=True))
    assert every == 50
    assert hot >= 45


def updates(conn: psycopg.Connection[Any]) -> tuple[int, int]:
    """Updates of the jobs table so far, and how many of them stayed on their page."""
    conn.execute("SELECT pg_stat_force_next_flush()")
    conn.execute("SELECT pg_stat_clear_snapshot()")
    return conn.execute(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'work_jobs'"
    ).fetchone()
