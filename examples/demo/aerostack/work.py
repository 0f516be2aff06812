"""Jobs that a consumer works on, and a service that answers at once: functions of the project."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.table import Table

from aerostack import SDK, errors
from aerostack.models import Job
from examples.demo.report import Report, console

_JOB_SECONDS = 60
_OPEN = ("queued", "processing")
_SECONDS = "reading_seconds"


def enqueue(sdk: SDK, root: Path, report: Report) -> None:
    """Have pages measured by a consumer; one job fails for good, one is cancelled in time."""
    folder = root / "docs" / "aerostack"
    texts = {page.name: page.read_text(encoding="utf-8") for page in sorted(folder.glob("*.md"))}
    console.print(f"\n[bold]The queue:[/] the consumer of text.* measures {len(texts)} pages …")
    jobs = {name: _added(sdk, "text.measure", text=text) for name, text in texts.items()}
    useless = _added(sdk, "text.measure", pages=len(texts))
    later = _added(sdk, "text.measure", delay=600, text="never read")
    cancelled = sdk.queue.queue_cancel_job({"job_id": later})
    done = {name: _ended(sdk, job_id) for name, job_id in jobs.items()}
    table = Table("page", "words", "different ones", "seconds to read", "attempts")
    for name, job in done.items():
        measured = (_result(job).get(key, "") for key in ("words", "unique_words", _SECONDS))
        table.add_row(name, *map(str, measured), str(job.attempts))
    console.print(table)
    sizes = {name: len(text) for name, text in texts.items()}
    fine = {name: _result(job).get("characters") for name, job in done.items()} == sizes
    words = sum(_result(job).get("words", 0) for job in done.values())
    report.line("jobs, by a consumer", f"completed, {words} words", f"{len(done)} jobs", fine=fine)
    failed = _ended(sdk, useless)
    outcome = f"{_status(failed)}: {failed.error}"
    fine = (_status(failed), failed.attempts) == ("failed", 1)
    report.line("  one without a text", outcome, f"{failed.attempts} attempt", fine=fine)
    state = _status(_job(sdk, later))
    fine = cancelled.success is True and state == "cancelled"
    report.line("  cancelled before its time", state, "0 attempts", fine=fine)


def invoke(sdk: SDK, root: Path, report: Report) -> None:
    """Invoke a service and wait for its answer; then one that does not exist."""
    text = (root / "README.md").read_text(encoding="utf-8")
    answer = sdk.services.services_invoke(
        {"service_name": "text-statistics", "data": {"text": text}}
    )
    result = answer.result
    console.print(
        f"\n[bold]A service[/] reads the README: {result['words']} words, "
        f"{result[_SECONDS]} seconds to read."
    )
    fine = answer.success is True and result["characters"] == len(text)
    report.line("a service invoked", f"{result['words']} words in the README", "1 call", fine=fine)
    try:
        sdk.services.services_invoke({"service_name": "text-statistic", "data": {"text": text}})
        refusal = "it answered"
    except errors.ErrorResponse as error:
        refusal = str((error.data.details or {}).get("reason"))
        console.print(f"  misspelt: {error.message}", style="dim", markup=False)
    report.line("  misspelt", f"refused: {refusal}", fine=refusal == "SERVICE_NOT_FOUND")


def _added(sdk: SDK, kind: str, *, delay: int = 0, **data: object) -> str:
    added = sdk.queue.queue_enqueue({"type": kind, "data": data, "delay": delay})
    assert added.job_id is not None
    return added.job_id


def _job(sdk: SDK, job_id: str) -> Job:
    found = sdk.queue.queue_get_job({"job_id": job_id}).job
    assert found is not None
    return found


def _ended(sdk: SDK, job_id: str) -> Job:
    """Wait until a job has ended."""
    until = time.monotonic() + _JOB_SECONDS
    while True:
        job = _job(sdk, job_id)
        if _status(job) not in _OPEN or time.monotonic() > until:
            return job
        time.sleep(0.05)


def _status(job: Job) -> str:
    return "" if job.status is None else str(job.status.value)


def _result(job: Job) -> dict[str, Any]:
    return job.result or {}
