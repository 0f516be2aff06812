"""Fresh processes: each sample of a question about starting is one."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.process import ROOT


def fresh(
    byte_code: str,
    python: Path,
    *module_and_arguments: str,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a module in a process of its own; return the JSON that it prints.

    `byte_code` is the folder that byte code is read from and written to, on every side of a
    comparison: a checkout whose byte code nobody wrote would be compiled anew each time. `environ`
    are variables on top of ours.
    """
    done = subprocess.run(
        [str(python), "-m", *module_and_arguments],
        cwd=ROOT,
        env={**_environment(byte_code), **(environ or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def lifetime(byte_code: str, python: Path, statements: str) -> float:
    """Return the seconds from starting an interpreter with these statements to its end."""
    started = time.perf_counter()
    subprocess.run([str(python), "-c", statements], env=_environment(byte_code), check=True)
    return time.perf_counter() - started


def _environment(byte_code: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONPYCACHEPREFIX": byte_code,
        "PYTHONDONTWRITEBYTECODE": "",
    }
