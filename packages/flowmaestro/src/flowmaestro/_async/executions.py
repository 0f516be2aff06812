"""``client.executions``: looking at executions, waiting for them, following them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from flowmaestro import _wire as wire
from flowmaestro._arguments import given
from flowmaestro._async.calls import AsyncResource
from flowmaestro._service import IDLE_TIMEOUT, seconds
from flowmaestro.errors import RequestTimeoutError, WaitTimeoutError, adopt
from quintet._async.polling import poll_until
from quintet.core.deadline import Deadline
from quintet.core.polling import PollSchedule
from quintet.errors import QuintetError

if TYPE_CHECKING:
    from flowmaestro._async.streams import AsyncEventStream
    from flowmaestro.types import (
        CancellationResponse,
        Execution,
        ExecutionEvent,
        ExecutionList,
        ExecutionResponse,
    )
    from quintet.core.sse.fallbacks import Detour

_UNBOUNDED = 10**9
_LAST_LOOK_SECONDS = 1.0


class AsyncExecutions(AsyncResource):
    """Executions of workflows."""

    async def list(
        self,
        page: int | None = None,
        per_page: int | None = None,
        workflow_id: str | None = None,
        status: str | None = None,
        *,
        timeout: float | None = None,
    ) -> ExecutionList:
        """Return one page of executions, newest first; :meth:`iter` walks all pages.

        Args:
            page: Counts from 1.
            per_page: 1 to 100; the service's default is 20.
            workflow_id: Only those of this workflow.
            status: Only those in this state.
            timeout: Seconds for one attempt of this call.
        """
        query = given(page=page, per_page=per_page, workflow_id=workflow_id, status=status)
        found = await self._calls.page(wire.LIST_EXECUTIONS, query=query, timeout=timeout)
        return cast("ExecutionList", found)

    async def iter(
        self,
        *,
        workflow_id: str | None = None,
        status: str | None = None,
        per_page: int = 100,
        max_items: int | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[Execution]:
        """Iterate over all executions, fetching pages as they are needed.

        Args:
            workflow_id: Only those of this workflow.
            status: Only those in this state.
            per_page: Executions per request.
            max_items: Stop after this many.
            timeout: Seconds for one attempt of each request.

        Raises:
            PagingError: The service sends the same page again and again.
        """

        async def fetch(page: int | None, size: int | None) -> ExecutionList:
            return await self.list(page, size, workflow_id, status, timeout=timeout)

        async for item in self._calls.items(fetch, per_page, max_items):
            yield item

    async def get(self, execution_id: str, *, timeout: float | None = None) -> ExecutionResponse:
        """Return an execution as it is now.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = await self._calls.answer(
            wire.GET_EXECUTION, path={"execution_id": execution_id}, timeout=timeout
        )
        return cast("ExecutionResponse", found)

    async def cancel(
        self, execution_id: str, *, timeout: float | None = None
    ) -> CancellationResponse:
        """Cancel an execution that has not ended.

        Raises:
            ValidationError: It has ended; the message says how.
            NotFoundError: There is none with this id.
        """
        found = await self._calls.answer(
            wire.CANCEL_EXECUTION,
            path={"execution_id": execution_id},
            json={},
            timeout=timeout,
        )
        return cast("CancellationResponse", found)

    async def resume(
        self,
        execution_id: str,
        input: Any = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> ExecutionResponse:
        """Go on with a paused execution, giving it what it waits for.

        Args:
            execution_id: A paused execution; its ``pause_context`` says what it asks.
            input: The answer, any JSON.
            idempotency_key: A key of your own. A service that honours it goes on once
                however often it is sent, so the call is repeated like one that only reads.
            timeout: Seconds for one attempt of this call.

        Raises:
            ValidationError: It is not paused, or the answer is not acceptable.
            NotFoundError: There is none with this id.
        """
        found = await self._calls.answer(
            wire.RESUME_EXECUTION,
            path={"execution_id": execution_id},
            json={"input": input},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("ExecutionResponse", found)

    async def wait_for_completion(
        self,
        execution_id: str,
        poll_interval: float = 1.0,
        timeout: float | None = 300.0,
        *,
        stop_when_paused: bool = False,
    ) -> Execution:
        """Look at an execution until it has ended, and return it.

        What is returned is the execution itself, not an envelope, also if it failed or was
        cancelled. Failures that may pass are put up with until the time is over. :meth:`stream`
        sees changes sooner.

        Args:
            execution_id: What to wait for.
            poll_interval: Seconds between two looks.
            timeout: Seconds in all, requests included; ``None`` waits for ever.
            stop_when_paused: Return a paused execution too: it waits for a person, so it may
                wait for long.

        Raises:
            WaitTimeoutError: It had not ended in time; ``last`` is the execution as last seen.
            NotFoundError: There is none with this id.
        """
        clock = self._calls.clock
        limit = None if timeout is None else seconds("timeout", timeout, None)
        deadline = Deadline.after(limit, clock.monotonic())

        async def look() -> Execution:
            left = deadline.remaining(clock.monotonic())
            if left == 0:
                raise RequestTimeoutError("no time is left to look", phase="deadline")
            found = await self._calls.answer(
                wire.GET_EXECUTION, path={"execution_id": execution_id}, within=left
            )
            return cast("Execution", found["data"])

        from flowmaestro.types import TERMINAL_STATUSES

        def done(execution: Execution) -> bool:
            status = execution.get("status")
            return status in TERMINAL_STATUSES or (stop_when_paused and status == "paused")

        try:
            schedule = PollSchedule(
                poll_interval,
                factor=1.0,
                deadline=deadline,
                max_errors=5 if limit is None else _UNBOUNDED,
                reserve=0.0 if limit is None else min(_LAST_LOOK_SECONDS, limit / 10),
            )
            return await poll_until(look, done, schedule, clock)
        except QuintetError as error:
            raise _named(error, execution_id, limit) from error.__cause__

    def stream(
        self,
        execution_id: str,
        *,
        last_event_id: str = "",
        idle_timeout: float | None = IDLE_TIMEOUT,
    ) -> AsyncEventStream[ExecutionEvent]:
        """Return the events of an execution, from its first to its last.

        Nothing is sent before the iteration begins. A broken connection is taken up where it
        broke. If that does not help, the execution itself is asked, and if it has ended, its last
        event is made from that.

        Args:
            execution_id: What to follow.
            last_event_id: Go on after this event.
            idle_timeout: Seconds of silence after which a connection counts as dead, ``None`` for
                never; the service sends a comment every 30.

        Raises:
            StreamError: While iterating: the stream broke for good, or an event is not readable.
            NotFoundError: While iterating: there is no such execution.
        """
        # Imported here: most programs follow no execution.
        from flowmaestro._async.streams import AsyncEventStream
        from flowmaestro._events import (
            EXECUTION_ENDS,
            end_of_execution,
            ends_execution,
            is_greeting,
        )
        from quintet.core.sse.fallbacks import Detour, Fallbacks
        from quintet.core.sse.session import EventRules

        api = self._calls.api
        path = {"execution_id": execution_id}
        rules = EventRules(
            is_terminal=ends_execution,
            idle_timeout=idle_timeout,
            numbered=True,
            greets=is_greeting,
        )

        def rescue() -> Detour:
            plan = api.plan(wire.GET_EXECUTION, path=path, timeout=self._calls.attempt_seconds())
            return Detour(plan, end_of_execution)

        source = api.events(
            wire.EXECUTION_EVENTS,
            rules,
            path=path,
            last_event_id=last_event_id,
            timeout=self._calls.attempt_seconds(),
            max_retries=self._calls.max_retries,
            fallbacks=Fallbacks(rescue=rescue),
        )
        return AsyncEventStream(source, EXECUTION_ENDS)


def _named(error: QuintetError, execution_id: str, limit: float | None) -> QuintetError:
    """Say in a timeout which execution did not end, and how far it was."""
    found = adopt(error)
    if isinstance(found, WaitTimeoutError):
        last = found.last
        state = last.get("status") if isinstance(last, dict) else "never seen"
        found.message = f"execution {execution_id} did not end within {limit:g} s; it is {state}"
        found.args = (found.message,)
    return found
