"""The uses of tools in one turn: announced, carried out, recorded, never twice without a word.

A use is a step. One with an effect is announced on disk before, so that a use that a dead process
may have made is made again and marked as such. What a tool cannot do goes back to the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quintet_server.engines.chat.model import ToolCall
from quintet_server.engines.runs.program import Run
from quintet_server.services.flowmaestro.agents.account import Account
from quintet_server.services.flowmaestro.agents.events import TurnInput, tool_call
from quintet_server.services.flowmaestro.agents.model_calls import call_json
from quintet_server.services.flowmaestro.agents.tool_results import ToolFailed, text_of
from quintet_server.services.flowmaestro.agents.toolbox import Toolbox

__all__ = ["ToolUses"]


class ToolUses:
    """The uses of one segment of a turn."""

    def __init__(
        self,
        toolbox: Toolbox,
        run: Run,
        turn: TurnInput,
        account: Account,
        *,
        result_max_chars: int,
    ) -> None:
        self._toolbox = toolbox
        self._run = run
        self._turn = turn
        self._account = account
        self._result_max_chars = result_max_chars

    async def use(self, key: str, call: ToolCall) -> str:
        """Use a tool, unless that was done; returns what the model is told."""
        shown = call_json(call)
        self._account.tool_calls.append(shown)
        step = self._run.steps.get(key)
        if step is None or step.state not in ("done", "failed"):
            await self._announce(key, shown, 0 if step is None else step.starts)
            await self._carry_out(key, call)
            step = self._run.steps[key]
        if step.state == "failed":
            return f"Error: {(step.error or {}).get('message')}"
        self._account.sources += step.output["sources"]
        return str(step.output["text"])

    async def _announce(self, key: str, shown: Mapping[str, Any], starts: int) -> None:
        again = {"attempt": starts + 1, "recovered": True} if starts else {}
        started = tool_call(self._turn, shown, "started", **again)
        if self._toolbox.has_effect(shown["name"]):
            await self._run.begin(key, started)
        else:
            self._run.note(started)

    async def _carry_out(self, key: str, call: ToolCall) -> None:
        shown = call_json(call)
        try:
            result = await self._toolbox.use(
                call.name,
                call.arguments,
                call=f"{self._turn.message_id}/{key}",
            )
        except ToolFailed as error:
            message = str(error)
            self._run.record_step(
                key,
                tool_call(self._turn, shown, "failed", error=message),
                error={"message": message},
            )
            return
        text = text_of(result.value, self._result_max_chars)
        self._run.record_step(
            key,
            tool_call(self._turn, shown, "completed", result=text),
            output={"text": text, "sources": result.sources},
        )
