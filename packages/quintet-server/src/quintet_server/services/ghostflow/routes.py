"""The rooms of the service, and what each of them brings along."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain
from types import ModuleType
from typing import Any

from starlette.routing import BaseRoute, Route

from quintet_server.definitions.kinds import Kind
from quintet_server.services.ghostflow.account import routes as account
from quintet_server.services.ghostflow.catalog import routes as catalog
from quintet_server.services.ghostflow.clicks import routes as clicks
from quintet_server.services.ghostflow.context import GhostFlow
from quintet_server.services.ghostflow.conversions import routes as conversions
from quintet_server.services.ghostflow.costs import routes as costs
from quintet_server.services.ghostflow.endpoints import Endpoint, build_routes
from quintet_server.services.ghostflow.postbacks import routes as postbacks
from quintet_server.services.ghostflow.redirects import routes as redirects
from quintet_server.services.ghostflow.reports import routes as reports
from quintet_server.services.ghostflow.webhooks import routes as webhooks

Stop = Callable[[], Awaitable[None]]


ROOMS: tuple[ModuleType, ...] = (
    *(account, catalog, clicks, redirects, conversions, postbacks, costs, reports, webhooks),
)


def _all(name: str) -> Iterator[Any]:
    return chain.from_iterable(getattr(room, name, ()) for room in ROOMS)


ENDPOINTS: tuple[Endpoint, ...] = tuple(_all("ENDPOINTS"))
KINDS: tuple[Kind, ...] = tuple(_all("KINDS"))
# Paths, and beginnings of paths, whose handlers see to it themselves who is calling.
PUBLIC_PATHS: frozenset[str] = frozenset(_all("PUBLIC_PATHS"))
PUBLIC_PREFIXES: tuple[str, ...] = tuple(_all("PUBLIC_PREFIXES"))
# Beginnings of paths at the root of the host that are ours as well.
HOST_PREFIXES: tuple[str, ...] = tuple(dict.fromkeys(_all("HOST_PREFIXES")))
# Beginnings of paths whose rest goes into no log.
SECRET_PREFIXES: tuple[str, ...] = tuple(_all("SECRET_PREFIXES"))
# What runs beside the requests: each starts with the parts, and returns what stops it.
STARTS: tuple[Callable[[GhostFlow], Awaitable[Stop]], ...] = tuple(
    room.start for room in ROOMS if hasattr(room, "start")
)


def plain_routes() -> list[Route]:
    """Routes below the mount that are no line of a table: odd bodies, public paths."""
    return list(_all("ROUTES"))


def all_routes() -> list[BaseRoute]:
    """Every route: at the root of the host, and below the mount.

    The few that are asked for most are tried first, and plain ones before the tables, which have
    paths with parameters that would match them too.
    """
    return [*_all("HOST_ROUTES"), *plain_routes(), *build_routes(ENDPOINTS)]


def root_routes(parts: GhostFlow, runtime: Any) -> Sequence[BaseRoute]:
    """Applications of their own at the root of the host, past everything that requests share."""
    return [route for room in ROOMS if hasattr(room, "root") for route in room.root(parts, runtime)]


def body_limits() -> dict[str, int]:
    """Paths whose bodies may be larger than others'."""
    return {each.path: each.body_max_bytes for each in ENDPOINTS if each.body_max_bytes}
