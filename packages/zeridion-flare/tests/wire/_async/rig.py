"""Waiting for what a worker does."""

from __future__ import annotations

import time
from typing import Any

from quintet._acompat import asleep

from ..service import FakeFlare


async def eventually(condition: Any, timeout: float = 60.0) -> Any:
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true"
        await asleep(0.01)
    return found


async def acked(flare: FakeFlare, job_id: str = "job_1") -> dict[str, Any]:
    found: dict[str, Any] = await eventually(lambda: flare.acks().get(job_id))
    return found
