"""The outside of a measured process: start it, give it work, end it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent


def cores() -> tuple[int | None, int | None]:
    """Return a core for the client and another for its peer, or nothing on a single core."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


class Process:
    """A Python module run beside us, speaking lines over pipes; `with` ends it.

    Args:
        module: Dotted name, found from the repository's root.
        arguments: Its command line.
        python: The interpreter; ours if not given.
        core: Where to pin it.
        environ: Variables on top of ours.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        python: Path | None = None,
        core: int | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._child = subprocess.Popen(
            [str(python or sys.executable), "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
        )
        if core is not None:
            os.sched_setaffinity(self._child.pid, {core})
        self.first_line = self.read_line()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def work(self, count: int) -> dict[str, Any]:
        """Let a contender do its work `count` times and return what it measured."""
        return self.work_on(str(count))

    def work_on(self, line: str) -> dict[str, Any]:
        """Let a contender do what a line says and return what it measured."""
        answer: dict[str, Any] = json.loads(self.ask(line))
        return answer

    def ask(self, line: str) -> str:
        """Send a line and wait for the answering one."""
        assert self._child.stdin is not None
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()
        return self.read_line()

    def read_line(self) -> str:
        """Wait for the next line it prints; raises `RuntimeError` if it ends instead."""
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._child.args!r} ended with {self._child.wait()}")
        return line.strip()

    def close(self) -> None:
        """End it: close its input, and kill it if that is not enough."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        assert self._child.stdout is not None
        self._child.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
