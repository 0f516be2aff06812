"""One answer, from the first model call to the last, through any number of processes.

A model that calls tools is offered them and decides. For one that does not, everything is looked up
first, and it fills in forms to choose among the tools that do things. How calls and uses survive
the process they began in is the business of :mod:`.model_calls` and :mod:`.tool_uses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from quintet_server.engines.chat.model import ChatMessage, ToolCall, ToolSpec
from quintet_server.engines.runs.program import Run
from quintet_server.services.flowmaestro.agents.account import Account, Round
from quintet_server.services.flowmaestro.agents.choosing import (
    argument_question,
    chosen_arguments,
    chosen_tool,
    tool_question,
)
from quintet_server.services.flowmaestro.agents.events import TurnInput
from quintet_server.services.flowmaestro.agents.model_calls import ModelCalls, usage_json
from quintet_server.services.flowmaestro.agents.prompting import Prompting
from quintet_server.services.flowmaestro.agents.scene import Scene
from quintet_server.services.flowmaestro.agents.tool_uses import ToolUses
from quintet_server.services.flowmaestro.agents.toolbox import Toolbox

if TYPE_CHECKING:
    from quintet_server.services.flowmaestro.context import FlowMaestro

__all__ = ["Answering"]

_CHOICE_MAX_TOKENS = 32
_ARGUMENTS_MAX_TOKENS = 256


class Answering:
    """One segment of a turn."""

    def __init__(
        self, parts: FlowMaestro, run: Run, turn: TurnInput, scene: Scene, context_tokens: int
    ) -> None:
        spec = scene.agent.spec
        self._parts = parts
        self._run = run
        self._has_tools = bool(spec.tools)
        self._toolbox = Toolbox(parts, run.record.project_id, spec.tools)
        self._prompting = Prompting(scene, context_tokens, parts.chat.count_tokens)
        self._account = Account()
        self._model = ModelCalls(parts.chat, run, turn, spec, self._account, scene.written)
        self._uses = ToolUses(
            self._toolbox,
            run,
            turn,
            self._account,
            result_max_chars=parts.settings.tool_result_max_chars,
        )

    async def answer(self) -> dict[str, Any]:
        """The output of the turn. Raises RunFailed, or ends the segment to wait."""
        if self._has_tools and not self._parts.chat.supports_tools:
            last = await self._answer_from_findings(await self._find())
        else:
            last = await self._answer_with_tools()
        return self._account.as_output(self._model.text, last)

    async def _answer_with_tools(self) -> Round:
        specs = await self._toolbox.specs()
        exchanged: list[ChatMessage] = []
        most = self._parts.settings.tool_rounds_max_count
        for number in range(most + 1):
            # The last call is offered no tools: it has to answer.
            tools = specs if number < most else ()
            messages = await self._prompting.conversation(exchanged, tools=tools)
            last = await self._model.stream(f"round[{number}]", messages, tools)
            if not last.tool_calls or not tools:
                return last
            exchanged.append(ChatMessage("assistant", last.text, last.tool_calls))
            for place, call in enumerate(last.tool_calls):
                result = await self._uses.use(f"round[{number}]/call[{place}]", call)
                exchanged.append(ChatMessage("tool", result, tool_call_id=call.id))
        raise AssertionError("the last round has returned")

    async def _answer_from_findings(self, findings: Sequence[str]) -> Round:
        messages = await self._prompting.conversation(findings=findings)
        return await self._model.stream("round[0]", messages, ())

    async def _find(self) -> list[str]:
        """Look everything up, then let the model choose among the tools that do things."""
        findings: list[str] = []
        question = self._prompting.scene.said[-1].content
        for number, tool in enumerate(self._toolbox.knowledge):
            call = ToolCall(f"call_{number}", tool.name, {"query": question})
            result = await self._uses.use(f"lookup[{number}]", call)
            findings.append(f"Found by {tool.name}:\n{result}")
        specs = await self._toolbox.specs(self._toolbox.actions)
        made: list[tuple[str, dict[str, Any]]] = []
        for number in range(self._parts.settings.tool_rounds_max_count if specs else 0):
            key = f"choose[{number}]"
            choice = await self._choose(key, findings, specs)
            if choice is None or choice in made:
                break
            made.append(choice)
            call = ToolCall(f"call_{len(self._account.tool_calls)}", *choice)
            result = await self._uses.use(f"{key}/call", call)
            findings.append(f"Result of {call.name}:\n{result}")
        return findings

    async def _choose(
        self, key: str, findings: Sequence[str], specs: Sequence[ToolSpec]
    ) -> tuple[str, dict[str, Any]] | None:
        """The tool and the arguments that the model wants next; None for none."""
        step = self._run.steps.get(key)
        if step is None or step.state != "done":
            conversation = await self._prompting.conversation(findings=findings)
            output: dict[str, Any] = {"tool": None, "usages": []}
            messages, schema = tool_question(conversation, specs)
            end = await self._model.ask(messages, schema, _CHOICE_MAX_TOKENS)
            output["usages"].append(usage_json(end.usage))
            if spec := chosen_tool(end.text, specs):
                arguments: dict[str, Any] = {}
                if spec.parameters.get("properties"):
                    messages, schema = argument_question(conversation, spec)
                    end = await self._model.ask(messages, schema, _ARGUMENTS_MAX_TOKENS)
                    output["usages"].append(usage_json(end.usage))
                    arguments = chosen_arguments(end.text)
                output |= {"tool": spec.name, "arguments": arguments}
            self._run.record_step(key, output=output)
        else:
            output = step.output
        for usage in output["usages"]:
            self._account.add(usage)
        return None if output["tool"] is None else (output["tool"], output["arguments"])
