"""The rooms of the service, and what each of them brings along."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from itertools import chain
from types import ModuleType
from typing import Any

from starlette.routing import BaseRoute, Route

from quintet_server.definitions.kinds import Kind
from quintet_server.services.aerostack.ai import routes as ai
from quintet_server.services.aerostack.cache import routes as cache
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.database import routes as database
from quintet_server.services.aerostack.endpoints import Endpoint, build_routes
from quintet_server.services.aerostack.functions import routes as functions
from quintet_server.services.aerostack.gateway import routes as gateway
from quintet_server.services.aerostack.queue import routes as queue
from quintet_server.services.aerostack.search import routes as search
from quintet_server.services.aerostack.storage import routes as storage
from quintet_server.services.aerostack.users import routes as users

Stop = Callable[[], Awaitable[None]]

ROOMS: tuple[ModuleType, ...] = (
    *(database, users, cache, queue, functions, storage, search, ai, gateway),
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
STARTS: tuple[Callable[[Aerostack], Awaitable[Stop]], ...] = tuple(
    room.start for room in ROOMS if hasattr(room, "start")
)


def plain_routes() -> list[Route]:
    """Routes below the mount that are no line of a table: streams, raw bodies, public paths."""
    return list(_all("ROUTES"))


def all_routes() -> list[BaseRoute]:
    """Every route: below the mount, and at the root of the host."""
    return [*build_routes(ENDPOINTS), *plain_routes(), *_all("HOST_ROUTES")]
