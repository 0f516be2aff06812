"""The wait between attempts: the database's function keeps the bounds the policy states."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st
from psycopg.types.json import Jsonb

from quintet_server.engines.work.backoff import RetryPolicy
from quintet_server.engines.work.settings import WorkSettings

POLICIES = st.builds(
    RetryPolicy,
    base_ms=st.integers(0, 10**9),
    cap_ms=st.integers(0, 10**9),
    jitter_ms=st.integers(0, 10**6),
    delays_ms=st.lists(st.integers(0, 10**6), max_size=5).map(tuple),
)


@pytest.fixture
def conn(database_url):
    with psycopg.connect(database_url, autocommit=True) as conn:
        yield conn


def wait_ms(conn: psycopg.Connection[Any], policy: RetryPolicy, attempt: int) -> float:
    row = conn.execute(
        "SELECT extract(epoch FROM work_backoff(%s, %s)) * 1000", (Jsonb(policy.as_json()), attempt)
    ).fetchone()
    assert row is not None
    return float(row[0])


def test_backoff_stays_within_its_bounds(conn):
    @hypothesis_settings(max_examples=200, deadline=None)
    @given(POLICIES, st.integers(1, 100))
    def check(policy: RetryPolicy, attempt: int) -> None:
        least, most = policy.bounds_ms(attempt)
        assert least - 0.01 <= wait_ms(conn, policy, attempt) <= most + 0.01

    check()


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 60), (2, 120), (3, 240), (9, 15_360), (10, 21_600), (100, 21_600)]
)
def test_default_policy_doubles_from_a_minute_to_six_hours(conn, attempt, seconds):
    policy = RetryPolicy.from_settings(WorkSettings(retry_jitter_ms=0))
    assert wait_ms(conn, policy, attempt) == seconds * 1000
    assert policy.bounds_ms(attempt) == (seconds * 1000, seconds * 1000)


def test_jitter_spreads_the_waits(conn):
    policy = RetryPolicy(base_ms=1000, jitter_ms=3000)
    waits = {round(wait_ms(conn, policy, 1)) for _ in range(20)}
    assert len(waits) > 5
    assert all(1000 <= wait <= 4000 for wait in waits)
