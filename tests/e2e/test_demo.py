"""The demo that a newcomer runs first, with a model whose answers can be foreseen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.model_server import NAME, model_server

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.e2e, pytest.mark.kill]


@pytest.mark.timeout(300)
@pytest.mark.slow  # the demo starts a server twice, and its workflow waits in each round
def test_demo_with_its_server_killed_does_each_step_once_and_ends_well(tmp_path: Path) -> None:
    with model_server() as model:
        chosen = {"AI_BASE_URL": model.url, "AI_MODEL": NAME, "QUINTET_AI_UPSTREAM_TOOLS": "false"}
        done = subprocess.run(
            [sys.executable, "-m", "examples.demo", "flowmaestro", "--folder", tmp_path / "demo"],
            cwd=ROOT,
            env={**os.environ, **chosen, "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert "kill -9" in done.stdout
    assert done.stdout.count("again, attempt 2") == 1
    assert "2 calls, one key" in done.stdout
    assert "source: docs/" in done.stdout
