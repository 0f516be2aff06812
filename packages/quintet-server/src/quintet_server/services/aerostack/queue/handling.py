"""What a consumer's worker does with a job in its hands, and what its end means."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from quintet_server.engines.work.lane_worker import PermanentFailure, Running, TryAgain
from quintet_server.engines.work.model import Job
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.queue.delivery import Consumer, Undelivered, deliver
from quintet_server.services.aerostack.queue.records import put_result
from quintet_server.services.aerostack.queue.retrying import backoff_seconds
from quintet_server.store.background import end

_log = structlog.get_logger(__name__)


class Handling:
    """The handler of one consumer. `consumer` may be exchanged: the next job goes by it."""

    def __init__(
        self, parts: Aerostack, consumer: Consumer, chance: Callable[[], float] = random.random
    ) -> None:
        self.consumer = consumer
        self.is_ending = False
        """Set when the server stops: work in hand is then given back instead of finished."""
        self._parts = parts
        self._chance = chance

    async def handle(self, running: Running) -> None:
        """Carry one job out."""
        job, consumer = running.job, self.consumer
        if job.attempt > consumer.spec.max_retries + 1:
            tried = job.attempt - 1
            raise PermanentFailure(f"given up: the server ended in the middle of attempt {tried}")
        work = asyncio.create_task(deliver(self._parts, consumer, job), name=f"{job.id}-delivery")
        try:
            result = await self._finished(work, running)
        except Undelivered as failure:
            raise self._verdict(failure, consumer, job) from None
        await self._keep(job, result)

    async def _finished(self, work: asyncio.Task[Any], running: Running) -> Any:
        """The outcome of `work`. That the job was cancelled meanwhile does not end it."""
        while True:
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                if running.stop.is_set() and not running.is_lost and not self.is_ending:
                    continue  # cancelling is advisory; only a next attempt is ruled out
                await end(work)
                raise

    def _verdict(self, failure: Undelivered, consumer: Consumer, job: Job) -> Exception:
        spec, message = consumer.spec, str(failure)
        if not failure.is_retryable or job.attempt > spec.max_retries:
            return PermanentFailure(message)
        most = max(self._parts.settings.queue_retry_max_seconds, spec.retry_delay)
        wait = backoff_seconds(job.attempt, spec.retry_delay, most, self._chance)
        if failure.retry_after is not None:
            wait = min(most, max(0.0, failure.retry_after))
        return TryAgain(message, wait)

    async def _keep(self, job: Job, result: Any) -> None:
        """Store what was answered, if it is anything, and no larger than a job may be."""
        if result is None:
            return
        text = json.dumps(result, separators=(",", ":"))
        if len(text) > self._parts.settings.queue_data_max_bytes:
            _log.info("job_result_not_kept", job=job.id, bytes=len(text))
            return
        try:
            async with self._parts.db.connection() as conn:
                await put_result(conn, job.id, text)
        except (psycopg.Error, PoolTimeout) as error:
            # The work is done: doing it again would be worse than not to know its result.
            _log.warning("job_result_not_kept", job=job.id, error=str(error).strip())
