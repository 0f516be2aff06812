"""The durable program behind an answer: `flowmaestro.turn`.

The user's message and the run are created in one transaction; when the run ends, the answer and the
thread's freedom to take the next message are written in the transaction that ends it. In between
nothing but the log knows of the answer, and the log is all another process needs to go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from quintet_server.engines.chat.model import ChatUnavailable
from quintet_server.engines.runs.model import Note, RunRecord, RunState
from quintet_server.engines.runs.program import Run, RunFailed
from quintet_server.services.flowmaestro.agents.answering import Answering
from quintet_server.services.flowmaestro.agents.events import TurnInput, beginning, ending
from quintet_server.services.flowmaestro.agents.scene import load_scene
from quintet_server.store.database import Connection

if TYPE_CHECKING:
    from quintet_server.services.flowmaestro.context import FlowMaestro

__all__ = ["KIND", "TurnProgram"]

KIND = "flowmaestro.turn"

_SETTLE = """
WITH answer AS (
    INSERT INTO flowmaestro_messages
        (id, thread_id, turn_id, role, content, tool_calls, usage, metadata)
    SELECT %(id)s, %(thread)s, %(id)s, 'assistant', %(content)s, %(tool_calls)s, %(usage)s,
        %(metadata)s
    WHERE %(is_answered)s
    RETURNING created_at
)
UPDATE flowmaestro_threads t
SET running_turn_id = NULL,
    updated_at = quintet_now(),
    message_count = message_count + (SELECT count(*) FROM answer),
    last_message_at = coalesce((SELECT created_at FROM answer), last_message_at)
WHERE t.id = %(thread)s AND t.running_turn_id = %(id)s
"""


class TurnProgram:
    """Runs turns; one instance for all of them."""

    kind = KIND

    def __init__(self, parts: FlowMaestro) -> None:
        self._parts = parts

    async def run(self, run: Run) -> dict[str, Any]:
        """Answer the message the run was created for, from where an earlier process left it."""
        settings = self._parts.settings
        turn = TurnInput.of(run.record)
        left = self._seconds_left(run)
        scene = await load_scene(
            self._parts.db,
            run.record.project_id,
            turn,
            max_messages=settings.history_messages_max_count,
        )
        if scene is None:
            raise RunFailed("The thread was deleted", "cancelled")
        try:
            async with asyncio.timeout(left):
                context = await self._context_tokens(scene.agent.spec.model)
                answering = Answering(self._parts, run, turn, scene, context)
                return await answering.answer()
        except ChatUnavailable as error:
            raise RunFailed(error.message, "service_unavailable") from error
        except TimeoutError:
            raise RunFailed(*self._too_long()) from None

    def began(self, record: RunRecord) -> Sequence[Note]:
        """The first events of a turn."""
        return beginning(record)

    def ended(self, record: RunRecord) -> Sequence[Note]:
        """The last events of a turn."""
        return ending(record)

    async def settle(self, conn: Connection, record: RunRecord) -> None:
        """Write the answer, if there is one, and let the thread take the next message."""
        output = record.output if record.state is RunState.COMPLETED else None
        told: dict[str, Any] = output or {}
        calls = told.get("tool_calls")
        await conn.execute(
            _SETTLE,
            {
                "id": record.id,
                "thread": TurnInput.of(record).thread_id,
                "is_answered": output is not None,
                "content": told.get("content", ""),
                "tool_calls": Jsonb(calls) if calls else None,
                "usage": Jsonb(told.get("usage")),
                "metadata": Jsonb(told.get("metadata", {})),
            },
        )

    def _seconds_left(self, run: Run) -> float:
        """Until the turn has taken too long, counted from its first start in any process."""
        limit = timedelta(seconds=self._parts.settings.turn_timeout_seconds)
        started = run.record.started_at or run.now()
        left = (started + limit - run.now()).total_seconds()
        if left <= 0:
            raise RunFailed(*self._too_long())
        return left

    def _too_long(self) -> tuple[str, str]:
        seconds = self._parts.settings.turn_timeout_seconds
        return f"The answer took longer than {seconds:g} s", "timeout"

    async def _context_tokens(self, model: str | None) -> int:
        """What the model can read at once, where the engine tells; otherwise the setting."""
        models = await self._parts.chat.models()
        chosen = [one for one in models if one.name == model] or [
            one for one in models if one.is_default
        ]
        told = chosen[0].context_tokens if chosen else None
        return told or self._parts.settings.context_tokens
