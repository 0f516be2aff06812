"""Clients by the thousand, threads and forks by the dozen: nothing grows, no answer goes astray."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .clients import CALLS, CHILDREN, THREADS
from .echo import EchoServer
from .interrupts import ROUNDS

ROOT = Path(__file__).parents[4]

# Twenty seconds of work, on a machine that has nothing else to do.
HUNG_SECONDS = 600

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="looks at /proc, and forks"),
    pytest.mark.timeout(HUNG_SECONDS),
]


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer() as server:
        yield server


def run(program: str, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", f"packages.quintet.tests.torture.{program}", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=HUNG_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("face", ["blocking", "asyncio"])
def test_ten_thousand_clients_leave_nothing_behind(echo: EchoServer, face: str) -> None:
    early, late = run("clients", face, echo.url)
    assert echo.accepted == 10_000
    assert late["descriptors"] <= early["descriptors"]
    assert late["threads"] == early["threads"] == 1
    # 9,000 clients more: one object kept of each would be 9,000 more.
    assert late["objects"] - early["objects"] < 200
    assert late["resident"] - early["resident"] < 2048


def test_fifty_threads_and_forked_children_never_cross_answers(echo: EchoServer) -> None:
    sums = run("clients", "forks", echo.url)
    assert sums["wrong"] == []
    assert sums["right"] + sums["failed"] == THREADS * CALLS + CHILDREN * 10 * CALLS
    assert sums["right"] > sums["failed"] > 0


def test_tasks_beside_cancelled_ones_never_cross_answers(echo: EchoServer) -> None:
    sums = run("clients", "cancels", echo.url)
    assert sums["wrong"] == []
    assert sums["right"] + sums["failed"] == 200 * 10
    assert sums["right"] > sums["failed"] > 0


def test_calls_interrupted_at_any_moment_leave_a_client_that_works(echo: EchoServer) -> None:
    sums = run("interrupts", echo.url, "1")
    assert sums["wrong"] == []
    assert sums["interrupted"] > ROUNDS // 4
