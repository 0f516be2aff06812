"""The `flare` command against the real service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import ServerProcess
from tests.support.waiting import until
from zeridion_flare import FlareClient, FlareWorker, JobContext
from zeridion_flare.cli import main

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("flare")]

PROGRAM = """
from zeridion_flare import JobRegistry

jobs = JobRegistry()

@jobs.job({kind!r})
def handle(payload: dict) -> None:
    print("handled", payload["n"], flush=True)
"""


def flare(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def as_json(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_jobs_are_enqueued_listed_shown_and_cancelled(
    server: ServerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = f"T-{uuid.uuid4().hex[:8]}"
    code, out, _ = flare(
        capsys, "enqueue", kind, '{"n": 1}', "--queue", kind, "--tag", "env=dev",
        "--max-attempts", "1", "--timeout", "60", "--json",
    )  # fmt: skip
    (job,) = as_json(out)
    assert (code, job["queue"], job["tags"]) == (0, kind, {"env": "dev"})
    assert (job["max_attempts"], job["timeout_seconds"]) == (1, 60)

    code, out, _ = flare(capsys, "enqueue", kind, "--queue", kind, "--parent", job["id"])
    assert code == 0
    assert "scheduled" in out

    code, out, _ = flare(capsys, "list", "--queue", kind)
    assert code == 0
    assert len(out.splitlines()) == 3
    code, out, _ = flare(capsys, "list", "--type", kind, "--tag", "env=dev", "--json", "-n", "1")
    assert [found["id"] for found in as_json(out)] == [job["id"]]

    code, out, _ = flare(capsys, "get", job["id"])
    assert '"n": 1' in out
    code, out, err = flare(capsys, "cancel", "job_nobody", job["id"])
    assert (code, out.split()) == (1, [job["id"], "cancelled"])
    assert "job_nobody" in err
    code, _, err = flare(capsys, "retry", job["id"])
    assert code == 1
    assert "invalid_state" in err
    assert "request id" in err
    code, _, err = flare(capsys, "get", "job_nobody")
    assert (code, err) == (1, "flare: no such job: job_nobody\n")


def test_watch_follows_a_job_and_tells_how_it_ended(
    server: ServerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = f"T-{uuid.uuid4().hex[:8]}"
    worker = FlareWorker()

    @worker.job(kind)
    def handle(payload: dict[str, Any], ctx: JobContext) -> None:
        ctx.report_progress(1.0)
        if payload["bad"]:
            raise ValueError("broken")

    with worker:
        arguments = ("enqueue", kind, '{"bad": false}', "--watch")
        code, out, _ = flare(capsys, *arguments)
        assert code == 0
        assert "succeeded" in out.splitlines()[-1]
        code, out, _ = flare(
            capsys, "enqueue", kind, '{"bad": true}', "--max-attempts", "1", "--watch", "--json"
        )
        assert code == 4
        assert as_json(out)[-1]["state"] == "dead_letter"
        code, out, _ = flare(capsys, "watch", as_json(out)[-1]["id"])
        assert code == 4
        assert "broken" in out


def test_worker_runs_the_handlers_of_a_module_until_it_is_told_to_stop(
    server: ServerProcess, tmp_path: Path
) -> None:
    kind = f"T-{uuid.uuid4().hex[:8]}"
    (tmp_path / "cli_jobs.py").write_text(PROGRAM.format(kind=kind))
    process = subprocess.Popen(
        [sys.executable, "-m", "zeridion_flare.cli", "worker", "cli_jobs", "--concurrency", "2"],
        cwd=tmp_path,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    stdout = process.stdout
    reader = threading.Thread(target=lambda: lines.extend(stdout), daemon=True)
    reader.start()
    try:
        with FlareClient() as client:
            job = client.create_job(job_type=kind, payload={"n": 7})
            done = client.wait_for_job(job["id"], timeout=60)
        assert done["state"] == "succeeded"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert until(lambda: lines) == ["handled 7\n"]
    finally:
        process.kill()
        process.wait()
        reader.join(60)
        process.stdout.close()


def test_worker_until_idle_ends_by_itself(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = f"T-{uuid.uuid4().hex[:8]}"
    (tmp_path / "cli_idle.py").write_text(PROGRAM.format(kind=kind))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with FlareClient() as client:
        job = client.create_job(job_type=kind, payload={"n": 1})
        assert main(["worker", "cli_idle.py", "--until-idle"]) == 0
        found = client.get_job(job["id"])
    assert found is not None
    assert found["state"] == "succeeded"
