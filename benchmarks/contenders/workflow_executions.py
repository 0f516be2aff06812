"""Executions from the call to their end: `… workflow_executions http CONCURRENCY PORT KEY URL`.

`http`: so many callers, each with one connection, start executions of `WORKFLOW` (5 or 25 nodes, by
the work asked for); the round is over when the last one has ended.
`psycopg`: the baseline. So many connections, each writing what an execution of five nodes leaves on
disk, in as many committed transactions: created, taken up, carried out, put away.

The count that arrives is `executions * 100 + nodes`.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from typing import Any

import psycopg
import uvloop

from benchmarks.contender import serve
from benchmarks.http_load import Connection

INPUTS = {"inputs": {"name": "reader"}}
_UNFINISHED = "SELECT count(*) FROM runs WHERE state IN ('pending', 'running')"
_LOOK_SECONDS = 0.005
_numbers = itertools.count()

SCHEMA = """
    DROP TABLE IF EXISTS bare_runs, bare_jobs, bare_steps, bare_events;
    CREATE TABLE bare_runs (id text PRIMARY KEY, state text NOT NULL, input json, output json,
        created_at timestamptz NOT NULL DEFAULT now(), started_at timestamptz,
        completed_at timestamptz);
    CREATE TABLE bare_jobs (id text PRIMARY KEY, run text NOT NULL, state text NOT NULL);
    CREATE TABLE bare_steps (run text, key text, output json, PRIMARY KEY (run, key));
    CREATE TABLE bare_events (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        stream text NOT NULL, type text NOT NULL, data jsonb NOT NULL);
    CREATE INDEX ON bare_events (stream, seq);
"""
# Four transactions, each one statement.
CREATE = """
    WITH run AS (INSERT INTO bare_runs (id, state, input) VALUES (%(id)s, 'pending', %(data)s))
    INSERT INTO bare_jobs (id, run, state) VALUES (%(id)s, %(id)s, 'pending')
"""
TAKE_UP = """
    WITH job AS (UPDATE bare_jobs SET state = 'processing' WHERE id = %(id)s),
         run AS (UPDATE bare_runs SET state = 'running', started_at = now() WHERE id = %(id)s)
    INSERT INTO bare_events (stream, type, data) VALUES (%(id)s, 'execution.started', %(data)s)
"""
CARRY_OUT = """
    WITH steps AS (
        INSERT INTO bare_steps (run, key, output)
        SELECT %(id)s, 'node' || n, %(data)s::json FROM generate_series(1, %(nodes)s) n),
    run AS (
        UPDATE bare_runs SET state = 'completed', output = %(data)s, completed_at = now()
        WHERE id = %(id)s)
    INSERT INTO bare_events (stream, type, data)
    SELECT %(id)s, 'node.completed', %(data)s FROM generate_series(1, 3 * %(nodes)s + 1)
"""
PUT_AWAY = "UPDATE bare_jobs SET state = 'succeeded' WHERE id = %(id)s"
DATA = '{"node_id": "n3", "node_name": "n3", "node_type": "templateOutput", "output": {"x": "y"}}'


async def http(count: int, nodes: int, concurrency: int, port: int, key: str, url: str) -> None:
    """Through the API."""
    connections = [await Connection.open(port, key) for _ in range(concurrency)]
    numbers = iter(range(count))

    async def start(connection: Connection) -> None:
        for _ in numbers:
            await connection.post(f"/api/v1/workflows/wf_bench{nodes}/execute", INPUTS)

    await asyncio.gather(*(start(connection) for connection in connections))
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        while (left := await (await conn.execute(_UNFINISHED)).fetchone()) and left[0]:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)
    for connection in connections:
        connection.close()


async def bare(count: int, nodes: int, concurrency: int, url: str) -> None:
    """Straight to the database."""
    numbers = iter(range(count))

    async def work() -> None:
        async with await psycopg.AsyncConnection.connect(
            url, autocommit=True, prepare_threshold=0
        ) as conn:
            for _ in numbers:
                values = {"id": f"run_{next(_numbers)}", "data": DATA, "nodes": nodes}
                for statement in (CREATE, TAKE_UP, CARRY_OUT, PUT_AWAY):
                    await conn.execute(statement, values)

    await asyncio.gather(*(work() for _ in range(concurrency)))


def main(who: str, concurrency: int, *where: str) -> None:
    """Serve one contender."""
    loop = uvloop.new_event_loop()
    if who == "psycopg":
        with psycopg.connect(where[0], autocommit=True) as conn:
            conn.execute(SCHEMA)

    def work(number: int) -> Any:
        count, nodes = divmod(number, 100)
        if who == "psycopg":
            loop.run_until_complete(bare(count, nodes, concurrency, where[0]))
        else:
            port, key, url = where
            loop.run_until_complete(http(count, nodes, concurrency, int(port), key, url))

    serve(work)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
