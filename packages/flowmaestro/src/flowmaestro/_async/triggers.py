"""``client.triggers``: what starts workflows, and starting it by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from flowmaestro import _wire as wire
from flowmaestro._arguments import given, mapping
from flowmaestro._async.calls import AsyncResource
from flowmaestro._shapes import mirror_triggers

if TYPE_CHECKING:
    from flowmaestro.types import StartedExecutionResponse, Trigger, TriggerList, TriggerResponse


class AsyncTriggers(AsyncResource):
    """Triggers of the key's workspace."""

    async def list(
        self,
        workflow_id: str | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        type: str | None = None,
        enabled: bool | None = None,
        timeout: float | None = None,
    ) -> TriggerList:
        """Return one page of triggers, newest first; :meth:`iter` walks all pages.

        Args:
            workflow_id: Only those of this workflow.
            page: Counts from 1.
            per_page: 1 to 100; the service's default is 20.
            type: Only ``"schedule"``, ``"webhook"``, ``"event"``, ``"manual"`` or ``"provider"``.
            enabled: Only those that are, or are not.
            timeout: Seconds for one attempt of this call.
        """
        query = given(
            workflow_id=workflow_id, page=page, per_page=per_page, type=type, enabled=enabled
        )
        found = await self._calls.page(wire.LIST_TRIGGERS, query=query, timeout=timeout)
        mirror_triggers(found["data"])
        return cast("TriggerList", found)

    async def iter(
        self,
        *,
        workflow_id: str | None = None,
        type: str | None = None,
        enabled: bool | None = None,
        per_page: int = 100,
        max_items: int | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[Trigger]:
        """Iterate over all triggers, fetching pages as they are needed.

        Args:
            workflow_id: Only those of this workflow.
            type: Only those of this type.
            enabled: Only those that are, or are not.
            per_page: Triggers per request.
            max_items: Stop after this many.
            timeout: Seconds for one attempt of each request.

        Raises:
            PagingError: The service sends the same page again and again.
        """

        async def fetch(page: int | None, size: int | None) -> TriggerList:
            return await self.list(
                workflow_id, page, size, type=type, enabled=enabled, timeout=timeout
            )

        async for item in self._calls.items(fetch, per_page, max_items):
            yield item

    async def get(self, trigger_id: str, *, timeout: float | None = None) -> TriggerResponse:
        """Return a trigger.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = await self._calls.answer(
            wire.GET_TRIGGER, path={"trigger_id": trigger_id}, timeout=timeout
        )
        mirror_triggers([found["data"]])
        return cast("TriggerResponse", found)

    async def execute(
        self,
        trigger_id: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> StartedExecutionResponse:
        """Start the trigger's workflow and return at once, with the execution's id.

        It is safe to repeat, and is repeated if an answer is lost: one key per call sees to it
        that there is one execution.

        Args:
            trigger_id: What to pull.
            inputs: By name, over the trigger's own.
            idempotency_key: The same key and inputs start one execution; yours instead of the
                client's.
            timeout: Seconds for one attempt of this call.

        Raises:
            ValidationError: The trigger is not enabled, or the workflow is not valid.
            NotFoundError: There is no such trigger.
        """
        found = await self._calls.answer(
            wire.EXECUTE_TRIGGER,
            path={"trigger_id": trigger_id},
            json=given(inputs=mapping("inputs", inputs)),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("StartedExecutionResponse", found)
