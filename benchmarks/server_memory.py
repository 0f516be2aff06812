"""How much memory does the server take, idle and with a thousand open event streams?

The server's own pages (USS: what would be freed if it ended) and, for the database, each page
shared among its processes counted by its share (PSS). Every stream has had its first event when the
memory is read. The streams end when their jobs are cancelled; then all of it once more, to see what
stays.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable

import psycopg

from benchmarks.http_load import Connection
from benchmarks.proc import own_mib, parent, shared_mib
from benchmarks.report import Report
from benchmarks.service import port_of, running_server
from tests.support.server import ServerProcess

QUESTION = "server memory, idle and with open event streams"
JOBS = 50

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` opens fewer streams."""
    streams = 200 if quick else 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    report = Report("server_memory", QUESTION)
    with running_server() as server:
        asyncio.run(_measure(server, streams, report, progress))
    return report


async def _measure(
    server: ServerProcess, streams: int, report: Report, progress: Callable[[str], None]
) -> None:
    port, key = port_of(server), server.key("flare")
    connection = await Connection.open(port, key)
    report.add("server, started", "MiB", [own_mib(server.pid)])
    # Whatever is loaded when first used, is.
    for _, writer in await _open_streams(port, key, await _make_jobs(connection), 20):
        writer.close()
    idle = own_mib(server.pid)
    report.add("server, after the first requests", "MiB", [idle])
    report.add("database, idle", "MiB", [database_mib(server)])
    for turn in ("", ", again"):
        progress(f"{streams} streams{turn}")
        job_ids = await _make_jobs(connection)
        started = time.monotonic()
        opened = await _open_streams(port, key, job_ids, streams)
        report.add(
            f"opening {streams} streams, one after the other{turn}",
            "s",
            [time.monotonic() - started],
        )
        busy = own_mib(server.pid)
        report.add(f"server, {streams} open streams{turn}", "MiB", [busy])
        if not turn:
            report.add("each stream", "KiB", [(busy - idle) * 1024 / streams])
            report.add(f"database, {streams} open streams", "MiB", [database_mib(server)])
        await _end_streams(connection, job_ids, opened, report, turn)
        report.add(f"server, streams ended{turn}", "MiB", [own_mib(server.pid)])
    report.notes.append("what Python once took it keeps for the next: compare the second turn")
    connection.close()


async def _make_jobs(connection: Connection) -> list[str]:
    body = {"job_type": "watched", "queue": "watched", "run_at": "2099-01-01T00:00:00Z"}
    return [(await connection.post("/flare/v1/jobs", body))["id"] for _ in range(JOBS)]


async def _open_streams(port: int, key: str, job_ids: list[str], count: int) -> list[Stream]:
    return [await _open_stream(port, key, job_ids[number % JOBS]) for number in range(count)]


async def _end_streams(
    connection: Connection, job_ids: list[str], opened: list[Stream], report: Report, turn: str
) -> None:
    """Cancel the jobs, wait until every stream has ended, check that each said why."""
    started = time.monotonic()
    ends = asyncio.gather(*(reader.read() for reader, _ in opened))
    for job_id in job_ids:
        await connection.post(f"/flare/v1/jobs/{job_id}/cancel", {})
    rests = await asyncio.wait_for(ends, 60)
    report.add(
        f"cancelling {JOBS} jobs until {len(opened)} streams have ended{turn}",
        "s",
        [time.monotonic() - started],
    )
    if not all(b"cancelled" in rest for rest in rests):
        raise RuntimeError("a stream ended without its last event")
    for _, writer in opened:
        writer.close()


async def _open_stream(port: int, key: str, job_id: str) -> Stream:
    """Open an event stream and read up to the end of its first event."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /flare/v1/jobs/{job_id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {key}\r\nAccept: text/event-stream\r\n"
        f"Connection: close\r\n\r\n".encode()
    )
    await reader.readuntil(b"event: state")
    await reader.readuntil(b"\n\n")
    return reader, writer


def database_mib(server: ServerProcess) -> float:
    """Return the memory of every process of the server's PostgreSQL, in MiB."""
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        row = conn.execute(
            "SELECT array_agg(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    pids = set(row[0])
    return sum(shared_mib(pid) for pid in pids | {parent(pid) for pid in pids})
