"""Code of a user: it must satisfy the type checkers as it stands."""

from __future__ import annotations

from dataclasses import dataclass

from zeridion_flare import (
    AsyncFlareClient,
    AsyncFlareWorker,
    FlareClient,
    FlareError,
    FlareWorker,
    JobContext,
    RateLimitError,
    WebhookVerifier,
    WorkerEvent,
    verify_webhook,
)
from zeridion_flare.testing import LocalFlare
from zeridion_flare.types import Job, JobPage


@dataclass
class Mail:
    to: str


def use_client(flare: FlareClient) -> Job | None:
    job = flare.create_job(job_type="T", payload={"a": 1}, queue="default", max_attempts=3)
    state: str = job["state"]
    page: JobPage = flare.list_jobs(state=state, limit=25)
    for listed in page["jobs"]:
        print(listed["id"], listed.get("tags"))
    for found in flare.iter_jobs(tags={"k": "v"}):
        print(found["queue"])
    try:
        flare.cancel_job(job["id"])
    except RateLimitError as error:
        print(error.retry_after, error.limit, error.remaining)
    except FlareError as error:
        print(error.status_code, error.code, error.request_id, error.details)
    with flare.with_options(timeout=5, max_retries=0) as view:
        detail: Job | None = view.get_job(job["id"])
    return detail


async def use_async_client(flare: AsyncFlareClient) -> None:
    async with flare as client:
        job: Job = await client.create_job({"job_type": "T"})
        async for change in client.watch_job(job["id"]):
            print(change["state"])
        async for event in client.job_events(job["id"]):
            print(event.id, event.json())
        async for found in client.iter_jobs():
            print(found["id"])


def define_handlers(worker: FlareWorker) -> int:
    @worker.job("T", queue="mail", timeout=60)
    def handle(payload: Mail, ctx: JobContext) -> None:
        ctx.report_progress(0.5)
        ctx.logger.info("sending to %s", payload.to)
        if ctx.cancellation.wait(1.0):
            ctx.raise_if_cancelled()

    @worker.recurring("R", cron="0 3 * * *", timezone="UTC")
    async def nightly() -> None: ...

    @worker.on("job_dead_lettered")
    def alarm(event: WorkerEvent) -> None:
        print(event.job_id, event.error)

    handle(Mail("a"), LocalFlare(worker).job("x"))  # type: ignore[arg-type]
    return worker.run()


async def define_async_handlers(worker: AsyncFlareWorker) -> int:
    @worker.job("T")
    async def handle(payload: Mail) -> None: ...

    async with worker:
        await worker.wait(1.0)
    return await worker.run()


def use_webhooks(body: bytes, headers: dict[str, str]) -> str:
    genuine: bool = verify_webhook(payload=body, header=headers["zeridion-signature"], secret="s")
    event = WebhookVerifier(["old", "new"]).verify(body, headers)
    return event["data"]["id"] if genuine else event["type"]
