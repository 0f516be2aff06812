"""Recurring schedules: put, look up, list, delete, trigger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from quintet.options import UNSET, Unset
from zeridion_flare import _wire as wire
from zeridion_flare._async.calls import AsyncCalls
from zeridion_flare._bodies import choose_body

if TYPE_CHECKING:
    from zeridion_flare.types import Job, RecurringJob, RecurringPage


class AsyncRecurringCalls(AsyncCalls):
    """The methods of the client that concern recurring schedules."""

    async def put_recurring(
        self,
        recurring_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        job_type: str | None = None,
        cron_expression: str | None = None,
        queue: str | None = None,
        payload: Any = None,
        timezone: str | None = None,
        enabled: bool | None = None,
        max_attempts: int | None = None,
        timeout_seconds: int | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> RecurringJob:
        """Create a recurring schedule under an id of your choice, or replace it; return it.

        The expression and the time zone are checked here first, by the rules of the service.

        Args:
            recurring_id: Your name of the schedule.
            body: The whole request as one mapping, instead of the keywords.
            job_type: Which handler runs; one schedule per job type.
            cron_expression: Five fields from minutes up, or six with seconds in front.
            queue: ``"default"`` unless given.
            payload: The same for every run.
            timezone: IANA name; UTC unless given.
            enabled: A disabled schedule keeps its place and never runs.
            max_attempts: Of each run; kept when omitted.
            timeout_seconds: Of each attempt; kept when omitted.
            idempotency_key: The same key and body change nothing a second time.
            request_id: Your id of this call for the service's logs.
            timeout: Seconds for one attempt of this call.

        Raises:
            FlareMisuseError: The expression or the time zone is wrong; nothing was sent.
            ConflictError: Another schedule has this job type.
            FlareError: Anything else.
        """
        fields = {
            "job_type": job_type,
            "cron_expression": cron_expression,
            "queue": queue,
            "payload": payload,
            "timezone": timezone,
            "enabled": enabled,
            "max_attempts": max_attempts,
            "timeout_seconds": timeout_seconds,
        }
        # Imported here: it knows calendars, and most programs need none.
        from zeridion_flare.cron import check_cron, check_timezone

        schedule = choose_body(body, fields)
        if "cron_expression" in schedule:
            check_cron(schedule["cron_expression"])
        if "timezone" in schedule:
            check_timezone(schedule["timezone"])
        found = await self._object(
            wire.PUT_RECURRING,
            path={"id": recurring_id},
            json=schedule,
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("RecurringJob", found)

    async def get_recurring(
        self,
        recurring_id: str,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> RecurringJob:
        """Return a recurring schedule.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = await self._object(
            wire.GET_RECURRING,
            path={"id": recurring_id},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("RecurringJob", found)

    async def list_recurring(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> RecurringPage:
        """Return one page of the project's recurring schedules."""
        page = await self._object(
            wire.LIST_RECURRING,
            query={"limit": limit, "cursor": cursor},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("RecurringPage", page)

    async def delete_recurring(
        self,
        recurring_id: str,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> None:
        """Delete a recurring schedule; jobs it has enqueued stay.

        Raises:
            NotFoundError: There is none with this id.
        """
        await self._call(
            wire.DELETE_RECURRING,
            path={"id": recurring_id},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )

    async def trigger_recurring(
        self,
        recurring_id: str,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Job:
        """Enqueue one run of a schedule now, beside its regular ones; return the job.

        Raises:
            NotFoundError: There is no schedule with this id.
        """
        job = await self._object(
            wire.TRIGGER_RECURRING,
            path={"id": recurring_id},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("Job", job)
