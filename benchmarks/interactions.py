"""A tenant with many interactions among twenty, and ways to its rows past the API."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from amdahl import AmdahlClient
from tests.support.server import ServerProcess

SETTINGS = {"QUINTET_AMDAHL_REQUESTS_PER_MINUTE": "1000000"}
SUPERUSER_FILTER = "project_id = '{project_id}'"
# Every second row is the tenant's, so that its rows lie among those of others as in a real table.
_FILL = """
INSERT INTO amdahl_interactions (project_id, id, "timestamp", channel, interaction_type, company_id,
    company_name, speaker_type, content, sentiment, deal_stage_status, amount, owner, source_system)
SELECT CASE WHEN n %% 2 = 0 THEN %(project_id)s ELSE 'other_' || (n / 2) %% 19 END,
       'int_' || n,
       '2026-01-01'::timestamptz - make_interval(mins => (n %% 500000)::int),
       (ARRAY['email', 'call', 'meeting', 'chat', 'web', 'crm'])[1 + (n / 2 * 7919) %% 6],
       (ARRAY['utterance', 'email', 'meeting', 'deal', 'note'])[1 + (n / 2 * 104729) %% 5],
       'co_' || n %% 997, 'Company ' || n %% 997,
       CASE WHEN n %% 3 = 0 THEN 'internal' ELSE 'external' END,
       'We looked at offer ' || n || ' and would like to hear more of it.',
       sin(n), (ARRAY['open', 'won', 'lost'])[1 + (n / 2 * 31) %% 3],
       (n * 37 %% 100000)::float8 / 4, 'owner_' || n %% 41, 'bench'
  FROM generate_series(1, %(count)s::bigint) AS n
"""


def client_of(server: ServerProcess) -> AmdahlClient:
    """Our client of the server."""
    return AmdahlClient(server.url, server.key("amdahl"))


def project_of(server: ServerProcess) -> str:
    """The id of the development key's project."""
    with psycopg.connect(server.database_url) as conn:
        row = conn.execute("SELECT id FROM projects WHERE service = 'amdahl'").fetchone()
    assert row is not None
    return str(row[0])


def fill(server: ServerProcess, rows: int) -> None:
    """Give the tenant so many interactions, and nineteen others as many together.

    The index of words is dropped first: building it takes minutes, and no question here uses it.
    """
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        conn.execute("DROP INDEX amdahl_interactions_words")
        conn.execute(_FILL, {"project_id": project_of(server), "count": rows * 2})
        conn.execute("VACUUM ANALYZE amdahl_interactions")
        conn.execute("CHECKPOINT")


def tenant_conninfo(server: ServerProcess) -> str:
    """How the tenant's own role logs in; the role is made by the tenant's first query."""
    with client_of(server) as client:
        client.data.query("SELECT 1 AS one")
    with psycopg.connect(server.database_url) as conn:
        row = conn.execute(
            "SELECT role, password FROM amdahl_sql_tenants WHERE project_id = %s",
            [project_of(server)],
        ).fetchone()
    assert row is not None
    return make_conninfo(server.database_url, user=row[0], password=row[1])


class Psql:
    """psql, kept running; or psycopg where there is none."""

    def __init__(self, conninfo: str) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._conn: psycopg.Connection[tuple[Any, ...]] | None = None
        if program := shutil.which("psql"):
            self._child = subprocess.Popen(
                [program, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", conninfo],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        else:
            self._conn = psycopg.connect(conninfo, autocommit=True)
        self.name = "psql" if self._child else "psycopg"

    def run(self, statement: str) -> int:
        """Run it; return how many rows it printed or gave."""
        if self._conn is not None:
            return len(self._conn.execute(statement.encode()).fetchall())
        assert self._child is not None
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{statement};\nSELECT 'end of rows';\n")
        self._child.stdin.flush()
        for count, line in enumerate(self._child.stdout):
            if line.strip() == "end of rows":
                return count
        raise RuntimeError(f"psql ended with {self._child.wait()}")

    def close(self) -> None:
        """End it."""
        if self._conn is not None:
            self._conn.close()
        if self._child is not None:
            self._child.communicate()


@contextmanager
def psql(conninfo: str) -> Iterator[Psql]:
    """A running psql, ended with the block."""
    running = Psql(conninfo)
    try:
        yield running
    finally:
        running.close()
