"""Conversations, their runs, and what these answer."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from amdahl.types.agents import PendingInput, RunError
from amdahl.types.envelope import Envelope


class ChatConfig(TypedDict, total=False):
    """How a run of a conversation answers; the service's defaults for what is left out."""

    depth: Literal["quick", "standard", "deep"]
    """``"deep"`` by default."""
    external_search: bool
    include_divergence: bool
    write_outputs: bool
    """Leave the answer behind as an artifact, too."""
    write_memory: bool
    """Let later runs of the conversation go on from this one."""
    actions_allowed: list[str]
    """Of what a run may do beside answering; left out: anything, empty: nothing."""
    on_question: Literal["pause", "auto", "none"]
    """Where something can be meant in several ways: ask, take the likeliest, or take all."""


class _StartedChatCore(TypedDict):
    chat_id: str
    run_id: str
    status: str


class StartedChat(_StartedChatCore, total=False):
    """What was said, as a run of its conversation. The URLs are paths on the service's host."""

    success: bool
    stream_url: str
    read_url: str
    resume_url: str


class ChatAnswer(TypedDict, total=False):
    """What a run answered."""

    answer_text: str
    content_blocks: list[dict[str, Any]]
    """``type`` is ``"text"``, ``"table"``, ``"citation"``, …; pass over those you do not know."""
    follow_ups: list[str]


class ChatUsage(TypedDict, total=False):
    """What a run used."""

    tokens: int
    turns_used: int


class _ChatRunCore(TypedDict):
    run_id: str
    status: str


class ChatRunSummary(_ChatRunCore, total=False):
    """A run in its conversation."""

    input: str
    answer_text: str | None
    created_at: str


class ChatRun(_ChatRunCore, total=False):
    """A run of a conversation as it is; its states are those of runs of agents."""

    chat_id: str
    input: str
    config: ChatConfig
    pending_input: PendingInput | None
    """What it waits for, while its status is ``"awaiting_input"``."""
    answer: ChatAnswer | None
    artifacts: list[str]
    usage: ChatUsage
    error: RunError | None
    created_at: str
    completed_at: str | None
    last_event_id: str | None
    events: list[dict[str, Any]]
    """What its stream has told so far, if it was asked for."""


class _ChatSummaryCore(TypedDict):
    id: str
    status: str
    """``"active"`` or ``"archived"``."""


class ChatSummary(_ChatSummaryCore, total=False):
    """A conversation."""

    name: str
    agent: str
    run_count: int
    last_run_id: str | None
    created_by: str | None
    created_at: str
    updated_at: str


class Chat(ChatSummary, total=False):
    """A conversation with its last runs, the oldest first."""

    runs: list[ChatRunSummary]


class ChatList(Envelope):
    """A page of conversations."""

    items: list[ChatSummary]
