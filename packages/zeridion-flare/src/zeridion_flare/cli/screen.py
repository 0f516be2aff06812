"""How jobs look: tables and bars with rich on a terminal, plain text everywhere else."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from zeridion_flare.errors import FlareError
from zeridion_flare.timestamps import parse_timestamp

COLUMNS = ("ID", "TYPE", "QUEUE", "STATE", "ATTEMPT", "PROGRESS", "AGE", "TAGS")
STYLES = {
    "succeeded": "green",
    "processing": "cyan",
    "failed": "red",
    "dead_letter": "bold red",
    "cancelled": "yellow",
    "scheduled": "blue",
}
_GOING_ON = ("pending", "scheduled", "processing")
_DETAILS = (
    "id",
    "job_type",
    "queue",
    "state",
    "attempt",
    "max_attempts",
    "progress",
    "created_at",
    "run_at",
    "started_at",
    "completed_at",
    "duration_ms",
    "timeout_seconds",
    "tags",
    "parent_job_id",
    "recurring_job_id",
    "worker_id",
    "cancel_requested_at",
)


def has_rich() -> bool:
    """Return whether tables may be drawn: a terminal, and rich is installed."""
    if not sys.stdout.isatty():
        return False
    return importlib.util.find_spec("rich") is not None


def print_json(value: Any) -> None:
    """Print JSON on one line."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def print_error(error: FlareError, message: str | None = None) -> None:
    """Print what went wrong, on standard error; ``message`` replaces the error's own."""
    print(f"flare: {error.message if message is None else message}", file=sys.stderr)
    if error.request_id:
        print(f"flare: request id {error.request_id}", file=sys.stderr)


def print_jobs(jobs: Iterable[Mapping[str, Any]], *, now: datetime | None = None) -> None:
    """Print a table of jobs."""
    moment = datetime.now(timezone.utc) if now is None else now
    rows = [_row(job, moment) for job in jobs]
    if has_rich():
        _print_rich_table(rows)
    elif rows:
        _print_plain_table(rows)
    if not rows:
        print("no jobs")


def print_job(job: Mapping[str, Any]) -> None:
    """Print one job with everything that is known of it."""
    known = [(name, job[name]) for name in _DETAILS if job.get(name) is not None]
    width = max(len(name) for name, _ in known) if known else 0
    for name, value in known:
        print(f"{name.ljust(width)}  {_value(name, value)}")
    if "payload" in job:
        print("payload")
        print(_indented(json.dumps(job["payload"], ensure_ascii=False, indent=2)))
    error = job.get("error")
    label = _error_label(job)
    if isinstance(error, Mapping):
        print(f"{label}  {error.get('type')}: {error.get('message')}")
        if error.get("stack_trace"):
            print(_indented(str(error["stack_trace"]).rstrip()))
    elif job.get("error_message"):
        print(f"{label}  {job['error_message']}")


def describe(job: Mapping[str, Any]) -> str:
    """Return one line about a job."""
    parts = [str(job.get("id")), str(job.get("state"))]
    if job.get("attempt"):
        parts.append(f"attempt {job['attempt']}/{job.get('max_attempts', '?')}")
    if job.get("progress") is not None and job.get("state") == "processing":
        parts.append(percent(job["progress"]))
    if job.get("state") == "pending" and job.get("run_at"):
        parts.append(f"due {job['run_at']}")
    if job.get("error_message") and job.get("state") != "succeeded":
        text = str(job["error_message"]).splitlines()[0][:200]
        label = _error_label(job)
        parts.append(text if label == "error" else f"{label}: {text}")
    return _printable("  ".join(parts))


def _error_label(job: Mapping[str, Any]) -> str:
    """Tell the error of a job that has failed from one that it has left behind."""
    return "last error" if job.get("state") in _GOING_ON else "error"


def percent(progress: object) -> str:
    """Return a progress from 0 to 1 in percent."""
    return f"{progress:.0%}" if isinstance(progress, (int, float)) else ""


def age(created_at: object, now: datetime) -> str:
    """Return how long ago a time was, in its largest unit."""
    created = parse_timestamp(created_at)
    if created is None:
        return ""
    seconds = max(0, int((now - created).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _row(job: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    tags = job.get("tags") or {}
    return (
        str(job.get("id", "")),
        str(job.get("job_type", "")),
        str(job.get("queue", "")),
        str(job.get("state", "")),
        f"{job.get('attempt', 0)}/{job.get('max_attempts', '?')}",
        percent(job.get("progress")),
        age(job.get("created_at"), now),
        " ".join(f"{key}={value}" for key, value in tags.items()),
    )


def _print_rich_table(rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in COLUMNS:
        table.add_column(column, no_wrap=column == "ID", overflow="fold")
    for row in rows:
        # Text, not markup: a job type in brackets is a name, not a style.
        cells = [
            Text(cell, style=STYLES.get(cell, "") if column == "STATE" else "")
            for column, cell in zip(COLUMNS, row, strict=True)
        ]
        table.add_row(*cells)
    Console().print(table)


def _print_plain_table(rows: Sequence[Sequence[str]]) -> None:
    lines = [COLUMNS, *rows]
    widths = [max(len(_printable(line[n])) for line in lines) for n in range(len(COLUMNS))]
    for line in lines:
        cells = (_printable(cell).ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def _printable(text: str) -> str:
    """Return text that cannot move a terminal's cursor or break a table."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _value(name: str, value: Any) -> str:
    if name == "progress":
        return percent(value)
    return _printable(
        json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {_printable(line)}" for line in text.splitlines())
