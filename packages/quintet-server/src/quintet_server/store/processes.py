"""Whether a process is still there."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

__all__ = ["is_running", "works_in"]


def is_running(pid: int) -> bool:
    """Tell whether a process exists and is not a zombie (containers often reap nobody)."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # as process 1 of a container we inherit orphans
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return sys.platform != "linux"
    return state != "Z"


def works_in(pid: int, folder: Path) -> bool:
    """Tell whether a running process has ``folder`` as its current one.

    True as well where that cannot be told (no /proc, or a process of somebody else).
    """
    if not is_running(pid):
        return False
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder
    except OSError:
        return True
