# Generated from aerostack/_async/queue.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``sdk.queue``: jobs of the project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aerostack import _wire as wire
from aerostack._resource import Resource
from aerostack._setup import Choice
from aerostack.types import UNSET

if TYPE_CHECKING:
    from aerostack.models import (
        QueueCancelJobRequestBody,
        QueueCancelJobRequestBodyTypedDict,
        QueueCancelJobResponseBody,
        QueueEnqueueRequestBody,
        QueueEnqueueRequestBodyTypedDict,
        QueueEnqueueResponseBody,
        QueueGetJobRequestBody,
        QueueGetJobRequestBodyTypedDict,
        QueueGetJobResponseBody,
        QueueListJobsRequestBody,
        QueueListJobsRequestBodyTypedDict,
        QueueListJobsResponseBody,
    )
    from aerostack.types import OptionalNullable
    from aerostack.utils import RetryConfig


class _Queue(Resource):
    """Jobs of the project."""

    def queue_enqueue(
        self,
        request: QueueEnqueueRequestBody | QueueEnqueueRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> QueueEnqueueResponseBody:
        """Add a job; return its id.

        The call carries an idempotency key, so a repeat does not add a second job.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.QUEUE_ENQUEUE, request, choice)

    def queue_get_job(
        self,
        request: QueueGetJobRequestBody | QueueGetJobRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> QueueGetJobResponseBody:
        """Return a job; ``exists=False`` if there is none with this id."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.QUEUE_GET_JOB, request, choice)

    def queue_list_jobs(
        self,
        request: QueueListJobsRequestBody | QueueListJobsRequestBodyTypedDict | None = None,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> QueueListJobsResponseBody:
        """Return one page of jobs."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.QUEUE_LIST_JOBS, request, choice)

    def queue_cancel_job(
        self,
        request: QueueCancelJobRequestBody | QueueCancelJobRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> QueueCancelJobResponseBody:
        """Cancel a job that has not begun; ``note`` says why it could not be."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.QUEUE_CANCEL_JOB, request, choice)
