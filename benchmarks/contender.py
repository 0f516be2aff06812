"""The inside of a measured process: standard library only, because it also runs in other venvs.

The parent writes a count on a line; the contender does its work that many times and answers one
line of JSON: CPU seconds of the whole process (user and system, every thread), wall seconds, and
whatever else the work returns.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any


def serve(work: Callable[[int], Mapping[str, Any] | None]) -> None:
    """Announce readiness, then measure `work(count)` for every count that arrives."""
    serve_lines(lambda line: work(int(line)))


def serve_lines(work: Callable[[str], Mapping[str, Any] | None]) -> None:
    """The same for work that is told more than a count: it gets the line."""
    print("ready", flush=True)
    for line in sys.stdin:
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        extra = work(line.strip())
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        print(json.dumps({"cpu": cpu, "wall": wall, **(extra or {})}), flush=True)
