"""The types of a client's resources, to annotate with: ``def plan(pages: Pages) -> None``.

The client makes them: ``client.pages`` is a ``Pages``, and of the asyncio client an
``AsyncPages``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amdahl._async.account import AsyncAccount as AsyncAccount
    from amdahl._async.agents import AsyncAgents as AsyncAgents
    from amdahl._async.artifacts import AsyncArtifacts as AsyncArtifacts
    from amdahl._async.chat import AsyncChats as AsyncChats
    from amdahl._async.data import AsyncData as AsyncData
    from amdahl._async.pages import AsyncPages as AsyncPages
    from amdahl._async.routines import AsyncRoutines as AsyncRoutines
    from amdahl._async.search import AsyncSearch as AsyncSearch
    from amdahl._async.session import AsyncSession as AsyncSession
    from amdahl._async.sessions import AsyncSessions as AsyncSessions
    from amdahl._async.webhooks import AsyncWebhooks as AsyncWebhooks
    from amdahl._sync.account import Account as Account
    from amdahl._sync.agents import Agents as Agents
    from amdahl._sync.artifacts import Artifacts as Artifacts
    from amdahl._sync.chat import Chats as Chats
    from amdahl._sync.data import Data as Data
    from amdahl._sync.pages import Pages as Pages
    from amdahl._sync.routines import Routines as Routines
    from amdahl._sync.search import Search as Search
    from amdahl._sync.session import Session as Session
    from amdahl._sync.sessions import Sessions as Sessions
    from amdahl._sync.webhooks import Webhooks as Webhooks

_HOME = {
    "Account": "account",
    "Agents": "agents",
    "Artifacts": "artifacts",
    "Chats": "chat",
    "Data": "data",
    "Pages": "pages",
    "Routines": "routines",
    "Search": "search",
    "Session": "session",
    "Sessions": "sessions",
    "Webhooks": "webhooks",
}

__all__ = [
    "Account",
    "Agents",
    "Artifacts",
    "AsyncAccount",
    "AsyncAgents",
    "AsyncArtifacts",
    "AsyncChats",
    "AsyncData",
    "AsyncPages",
    "AsyncRoutines",
    "AsyncSearch",
    "AsyncSession",
    "AsyncSessions",
    "AsyncWebhooks",
    "Chats",
    "Data",
    "Pages",
    "Routines",
    "Search",
    "Session",
    "Sessions",
    "Webhooks",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name.removeprefix("Async"))
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    face = "_async" if name.startswith("Async") else "_sync"
    value = getattr(importlib.import_module(f"amdahl.{face}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
