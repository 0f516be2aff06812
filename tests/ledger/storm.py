"""A run of jobs while servers and workers are killed, at moments drawn from a seed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.ledger.verdict import Evidence, JobRow, LedgerLine, ServerEvent
from tests.support.server import ServerProcess
from zeridion_flare import AsyncFlareClient, FlareError

ROOT = Path(__file__).resolve().parents[2]
QUEUE = "ledger"
# Short windows, so that what a killed worker held comes back within seconds.
LEASE_SECONDS = 2
SETTINGS = {
    "QUINTET_WORK_LEASE_FLOOR_SECONDS": str(LEASE_SECONDS),
    "QUINTET_WORK_LEASE_GRACE_SECONDS": "1",
    "QUINTET_WORK_REAPER_PERIOD_SECONDS": "0.25",
    "QUINTET_WORK_RETRY_BASE_MS": "20",
    "QUINTET_WORK_RETRY_CAP_MS": "200",
    "QUINTET_WORK_RETRY_JITTER_MS": "20",
    "QUINTET_FLARE_POLL_HOLD_SECONDS": "5",
}
ENQUEUERS = 8
# Enqueuing stays this far ahead of the work, so that it goes on through the whole storm.
AHEAD = 200
END_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    jobs: int
    server_kills: int
    worker_kills: int
    worker_pauses: int
    workers: int = 4


@dataclass(slots=True)
class Worker:
    """A worker process, the server it talks to and the ledger of its place."""

    server: ServerProcess
    ledger: Path
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start another in the place of a killed one."""
        base_url = f"{self.server.url}/flare/v1"
        log = self.ledger.with_suffix(".log").open("ab")
        with log:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "tests.ledger.worker", str(self.ledger), base_url, QUEUE],
                cwd=ROOT,
                env={**os.environ, "FLARE_API_KEY": self.server.key("flare")},
                stdout=log,
                stderr=log,
            )

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.child is not None
        self.child.send_signal(number)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.signal(signal.SIGKILL)
        assert self.child is not None
        self.child.wait()


@dataclass(slots=True)
class Storm:
    """The run: enqueuing in a thread, workers in processes, killing in the calling thread."""

    servers: Sequence[ServerProcess]
    folder: Path
    size: Size
    seed: int
    wanted: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    kills: list[str] = field(default_factory=list)
    _read: dict[Path, int] = field(default_factory=dict)
    _ends: int = 0

    def run(self) -> Evidence:
        """Go through it all and return the evidence."""
        started = time.monotonic()
        chance = random.Random(self.seed)
        workers = [
            Worker(self.servers[place % len(self.servers)], self.folder / f"worker-{place}.ledger")
            for place in range(self.size.workers)
        ]
        enqueuing = threading.Thread(target=lambda: asyncio.run(self._enqueue_all()))
        for worker in workers:
            worker.start()
        enqueuing.start()
        try:
            for mark, blow in self._plan(chance):
                self._wait_for_progress(mark)
                time.sleep(chance.random() * 0.05)
                self._strike(blow, workers, chance)
            # Enqueuing is let on by progress, so that is watched to the end.
            self._wait_for_progress(self.size.jobs)
            enqueuing.join(END_SECONDS)
            assert not enqueuing.is_alive(), "enqueuing did not end"
            self._wait_for_the_end()
        finally:
            for worker in workers:
                worker.signal(signal.SIGCONT)
                worker.kill()
        self.seconds = time.monotonic() - started
        return self._evidence()

    def _plan(self, chance: random.Random) -> list[tuple[int, str]]:
        """Draw the moments: how many attempts have ended when the blow falls."""
        blows = (
            ["server"] * self.size.server_kills
            + ["worker"] * self.size.worker_kills
            + ["pause"] * self.size.worker_pauses
        )
        chance.shuffle(blows)
        # The last tenth stays quiet, so that every blow falls while there is work.
        marks = sorted(chance.randrange(int(self.size.jobs * 0.9)) for _ in blows)
        return list(zip(marks, blows, strict=True))

    def _strike(self, blow: str, workers: list[Worker], chance: random.Random) -> None:
        self.kills.append(blow)
        if blow == "server":
            server = chance.choice(self.servers)
            server.kill()
            if chance.random() < 0.2:  # and once more before it is up
                server.spawn()
                time.sleep(chance.random())
                server.kill()
            server.start()
            return
        worker = chance.choice(workers)
        if blow == "worker":
            worker.kill()
            worker.start()
            return
        # Asleep beyond its leases: it wakes up and reports on attempts that are no longer its own.
        worker.signal(signal.SIGSTOP)
        time.sleep(LEASE_SECONDS + 1)
        worker.signal(signal.SIGCONT)

    def _count_ends(self) -> None:
        """Count the attempts that ended, from what the ledgers have grown by."""
        for path in self.folder.glob("*.ledger"):
            with path.open("rb") as ledger:
                ledger.seek(self._read.get(path, 0))
                new = ledger.read()
            new = new[: new.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(new)
            self._ends += new.count(b"\n") - new.count(b" started\n")

    def _wait_for_progress(self, mark: int) -> None:
        deadline = time.monotonic() + END_SECONDS
        self._count_ends()
        while self._ends < mark:
            if time.monotonic() > deadline:
                raise AssertionError(f"stuck: {self._ends} attempts ended, waiting for {mark}")
            time.sleep(0.02)
            self._count_ends()

    def _wait_for_the_end(self) -> None:
        """Wait until the server has nothing left to do."""
        deadline = time.monotonic() + END_SECONDS
        query = (
            "SELECT count(*) FROM work_jobs WHERE queue = %s "
            "AND state IN ('pending', 'scheduled', 'processing')"
        )
        with psycopg.connect(self.servers[0].database_url, autocommit=True) as conn:
            while True:
                [(left,)] = conn.execute(query, [QUEUE]).fetchall()
                if not left:
                    return
                if time.monotonic() > deadline:
                    raise AssertionError(f"{left} jobs are not finished")
                time.sleep(0.1)

    async def _enqueue_all(self) -> None:
        chance = random.Random(self.seed + 1)
        bodies = [_body(chance) for _ in range(self.size.jobs)]
        clients = [
            AsyncFlareClient(
                api_key=server.key("flare"), base_url=f"{server.url}/flare/v1", timeout=10
            )
            for server in self.servers
        ]
        waiting = iter(enumerate(bodies))

        async def one_after_the_other() -> None:
            for number, (body, end) in waiting:
                while number - self._ends > AHEAD:
                    await asyncio.sleep(0.02)
                job = await self._enqueue(clients, number, body)
                self.wanted[job["id"]] = end

        await asyncio.gather(*(one_after_the_other() for _ in range(ENQUEUERS)))
        for client in clients:
            await client.aclose()

    async def _enqueue(
        self, clients: list[AsyncFlareClient], number: int, body: dict[str, Any]
    ) -> Any:
        """Ask until it is acknowledged, any server, always with the same key."""
        deadline = time.monotonic() + END_SECONDS
        turn = number
        while True:
            try:
                return await clients[turn % len(clients)].create_job(
                    body, idempotency_key=f"storm-{self.seed}-{number}"
                )
            except FlareError:
                if time.monotonic() > deadline:
                    raise
                turn += 1
                await asyncio.sleep(0.1)

    def _ledger(self) -> list[LedgerLine]:
        lines = []
        for path in self.folder.glob("*.ledger"):
            for text in path.read_text().splitlines():
                job_id, attempt, event = text.split()
                lines.append(LedgerLine(job_id, int(attempt), event))
        return lines

    def _evidence(self) -> Evidence:
        with psycopg.connect(self.servers[0].database_url, autocommit=True) as conn:
            jobs = conn.execute(
                "SELECT id, state, attempt FROM work_jobs WHERE queue = %s", [QUEUE]
            ).fetchall()
            events = conn.execute(
                "SELECT stream, type, (data->>'attempt')::int, data->'error'->>'type' "
                "FROM events WHERE data->>'queue' = %s ORDER BY seq",
                [QUEUE],
            ).fetchall()
        return Evidence(
            wanted=self.wanted,
            jobs={job_id: JobRow(state, attempt) for job_id, state, attempt in jobs},
            events=[
                ServerEvent(job_id, kind, attempt, error if kind == "job.failed" else None)
                for job_id, kind, attempt, error in events
            ],
            ledger=self._ledger(),
        )


def _body(chance: random.Random) -> tuple[dict[str, Any], str]:
    """Draw a job and the state it must end in: most succeed, some after failures, some never."""
    hopeless = chance.random() < 0.03
    failures = 0 if chance.random() < 0.9 else chance.randint(1, 2)
    payload = {
        "milliseconds": round(chance.random() * 15, 1),
        "failures": failures,
        "hopeless": hopeless,
    }
    body = {
        "job_type": "ledger",
        "queue": QUEUE,
        "payload": payload,
        # Enough for every blow of the storm to hit the same job.
        "max_attempts": 100,
        "timeout_seconds": LEASE_SECONDS,
    }
    return body, "failed" if hopeless else "succeeded"
