"""What a model is told: the agent's prompt, what it remembers, what was said, what was found.

Everything is made to fit the model's context, in this order of importance: the agent's prompt, the
question, what tools have found, and as much of the conversation's end as there is room for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from quintet_server.engines.chat.model import ChatMessage, ToolSpec
from quintet_server.services.flowmaestro.agents.history import (
    MESSAGE_OVERHEAD,
    fitting,
    fitting_texts,
)
from quintet_server.services.flowmaestro.agents.scene import Scene

__all__ = ["Prompting"]

_MEMORY = "What you know about the user:\n"
_PASSAGES = (
    "Answer with the help of what was found. If the answer is not in it, say that you do not know."
)


@dataclass(frozen=True, slots=True)
class Prompting:
    """The messages for one scene and one model. `context_tokens` bounds prompt and answer."""

    scene: Scene
    context_tokens: int
    count: Callable[[str], Awaitable[int]]

    async def conversation(
        self,
        exchanged: Sequence[ChatMessage] = (),
        *,
        tools: Sequence[ToolSpec] = (),
        findings: Sequence[str] = (),
    ) -> list[ChatMessage]:
        """Prompt, conversation and `exchanged` (calls and results of this turn), fitted.

        `findings` are put before the question, as many of them as fit into half of the room.
        """
        system = self._system()
        fixed = [*system, *exchanged]
        room = self._room() - await self._cost(fixed) - await self._tool_cost(tools)
        said = list(self.scene.said)
        if findings:
            kept = await fitting_texts(findings, room // 2, self.count)
            said[-1] = _grounded(said[-1], kept)
        return [*system, *await fitting(said, room, self.count), *exchanged]

    def _room(self) -> int:
        """Tokens for the prompt: an answer may take its `max_tokens`, but at most half of all."""
        return self.context_tokens - min(self.scene.agent.spec.max_tokens, self.context_tokens // 2)

    def _system(self) -> list[ChatMessage]:
        parts = [self.scene.agent.spec.system_prompt.strip()]
        if self.scene.memory:
            parts.append(_MEMORY + self.scene.memory)
        text = "\n\n".join(part for part in parts if part)
        return [ChatMessage("system", text)] if text else []

    async def _cost(self, messages: Sequence[ChatMessage]) -> int:
        return sum([MESSAGE_OVERHEAD + await self.count(one.content) for one in messages])

    async def _tool_cost(self, tools: Sequence[ToolSpec]) -> int:
        if not tools:
            return 0
        return await self.count(" ".join(f"{t.name} {t.description} {t.parameters}" for t in tools))


def _grounded(question: ChatMessage, findings: Sequence[str]) -> ChatMessage:
    """The question with what was found before it."""
    found = "\n\n".join(findings)
    return ChatMessage("user", f"{_PASSAGES}\n\n{found}\n\nQuestion: {question.content}")
