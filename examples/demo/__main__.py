"""The demo, as an ordinary user of the SDK would write it.

It starts a server on an empty folder and a worker, then enqueues real work, watches it live, and
ends with a table of what happened and where the results lie.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from examples.demo import processes
from examples.demo.receiver import Receiver
from zeridion_flare import AsyncFlareClient

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".data" / "demo"
console = Console()


def documents() -> list[Path]:
    """Return the repository's own Markdown files, relative to its root."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    return sorted(path for path in found if not any(part.startswith(".") for part in path.parts))


async def watch(
    flare: AsyncFlareClient, job_id: str, bar: Progress, label: str
) -> Mapping[str, Any]:
    """Show a job's progress until it has ended; return its final state."""
    task = bar.add_task(label, total=1.0)
    last: Mapping[str, Any] = {}
    async for job in flare.watch_job(job_id):
        last = job
        bar.update(
            task, completed=job.get("progress") or 0.0, description=f"{label}  {job['state']}"
        )
    if last["state"] == "succeeded":
        bar.update(task, completed=1.0)
    return last


async def render_all(flare: AsyncFlareClient, output: Path) -> list[Mapping[str, Any]]:
    """One parent that prepares the folder, and one child per document, which wait for it."""
    parent = await flare.create_job(
        job_type="CheckOutput", queue="documents", payload={"output": str(output)}
    )
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
        for path in documents()
    ]
    console.print(f"[bold]{len(jobs)}[/] Markdown files of this repository, one job each")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console) as bar:
        return list(
            await asyncio.gather(
                *(watch(flare, job["id"], bar, f"{path!s:<58.58}") for path, job in jobs)
            )
        )


async def flaky(flare: AsyncFlareClient, output: Path) -> Mapping[str, Any]:
    """A job that fails twice and then succeeds."""
    job = await flare.create_job(
        job_type="FlakyUpload", queue="uploads", payload={"output": str(output)}, max_attempts=5
    )
    return await flare.wait_for_job(job["id"], timeout=60)


async def dead_letter(
    flare: AsyncFlareClient, output: Path
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A job that runs out of attempts, is looked at, and retried by hand once its cause is gone."""
    addresses = output / "addresses.txt"
    job = await flare.create_job(
        job_type="SendInvoice",
        queue="uploads",
        payload={"output": str(output), "addresses": str(addresses)},
        max_attempts=2,
    )
    dead = await flare.wait_for_job(job["id"], timeout=60)
    addresses.write_text("alice@example.com\n", encoding="utf-8")
    await flare.retry_job(job["id"])
    return dead, await flare.wait_for_job(job["id"], timeout=60)


async def index(flare: AsyncFlareClient, output: Path) -> Mapping[str, Any]:
    """A parent with two children, one of which runs after the other."""
    first = await flare.create_job(
        job_type="CheckOutput", queue="documents", payload={"output": str(output)}
    )
    second = await flare.create_job(
        job_type="BuildIndex",
        queue="documents",
        payload={"output": str(output)},
        parent_job_id=first["id"],
    )
    return await flare.wait_for_job(second["id"], timeout=60)


async def hopeless(flare: AsyncFlareClient) -> Mapping[str, Any]:
    """A job whose failure is final at once."""
    job = await flare.create_job(
        job_type="ParseLegacyFile", queue="uploads", payload={"path": "README.md"}, max_attempts=5
    )
    return await flare.wait_for_job(job["id"], timeout=60)


async def scenes(environment: Mapping[str, str], receiver: Receiver, output: Path) -> bool:
    """Play everything in turn; tell whether all went as it should."""
    async with AsyncFlareClient(
        api_key=environment["FLARE_API_KEY"], base_url=environment["FLARE_BASE_URL"]
    ) as flare:
        hook = await flare.create_webhook(url=receiver.url, events="*")
        receiver.secret = hook["secret"]
        rendered = await render_all(flare, output)
        lucky = await flaky(flare, output)
        dead, revived = await dead_letter(flare, output)
        indexed = await index(flare, output)
        doomed = await hopeless(flare)
        ticks = await wait_for_ticks(flare)
        summary = await flare.metrics_summary()
        delivered = await asyncio.to_thread(
            receiver.wait_for, "job.succeeded", summary["succeeded"], 20
        )
    states = Counter(job["state"] for job in rendered)
    table = Table("what", "outcome", "attempts", title="What happened", title_justify="left")
    table.add_row(f"{len(rendered)} documents rendered", _states(states), str(_attempts(rendered)))
    table.add_row("fails twice, then works", lucky["state"], str(lucky["attempt"]))
    table.add_row(
        "out of attempts", f"{dead['state']}: {dead['error_message']}", str(dead["attempt"])
    )
    table.add_row("  retried by hand", revived["state"], str(revived["attempt"]))
    table.add_row("index, after its parent", indexed["state"], str(indexed["attempt"]))
    table.add_row(
        "permanent error", f"{doomed['state']}: {doomed['error_message']}", str(doomed["attempt"])
    )
    table.add_row("ticks of the schedule", str(ticks), "")
    for kind, count in sorted(receiver.counts.items()):
        table.add_row(f"webhook {kind}", f"{count} genuine", "")
    table.add_row("webhooks with a bad signature", str(receiver.forged), "")
    console.print(table)
    return (
        set(states) == {"succeeded"}
        and (lucky["state"], lucky["attempt"]) == ("succeeded", 3)
        and (dead["state"], revived["state"]) == ("dead_letter", "succeeded")
        and (indexed["state"], doomed["state"]) == ("succeeded", "failed")
        and ticks > 0
        and delivered
        and receiver.forged == 0
    )


async def wait_for_ticks(flare: AsyncFlareClient) -> int:
    """Wait until the schedule has ticked and its job has run; return how often."""
    until = time.monotonic() + 20
    while True:
        page = await flare.list_jobs(job_type="CountOutputs", state="succeeded")
        if page["jobs"] or time.monotonic() > until:
            return len(page["jobs"])
        await asyncio.sleep(0.25)


def _states(states: Counter[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in states.items())


def _attempts(jobs: list[Mapping[str, Any]]) -> int:
    return sum(job["attempt"] for job in jobs)


def main() -> int:
    """Run the demo; 0 if everything went as it should."""
    began = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    output = FOLDER / "output"
    output.mkdir(parents=True)
    console.print("Starting a server on an empty folder …")
    with processes.server(FOLDER / "server") as url, Receiver() as receiver:
        console.print(f"Server at {url}; webhook receiver at {receiver.url}", soft_wrap=True)
        environment = processes.exports(FOLDER / "server")
        with processes.worker(FOLDER, environment):
            fine = asyncio.run(scenes(environment, receiver, output))
    seconds = time.monotonic() - began
    place = FOLDER.relative_to(ROOT)
    console.print(f"{'Done' if fine else '[red]Not as it should be[/]'} in {seconds:.0f} s.")
    console.print(f"Results:  {place}/output/index.html and one page per document")
    console.print(f"Logs:     {place}/server.log, {place}/worker.log")
    console.print(f"Go on:    .venv/bin/quintet serve --data-dir {place}/server")
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
