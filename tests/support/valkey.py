"""A Valkey or Redis server of a test's own, on a socket in a folder of its own.

The program comes from `QUINTET_TEST_VALKEY_SERVER` (its path) or from the PATH; without one, the
tests that need it are skipped.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class ValkeyProcess:
    """Started and ended by the test; what it holds is gone when it ends."""

    def __init__(self, program: str, folder: Path) -> None:
        self._socket = folder / "valkey.sock"
        self._command = [program, "--port", "0", "--unixsocket", str(self._socket)]
        self._command += ["--dir", str(folder), "--save", "", "--appendonly", "no"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What `CACHE_URL` may be."""
        return f"unix://{self._socket}"

    def start(self, *options: str) -> None:
        """Start, and wait until it listens."""
        command = [*self._command, *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not self._listens():
            assert time.monotonic() < deadline, "Valkey did not start"
            time.sleep(0.01)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._socket)) == 0

    def stop(self) -> None:
        """SIGKILL, and wait."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._socket.unlink(missing_ok=True)


@contextmanager
def running_valkey() -> Iterator[ValkeyProcess]:
    """A started server; skips the test when there is no program."""
    given = os.environ.get("QUINTET_TEST_VALKEY_SERVER")
    program = given or shutil.which("valkey-server") or shutil.which("redis-server")
    if not program:
        pytest.skip(
            "no valkey-server or redis-server: install one, or set QUINTET_TEST_VALKEY_SERVER to "
            "the path of its program"
        )
    with tempfile.TemporaryDirectory(prefix="quintet-v-") as folder:
        server = ValkeyProcess(program, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
