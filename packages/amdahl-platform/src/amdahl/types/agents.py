"""Runs of agents, what they ask, and what they bring."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from amdahl.types.envelope import Envelope

AgentState = Literal["queued", "running", "awaiting_input", "complete", "failed", "canceled"]
"""The states known today; a plain ``str`` on the wire."""

TERMINAL = frozenset({"complete", "failed", "canceled"})
"""States that no passing of time changes."""


class Usage(TypedDict, total=False):
    """Tokens that were used."""

    input_tokens: int
    output_tokens: int


class _PendingInputCore(TypedDict):
    type: str
    """``"approval"``, ``"multiple_choice"``, ``"text"`` or ``"continue_or_finish"``."""
    context: dict[str, Any]
    schema: dict[str, Any]
    """A JSON Schema of the answer."""


class PendingInput(_PendingInputCore, total=False):
    """What a run waits for."""

    request_id: str


class _ArtifactSummaryCore(TypedDict):
    id: str
    artifact_type: str
    title: str


class ArtifactSummary(_ArtifactSummaryCore, total=False):
    """An artifact that a run made."""

    status: str
    current_version: int


class AgentResult(TypedDict, total=False):
    """What a run brought."""

    text: str
    artifact: ArtifactSummary | None
    artifacts: list[str]
    data: dict[str, Any] | None


class RunError(TypedDict):
    """Why a run failed."""

    code: str
    message: str


class _StatusCore(TypedDict):
    session_id: str
    status: str


class StartedAgent(_StatusCore, total=False):
    """A run that was just asked for."""

    success: bool
    profile_id: str
    created_at: str
    timed_out: bool
    """Whether the service stopped waiting for its end; the run goes on."""


class AgentStatus(_StatusCore, total=False):
    """A run as it is. Times are RFC 3339 in UTC, ``None`` where there is none yet."""

    profile_id: str
    task: str
    input_params: dict[str, Any]
    created_at: str
    updated_at: str
    started_at: str | None
    completed_at: str | None
    turns_used: int
    max_turns: int
    usage: Usage
    pending_input: PendingInput | None
    """What it waits for, while its status is ``"awaiting_input"``."""
    result: AgentResult | None
    error: RunError | None
    last_event_id: str | None
    success: bool
    timed_out: bool


class AgentRun(AgentStatus, total=False):
    """A run with its turns."""

    id: str
    events: list[dict[str, Any]]
    conversation: list[dict[str, Any]]


class AgentRunList(Envelope):
    """A page of runs."""

    items: list[AgentRun]


class _AgentProfileCore(TypedDict):
    id: str
    name: str


class AgentProfile(_AgentProfileCore, total=False):
    """A kind of agent."""

    description: str
    produces_artifact_type: str | None
    input_params_schema: dict[str, Any]


class AgentProfileList(Envelope):
    """The profiles that there are."""

    items: list[AgentProfile]
