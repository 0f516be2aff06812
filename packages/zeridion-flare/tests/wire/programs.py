"""Small worker programs, run as processes of their own by the signal tests."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import Any

from zeridion_flare import AsyncFlareWorker, FlareWorker, JobContext


def handle(payload: dict[str, Any], ctx: JobContext) -> None:
    """Run for ``seconds``, heeding the token if ``heed`` is true; say what happens."""
    print("began", flush=True)
    end = time.monotonic() + payload["seconds"]
    while time.monotonic() < end:
        if payload.get("heed") and ctx.is_cancelled():
            print(f"told {ctx.cancellation.reason}", flush=True)
            ctx.raise_if_cancelled()
        time.sleep(0.02)
    print("ended", flush=True)


def own_handler(number: int, frame: object) -> None:
    """The program's own signal handler, which must be back in place at the end."""


def main() -> int:
    signal.signal(signal.SIGTERM, own_handler)
    grace = float(sys.argv[2])
    if sys.argv[1] == "async":
        aworker = AsyncFlareWorker(shutdown_grace=grace)
        aworker.add("T", handle)
        code = asyncio.run(aworker.run())
    else:
        worker = FlareWorker(shutdown_grace=grace)
        worker.add("T", handle)
        code = worker.run()
    print("restored", signal.getsignal(signal.SIGTERM) is own_handler, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
