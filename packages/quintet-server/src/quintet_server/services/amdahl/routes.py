"""The rooms of the service, and what each of them brings along."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from itertools import chain
from types import ModuleType
from typing import Any

from starlette.routing import BaseRoute, Route

from quintet_server.definitions.kinds import Kind
from quintet_server.services.amdahl.account import routes as account
from quintet_server.services.amdahl.agents import routes as agents
from quintet_server.services.amdahl.artifacts import routes as artifacts
from quintet_server.services.amdahl.chat import routes as chat
from quintet_server.services.amdahl.context import Amdahl
from quintet_server.services.amdahl.data import routes as data
from quintet_server.services.amdahl.endpoints import Endpoint, build_routes
from quintet_server.services.amdahl.pages import routes as pages
from quintet_server.services.amdahl.query import routes as query
from quintet_server.services.amdahl.rendering import routes as rendering
from quintet_server.services.amdahl.routines import routes as routines
from quintet_server.services.amdahl.sessions import routes as sessions
from quintet_server.services.amdahl.webhooks import routes as webhooks

Stop = Callable[[], Awaitable[None]]

ROOMS: tuple[ModuleType, ...] = (
    *(account, query, data, rendering, pages, agents, artifacts, sessions, routines, chat),
    webhooks,
)


def _all(name: str) -> Iterator[Any]:
    return chain.from_iterable(getattr(room, name, ()) for room in ROOMS)


ENDPOINTS: tuple[Endpoint, ...] = tuple(_all("ENDPOINTS"))
KINDS: tuple[Kind, ...] = tuple(_all("KINDS"))
# Paths whose handlers see to it themselves who is calling.
PUBLIC_PREFIXES: tuple[str, ...] = tuple(_all("PUBLIC_PREFIXES"))
# Beginnings of paths at the root of the host that are ours as well.
HOST_PREFIXES: tuple[str, ...] = tuple(dict.fromkeys(_all("HOST_PREFIXES")))
# What runs beside the requests: each starts with the parts, and returns what stops it.
STARTS: tuple[Callable[[Amdahl], Awaitable[Stop]], ...] = tuple(
    room.start for room in ROOMS if hasattr(room, "start")
)


def plain_routes() -> list[Route]:
    """Routes below the mount that are no line of a table: streams, odd bodies, public paths."""
    return list(_all("ROUTES"))


def all_routes() -> list[BaseRoute]:
    """Every route: below the mount, and at the root of the host.

    Plain ones first: the tables have paths with parameters that would match them too.
    """
    return [*plain_routes(), *build_routes(ENDPOINTS), *_all("HOST_ROUTES")]


def body_limits() -> dict[str, int]:
    """Paths whose bodies may be larger than others'."""
    return {each.path: each.body_max_bytes for each in ENDPOINTS if each.body_max_bytes}
