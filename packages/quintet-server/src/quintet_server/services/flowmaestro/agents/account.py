"""What a turn has come to: its model calls, its tokens, the tools it used, the sources it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quintet_server.engines.chat.model import ToolCall

__all__ = ["Account", "Round"]


@dataclass(frozen=True, slots=True)
class Round:
    """One model call that is over."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str
    model: str
    provider: str


@dataclass(slots=True)
class Account:
    """What the turn has come to so far."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    model_calls: int = 0
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)

    def add(self, usage: Mapping[str, int]) -> None:
        """Count a model call."""
        self.prompt_tokens += usage["prompt_tokens"]
        self.completion_tokens += usage["completion_tokens"]
        self.model_calls += 1

    def as_output(self, text: str, last: Round) -> dict[str, Any]:
        """The output of the turn."""
        metadata: dict[str, Any] = {
            "model": last.model,
            "provider": last.provider,
            "finish_reason": last.finish_reason,
        }
        if self.sources:
            metadata["sources"] = self.sources
        return {
            "content": text,
            "tool_calls": self.tool_calls or None,
            "usage": {
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.completion_tokens,
                "total_tokens": self.prompt_tokens + self.completion_tokens,
            },
            "metadata": metadata,
            "iterations": self.model_calls,
        }
