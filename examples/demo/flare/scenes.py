"""Background jobs as a user of the SDK would enqueue them, watched until they have ended."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from examples.demo.processes import Server, flare_worker
from examples.demo.receiver import Receiver
from examples.demo.report import Report, console
from zeridion_flare import AsyncFlareClient, verify_webhook

Job = Mapping[str, Any]
_JOB_SECONDS = 600
_TICK_SECONDS = 300
_LABEL = 58
"""Characters of a path in the list of documents."""


def play(server: Server, folder: Path, documents: list[Path], report: Report) -> None:
    """Run a worker and play everything in turn."""
    console.rule("[bold]Flare: background jobs")
    console.print(
        f"A worker (one more process) renders the {len(documents)} Markdown files of this "
        "repository, one job each. All of them wait for a parent job that prepares the folder."
    )
    environment = server.environment()
    log = folder / "worker.log"
    with (
        Receiver(_is_genuine, "type") as receiver,
        flare_worker("examples.demo.flare.jobs", log, environment),
    ):
        asyncio.run(_scenes(environment, receiver, folder / "output", documents, report))


def _is_genuine(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    return verify_webhook(payload=body, header=headers, secret=secret)


async def _scenes(
    environment: Mapping[str, str],
    receiver: Receiver,
    output: Path,
    documents: list[Path],
    report: Report,
) -> None:
    async with AsyncFlareClient(
        api_key=environment["FLARE_API_KEY"], base_url=environment["FLARE_BASE_URL"]
    ) as flare:
        hook = await flare.create_webhook(url=receiver.url, events="*")
        receiver.secret = hook["secret"]
        report.part("Flare")
        await render_all(flare, output, documents, report)
        console.print("And jobs that fail: twice, for good, or until somebody helps …")
        await flaky(flare, output, report)
        await dead_letter(flare, output, report)
        await index(flare, output, report)
        await hopeless(flare, report)
        await ticks(flare, report)
        await webhooks(flare, receiver, report)


async def render_all(
    flare: AsyncFlareClient, output: Path, documents: list[Path], report: Report
) -> None:
    """One parent that prepares the folder, and one child per document, which wait for it."""
    parent = await _prepare(flare, output)
    jobs = [
        (
            path,
            await flare.create_job(
                job_type="RenderMarkdown",
                queue="documents",
                payload={"path": str(path), "output": str(output)},
                tags={"kind": "markdown", "folder": path.parts[0]},
                parent_job_id=parent["id"],
            ),
        )
        for path in documents
    ]
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console) as bar:
        rendered = await asyncio.gather(
            *(_watch(flare, job["id"], bar, _label(path)) for path, job in jobs)
        )
    states = Counter(job["state"] for job in rendered)
    report.line(
        f"{len(rendered)} documents rendered",
        ", ".join(f"{count} {state}" for state, count in states.items()),
        f"{sum(job['attempt'] for job in rendered)} attempts",
        fine=set(states) == {"succeeded"},
    )


def _label(path: Path) -> str:
    """A path in a column of its own; of a long one its end."""
    text = str(path)
    return f"{text if len(text) <= _LABEL else '…' + text[1 - _LABEL :]:<{_LABEL}}"


async def _watch(flare: AsyncFlareClient, job_id: str, bar: Progress, label: str) -> Job:
    """Show a job's progress until it has ended; return its final state."""
    task = bar.add_task(label, total=1.0)
    last: Job = {}
    async for job in flare.watch_job(job_id):
        last = job
        bar.update(
            task, completed=job.get("progress") or 0.0, description=f"{label}  {job['state']}"
        )
    if last["state"] == "succeeded":
        bar.update(task, completed=1.0)
    return last


async def flaky(flare: AsyncFlareClient, output: Path, report: Report) -> None:
    """A job that fails twice and then succeeds."""
    job = await _run(flare, "FlakyUpload", {"output": str(output)}, max_attempts=5)
    fine = (job["state"], job["attempt"]) == ("succeeded", 3)
    report.line("fails twice, then works", job["state"], _attempts(job), fine=fine)


async def dead_letter(flare: AsyncFlareClient, output: Path, report: Report) -> None:
    """A job that runs out of attempts, is looked at, and retried by hand once its cause is gone."""
    addresses = output / "addresses.txt"
    payload = {"output": str(output), "addresses": str(addresses)}
    dead = await _run(flare, "SendInvoice", payload, max_attempts=2)
    addresses.write_text("alice@example.com\n", encoding="utf-8")
    await flare.retry_job(dead["id"])
    revived = await flare.wait_for_job(dead["id"], timeout=_JOB_SECONDS)
    report.line(
        "out of attempts",
        f"{dead['state']}: {dead['error_message']}",
        _attempts(dead),
        fine=dead["state"] == "dead_letter",
    )
    fine = revived["state"] == "succeeded"
    report.line("  retried by hand", revived["state"], _attempts(revived), fine=fine)


async def index(flare: AsyncFlareClient, output: Path, report: Report) -> None:
    """A job that waits for its parent."""
    first = await _prepare(flare, output)
    second = await flare.create_job(
        job_type="BuildIndex",
        queue="documents",
        payload={"output": str(output)},
        parent_job_id=first["id"],
    )
    job = await flare.wait_for_job(second["id"], timeout=_JOB_SECONDS)
    fine = job["state"] == "succeeded"
    report.line("index, after its parent", job["state"], _attempts(job), fine=fine)


async def hopeless(flare: AsyncFlareClient, report: Report) -> None:
    """A job whose failure is final at once."""
    job = await _run(flare, "ParseLegacyFile", {"path": "README.md"}, max_attempts=5)
    outcome = f"{job['state']}: {job['error_message']}"
    report.line("permanent error", outcome, _attempts(job), fine=job["state"] == "failed")


async def ticks(flare: AsyncFlareClient, report: Report) -> None:
    """Wait until the schedule has ticked and its job has run."""
    until = time.monotonic() + _TICK_SECONDS
    while True:
        page = await flare.list_jobs(job_type="CountOutputs", state="succeeded")
        if page["jobs"] or time.monotonic() > until:
            break
        await asyncio.sleep(0.25)
    count = len(page["jobs"])
    report.line("a schedule, every 5 s", "ticks", count, fine=count > 0)


async def webhooks(flare: AsyncFlareClient, receiver: Receiver, report: Report) -> None:
    """What the receiver was told, once the last success has been delivered."""
    expected = (await flare.metrics_summary())["succeeded"]
    delivered = await asyncio.to_thread(receiver.wait_for, "job.succeeded", expected, 60)
    for kind, count in sorted(receiver.counts.items()):
        fine = delivered or kind != "job.succeeded"
        report.line(f"webhook {kind}", "signature genuine", count, fine=fine)
    report.line("webhooks, bad signature", "none", receiver.forged, fine=not receiver.forged)


async def _prepare(flare: AsyncFlareClient, output: Path) -> Job:
    return await flare.create_job(
        job_type="CheckOutput", queue="documents", payload={"output": str(output)}
    )


async def _run(
    flare: AsyncFlareClient, job_type: str, payload: Mapping[str, str], *, max_attempts: int
) -> Job:
    job = await flare.create_job(
        job_type=job_type, queue="uploads", payload=payload, max_attempts=max_attempts
    )
    return await flare.wait_for_job(job["id"], timeout=_JOB_SECONDS)


def _attempts(job: Job) -> str:
    return f"{job['attempt']} attempt{'' if job['attempt'] == 1 else 's'}"
