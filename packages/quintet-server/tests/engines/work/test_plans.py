"""How the hot statements read a large table: by index, in order, no further than needed."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from quintet_server.engines.work import statements

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


@pytest.mark.parametrize("is_analyzed", [True, False])
def test_claim_reads_a_deep_mixed_backlog_in_index_order(conn, is_analyzed):
    """100,000 jobs in three lanes and seven queues, a fifth of them not due for an hour."""
    conn.execute(BACKLOG, (100_000,))
    if is_analyzed:
        conn.execute("ANALYZE work_jobs")
    before = usage(conn)
    claimed = conn.execute(
        "SELECT id FROM work_claim('flare:p1', '{q1,q2,q3}', NULL,"
        " array_fill('w'::text, '{20}'), 60, 300, 60, 64)"
    ).fetchall()
    assert len(claimed) == 20
    used = spent(conn, before)
    # Three queues, each no further than the 20 wanted and 64 spare; then the 20 by id.
    assert used.pop("work_jobs_ready") <= 3 * 84
    assert used.pop("work_jobs_pkey") <= 84 + 20
    assert set(used.values()) == {0}


CLAIM = "SELECT id FROM work_claim('flare:p1', '{q1}', NULL, '{w,w}', 60, 300, 60, 64)"
ITEM = '[{"ord":0,"lane":"flare:p1","id":"%s","worker_id":"w","attempt":1,"status":"succeeded"}]'


def calls(id: str) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """Every statement about a job that is in hand, the one that ends it last."""
    item = (ITEM % id,)
    claim = ("flare:p1", id, "w", 1)
    return {
        "beat": ("SELECT * FROM work_beat(%s::jsonb, 60, 60)", item),
        "get": (statements.GET, (id, "flare:p1")),
        "put off": (statements.PUT_OFF, (*claim, 1000)),
        "reap": (statements.REAP, (500, "{}", 0)),
        "promote": (statements.PROMOTE, (500,)),
        "prune": (statements.PRUNE, (3600, 500)),
        "abandon": ("SELECT work_abandon('{p}')", ()),
        "settle": ("SELECT * FROM work_settle(%s::jsonb, '{}')", item),
        "release": ("SELECT * FROM work_release(%s::jsonb)", item),
        "activate": ("SELECT * FROM work_activate_children(%s::text[])", ([id],)),
        "cancel": (statements.CANCEL, ("flare:p1", id)),
    }


@pytest.mark.parametrize("in_hand", [False, True])
@pytest.mark.parametrize("rows", [0, 1, 200])
def test_planned_on_a_small_table_still_good_on_a_full_one(conn, rows, in_hand):
    """Plans are kept per connection: the first ones are made when there is little to plan for.

    And PostgreSQL knows how small the table was, and would rather read all of it.
    """
    conn.execute(BACKLOG, (rows,))
    if in_hand:
        conn.execute(
            "UPDATE work_jobs SET state = 'processing', worker_id = 'w', attempt = 1,"
            " started_at = now(), completed_at = NULL, lease_expires_at = now() + interval '1 h'"
        )
    conn.execute("ANALYZE work_jobs")
    (first,) = conn.execute("SELECT coalesce(min(id), 'x') FROM work_jobs").fetchone()
    for _ in range(8):
        conn.execute(CLAIM, prepare=True)
        for statement, values in calls(first).values():
            conn.execute(statement.encode(), values, prepare=True)
    conn.execute("DELETE FROM work_jobs")
    conn.execute(BACKLOG, (20_000,))
    before = usage(conn)
    ids = [id for (id,) in conn.execute(CLAIM, prepare=True)]
    assert len(ids) == 2
    read = {"claim": spent(conn, before)}
    for name, (statement, values) in calls(ids[0]).items():
        before = usage(conn)
        conn.execute(statement.encode(), values, prepare=True)
        read[name] = spent(conn, before)
    assert {name: used["sequential"] for name, used in read.items()} == dict.fromkeys(read, 0)
    # What was removed before is passed by once more, in every index.
    most = 200 + 4 * 8 * rows
    assert {name: used for name, used in read.items() if sum(used.values()) > most} == {}


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
    used = spent(conn, before)
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


def spent(conn: psycopg.Connection[Any], before: dict[str, int]) -> dict[str, int]:
    """What was read since then."""
    return {name: count - before.get(name, 0) for name, count in usage(conn).items()}


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
