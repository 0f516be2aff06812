"""What each command does."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from zeridion_flare._sync.client import FlareClient
from zeridion_flare.cli import screen
from zeridion_flare.cli.watching import watch
from zeridion_flare.cli.wording import in_own_words
from zeridion_flare.cli.workers import run_worker
from zeridion_flare.errors import ConflictError, NotFoundError

PAGE_SIZE = 100
EXIT_ERROR = 1


def enqueue(options: argparse.Namespace) -> int:
    """Create a job."""
    with FlareClient(base_url=options.base_url) as flare:
        job = flare.create_job(
            job_type=options.job_type,
            payload=options.payload,
            queue=options.queue,
            run_at=options.run_at,
            max_attempts=options.max_attempts,
            timeout_seconds=options.timeout,
            tags=dict(options.tag) if options.tag else None,
            parent_job_id=options.parent,
            idempotency_key=options.idempotency_key,
        )
        if options.watch:
            return watch(flare, job["id"], as_json=options.json)
    if options.json:
        screen.print_json(job)
    else:
        print(screen.describe(job))
    return 0


def list_jobs(options: argparse.Namespace) -> int:
    """List jobs."""
    with FlareClient(base_url=options.base_url) as flare:
        jobs = flare.iter_jobs(
            state=options.state,
            queue=options.queue,
            job_type=options.job_type,
            created_after=options.after,
            created_before=options.before,
            tags=dict(options.tag) if options.tag else None,
            page_size=min(options.limit, PAGE_SIZE),
            max_items=options.limit,
        )
        if options.json:
            for job in jobs:
                screen.print_json(job)
        else:
            screen.print_jobs(jobs)
    return 0


def get_job(options: argparse.Namespace) -> int:
    """Show one job."""
    with FlareClient(base_url=options.base_url) as flare:
        job = flare.get_job(options.job_id)
    if job is None:
        raise NotFoundError("no such job", "job_not_found", status_code=404)
    if options.json:
        screen.print_json(job)
    else:
        screen.print_job(job)
    return 0


def watch_job(options: argparse.Namespace) -> int:
    """Follow one job."""
    with FlareClient(base_url=options.base_url) as flare:
        return watch(flare, options.job_id, as_json=options.json)


def cancel_jobs(options: argparse.Namespace) -> int:
    """Cancel jobs, one after the other."""
    with FlareClient(base_url=options.base_url) as flare:
        return _for_each(flare.cancel_job, options)


def retry_jobs(options: argparse.Namespace) -> int:
    """Retry jobs, one after the other."""
    with FlareClient(base_url=options.base_url) as flare:
        return _for_each(flare.retry_job, options)


def _for_each(act: Callable[[str], object], options: argparse.Namespace) -> int:
    """Act on every job; one that is missing or in the wrong state does not spare the others."""
    code = 0
    for job_id in options.job_ids:
        try:
            _tell(act(job_id) or {}, as_json=options.json)
        except (NotFoundError, ConflictError) as error:
            screen.print_error(error, in_own_words(error, options, job_id))
            code = EXIT_ERROR
    return code


def _tell(job: object, *, as_json: bool) -> None:
    if as_json:
        screen.print_json(job)
    elif isinstance(job, dict):
        asked = job.get("cancel_requested_at") and job.get("state") == "processing"
        print(screen.describe(job) + ("  asked to stop" if asked else ""))


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "enqueue": enqueue,
    "list": list_jobs,
    "get": get_job,
    "watch": watch_job,
    "cancel": cancel_jobs,
    "retry": retry_jobs,
    "worker": run_worker,
}
