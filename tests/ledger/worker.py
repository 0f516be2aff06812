"""One worker process of the ledger test: `python -m tests.ledger.worker LEDGER BASE_URL QUEUE`.

Every line of the ledger is on disk before the handler goes on, so whatever the server says later,
the ledger says what really ran.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from zeridion_flare import FlareWorker, PermanentError

CONCURRENCY = 8


class Ledger:
    """An append-only file; a line is durable when `write` returns."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, job_id: str, attempt: int, event: str) -> None:
        """Append what happened to an attempt of a job."""
        os.write(self._file, f"{job_id} {attempt} {event}\n".encode())
        os.fsync(self._file)


def main(path: str, base_url: str, queue: str) -> int:
    """Work until killed."""
    ledger = Ledger(path)
    worker = FlareWorker(base_url=base_url, concurrency=CONCURRENCY)

    @worker.job("ledger", queue=queue)
    def work(payload: dict[str, Any], ctx: Any) -> None:
        ledger.write(ctx.job_id, ctx.attempt, "started")
        time.sleep(payload["milliseconds"] / 1000)
        if ctx.attempt <= payload["failures"]:
            ledger.write(ctx.job_id, ctx.attempt, "failed")
            raise ConnectionError("fails as it was told to")
        if payload["hopeless"]:
            ledger.write(ctx.job_id, ctx.attempt, "failed")
            raise PermanentError("will never work")
        ledger.write(ctx.job_id, ctx.attempt, "finished")

    return worker.run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
