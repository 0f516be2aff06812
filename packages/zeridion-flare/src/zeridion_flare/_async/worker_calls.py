"""The four calls of the worker protocol, for those who write a worker of their own.

:class:`~zeridion_flare.AsyncFlareWorker` does all of it; see the guide on workers first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from quintet.options import UNSET, Unset
from zeridion_flare import _wire as wire
from zeridion_flare._async.calls import AsyncCalls
from zeridion_flare._bodies import choose_body

if TYPE_CHECKING:
    from zeridion_flare.types import AckReply, HeartbeatReply, PollReply

POLL_MARGIN = 15.0
"""Seconds a poll may take beyond the time for which the server holds it."""
DEFAULT_HOLD = 30.0


class AsyncWorkerCalls(AsyncCalls):
    """The methods of the client that speak the worker protocol."""

    async def register_worker(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        worker_id: str | None = None,
        queues: Iterable[str] | None = None,
        job_types: Iterable[str] | None = None,
        hostname: str | None = None,
        sdk_version: str | None = None,
        recurring_schedules: Iterable[Mapping[str, Any]] | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> dict[str, Any]:
        """Announce a worker and its recurring schedules. Repeating it is harmless.

        Raises:
            InvalidRequestError: A schedule is wrong; none was stored.
        """
        fields = {
            "worker_id": worker_id,
            "queues": _list(queues),
            "job_types": _list(job_types),
            "hostname": hostname,
            "sdk_version": sdk_version,
            "recurring_schedules": _list(recurring_schedules),
        }
        found = await self._object(
            wire.REGISTER_WORKER,
            json=choose_body(body, fields),
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("dict[str, Any]", found)

    async def poll_workers(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        worker_id: str | None = None,
        queues: Iterable[str] | None = None,
        capacity: int | None = None,
        job_types: Iterable[str] | None = None,
        wait_seconds: float | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> PollReply:
        """Claim up to ``capacity`` jobs, waiting for the first up to ``wait_seconds``.

        Not repeated after a lost answer: the jobs in it are claimed, and return to their queue
        when their lease ends.

        Args:
            body: The whole request as one mapping, instead of the keywords.
            worker_id: Up to 100 of ``A-Z a-z 0-9 _ -``.
            queues: At least one.
            capacity: 1 to 50.
            job_types: Only jobs of these types; any when omitted.
            wait_seconds: 0 to 30; the service's default is 30.
            idempotency_key: Sent as it is.
            request_id: Your id of this call for the service's logs.
            timeout: Seconds for the call; 15 more than the wait unless given.
        """
        fields = {
            "worker_id": worker_id,
            "queues": _list(queues),
            "capacity": capacity,
            "job_types": _list(job_types),
            "wait_seconds": wait_seconds,
        }
        json = choose_body(body, fields)
        if isinstance(timeout, Unset):
            timeout = json.get("wait_seconds", DEFAULT_HOLD) + POLL_MARGIN
        reply = await self._call(
            wire.POLL_WORKERS,
            json=json,
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("PollReply", reply)

    async def heartbeat_worker(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        job_id: str | None = None,
        worker_id: str | None = None,
        progress: float | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> HeartbeatReply:
        """Say that a job is still being worked on; ``cancel`` in the answer asks to stop.

        Raises:
            ConflictError: The job is not held by this worker any more.
            NotFoundError: There is no such job.
        """
        fields = {"job_id": job_id, "worker_id": worker_id, "progress": progress}
        reply = await self._call(
            wire.HEARTBEAT_WORKER,
            json=choose_body(body, fields),
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("HeartbeatReply", reply)

    async def ack_worker(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        job_id: str | None = None,
        worker_id: str | None = None,
        status: str | None = None,
        duration_ms: int | None = None,
        attempt: int | None = None,
        error: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> AckReply:
        """Report how a job ended. Repeating an accepted report is harmless.

        Args:
            body: The whole request as one mapping, instead of the keywords.
            job_id: The job.
            worker_id: Who holds it.
            status: ``"succeeded"``, ``"failed"`` or ``"cancelled"``.
            duration_ms: How long the handler took.
            attempt: Refuse the report if the job has been claimed again since.
            error: ``type``, ``message``, ``stack_trace``, and ``retryable`` false for an error
                that another attempt cannot mend.
            idempotency_key: Sent as it is.
            request_id: Your id of this call for the service's logs.
            timeout: Seconds for one attempt of this call.

        Raises:
            ConflictError: The job is not held by this worker any more.
            NotFoundError: There is no such job.
        """
        fields = {
            "job_id": job_id,
            "worker_id": worker_id,
            "status": status,
            "duration_ms": duration_ms,
            "attempt": attempt,
            "error": error,
        }
        reply = await self._call(
            wire.ACK_WORKER,
            json=choose_body(body, fields),
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("AckReply", reply)


def _list(values: Iterable[Any] | None) -> list[Any] | None:
    if isinstance(values, str):
        return [values]
    return None if values is None else list(values)
