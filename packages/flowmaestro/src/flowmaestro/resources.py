"""The types of a client's resources, to annotate with: ``def plan(workflows: Workflows) -> None``.

The client makes them: ``client.workflows`` is a ``Workflows``, and of the asyncio client an
``AsyncWorkflows``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowmaestro._async.agents import AsyncAgents as AsyncAgents
    from flowmaestro._async.executions import AsyncExecutions as AsyncExecutions
    from flowmaestro._async.knowledge_bases import AsyncKnowledgeBases as AsyncKnowledgeBases
    from flowmaestro._async.threads import AsyncThreads as AsyncThreads
    from flowmaestro._async.triggers import AsyncTriggers as AsyncTriggers
    from flowmaestro._async.webhooks import AsyncWebhooks as AsyncWebhooks
    from flowmaestro._async.workflows import AsyncWorkflows as AsyncWorkflows
    from flowmaestro._sync.agents import Agents as Agents
    from flowmaestro._sync.executions import Executions as Executions
    from flowmaestro._sync.knowledge_bases import KnowledgeBases as KnowledgeBases
    from flowmaestro._sync.threads import Threads as Threads
    from flowmaestro._sync.triggers import Triggers as Triggers
    from flowmaestro._sync.webhooks import Webhooks as Webhooks
    from flowmaestro._sync.workflows import Workflows as Workflows

_HOME = {
    "Agents": "agents",
    "Executions": "executions",
    "KnowledgeBases": "knowledge_bases",
    "Threads": "threads",
    "Triggers": "triggers",
    "Webhooks": "webhooks",
    "Workflows": "workflows",
}

__all__ = [
    "Agents",
    "AsyncAgents",
    "AsyncExecutions",
    "AsyncKnowledgeBases",
    "AsyncThreads",
    "AsyncTriggers",
    "AsyncWebhooks",
    "AsyncWorkflows",
    "Executions",
    "KnowledgeBases",
    "Threads",
    "Triggers",
    "Webhooks",
    "Workflows",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name.removeprefix("Async"))
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    face = "_async" if name.startswith("Async") else "_sync"
    value = getattr(importlib.import_module(f"flowmaestro.{face}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
