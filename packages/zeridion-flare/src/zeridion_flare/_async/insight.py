"""What the service knows about itself: metrics, activity, and alert rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from quintet.options import UNSET, Unset
from zeridion_flare import _wire as wire
from zeridion_flare._async.calls import AsyncCalls
from zeridion_flare._bodies import choose_body

if TYPE_CHECKING:
    from zeridion_flare.types import (
        Activity,
        ActivityPage,
        Alert,
        AlertPage,
        MetricsSummary,
        ThroughputMetrics,
    )


class AsyncInsightCalls(AsyncCalls):
    """The methods of the client that concern metrics, activity and alerts."""

    async def metrics_summary(
        self,
        *,
        period: str | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> MetricsSummary:
        """Return the jobs created in a period, counted by their state now.

        Args:
            period: ``"1h"``, ``"24h"`` (the default), ``"7d"`` or ``"30d"``.
        """
        found = await self._object(
            wire.METRICS_SUMMARY,
            query={"period": period},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("MetricsSummary", found)

    async def metrics_throughput(
        self,
        *,
        period: str | None = None,
        granularity: str | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> ThroughputMetrics:
        """Return jobs and their durations over time, in buckets of ``granularity``."""
        found = await self._object(
            wire.METRICS_THROUGHPUT,
            query={"period": period, "granularity": granularity},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("ThroughputMetrics", found)

    async def metrics_queues(
        self,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> dict[str, Any]:
        """Return how many jobs wait and run in each queue."""
        found = await self._object(
            wire.METRICS_QUEUES,
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("dict[str, Any]", found)

    async def metrics_job_types(
        self,
        *,
        period: str | None = None,
        limit: int | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> dict[str, Any]:
        """Return the busiest job types of a period with success rate and average duration."""
        found = await self._object(
            wire.METRICS_JOB_TYPES,
            query={"period": period, "limit": limit},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("dict[str, Any]", found)

    async def list_activity(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> ActivityPage:
        """Return one page of what happened in the project, newest first."""
        page = await self._object(
            wire.LIST_ACTIVITY,
            query={"limit": limit, "cursor": cursor},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("ActivityPage", page)

    async def iter_activity(
        self, *, page_size: int = 100, max_items: int | None = None
    ) -> AsyncIterator[Activity]:
        """Iterate over what happened in the project, newest first.

        Raises:
            FlareError: A page could not be fetched.
        """

        async def fetch(cursor: str | None) -> Mapping[str, Any]:
            return await self.list_activity(limit=page_size, cursor=cursor)

        async for line in self._pages(fetch, lambda page: page["data"], max_items):
            yield cast("Activity", line)

    async def list_alerts(
        self,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> AlertPage:
        """Return the project's alert rules."""
        page = await self._object(
            wire.LIST_ALERTS,
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("AlertPage", page)

    async def create_alert(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        alert_type: str | None = None,
        channel: str | None = None,
        destination: str | None = None,
        enabled: bool | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Alert:
        """Create an alert rule and return it.

        Args:
            body: The whole request as one mapping, instead of the keywords.
            alert_type: ``"job_failed"``, ``"dead_letter"`` or ``"worker_offline"``.
            channel: ``"email"``.
            destination: An address of up to 320 characters.
            enabled: A disabled rule never fires.
            idempotency_key: The same key and body create one rule.
            request_id: Your id of this call for the service's logs.
            timeout: Seconds for one attempt of this call.
        """
        fields = {
            "alert_type": alert_type,
            "channel": channel,
            "destination": destination,
            "enabled": enabled,
        }
        found = await self._object(
            wire.CREATE_ALERT,
            json=choose_body(body, fields),
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("Alert", found)

    async def get_alert(
        self,
        alert_id: str,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Alert:
        """Return an alert rule.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = await self._object(
            wire.GET_ALERT,
            path={"id": alert_id},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("Alert", found)

    async def update_alert(
        self,
        alert_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        alert_type: str | None = None,
        channel: str | None = None,
        destination: str | None = None,
        enabled: bool | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Alert:
        """Change an alert rule and return it; what is omitted stays.

        Raises:
            NotFoundError: There is none with this id.
        """
        fields = {
            "alert_type": alert_type,
            "channel": channel,
            "destination": destination,
            "enabled": enabled,
        }
        found = await self._object(
            wire.UPDATE_ALERT,
            path={"id": alert_id},
            json=choose_body(body, fields),
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("Alert", found)

    async def delete_alert(
        self,
        alert_id: str,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> None:
        """Delete an alert rule.

        Raises:
            NotFoundError: There is none with this id.
        """
        await self._call(
            wire.DELETE_ALERT,
            path={"id": alert_id},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
