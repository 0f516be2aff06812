"""The demo's two other processes: ``quintet serve`` on its own folder, and ``flare worker``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BIN = Path(sys.executable).parent
_URL = re.compile(r"https?://\S+")

# Retries wait a minute by default; a demo has not that long.
SERVER_SETTINGS = {
    "QUINTET_WORK_RETRY_BASE_MS": "400",
    "QUINTET_WORK_RETRY_JITTER_MS": "100",
    "QUINTET_HTTP_LOG_REQUESTS": "errors",
}


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server on ``folder`` and a free port; yield its URL."""
    with (folder.parent / "server.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [
                *(_BIN / "quintet", "serve", "--port", "0"),
                *("--data-dir", folder, "--allow-private-targets"),
            ],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **SERVER_SETTINGS},
        )
        assert process.stdout is not None
        with process.stdout:
            try:
                found = _URL.search(process.stdout.readline())
                if found is None:
                    raise SystemExit(f"the server did not start; see {log.name}")
                yield found.group()
            finally:
                process.terminate()
                process.wait(60)


@contextmanager
def worker(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run the demo's worker with the ``flare`` command line."""
    with (folder / "worker.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [_BIN / "flare", "worker", "examples.demo.jobs"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def exports(folder: Path) -> dict[str, str]:
    """Return what ``quintet env`` says, as a dictionary."""
    text = subprocess.run(
        [_BIN / "quintet", "env", "--data-dir", folder], check=True, capture_output=True, text=True
    ).stdout
    pairs = re.findall(r"^export (\w+)=['\"]?([^'\"\n]*)['\"]?$", text, re.MULTILINE)
    return dict(pairs)
