"""Following a job live."""

from __future__ import annotations

from collections.abc import Iterable

from zeridion_flare._sync.client import FlareClient
from zeridion_flare.cli import screen
from zeridion_flare.types import Job

EXIT_NOT_SUCCEEDED = 4


def watch(flare: FlareClient, job_id: str, *, as_json: bool) -> int:
    """Show a job's changes until it has ended; return 0 if it succeeded, else 4."""
    jobs = flare.watch_job(job_id)
    if as_json:
        last = _print_lines(jobs)
    elif screen.has_rich():
        last = _draw(jobs)
    else:
        last = _print_plain(jobs)
    return 0 if last is not None and last["state"] == "succeeded" else EXIT_NOT_SUCCEEDED


def _print_lines(jobs: Iterable[Job]) -> Job | None:
    last = None
    for last in jobs:
        screen.print_json(last)
    return last


def _print_plain(jobs: Iterable[Job]) -> Job | None:
    last, shown = None, ""
    for last in jobs:
        line = screen.describe(last)
        if line != shown:
            print(line, flush=True)
            shown = line
    return last


def _draw(jobs: Iterable[Job]) -> Job | None:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    last = None
    bar = Progress(
        TextColumn("{task.fields[line]}", markup=False),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with bar:
        task = bar.add_task("", total=1.0, line="waiting for the first event")
        for last in jobs:
            done = 1.0 if last["state"] == "succeeded" else last.get("progress") or 0.0
            bar.update(task, completed=done, line=screen.describe(last))
    return last
