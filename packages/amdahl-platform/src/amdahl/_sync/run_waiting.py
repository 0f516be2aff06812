# Generated from amdahl/_async/run_waiting.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Waiting for a run: looking at it, answering what it asks, telling how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from amdahl import _wire as wire
from amdahl._arguments import given, mapping, milliseconds
from amdahl._error_map import adopt
from amdahl._service import seconds
from amdahl._shapes import shape_status
from amdahl._waiting import LookSchedule
from amdahl.errors import (
    AgentCanceledError,
    AgentFailedError,
    MisuseError,
    RequestTimeoutError,
    WaitTimeoutError,
)
from amdahl.types import TERMINAL, AgentStatus, PendingInput
from quintet._sync.polling import poll_until
from quintet.errors import QuintetError

if TYPE_CHECKING:
    from amdahl._sync.calls import Calls

Answer = Mapping[str, Any] | None
Asked = Callable[[PendingInput], Answer]


class RunWaiting:
    """The wait for one run after the other.

    Args:
        calls: The connection.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def status(
        self,
        session_id: str,
        *,
        wait_ms: int | None = None,
        within: float | None = None,
        timeout: float | None = None,
    ) -> AgentStatus:
        """Return a run as it is now, or when it settles."""
        found = self._calls.answer(
            wire.AGENT_STATUS,
            path={"session_id": session_id},
            query=given(wait_ms=milliseconds("wait_ms", wait_ms) or None),
            needs="status",
            shape=shape_status,
            within=within,
            timeout=timeout,
        )
        return cast("AgentStatus", found)

    def resume(
        self,
        session_id: str,
        input: Mapping[str, Any],
        *,
        request_id: str | None = None,
        within: float | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> AgentStatus:
        """Answer what a run asks."""
        found = self._calls.answer(
            wire.RESUME_AGENT,
            path={"session_id": session_id},
            json=given(input=mapping("input", input), request_id=request_id),
            shape=shape_status,
            within=within,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("AgentStatus", found)

    def look_until_settled(
        self, session_id: str, timeout: float | None, interval: float | None
    ) -> AgentStatus:
        """Return a run when it has ended or asks something."""
        return self._look(session_id, self._schedule(timeout, interval), timeout, None)

    def settle(
        self,
        session_id: str,
        timeout: float | None,
        on_input: Asked | None,
        interval: float | None,
    ) -> AgentStatus:
        """Return a run when it is complete, or asks what nobody answers; raise otherwise."""
        if on_input is not None and not callable(on_input):
            raise MisuseError(message="on_input must be a function, or None")
        schedule = self._schedule(timeout, interval)
        answered: str | None = None
        while True:
            run = self._look(session_id, schedule, timeout, answered)
            pending = run.get("pending_input")
            if run["status"] != "awaiting_input" or on_input is None or pending is None:
                return _unless_lost(session_id, run)
            answer: Any = on_input(pending)
            if answer is None:
                return run
            answered = pending.get("request_id")
            self._answer(session_id, answer, answered, schedule, timeout)
            schedule.changed()

    def _answer(
        self,
        session_id: str,
        answer: Mapping[str, Any],
        request_id: str | None,
        schedule: LookSchedule,
        timeout: float | None,
    ) -> None:
        left = schedule.left()
        try:
            if left == 0:
                raise WaitTimeoutError(message="no time is left to answer")
            self.resume(session_id, answer, request_id=request_id, within=left)
        except RequestTimeoutError as error:
            if schedule.left() != 0:
                raise
            late = WaitTimeoutError(message=error.message)
            raise _named(late, session_id, timeout) from error
        except WaitTimeoutError as error:
            raise _named(error, session_id, timeout) from None

    def _schedule(self, timeout: float | None, interval: float | None) -> LookSchedule:
        limit = None if timeout is None else seconds("timeout", timeout)
        try:
            return LookSchedule(self._calls.clock, limit, interval, self._calls.attempt_seconds())
        except QuintetError as error:
            raise adopt(error) from error.__cause__

    def _look(
        self,
        session_id: str,
        schedule: LookSchedule,
        timeout: float | None,
        answered: str | None,
    ) -> AgentStatus:
        def look() -> AgentStatus:
            left = schedule.left()
            if left == 0:
                raise RequestTimeoutError(message="no time is left to look", phase="deadline")
            return self.status(session_id, wait_ms=schedule.hold(), within=left)

        def settled(run: AgentStatus) -> bool:
            pending: Any = run.get("pending_input") or {}
            # What was answered a moment ago may still show.
            asks = answered is None or pending.get("request_id") != answered
            return run["status"] in TERMINAL or (run["status"] == "awaiting_input" and asks)

        try:
            return poll_until(look, settled, schedule, self._calls.clock)
        except QuintetError as error:
            raise _named(error, session_id, timeout) from error.__cause__


def _unless_lost(session_id: str, run: AgentStatus) -> AgentStatus:
    """Return a run that did not fail and was not canceled.

    Raises:
        AgentFailedError: It failed.
        AgentCanceledError: It was canceled.
    """
    facts: dict[str, Any] = {"session_id": session_id, "run": run}
    if run["status"] == "canceled":
        raise AgentCanceledError(message=f"run {session_id} was canceled", **facts)
    if run["status"] == "failed":
        error: Any = run.get("error")
        said = error if isinstance(error, Mapping) else {"message": error}
        message = said.get("message") or f"run {session_id} failed"
        raise AgentFailedError(0, str(said.get("code") or ""), str(message), **facts)
    return run


def _named(error: QuintetError, session_id: str, timeout: float | None) -> QuintetError:
    """Say in a timeout which run did not settle, and how far it was."""
    found = adopt(error)
    if isinstance(found, WaitTimeoutError):
        last = found.last
        state = last.get("status") if isinstance(last, dict) else "never seen"
        found.message = f"agent {session_id} timed out after {timeout:g} s; it is {state}"
        found.args = (found.message,)
        found.session_id = session_id
    return found
