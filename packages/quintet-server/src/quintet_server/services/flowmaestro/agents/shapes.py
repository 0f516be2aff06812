"""How agents, threads and messages look on the wire (contract, sections 5.1 and 5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quintet_server.services.flowmaestro.agents.records import Agent, Message, Thread
from quintet_server.services.flowmaestro.wire import instant

if TYPE_CHECKING:
    from quintet_server.engines.chat.engine import Chat

NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def agent_item(agent: Agent, chat: Chat) -> dict[str, Any]:
    """An agent in a list; without a model of its own it has the server's."""
    return {
        "id": agent.id,
        "name": agent.name,
        "description": agent.spec.description,
        "model": agent.spec.model or chat.name or "default",
        "provider": agent.spec.provider or "default",
        "created_at": instant(agent.created_at),
        "updated_at": instant(agent.updated_at),
    }


def agent_object(agent: Agent, chat: Chat) -> dict[str, Any]:
    """The whole agent. Of tools only what callers may know: headers and URLs may hold secrets."""
    spec = agent.spec
    tools = [
        {
            "id": f"tool_{tool.name}",
            "name": tool.name,
            "description": tool.description,
            "type": tool.type,
        }
        for tool in spec.tools
    ]
    return {
        **agent_item(agent, chat),
        "system_prompt": spec.system_prompt,
        "temperature": spec.temperature,
        "max_tokens": spec.max_tokens,
        "available_tools": tools,
    }


def thread_object(thread: Thread) -> dict[str, Any]:
    """A thread."""
    return {
        "id": thread.id,
        "agent_id": thread.agent_id,
        "title": thread.title,
        "status": thread.status,
        "metadata": thread.metadata,
        "message_count": thread.message_count,
        "created_at": instant(thread.created_at),
        "updated_at": instant(thread.updated_at),
        "last_message_at": instant(thread.last_message_at),
    }


def message_object(message: Message) -> dict[str, Any]:
    """A message in a list; answers also say what they cost and what they rest on."""
    shown: dict[str, Any] = {
        "id": message.id,
        "thread_id": message.thread_id,
        "role": message.role,
        "content": message.content,
        "tool_calls": message.tool_calls,
        "created_at": instant(message.created_at),
    }
    if message.role == "assistant":
        shown["usage"] = message.usage or NO_USAGE
        shown["metadata"] = message.metadata
    return shown


def answer_object(told: dict[str, Any], created_at: str | None) -> dict[str, Any]:
    """The answer to a send, from the data of `thread.message.completed`.

    Three shapes are documented for it; this is all of them in one.
    """
    message = {
        "role": "assistant",
        "content": told["content"],
        "tool_calls": told["tool_calls"],
        "created_at": created_at,
    }
    return {
        "id": told["message_id"],
        "message_id": told["message_id"],
        "execution_id": told["message_id"],
        "thread_id": told["thread_id"],
        "status": "completed",
        **message,
        "message": message,
        "usage": told["usage"],
        "metadata": told["metadata"],
        "iterations": told["iterations"],
        "tool_calls_count": len(told["tool_calls"] or ()),
    }
