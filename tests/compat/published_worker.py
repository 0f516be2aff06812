"""The published worker as the tests hold it: a running program, and what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

from tests.compat.published_client import PROGRAMS
from tests.support.waiting import until


class PublishedWorker:
    """`programs/worker.py`, running."""

    def __init__(self, python: Path, queue: str, *, base_url: str, key: str) -> None:
        self.events: list[dict[str, Any]] = []
        self._child = subprocess.Popen(
            [str(python), "-I", str(PROGRAMS / "worker.py"), queue, base_url],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "FLARE_API_KEY": key},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self.events.append(json.loads(line))

    def of(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what it has said of a job so far."""
        return [event for event in self.events if event["id"] == job["id"]]

    def wait_for(self, event: str, job: dict[str, Any], attempt: int = 1) -> dict[str, Any]:
        """Return what it said of an attempt of a job; waits until it says it."""

        def said() -> dict[str, Any] | None:
            matching = [
                seen
                for seen in self.of(job)
                if seen["event"] == event and seen["attempt"] == attempt
            ]
            return matching[0] if matching else None

        found = until(said)
        assert found is not None
        return found

    def stop(self) -> int:
        """Ask it to stop, as a service manager does, and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> int:
        if self._child.poll() is None:
            self._child.send_signal(number)
        code = self._child.wait(60)
        self._reader.join(60)
        assert self._child.stdout is not None
        self._child.stdout.close()
        return code
