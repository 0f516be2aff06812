"""What an agent is: its profile, what it returns, and how its work can end early.

A profile is one of four kinds of work with its own limits and instructions; a session is one run
of a profile over one task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal["content_writer", "researcher", "copilot", "orchestrator"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Profile:
    """An agent that sessions can be started of.

    Attributes:
        id: how callers name it; for a defined one, the name of its definition.
        kind: which of the four works carries it out.
        max_turns: turns after which the session asks whether to go on.
        temperature: for the language model, 0 … 2.
        artifact_type: of the artifact it leaves behind; None for none.
        input_params_schema: JSON Schema of `input_params`.
        instructions: what a project adds to the work's own instructions; empty for none.
        pauses: what it may stop for, in words.
    """

    id: str
    name: str
    description: str
    kind: Kind
    max_turns: int
    temperature: float
    artifact_type: str | None = None
    input_params_schema: Mapping[str, Any] = field(default_factory=dict)
    instructions: str = ""
    pauses: str = "none"
    version: str = "1.0"


@dataclass(frozen=True, slots=True)
class Result:
    """What a session leaves behind.

    Attributes:
        text: the answer in words.
        artifact: the summary that :meth:`.desk.Desk.artifact` returned for the main artifact.
        artifacts: the ids of all artifacts of the session; left empty, the desk's own list counts.
        data: anything else, a JSON object.
    """

    text: str
    artifact: Mapping[str, Any] | None = None
    artifacts: tuple[str, ...] | list[str] = ()
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that language models have read and written."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens - other.input_tokens, self.output_tokens - other.output_tokens
        )

    def wire(self) -> dict[str, int]:
        """As the API says it."""
        return {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens}


class AgentFailed(Exception):
    """Raised by a work: the session ends as failed, with this code and message."""

    def __init__(self, message: str, code: str = "agent_failed") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class ToolFailed(Exception):
    """A tool has failed; recorded, so it is raised again by every replay of the session."""

    def __init__(self, message: str, code: str = "tool_failed") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class FinishNow(Exception):
    """The turns are used up and the user wants no more: return what there is.

    A work that lets this pass ends as complete with its messages and artifacts so far.
    """
