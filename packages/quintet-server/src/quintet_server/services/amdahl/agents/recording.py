"""Doing things once: what a session's steps returned, kept in the steps of its run.

A step's record is `{"value", "usage", "total"}`: what it returned, the tokens it took, and the
tokens of the whole session when it was written. Replaying a step counts its tokens as doing it did,
so a session's count comes out the same however often it is interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from quintet_server.engines.runs.journal import DATABASE_AWAY
from quintet_server.engines.runs.model import Lost, Note, Step
from quintet_server.engines.runs.program import Run
from quintet_server.engines.runs.values import encode
from quintet_server.http.errors import ApiError
from quintet_server.services.amdahl.agents import events
from quintet_server.services.amdahl.agents.model import AgentFailed, FinishNow, ToolFailed, Usage

_log = structlog.get_logger(__name__)

_SUMMARY_MAX_CHARS = 300

Action = Callable[[], Awaitable[Any]]


@dataclass(slots=True)
class _Doing:
    """A step that is being done now."""

    usage: Usage = Usage()
    notes: list[Note] = field(default_factory=list)


_doing: ContextVar[_Doing | None] = ContextVar("amdahl_step", default=None)


class Recorder:
    """The steps of one segment of a session."""

    def __init__(self, run: Run) -> None:
        self.usage = Usage()
        self._run = run
        self._claimed: set[str] = set()

    def claim(self, key: str) -> Step | None:
        """The step as it is recorded. Raises ValueError for a key that this segment has used."""
        if key in self._claimed:
            raise ValueError(f"two steps of a session have the key {key!r}")
        self._claimed.add(key)
        return self._run.steps.get(key)

    def used(self, usage: Usage) -> None:
        """Count tokens: towards the session, and the step that is being done."""
        self.usage += usage
        doing = _doing.get()
        if doing is not None:
            doing.usage += usage

    def then(self, *notes: Note) -> None:
        """Have these told when the step that is being done is written down."""
        doing = _doing.get()
        assert doing is not None  # called by the desk's own actions only
        doing.notes += notes

    def record(self, key: str, value: Any, *notes: Note) -> None:
        """Write something down and tell of it, unless that was done before."""
        if self.claim(key) is None:
            self._run.record_step(key, *notes, output={"value": value, **self._totals(Usage())})

    async def once(self, key: str, action: Action) -> Any:
        """What the action returned, now or before."""
        step = self.claim(key)
        if step is not None and step.state == "done":
            return self._recalled(step)
        doing = _Doing()
        value = await self._do(action, doing)
        record = {"value": value, **self._totals(doing.usage)}
        self._run.record_step(key, *doing.notes, output=record)
        return value

    async def tool(
        self, key: str, tool: str, label: str, arguments: Mapping[str, Any], action: Action
    ) -> Any:
        """The same for a tool, which is told of before and after. Raises ToolFailed."""
        step = self.claim(key)
        if step is not None and step.state == "done":
            return self._recalled(step)
        if step is not None and step.state == "failed":
            self._recalled(step)
            error = step.error or {}
            raise ToolFailed(str(error.get("message")), str(error.get("code")))
        call = {
            "tool_call_id": f"call_{key.partition(':')[2]}",
            "tool": tool,
            "label": label,
            "arguments": dict(arguments),
        }
        # On disk before its effect; not told again by a segment that finds it begun.
        await self._run.begin(key, *([events.tool_start(call)] if step is None else []))
        return await self._use(key, call, action)

    async def _use(self, key: str, call: dict[str, Any], action: Action) -> Any:
        began, doing = time.monotonic(), _Doing()
        failure: ToolFailed | None = None
        value: Any = None
        try:
            value = await self._do(action, doing)
        except (Lost, AgentFailed, FinishNow, *DATABASE_AWAY):
            raise
        except Exception as error:
            failure = _tool_failure(error, self._run.record.id, call["tool"])
        told = {
            **call,
            "ok": failure is None,
            "duration_ms": round((time.monotonic() - began) * 1000),
            "summary": _summary(value) if failure is None else failure.message,
        }
        record = {"value": value, "told": told, **self._totals(doing.usage)}
        failed = None if failure is None else {"code": failure.code, "message": failure.message}
        notes = (*doing.notes, events.tool_complete(told))
        self._run.record_step(key, *notes, output=record, error=failed)
        if failure is not None:
            raise failure
        return value

    async def _do(self, action: Action, doing: _Doing) -> Any:
        """Run an action; its value is what a replay would find, with lists for tuples and so on."""
        around = _doing.get()
        token = _doing.set(doing)
        try:
            return orjson.loads(encode(await action()))
        finally:
            _doing.reset(token)
            if around is not None:
                around.usage += doing.usage

    def _recalled(self, step: Step) -> Any:
        self.used(Usage(**step.output["usage"]))
        return step.output["value"]

    def _totals(self, usage: Usage) -> dict[str, Any]:
        return {"usage": usage.wire(), "total": self.usage.wire()}


def _tool_failure(error: Exception, session_id: str, tool: str) -> ToolFailed:
    """What the model and the reader of the stream are told of an error."""
    if isinstance(error, ToolFailed):
        return error
    if isinstance(error, ApiError):
        return ToolFailed(error.message, error.code)
    message, reason = getattr(error, "message", None), getattr(error, "reason", None)
    if isinstance(message, str):  # made to be told: the engines' refusals
        return ToolFailed(message, reason if isinstance(reason, str) else "tool_failed")
    _log.error("agent_tool_broke", session=session_id, tool=tool, exc_info=error)
    return ToolFailed(f"{tool} went wrong on the server", "internal")


def _summary(value: Any) -> str:
    if isinstance(value, Mapping):
        if isinstance(value.get("summary"), str):
            return str(value["summary"])[:_SUMMARY_MAX_CHARS]
        if isinstance(value.get("rows"), list):
            return _counted(value["rows"], "row")
        return _counted(value, "field")
    if isinstance(value, list):
        return _counted(value, "item")
    return "" if value is None else str(value)[:_SUMMARY_MAX_CHARS]


def _counted(values: Any, noun: str) -> str:
    return f"{len(values)} {noun}{'' if len(values) == 1 else 's'}"
