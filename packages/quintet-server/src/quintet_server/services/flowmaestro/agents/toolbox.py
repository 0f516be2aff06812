"""The tools of an agent as a model sees them, and what happens when it uses one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from quintet_server.engines.chat.model import ToolSpec
from quintet_server.services.flowmaestro.agents.definitions import (
    HttpTool,
    KnowledgeTool,
    Tool,
    WorkflowTool,
)
from quintet_server.services.flowmaestro.agents.tool_http import call_http
from quintet_server.services.flowmaestro.agents.tool_knowledge import PARAMETERS, look_up
from quintet_server.services.flowmaestro.agents.tool_results import (
    ToolFailed,
    ToolResult,
    check_arguments,
)
from quintet_server.services.flowmaestro.agents.tool_workflow import (
    input_parameters,
    run_workflow,
)

if TYPE_CHECKING:
    from quintet_server.services.flowmaestro.context import FlowMaestro

__all__ = ["Toolbox"]

_ANYTHING: Mapping[str, Any] = {"type": "object", "properties": {}}


class Toolbox:
    """The tools of one agent in one project."""

    def __init__(self, parts: FlowMaestro, project_id: str, tools: Sequence[Tool]) -> None:
        self._parts = parts
        self._project_id = project_id
        self._tools = {tool.name: tool for tool in tools}

    @property
    def knowledge(self) -> list[KnowledgeTool]:
        """The tools that look things up."""
        return [tool for tool in self._tools.values() if isinstance(tool, KnowledgeTool)]

    @property
    def actions(self) -> list[HttpTool | WorkflowTool]:
        """The tools that do things."""
        return [tool for tool in self._tools.values() if not isinstance(tool, KnowledgeTool)]

    async def specs(self, tools: Sequence[Tool] | None = None) -> tuple[ToolSpec, ...]:
        """The tools (all of them by default) as a model is told of them."""
        wanted = self._tools.values() if tools is None else tools
        return tuple(
            [
                ToolSpec(tool.name, tool.description or tool.name, await self._parameters(tool))
                for tool in wanted
            ]
        )

    def has_effect(self, name: str) -> bool:
        """Whether a use may change something outside, so that its start must be remembered."""
        return not isinstance(self._tools.get(name), KnowledgeTool)

    async def use(self, name: str, arguments: Mapping[str, Any], *, call: str) -> ToolResult:
        """Use a tool. Raises :class:`ToolFailed` with a message that a model can act on.

        `call` names this use in all of the project, the same when it is repeated after a crash.
        """
        tool = self._tools.get(name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            raise ToolFailed(f"there is no tool {name!r} (known: {known})")
        check_arguments(arguments, await self._parameters(tool))
        if isinstance(tool, KnowledgeTool):
            return await look_up(self._parts, self._project_id, tool, arguments)
        if isinstance(tool, HttpTool):
            return await call_http(self._parts, tool, arguments)
        return await run_workflow(self._parts, self._project_id, tool, arguments, call=call)

    async def _parameters(self, tool: Tool) -> dict[str, Any]:
        if isinstance(tool, KnowledgeTool):
            return dict(PARAMETERS)
        if tool.parameters is None and isinstance(tool, WorkflowTool):
            return await input_parameters(self._parts, self._project_id, tool)
        return dict(tool.parameters or _ANYTHING)
