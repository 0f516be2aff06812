"""A worker whose handlers do nothing: `… noop_worker WHO BASE_URL QUEUE COUNT`, FLARE_API_KEY set.

`threads` is `FlareWorker` (ours or, in its venv, the published one), `asyncio` is our
`AsyncFlareWorker`. It says "ready", starts when a line arrives, and answers when so many handlers
have run and it has stopped. Handlers say how long ago their job was sent, if the payload says when.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any


class Count:
    """Handlers run so far; released when it is enough."""

    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self._lock = threading.Lock()
        self.enough = threading.Event()

    def one(self, payload: Any) -> None:
        """Count a handler; say at once how late it began, if that is asked for."""
        if payload and "sent" in payload:
            print(time.monotonic() - payload["sent"], flush=True)
        with self._lock:
            self._left -= 1
            if not self._left:
                self.enough.set()


def threads(base_url: str, queue: str, count: Count) -> None:
    """The worker of this environment, with threads."""
    try:
        from zeridion_flare import FlareWorker
    except ImportError:
        from zeridion_flare.worker import FlareWorker

    worker = FlareWorker(base_url=base_url, concurrency=10)

    @worker.job("noop", queue=queue)
    def noop(payload: Any, ctx: Any) -> None:
        count.one(payload)

    worker.start()
    count.enough.wait()
    worker.stop()


def on_asyncio(base_url: str, queue: str, count: Count) -> None:
    """Our worker on an event loop."""
    import asyncio

    from zeridion_flare import AsyncFlareWorker

    async def main() -> None:
        worker = AsyncFlareWorker(base_url=base_url, concurrency=10)

        @worker.job("noop", queue=queue)
        async def noop(payload: Any, ctx: Any) -> None:
            count.one(payload)

        await worker.start()
        await asyncio.to_thread(count.enough.wait)
        await worker.stop()

    asyncio.run(main())


if __name__ == "__main__":
    who, base_url, queue, wanted = sys.argv[1:]
    count = Count(int(wanted))
    print("ready", flush=True)
    sys.stdin.readline()
    cpu = time.process_time()
    {"threads": threads, "asyncio": on_asyncio}[who](base_url, queue, count)
    print(json.dumps({"cpu": time.process_time() - cpu}), flush=True)
