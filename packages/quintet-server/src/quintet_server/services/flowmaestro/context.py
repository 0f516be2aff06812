"""What a route of FlowMaestro works with: the service's parts, and the call at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.hooks.engine import Hooks
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import Schedules
from quintet_server.http.auth import require_scopes
from quintet_server.http.body import read_json
from quintet_server.http.idempotency import IdempotencyRules, canonical, idempotent
from quintet_server.services.flowmaestro.errors import invalid
from quintet_server.services.flowmaestro.settings import FlowMaestroSettings
from quintet_server.services.flowmaestro.wire import Page, read_page
from quintet_server.store.clock import Clock
from quintet_server.store.database import Connection, Database
from quintet_server.store.event_log import EventFollower
from quintet_server.store.idempotency import Reply
from quintet_server.store.keys import Principal

if TYPE_CHECKING:
    import httpx

    from quintet_server.engines.chat.engine import Chat
    from quintet_server.engines.embed.engine import Embeddings
    from quintet_server.engines.runs.engine import Runs
    from quintet_server.engines.vectors.engine import Vectors

SERVICE = "flowmaestro"
_RULES = IdempotencyRules(max_chars=255)


@dataclass(frozen=True, slots=True)
class FlowMaestro:
    """The parts of the running service."""

    settings: FlowMaestroSettings
    db: Database
    clock: Clock
    queue: Queue
    schedules: Schedules
    hooks: Hooks
    runs: Runs
    chat: Chat
    embedder: Embeddings
    vectors: Vectors
    follower: EventFollower
    http: httpx.AsyncClient
    """Guarded: reaches no private address unless the operator allows it."""
    allow_private_targets: bool


@dataclass(slots=True)
class Call:
    """One authenticated request that has the scopes it needs."""

    parts: FlowMaestro
    request: Request
    principal: Principal

    @property
    def project_id(self) -> str:
        """Whose request it is."""
        return self.principal.project_id

    @property
    def page(self) -> Page:
        """The part of a list that is asked for."""
        return read_page(self.request)

    def path_id(self, name: str = "id") -> str:
        """An id in the path, as PostgreSQL can look for it."""
        return str(self.request.path_params[name]).replace("\x00", "\ufffd")

    def query(self, name: str) -> str | None:
        """A parameter of the query; empty means absent."""
        value = self.request.query_params.get(name)
        return value.replace("\x00", "\ufffd") if value else None

    async def json_object(self) -> dict[str, Any]:
        """The body; an empty one and `null` are `{}`. Raises 400 for anything but an object."""
        body = await read_json(self.request, max_bytes=self.parts.settings.body_max_bytes)
        if body is None:
            return {}
        if not isinstance(body, dict):
            raise invalid("The request body must be a JSON object")
        return body


Action = Callable[[Connection], Awaitable[Reply]]


def call_of(request: Request, *scopes: str) -> Call:
    """The call that `request` is. Raises 403 unless its key has all of `scopes`."""
    require_scopes(request, *scopes)
    return Call(request.app.state.flowmaestro, request, request.state.principal)


async def write(call: Call, body: dict[str, Any], action: Action) -> Response:
    """Run a change in one transaction and answer; with an `Idempotency-Key`, at most once.

    `body` is what must be the same when the key comes again; another one is 409.
    """
    return await idempotent(call.request, action, rules=_RULES, body=canonical(body))
