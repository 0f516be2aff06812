"""What a route of Flare works with: the service's parts, and the call at hand.

`write` is the frame of every changing request: read the body, settle the idempotency key, run the
change in one transaction together with the record of its answer, and answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.hooks.engine import Hooks
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import Schedules
from quintet_server.http.body import read_body
from quintet_server.http.idempotency import IdempotencyRules, idempotent
from quintet_server.services.flare.creation import Creations
from quintet_server.services.flare.errors import invalid_request
from quintet_server.services.flare.payloads import canonical_body
from quintet_server.services.flare.presence import Presence
from quintet_server.services.flare.quotas import Plan, Quotas
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.services.flare.turns import Turns
from quintet_server.store.database import Connection, Database
from quintet_server.store.idempotency import Reply
from quintet_server.store.keys import Principal


@dataclass(frozen=True, slots=True)
class Flare:
    """The parts of the running service."""

    settings: FlareSettings
    db: Database
    queue: Queue
    schedules: Schedules
    hooks: Hooks
    quotas: Quotas
    presence: Presence
    creations: Creations
    turns: Turns


def lane_of(project_id: str) -> str:
    """The lane of a project's jobs: what its workers may claim."""
    return f"flare:{project_id}"


@dataclass(slots=True)
class Call:
    """One authenticated request."""

    flare: Flare
    request: Request
    principal: Principal
    raw_body: bytes = b""
    body: Any = None

    @property
    def db(self) -> Database:
        """The database."""
        return self.flare.db

    @property
    def project_id(self) -> str:
        """Whose request it is."""
        return self.principal.project_id

    @property
    def lane(self) -> str:
        """The lane of the project's jobs."""
        return lane_of(self.principal.project_id)

    @property
    def plan(self) -> Plan:
        """The project's allowance."""
        return self.flare.quotas.plan(self.principal.settings)

    @property
    def rules(self) -> IdempotencyRules:
        """How idempotency is spelled here."""
        return IdempotencyRules(max_chars=self.flare.settings.idempotency_key_max_chars)

    @property
    def has_key(self) -> bool:
        """Whether the request carries an idempotency key."""
        return "idempotency-key" in self.request.headers

    def key(self, otherwise: str | None = None) -> str | None:
        """The idempotency key: the header's, else `otherwise` (where a body may name one)."""
        return self.request.headers.get("idempotency-key", otherwise)

    def accepts(self, key: str | None) -> bool:
        """Whether a key is none or a good one; `idempotent` tells what is wrong with a bad one."""
        if key is None:
            return True
        return 1 <= len(key) <= self.rules.max_chars and key.isascii() and key.isprintable()

    def path_id(self) -> str:
        """The id in the path."""
        return storable(str(self.request.path_params["id"]))

    async def read_body(self) -> Any:
        """Read and parse the body; kept for the rest of the call."""
        self.raw_body = await read_body(self.request, max_bytes=self.flare.settings.body_max_bytes)
        try:
            self.body = orjson.loads(self.raw_body)
        except orjson.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise invalid_request(
                f"The request body is not valid JSON: {error.msg} ({where})."
            ) from error
        return self.body

    def canonical(self, *, without: str | None = None) -> bytes:
        """The body however it was spelled, for the fingerprint of the request."""
        return canonical_body(self.raw_body, self.body, without=without) if self.raw_body else b""


Action = Callable[[Connection, Call], Awaitable[Reply]]


def storable(id: str) -> str:
    """An id as PostgreSQL can look for it: no id of ours holds a NUL, so none is found."""
    return id.replace("\x00", "\ufffd")


def call_of(request: Request) -> Call:
    """The call that `request` is."""
    return Call(request.app.state.flare, request, request.state.principal)


async def write(request: Request, action: Action, *, has_body: bool = True) -> Response:
    """Run a change and answer; with an idempotency key, at most once.

    The change and the record of its answer commit together; whatever `action` raises undoes both.
    A request without a body may still carry one; it is ignored.
    """
    call = call_of(request)
    if has_body:
        await call.read_body()
    body = call.canonical() if call.has_key else b""
    return await idempotent(request, lambda conn: action(conn, call), rules=call.rules, body=body)
