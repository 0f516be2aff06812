"""Agents, threads, messages, and events of answers."""

from __future__ import annotations

from typing import Any, Literal, SupportsIndex, TypedDict, TypeVar, overload

from flowmaestro.types.envelope import Meta, Pagination

MessageRole = Literal["user", "assistant", "system", "tool"]

ThreadStatus = Literal["active", "archived", "deleted"]


class AgentTool(TypedDict, total=False):
    """A tool that an agent can use."""

    id: str
    name: str
    description: str | None
    type: str


class _AgentCore(TypedDict):
    id: str
    name: str
    model: str


class Agent(_AgentCore, total=False):
    """An agent. The fields after ``updated_at`` come with ``agents.get`` only."""

    description: str | None
    provider: str
    created_at: str
    updated_at: str
    system_prompt: str | None
    temperature: float | None
    max_tokens: int | None
    available_tools: list[AgentTool]


class AgentResponse(TypedDict):
    """One agent."""

    data: Agent
    meta: Meta


class AgentList(TypedDict):
    """A page of agents."""

    data: list[Agent]
    pagination: Pagination
    meta: Meta


class _ThreadCore(TypedDict):
    id: str
    agent_id: str
    status: str


class Thread(_ThreadCore, total=False):
    """A conversation with an agent."""

    title: str | None
    metadata: dict[str, Any]
    message_count: int
    created_at: str
    updated_at: str
    last_message_at: str | None


class ThreadResponse(TypedDict):
    """One thread."""

    data: Thread
    meta: Meta


class ToolCall(TypedDict, total=False):
    """A tool that was called."""

    id: str
    name: str
    arguments: dict[str, Any]


class _MessageCore(TypedDict):
    id: str
    role: str
    content: str


class Message(_MessageCore, total=False):
    """One message of a thread."""

    thread_id: str
    tool_calls: list[ToolCall] | None
    created_at: str


_M = TypeVar("_M")


class MessageList(list[_M]):
    """A list of messages that is also read as ``["messages"]``, which is the list itself."""

    @overload
    def __getitem__(self, index: SupportsIndex) -> _M: ...
    @overload
    def __getitem__(self, index: slice) -> list[_M]: ...
    @overload
    def __getitem__(self, index: Literal["messages"]) -> MessageList[_M]: ...
    def __getitem__(self, index: Any) -> Any:
        """Return an item, a slice, or the list itself."""
        return self if index == "messages" else super().__getitem__(index)


class MessageListResponse(TypedDict):
    """A page of messages, oldest first."""

    data: MessageList[Message]
    pagination: Pagination
    meta: Meta


class Usage(TypedDict):
    """Tokens that an answer cost; zeros if the service did not count."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class _SentMessageCore(_MessageCore):
    usage: Usage


class SentMessage(_SentMessageCore, total=False):
    """The agent's answer to a message."""

    message_id: str
    thread_id: str
    tool_calls: list[ToolCall] | None
    created_at: str
    status: str
    execution_id: str
    iterations: int
    tool_calls_count: int


class SentMessageResponse(TypedDict):
    """The answer to sending a message."""

    data: SentMessage
    meta: Meta


class MessageEvent(TypedDict):
    """An event of an answer being written; which fields there are depends on ``type``."""

    type: str
    timestamp: int
    """Epoch milliseconds."""
    thread_id: str
    message_id: str
    role: str
    status: str
    token: str
    sequence: int
    """Counts the tokens of a message from 1."""
    content: str
    """The whole answer, at the end."""
    tool_calls: list[ToolCall] | None
    usage: Usage
    metadata: dict[str, Any]
    created_at: str
    error: str
    code: str
    tool_call_id: str
    """Of a call of a tool, like the four that follow."""
    name: str
    arguments: dict[str, Any]
    result: Any
    attempt: int
