"""Runs in the published package's venv: an ordinary program with its worker.

`worker.py QUEUE` works on that queue until SIGTERM and prints one JSON line per thing that happens
to a handler. The key comes from FLARE_API_KEY, as the package's readme shows.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from zeridion_flare.worker import FlareWorker, JobContext

queue, base_url = sys.argv[1:]
# Options any user may set: a short idle pause, and a beat often enough to see cancels in a test.
worker = FlareWorker(base_url=base_url, poll_interval_s=0.05, heartbeat_interval_s=0.05)


def tell(event: str, ctx: JobContext, **more: Any) -> None:
    """Print what happened."""
    line = {"event": event, "type": ctx.job_type, "id": ctx.job_id, "attempt": ctx.attempt}
    print(json.dumps({**line, **more}), flush=True)


@dataclass
class Address:
    """Nested in a letter."""

    street: str
    number: int


@dataclass
class Letter:
    """A payload that is a dataclass."""

    to: Address
    subject: str = "none"


class Order(BaseModel):
    """A payload that is a pydantic model."""

    amount: float
    items: list[str]


@worker.job("compat.succeed", queue=queue)
def succeed(payload: Any, ctx: JobContext) -> None:
    tell("ran", ctx, payload=payload, max_attempts=ctx.max_attempts,
         enqueued_at=ctx.enqueued_at.isoformat() if ctx.enqueued_at else None)  # fmt: skip


@worker.job("compat.fail_once", queue=queue)
def fail_once(payload: Any, ctx: JobContext) -> None:
    tell("ran", ctx)
    if ctx.attempt == 1:
        raise ConnectionError("the first time never works")


@worker.job("compat.fail", queue=queue)
def fail(payload: Any, ctx: JobContext) -> None:
    tell("ran", ctx)
    raise LookupError(f"no such thing: {payload['thing']}")


@worker.job("compat.wait", queue=queue)
def wait(payload: Any, ctx: JobContext) -> None:
    """Report progress, then run until cancelled."""
    ctx.report_progress(payload.get("progress", 0.25))
    tell("started", ctx)
    stopped = ctx.cancellation.sleep(60)
    tell("stopped" if stopped else "slept", ctx)
    ctx.raise_if_cancelled()


@worker.job("compat.dataclass", queue=queue)
def take_letter(payload: Letter, ctx: JobContext) -> None:
    tell("ran", ctx, seen=[payload.to.street, payload.to.number, payload.subject])


@worker.job("compat.pydantic", queue=queue)
def take_order(payload: Order, ctx: JobContext) -> None:
    tell("ran", ctx, seen=[payload.amount, payload.items])


@worker.recurring(f"compat.tick.{queue}", cron="0 * * * *", queue=queue, timezone="Europe/Berlin")
def tick(ctx: JobContext) -> None:
    tell("ticked", ctx)


if __name__ == "__main__":
    sys.exit(worker.run())
