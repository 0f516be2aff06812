# Generated from zeridion_flare/_async/jobs.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Jobs: create, look up, list, cancel, retry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from quintet.options import UNSET, Unset
from zeridion_flare import _wire as wire
from zeridion_flare._bodies import new_job, tag_filters, time_filter, trace_headers
from zeridion_flare._sync.calls import Calls
from zeridion_flare.errors import ConflictError, NotFoundError, says_no_such_job

if TYPE_CHECKING:
    from datetime import datetime

    from zeridion_flare.types import Job, JobPage

STATE_CONFLICT = "invalid_state"


class JobCalls(Calls):
    """The methods of the client that concern jobs."""

    def create_job(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        job_type: str | None = None,
        payload: Any = None,
        queue: str | None = None,
        run_at: datetime | str | None = None,
        max_attempts: int | None = None,
        timeout_seconds: int | None = None,
        tags: Mapping[str, str] | None = None,
        parent_job_id: str | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Job:
        """Enqueue a job and return it.

        Safe to repeat: without ``idempotency_key`` one is made up and kept over the retries of
        this call, so that a lost answer does not enqueue the job twice.

        Args:
            body: The whole request as one mapping, instead of the keywords.
            job_type: Which handler runs it, 1 to 500 characters.
            payload: Anything that is JSON; the handler gets it. Omitted means ``{}``.
            queue: ``"default"`` unless given.
            run_at: Not before this instant; a naive datetime is UTC. The past means now.
            max_attempts: 1 to 100; the service's default is 3.
            timeout_seconds: Limit of one attempt, 1 to 86,400; the service's default is 1,800.
            tags: Strings by strings, for filtering.
            parent_job_id: Run only after this job has succeeded.
            traceparent: Your trace context as W3C writes it, version 00. The handler finds it in
                its context, and the job's webhooks carry it.
            idempotency_key: The same key and body give the same job; up to 200 characters.
            request_id: Your id of this call for the service's logs.
            timeout: Seconds for one attempt of this call.

        Raises:
            TypeError: A mapping and keywords were mixed, or there is no ``job_type``.
            FlareMisuseError: A field or ``traceparent`` cannot be sent.
            InvalidRequestError: A field is out of its range.
            QuotaError: The allowance of new jobs is used up.
            ConflictError: The idempotency key was used for another body, or the parent has
                failed.
            FlareError: Anything else.
        """
        fields = {
            "job_type": job_type,
            "payload": payload,
            "queue": queue,
            "run_at": run_at,
            "max_attempts": max_attempts,
            "timeout_seconds": timeout_seconds,
            "tags": tags,
            "parent_job_id": parent_job_id,
        }
        json, key = new_job(body, fields, idempotency_key)
        job = self._object(
            wire.CREATE_JOB,
            json=json,
            headers=trace_headers(traceparent),
            idempotency_key=key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("Job", job)

    # Python puts this name into the TypeError of a call with too many positional arguments; the
    # class that happens to hold the method means nothing to callers.
    create_job.__qualname__ = "create_job"

    def get_job(
        self,
        job_id: str,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Job | None:
        """Return a job, or ``None`` if the service says that there is none with this id.

        Raises:
            NotFoundError: A 404 that did not come from the jobs API: most likely ``base_url`` is
                wrong. It is not taken for a missing job.
            FlareMisuseError: The id is empty, ``"."`` or ``".."``.
            FlareError: Anything else.
        """
        try:
            job = self._object(
                wire.GET_JOB,
                path={"id": job_id},
                idempotency_key=idempotency_key,
                request_id=request_id,
                timeout=timeout,
            )
        except NotFoundError as error:
            if says_no_such_job(error):
                return None
            raise
        return cast("Job", job)

    def list_jobs(
        self,
        *,
        state: str | None = None,
        queue: str | None = None,
        job_type: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        tags: Mapping[str, str] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> JobPage:
        """Return one page of jobs, newest first; :meth:`iter_jobs` walks all pages.

        Args:
            state: Only jobs in this state.
            queue: Only jobs of this queue.
            job_type: Only jobs of this type.
            created_after: Only jobs created at this instant or later.
            created_before: Only jobs created before this instant.
            tags: Only jobs with all of these tags.
            limit: Jobs per page, 1 to 100; the service's default is 20.
            cursor: ``next_cursor`` of the page before; repeat the filters with it.
            idempotency_key: Sent as it is.
            request_id: Your id of this call for the service's logs.
            timeout: Seconds for one attempt of this call.
        """
        page = self._object(
            wire.LIST_JOBS,
            query={
                "state": state,
                "queue": queue,
                "job_type": job_type,
                "created_after": time_filter(created_after),
                "created_before": time_filter(created_before),
                "tag": tag_filters(tags),
                "limit": limit,
                "cursor": cursor,
            },
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        following = page.get("next_cursor") or page.get("cursor") or None
        page["next_cursor"] = page["cursor"] = following
        page.setdefault("jobs", [])
        page.setdefault("has_more", following is not None)
        return cast("JobPage", page)

    def iter_jobs(
        self,
        *,
        state: str | None = None,
        queue: str | None = None,
        job_type: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        tags: Mapping[str, str] | None = None,
        page_size: int = 100,
        max_items: int | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Iterator[Job]:
        """Iterate over jobs, newest first, fetching pages as they are needed.

        Jobs created meanwhile neither repeat nor hide older ones. The filters are those of
        :meth:`list_jobs`.

        Args:
            page_size: Jobs per request, 1 to 100.
            max_items: Stop after this many.

        Raises:
            FlarePagingError: The service gave a cursor twice.
            FlareError: A page could not be fetched.
        """

        def fetch(cursor: str | None) -> Mapping[str, Any]:
            return self.list_jobs(
                state=state,
                queue=queue,
                job_type=job_type,
                created_after=created_after,
                created_before=created_before,
                tags=tags,
                limit=page_size,
                cursor=cursor,
                request_id=request_id,
                timeout=timeout,
            )

        for job in self._pages(fetch, lambda page: page["jobs"], max_items):
            yield cast("Job", job)

    def cancel_job(
        self,
        job_id: str,
        *,
        none_on_conflict: bool = False,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Job | None:
        """Cancel a job that waits, or ask a running one to stop; return the job.

        A running job stays ``processing`` with ``cancel_requested_at`` set until its handler has
        answered the request.

        Args:
            none_on_conflict: Return ``None`` instead of raising when the job's state does not
                allow it. Other conflicts are raised nevertheless.

        Raises:
            ConflictError: The job has ended (``invalid_state``).
            NotFoundError: There is no such job.
            FlareError: Anything else.
        """
        return self._act(
            wire.CANCEL_JOB, job_id, none_on_conflict, idempotency_key, request_id, timeout
        )

    def retry_job(
        self,
        job_id: str,
        *,
        none_on_conflict: bool = False,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Job | None:
        """Put a job that failed for good back into its queue, with all its attempts; return it.

        Args:
            none_on_conflict: Return ``None`` instead of raising when the job's state does not
                allow it. Other conflicts are raised nevertheless.

        Raises:
            ConflictError: The job has not failed for good (``invalid_state``).
            NotFoundError: There is no such job.
            FlareError: Anything else.
        """
        return self._act(
            wire.RETRY_JOB, job_id, none_on_conflict, idempotency_key, request_id, timeout
        )

    def _act(
        self,
        operation: Any,
        job_id: str,
        none_on_conflict: bool,
        idempotency_key: str | None,
        request_id: str | None,
        timeout: float | None | Unset,
    ) -> Job | None:
        try:
            job = self._object(
                operation,
                path={"id": job_id},
                idempotency_key=idempotency_key,
                request_id=request_id,
                timeout=timeout,
            )
        except ConflictError as error:
            if none_on_conflict and error.code == STATE_CONFLICT:
                return None
            raise
        return cast("Job", job)
