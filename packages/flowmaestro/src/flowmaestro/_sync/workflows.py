# Generated from flowmaestro/_async/workflows.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.workflows``: what can be executed, and executing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from flowmaestro import _wire as wire
from flowmaestro._arguments import given, mapping
from flowmaestro._shapes import describe_inputs
from flowmaestro._sync.calls import Resource

if TYPE_CHECKING:
    from flowmaestro.types import StartedExecutionResponse, Workflow, WorkflowList, WorkflowResponse


class Workflows(Resource):
    """Workflows of the key's workspace."""

    def list(
        self,
        page: int | None = None,
        per_page: int | None = None,
        *,
        timeout: float | None = None,
    ) -> WorkflowList:
        """Return one page of workflows, newest first; :meth:`iter` walks all pages.

        Args:
            page: Counts from 1.
            per_page: 1 to 100; the service's default is 20.
            timeout: Seconds for one attempt of this call.
        """
        query = given(page=page, per_page=per_page)
        found = self._calls.page(wire.LIST_WORKFLOWS, query=query, timeout=timeout)
        return cast("WorkflowList", found)

    def iter(
        self, *, per_page: int = 100, max_items: int | None = None, timeout: float | None = None
    ) -> Iterator[Workflow]:
        """Iterate over all workflows, fetching pages as they are needed.

        Args:
            per_page: Workflows per request.
            max_items: Stop after this many.
            timeout: Seconds for one attempt of each request.

        Raises:
            PagingError: The service sends the same page again and again.
        """

        def fetch(page: int | None, size: int | None) -> WorkflowList:
            return self.list(page, size, timeout=timeout)

        for item in self._calls.items(fetch, per_page, max_items):
            yield item

    def get(self, workflow_id: str, *, timeout: float | None = None) -> WorkflowResponse:
        """Return a workflow with the schema of its inputs.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._calls.answer(
            wire.GET_WORKFLOW, path={"workflow_id": workflow_id}, timeout=timeout
        )
        describe_inputs(found["data"])
        return cast("WorkflowResponse", found)

    def execute(
        self,
        workflow_id: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> StartedExecutionResponse:
        """Start an execution and return at once, with its id.

        It is safe to repeat, and is repeated if an answer is lost: one key per call sees to it
        that there is one execution.

        Args:
            workflow_id: What to execute.
            inputs: By name; what a workflow needs is in its ``input_schema``.
            idempotency_key: The same key and inputs start one execution; yours instead of the
                client's.
            timeout: Seconds for one attempt of this call.

        Raises:
            NotFoundError: There is no such workflow.
            ValidationError: An input is missing, or the workflow is not valid.
        """
        found = self._calls.answer(
            wire.EXECUTE_WORKFLOW,
            path={"workflow_id": workflow_id},
            json=given(inputs=mapping("inputs", inputs)),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("StartedExecutionResponse", found)
