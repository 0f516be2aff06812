"""``client.agents``: starting agents, following them, answering them, waiting for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from amdahl import _wire as wire
from amdahl._arguments import given, mapping, text
from amdahl._async.calls import AsyncResource
from amdahl._async.pager import AsyncPager, list_all
from amdahl._service import IDLE_TIMEOUT, SYNC_RUN_TIMEOUT
from amdahl._shapes import shape_profile, shape_status
from amdahl.errors import AgentInputRequiredError

if TYPE_CHECKING:
    from amdahl._async.run_waiting import Asked, AsyncRunWaiting
    from amdahl._async.streams import AsyncAgentStream
    from amdahl.types import (
        AgentProfile,
        AgentResult,
        AgentRun,
        AgentRunList,
        AgentStatus,
        StartedAgent,
    )


class AsyncAgents(AsyncResource):
    """Runs of agents; a run is known by its ``session_id``."""

    async def start(
        self,
        profile_id: str,
        task: str,
        input_params: Mapping[str, Any] | None = None,
        *,
        wait: bool = False,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> StartedAgent:
        """Start a run and return at once; :meth:`wait` or :meth:`stream` follow it.

        It is started once however often the request has to be sent.

        Args:
            profile_id: Which agent; see :meth:`profiles`.
            task: What to do.
            input_params: As the profile's schema says.
            wait: Let the service hold the answer until the run settles, at most 60 seconds;
                ``timed_out`` says that it did not. Better start and :meth:`wait`. If the
                connection breaks meanwhile, the same run is waited for, as long as one attempt
                may take.
            idempotency_key: A key of your own: the same run comes back for the same key.
            timeout: Seconds for one attempt of this call; at least 65 by default with ``wait``.

        Raises:
            MisuseError: ``profile_id`` or ``task`` is no text.
            RequestTimeoutError: With ``wait``: the time was over before the service answered.
            InvalidArgumentError: There is no such profile, no task, or a parameter does not fit.
        """
        at_least = SYNC_RUN_TIMEOUT if wait else None
        body = {
            "profile_id": text("profile_id", profile_id),
            "task": text("task", task),
            "input_params": mapping("input_params", input_params) or {},
            "async": not wait,
        }
        found = await self._calls.answer(
            wire.START_AGENT,
            json=body,
            shape=shape_status,
            idempotency_key=idempotency_key,
            timeout=timeout,
            at_least=at_least,
            patience=self._calls.attempt_seconds(timeout, at_least) if wait else 0.0,
        )
        return cast("StartedAgent", found)

    async def run(
        self,
        profile_id: str,
        task: str,
        input_params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = 600.0,
        on_input: Asked | None = None,
        idempotency_key: str | None = None,
    ) -> AgentStatus:
        """Start a run, wait for it and return its status; see :meth:`start` and :meth:`wait`.

        **A run that asks something comes back unfinished** if there is no ``on_input``: its
        ``status`` is ``"awaiting_input"``, its ``result`` ``None``, and ``pending_input`` what it
        asks. ``content_writer`` always asks. Look at ``status`` before ``result``, or give
        ``on_input``; :meth:`result` raises ``AgentInputRequiredError`` instead.

        Args:
            profile_id: Which agent; see :meth:`profiles`.
            task: What to do.
            input_params: As the profile's schema says.
            timeout: Seconds for the wait, requests and answers included; ``None`` for ever.
            on_input: Is given what the run asks and returns the answer; see :meth:`wait`.
            idempotency_key: A key of your own: the same run comes back for the same key.

        Raises:
            InvalidArgumentError: There is no such profile, no task, or a parameter does not fit.
            AgentFailedError: It failed.
            AgentCanceledError: It was canceled.
            WaitTimeoutError: It did not settle in time.
        """
        started = await self.start(profile_id, task, input_params, idempotency_key=idempotency_key)
        return await self.wait(started["session_id"], timeout=timeout, on_input=on_input)

    async def status(
        self, session_id: str, *, wait_ms: int | None = None, timeout: float | None = None
    ) -> AgentStatus:
        """Return a run as it is now.

        Args:
            session_id: The run.
            wait_ms: Let the service hold the answer until the run settles, at most so long and at
                most 30 000; services that do not know this answer at once.
            timeout: Seconds for one attempt of this call.

        Raises:
            NotFoundError: There is none with this id.
        """
        return await self._waiting.status(session_id, wait_ms=wait_ms, timeout=timeout)

    async def wait(
        self,
        session_id: str,
        *,
        timeout: float | None = 600.0,
        on_input: Asked | None = None,
        poll_interval: float | None = None,
    ) -> AgentStatus:
        """Wait until a run is complete, or asks something, and return it.

        Failures that may pass are put up with until the time is over.

        asyncio: ``on_input`` may be a coroutine function.

        Args:
            session_id: The run.
            timeout: Seconds in all, requests and answers included; ``None`` waits for ever.
            on_input: Is given what the run asks (a ``PendingInput``) and returns the answer; then
                the wait goes on. ``None`` from it ends the wait.
            poll_interval: Seconds between looks; by default the service holds each look, or the
                waits grow from 1 to 5 seconds.

        Returns:
            Its status: ``"complete"``, or ``"awaiting_input"`` if nobody answers; ``result`` is
            ``None`` then, and ``pending_input`` what it asks.

        Raises:
            AgentFailedError: It failed; ``code`` and ``message`` say how.
            AgentCanceledError: It was canceled.
            WaitTimeoutError: It did not settle in time; ``last`` is its status as last seen.
            NotFoundError: There is none with this id.
        """
        return await self._waiting.settle(session_id, timeout, on_input, poll_interval)

    async def wait_settled(
        self,
        session_id: str,
        *,
        timeout: float | None = 600.0,
        poll_interval: float | None = None,
    ) -> AgentStatus:
        """Wait like :meth:`wait`, but return a run that failed or was canceled as well."""
        return await self._waiting.look_until_settled(session_id, timeout, poll_interval)

    async def result(self, session_id: str, *, timeout: float | None = 600.0) -> AgentResult:
        """Wait for a run and return what it brought.

        Raises:
            AgentInputRequiredError: It waits for an answer instead; ``pending_input`` is what it
                asks.
            AgentFailedError: It failed.
            AgentCanceledError: It was canceled.
            WaitTimeoutError: It did not settle in time.
        """
        run = await self.wait(session_id, timeout=timeout)
        if run["status"] == "awaiting_input":
            raise AgentInputRequiredError(
                message=f"run {session_id} waits for an answer", session_id=session_id, run=run
            )
        return run.get("result") or {}

    async def resume(
        self,
        session_id: str,
        input: Mapping[str, Any],
        *,
        request_id: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> AgentStatus:
        """Answer what a run asks; it goes on.

        Args:
            session_id: A run whose status is ``"awaiting_input"``.
            input: The answer, as the schema of ``pending_input`` says.
            request_id: That of ``pending_input``: refuse to answer another question than this.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            InvalidArgumentError: The answer does not fit the schema.
            ConflictError: The run asks nothing, or something else.
        """
        return await self._waiting.resume(
            session_id,
            input,
            request_id=request_id,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def cancel(self, session_id: str, *, timeout: float | None = None) -> AgentStatus:
        """Cancel a run and what it started; it ends within its next step. Twice is once.

        Raises:
            ConflictError: It has ended otherwise.
            NotFoundError: There is none with this id.
        """
        found = await self._calls.answer(
            wire.CANCEL_AGENT,
            path={"session_id": session_id},
            json={},
            shape=shape_status,
            timeout=timeout,
        )
        return cast("AgentStatus", found)

    def stream(
        self,
        session_id: str,
        *,
        last_event_id: str = "",
        stop_on_input: bool = False,
        idle_timeout: float | None = IDLE_TIMEOUT,
    ) -> AsyncAgentStream:
        """Return the events of a run, from its first to its last.

        Nothing is sent before the iteration begins. A broken connection is taken up where it
        broke; when the service hangs up without a last event, the run itself is asked, and if it
        has ended, its last event is made from that.

        Args:
            session_id: What to follow.
            last_event_id: Go on after this event.
            stop_on_input: End also when the run asks something; otherwise the stream stays open.
            idle_timeout: Seconds of silence after which a connection counts as dead, ``None`` for
                never; the service sends a comment every 15.

        Raises:
            MisuseError: ``last_event_id`` is no text.
            StreamError: While iterating: the stream broke for good.
            NotFoundError: While iterating: there is no such run.
        """
        # Imported here: most programs follow no run.
        from amdahl._async.streams import follow

        return follow(
            self._calls,
            wire.AGENT_EVENTS,
            wire.AGENT_STATUS,
            {"session_id": session_id},
            last_event_id=last_event_id,
            stop_on_input=stop_on_input,
            idle_timeout=idle_timeout,
        )

    async def list_runs(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        offset: int | None = None,
        status: str | None = None,
        profile: str | None = None,
        created_at_gte: str | None = None,
        created_at_lte: str | None = None,
        timeout: float | None = None,
    ) -> AgentRunList:
        """Return one page of runs, newest first; :meth:`iter_runs` walks them all.

        Args:
            limit: 1 to 200; the service's default is 50.
            cursor: ``next_cursor`` of the page before.
            offset: Runs to skip; not with ``cursor``.
            status: Only those in this state.
            profile: Only those of this profile.
            created_at_gte: RFC 3339; not before this.
            created_at_lte: RFC 3339; not after this.
            timeout: Seconds for one attempt of this call.
        """
        query = given(
            limit=limit,
            cursor=cursor,
            offset=offset,
            status=status,
            profile=profile,
            created_at_gte=created_at_gte,
            created_at_lte=created_at_lte,
        )
        found = await self._calls.page(
            wire.LIST_RUNS, key="sessions", shape=shape_status, query=query, timeout=timeout
        )
        return cast("AgentRunList", found)

    def iter_runs(
        self,
        *,
        status: str | None = None,
        profile: str | None = None,
        created_at_gte: str | None = None,
        created_at_lte: str | None = None,
        limit: int | None = 100,
        timeout: float | None = None,
    ) -> AsyncPager[AgentRun]:
        """Return all runs, newest first, fetched as they are needed.

        Args:
            status: Only those in this state.
            profile: Only those of this profile.
            created_at_gte: RFC 3339; not before this.
            created_at_lte: RFC 3339; not after this.
            limit: Runs per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(
            self._calls,
            wire.LIST_RUNS,
            key="sessions",
            shape=shape_status,
            status=status,
            profile=profile,
            created_at_gte=created_at_gte,
            created_at_lte=created_at_lte,
            limit=limit,
            timeout=timeout,
        )

    async def get_run(self, run_id: str, *, timeout: float | None = None) -> AgentRun:
        """Return a run with its turns, its events and what it used.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = await self._calls.answer(
            wire.GET_RUN, path={"run_id": run_id}, shape=shape_status, timeout=timeout
        )
        return cast("AgentRun", found)

    async def profiles(self, *, timeout: float | None = None) -> list[AgentProfile]:
        """Return the kinds of agents that there are."""
        found = await self._calls.page(
            wire.LIST_PROFILES, key="profiles", shape=shape_profile, timeout=timeout
        )
        return cast("list[AgentProfile]", found["items"])

    async def profile(self, profile_id: str, *, timeout: float | None = None) -> AgentProfile:
        """Return one kind of agent, with the schema of its parameters.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = await self._calls.answer(
            wire.GET_PROFILE, path={"profile_id": profile_id}, shape=shape_profile, timeout=timeout
        )
        return cast("AgentProfile", found)

    @property
    def _waiting(self) -> AsyncRunWaiting:
        from amdahl._async.run_waiting import AsyncRunWaiting

        return AsyncRunWaiting(self._calls)
