"""Servers and workers are killed at random moments; nothing acknowledged may be lost or doubled.

`QUINTET_LEDGER=full` runs 10,000 jobs with 20 kills of servers and 20 of workers, in some two
minutes; without it a smaller storm of the same make. `QUINTET_LEDGER_SEED` repeats a run's
moments (what happens at them is up to the machine).
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.ledger.storm import QUEUE, SETTINGS, Size, Storm
from tests.ledger.verdict import judge
from tests.support.postgres import cluster, new_database
from tests.support.server import ServerProcess

# One storm at a time: each keeps both cores busy.
pytestmark = [
    pytest.mark.kill,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("storm"),
]

FULL = Size(jobs=10_000, server_kills=20, worker_kills=20, worker_pauses=4)
SMALL = Size(jobs=600, server_kills=3, worker_kills=4, worker_pauses=1)


@pytest.fixture
def size() -> Size:
    return FULL if os.environ.get("QUINTET_LEDGER") == "full" else SMALL


@pytest.fixture
def seed() -> int:
    given = os.environ.get("QUINTET_LEDGER_SEED")
    return int(given) if given else random.SystemRandom().randrange(1_000_000)


@pytest.fixture
def one_server(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """One server with its embedded database, as `quintet serve` makes it."""
    with ServerProcess(tmp_path / "data", settings=SETTINGS) as server:
        yield [server]


@pytest.fixture
def two_servers(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Two servers on one database."""
    with ExitStack() as stack:
        url = stack.enter_context(new_database(stack.enter_context(cluster())))
        yield [
            stack.enter_context(
                ServerProcess(tmp_path / f"data-{name}", database_url=url, settings=SETTINGS)
            )
            for name in ("one", "two")
        ]


def test_storm_over_one_server_loses_and_doubles_nothing(
    one_server: list[ServerProcess], tmp_path: Path, size: Size, seed: int
) -> None:
    weather(one_server, tmp_path, size, seed)


def test_storm_over_two_servers_on_one_database_loses_and_doubles_nothing(
    two_servers: list[ServerProcess], tmp_path: Path, size: Size, seed: int
) -> None:
    weather(two_servers, tmp_path, size, seed)


def weather(servers: list[ServerProcess], folder: Path, size: Size, seed: int) -> None:
    storm = Storm(servers, folder, size, seed)
    print(f"seed {seed} (QUINTET_LEDGER_SEED repeats it)")
    evidence = storm.run()
    verdict = judge(evidence)
    print(
        f"{len(servers)} server(s), {storm.kills.count('server')} server kills, "
        f"{storm.kills.count('worker')} worker kills, {storm.kills.count('pause')} pauses, "
        f"{storm.seconds:.0f} s; {dict(verdict.numbers)}"
    )
    assert not verdict.violations, f"seed {seed}:\n" + "\n".join(verdict.violations[:20])
    assert len(evidence.wanted) == size.jobs
    assert verdict.numbers["leases expired"] > 0, "the storm was too mild to show anything"
    assert_stale_acks_are_refused(servers[0])


def assert_stale_acks_are_refused(server: ServerProcess) -> None:
    """Report again on attempts that lost their lease, as their workers would if they lived."""
    query = """
        SELECT e.stream, e.data->>'worker_id', (e.data->>'attempt')::int
        FROM events e JOIN work_jobs j ON j.id = e.stream
        WHERE e.type = 'job.started' AND j.queue = %s AND j.state = 'succeeded'
          AND (e.data->>'attempt')::int < j.attempt
        LIMIT 50
    """
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        stale = conn.execute(query, [QUEUE]).fetchall()
    headers = {"Authorization": f"Bearer {server.key('flare')}"}
    with httpx.Client(base_url=f"{server.url}/flare/v1", headers=headers, timeout=60) as api:
        for job_id, worker_id, attempt in stale:
            before = api.get(f"/jobs/{job_id}").json()
            for number in ({"attempt": attempt}, {}):
                ack = {"job_id": job_id, "worker_id": worker_id, "status": "failed", **number}
                answer = api.post("/workers/ack", json=ack)
                assert answer.status_code == 409, (ack, answer.text)
                assert answer.json()["error"]["code"] in {"invalid_state", "worker_mismatch"}
            assert api.get(f"/jobs/{job_id}").json() == before
    assert stale
