"""What the kernel says about another process. Linux only: it reads /proc."""

from __future__ import annotations

import os
from pathlib import Path

MEBI = 1024 * 1024
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process so far; it moves in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def own_mib(pid: int) -> float:
    """Return the memory that would be freed if the process ended (USS), in MiB."""
    rollup = _rollup(pid)
    return (rollup["Private_Clean"] + rollup["Private_Dirty"]) / MEBI


def shared_mib(pid: int) -> float:
    """Return its memory with each shared page counted by its share (PSS), in MiB."""
    return _rollup(pid)["Pss"] / MEBI


def parent(pid: int) -> int:
    """Return the id of its parent process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _rollup(pid: int) -> dict[str, int]:
    """Return /proc/pid/smaps_rollup in bytes."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, size, _ = line.split()
        found[name.rstrip(":")] = int(size) * 1024
    return found
