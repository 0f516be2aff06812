"""`quintet serve` under kill −9: a job it had in hand runs again in the next process."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from quintet_server.definitions.apply import apply_definitions
from quintet_server.services.aerostack.queue.definitions import KINDS
from quintet_server.store.database import Database
from tests.support.waiting import until

CONSUMER = """
service: aerostack
kind: consumer
name: patient
spec:
  type: task
  target: {callable: "functions.py:work"}
"""
FUNCTIONS = """
import os
import pathlib
import time

def work(job):
    folder = pathlib.Path(job["data"])
    (folder / f"begun-{job['attempt']}").write_text(str(os.getpid()) + " ")
    while not (folder / "go").exists():
        time.sleep(0.01)
    return f"attempt {job['attempt']}"
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.timeout(300)
async def test_job_of_a_killed_server_runs_again_and_is_completed(
    start_process, database_url, tmp_path
):
    first = start_process("--database-url", database_url)
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    (tmp_path / "patient.yaml").write_text(CONSUMER)
    db = await Database.open(database_url, application_name="test")
    await apply_definitions(db, tmp_path / "patient.yaml", KINDS)
    await db.close()
    headers = {"X-Aerostack-Key": first.keys["aerostack"]}
    body = {"type": "task", "data": str(tmp_path)}
    answer = httpx.post(f"{first.url}/v1/queue/enqueue", json=body, headers=headers, timeout=60)
    assert answer.status_code == 201, answer.text
    begun = tmp_path / "begun-1"
    until(lambda: begun.exists() and begun.read_text().endswith(" "))
    pid = int(begun.read_text())
    assert is_running(pid)

    first.kill()
    until(lambda: not is_running(pid))  # the function ends with its server
    second = start_process("--database-url", database_url, data_dir=first.data_dir)
    until((tmp_path / "begun-2").exists)
    (tmp_path / "go").touch()

    def completed():
        url = f"{second.url}/v1/queue/job"
        job = httpx.post(url, json=answer.json(), headers=headers, timeout=60).json()["job"]
        return job if job["status"] == "completed" else None

    job = until(completed)
    assert (job["attempts"], job["result"]) == (2, "attempt 2")
    again = int((tmp_path / "begun-2").read_text())
    assert is_running(again)
    assert second.stop() == 0
    assert not is_running(again)
