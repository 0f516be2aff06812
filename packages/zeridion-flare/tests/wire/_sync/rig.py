# Generated from tests/wire/_async/rig.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Waiting for what a worker does."""

from __future__ import annotations

import time
from typing import Any

from quintet._acompat import sleep

from ..service import FakeFlare


def eventually(condition: Any, timeout: float = 60.0) -> Any:
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true"
        sleep(0.01)
    return found


def acked(flare: FakeFlare, job_id: str = "job_1") -> dict[str, Any]:
    found: dict[str, Any] = eventually(lambda: flare.acks().get(job_id))
    return found
