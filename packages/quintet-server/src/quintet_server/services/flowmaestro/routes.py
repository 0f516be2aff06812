"""The rooms of the service: every path of `/api/v1`, every kind that `apply` knows, every start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.routing import BaseRoute, Route

from quintet_server.definitions.kinds import Kind
from quintet_server.services.flowmaestro import projects, triggers, webhooks, workflows
from quintet_server.services.flowmaestro.agents import routes as agents
from quintet_server.services.flowmaestro.context import FlowMaestro
from quintet_server.services.flowmaestro.executions import (
    room as executions,
    routes as execution_routes,
)
from quintet_server.services.flowmaestro.knowledge import routes as knowledge

Stop = Callable[[], Awaitable[None]]

ROUTES: tuple[tuple[str, str, object], ...] = (
    *workflows.ROUTES,
    *execution_routes.ROUTES,
    *agents.ROUTES,
    *triggers.ROUTES,
    *knowledge.ROUTES,
    *webhooks.ROUTES,
)
KINDS: tuple[Kind, ...] = (
    *projects.KINDS,
    *workflows.KINDS,
    *agents.KINDS,
    *triggers.KINDS,
    *knowledge.KINDS,
    *webhooks.KINDS,
)
# What runs beside the requests: each starts with the parts, and returns what stops it.
STARTS: tuple[Callable[[FlowMaestro], Awaitable[Stop]], ...] = (
    executions.start,
    agents.start,
    triggers.start,
    knowledge.start,
    webhooks.start,
)


def build_routes() -> list[BaseRoute]:
    """The table as plain routes."""
    return [Route(path, endpoint, methods=[method]) for method, path, endpoint in ROUTES]  # type: ignore[arg-type]
