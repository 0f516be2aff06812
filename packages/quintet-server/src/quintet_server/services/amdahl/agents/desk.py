"""What a session's work is given: a desk on which everything done stays done.

A work is an ordinary coroutine. After a crash, a restart or a pause it is called again from the
top, perhaps in another process; whatever it did through the desk before returns what it returned
then, at once and without being done again. Two rules make that right:

- every call has a key of its own, and the same call has the same key in every replay;
- what is not done through the desk must not matter: no clock, no random number, no query outside
  of :meth:`Desk.step`, :meth:`Desk.tool` and :meth:`Desk.message`.

Pausing and being cancelled travel as `BaseException`: a work that catches `Exception` is safe.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from quintet_server.engines.runs.program import Run
from quintet_server.services.amdahl.agents import events
from quintet_server.services.amdahl.agents.model import (
    AgentFailed,
    FinishNow,
    Profile,
    Result,
    ToolFailed,
    Usage,
)
from quintet_server.services.amdahl.agents.recording import Recorder
from quintet_server.services.amdahl.artifacts.store import create_for_session
from quintet_server.services.amdahl.context import Amdahl

__all__ = ["AgentFailed", "Desk", "FinishNow", "Profile", "Result", "ToolFailed", "Usage", "Work"]

Work = Callable[["Desk"], Awaitable[Result]]
"""How a session is carried out: `agent_work.work.work`."""

# Pieces of a message are told together: a row in the log for each token would cost more than it.
_DELTA_CHARS = 120
_DELTA_SECONDS = 0.05


class Desk:
    """One segment of a session, in the hands of its work. Steps may run beside each other.

    Attributes:
        parts: the service's parts, for tools to use.
        params: the caller's `input_params`, valid by the profile's schema.
        messages: what has been said so far.
        summaries: of the artifacts created so far.
    """

    def __init__(self, parts: Amdahl, run: Run, profile: Profile) -> None:
        record = run.record
        self.parts = parts
        self.project_id = record.project_id
        self.session_id = record.id
        self.task: str = record.input["task"]
        self.params: dict[str, Any] = record.input["input_params"]
        self.profile = profile
        self.messages: list[str] = []
        self.summaries: list[dict[str, Any]] = []
        self._run = run
        self._recorder = Recorder(run)
        self._asked = 0
        self._turns = 0
        self._granted = profile.max_turns
        self._finishing = False

    @property
    def artifacts(self) -> list[str]:
        """The ids of the artifacts created so far."""
        return [summary["id"] for summary in self.summaries]

    @property
    def usage(self) -> Usage:
        """The tokens used so far, in all segments."""
        return self._recorder.usage

    def used(self, input_tokens: int, output_tokens: int) -> None:
        """Count tokens: towards the step whose action calls this, its turn, and the session."""
        self._recorder.used(Usage(input_tokens, output_tokens))

    async def step(self, key: str, action: Callable[[], Awaitable[Any]]) -> Any:
        """Return what `action` returned, a JSON value; it runs if it has no recorded result yet.

        What it raises passes through and is not recorded.
        """
        return await self._recorder.once(f"step:{key}", action)

    async def tool(
        self,
        key: str,
        tool: str,
        label: str,
        arguments: Mapping[str, Any],
        action: Callable[[], Awaitable[Any]],
    ) -> Any:
        """Use a tool: a step that the stream tells of, when it starts and how it ended.

        `label` is for people. A result that is an object with a text `summary` has that text in
        the stream; of others the summary says how much there is.

        Raises:
            ToolFailed: the action raised anything but the database being away; also when replayed.
        """
        return await self._recorder.tool(f"tool:{key}", tool, label, arguments, action)

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[int]:
        """A turn of the agent, counted towards `max_turns`; yields its number, from 1.

        When they are used up the session pauses and asks `continue_or_finish`; to continue grants
        as many again.

        Raises:
            FinishNow: the answer was to finish, now or before.
        """
        if self._finishing:
            raise FinishNow
        number = self._turns + 1
        while number > self._granted:
            await self._ask_for_turns()
        self._turns = number
        before = self.usage
        begun = {"turn": number, "max_turns": self._granted}
        self._recorder.record(f"turn:{key}", begun, events.turn_started(number))
        yield number
        spent = self.usage - before
        ended = {"turn": number, "usage": spent.wire()}
        self._recorder.record(f"turned:{key}", ended, events.turn_completed(number, spent))
        await self._run.flush()

    async def _ask_for_turns(self) -> None:
        question = f"All {self._granted} turns are used. Continue, or finish with what there is?"
        context = {
            "question": question,
            "turns_used": self._turns,
            "grants_turns": self.profile.max_turns,
        }
        schema = {
            "type": "object",
            "properties": {"choice": {"type": "string", "enum": ["continue", "finish"]}},
            "required": ["choice"],
        }
        key = f"turns:{self._granted}"
        answer = await self._ask(key, "continue_or_finish", context, schema)
        if answer["choice"] == "finish":
            self._finishing = True
            raise FinishNow
        self._granted += self.profile.max_turns

    async def message(self, key: str, produce: Callable[[], AsyncIterator[str]]) -> str:
        """Say something: the pieces of `produce()` go into the stream; returns the whole text.

        A message that was interrupted is said again from the start, under a new `message_id`.
        """

        async def say() -> dict[str, str]:
            step = await self._run.begin(f"message:{key}")
            message_id = f"msg_{key}" if step.starts < 2 else f"msg_{key}_{step.starts}"
            text = "".join([piece async for piece in self._told(message_id, produce())])
            self._recorder.then(events.message_completed(message_id, text))
            return {"message_id": message_id, "text": text}

        text: str = (await self._recorder.once(f"message:{key}", say))["text"]
        self.messages.append(text)
        return text

    async def _told(self, message_id: str, pieces: AsyncIterator[str]) -> AsyncIterator[str]:
        waiting, told_at = "", time.monotonic()
        async with _closing(pieces):
            async for piece in pieces:
                yield piece
                waiting += piece
                due = time.monotonic() - told_at >= _DELTA_SECONDS
                if waiting and (due or len(waiting) >= _DELTA_CHARS):
                    self._run.note(events.message_delta(message_id, waiting))
                    waiting, told_at = "", time.monotonic()
        if waiting:
            self._run.note(events.message_delta(message_id, waiting))

    async def ask(
        self, key: str, type: str, context: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Ask the user: the session pauses and holds nothing; returns the answer after the resume.

        Args:
            type: `multiple_choice`, `approval`, `text`, or another word clients may know.
            context: what to show, for example `question`, `outline`, `options`.
            schema: JSON Schema of the answer, an object; answers that break it are refused with
                400 before they get here.
        """
        return await self._ask(f"user:{key}", type, context, schema)

    async def _ask(
        self, key: str, type: str, context: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> dict[str, Any]:
        self._asked += 1
        key = f"ask:{key}"
        step = self._recorder.claim(key)
        if step is None or step.state != "done":
            self._pause(key, type, context, schema)
        return dict(step.output)

    def _pause(
        self, key: str, type: str, context: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> NoReturn:
        pending = {
            "request_id": f"pi_{self._asked}",
            "type": type,
            "context": dict(context),
            "schema": dict(schema),
        }
        # The question is kept with the answer: once that is there, the run has forgotten it.
        self._recorder.record(f"asked:{key.partition(':')[2]}", pending)
        self._run.pause(key, pending, *events.awaiting_input(self._run.record, pending))

    async def artifact(
        self, key: str, artifact_type: str, title: str, content: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Create an artifact, status `draft`; returns its summary as the API shows it."""

        async def create() -> dict[str, Any]:
            summary = await create_for_session(
                self.parts.db,
                self.project_id,
                session_id=self.session_id,
                key=key,
                artifact_type=artifact_type,
                title=title,
                content=content,
            )
            self._recorder.then(events.artifact_created(self.session_id, summary))
            return summary

        summary: dict[str, Any] = await self._recorder.once(f"artifact:{key}", create)
        self.summaries.append(summary)
        return summary


@asynccontextmanager
async def _closing(pieces: AsyncIterator[str]) -> AsyncIterator[None]:
    """Have a model stop talking when nobody listens any more."""
    try:
        yield
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
