"""The queue's part of the API, its definitions, and what runs beside the requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.endpoints import Endpoint
from quintet_server.services.aerostack.queue.cancelling import queue_cancel
from quintet_server.services.aerostack.queue.definitions import KINDS
from quintet_server.services.aerostack.queue.enqueueing import queue_enqueue
from quintet_server.services.aerostack.queue.reading import queue_job, queue_jobs
from quintet_server.services.aerostack.queue.shapes import (
    JobNamed,
    QueueCancelled,
    QueueEnqueue,
    QueueEnqueued,
    QueueJobFound,
    QueueJobPage,
    QueueJobs,
)
from quintet_server.services.aerostack.queue.tidying import keep_tidy
from quintet_server.services.aerostack.queue.workers import Workers
from quintet_server.store.background import end

__all__ = ["ENDPOINTS", "KINDS", "start"]

ENDPOINTS = (
    Endpoint(
        path="/queue/enqueue",
        handler=queue_enqueue,
        operation_id="queueEnqueue",
        summary="Add a job to the queue",
        scope="queue:enqueue",
        request=QueueEnqueue,
        response=QueueEnqueued,
        status=201,
        description="The job is on disk when this is answered. It waits until a consumer of its "
        "type works on it, and not before `delay` seconds have passed.",
    ),
    Endpoint(
        path="/queue/job",
        handler=queue_job,
        operation_id="queueGetJob",
        summary="Show a job",
        scope="queue:manage",
        request=JobNamed,
        response=QueueJobFound,
    ),
    Endpoint(
        path="/queue/jobs",
        handler=queue_jobs,
        operation_id="queueListJobs",
        summary="List jobs, newest first",
        scope="queue:manage",
        request=QueueJobs,
        response=QueueJobPage,
    ),
    Endpoint(
        path="/queue/cancel",
        handler=queue_cancel,
        operation_id="queueCancelJob",
        summary="Cancel a job",
        scope="queue:manage",
        request=JobNamed,
        response=QueueCancelled,
        description="A job that waits will not run. One that is being processed runs to its end.",
    ),
)


async def start(parts: Aerostack) -> Callable[[], Awaitable[None]]:
    """Begin to work on jobs and to forget old ones; returns what ends it."""
    workers = Workers(parts)
    await workers.start()
    tidying = asyncio.create_task(keep_tidy(parts), name="aerostack-queue-tidy")

    async def stop() -> None:
        await end(tidying)
        await workers.stop()

    return stop
