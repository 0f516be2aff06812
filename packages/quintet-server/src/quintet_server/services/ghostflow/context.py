"""What a handler of GhostFlow works with: the service's parts, and the call at hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.hooks.engine import Hooks
from quintet_server.engines.identity import Passwords, Tokens
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import Schedules
from quintet_server.http.errors import ApiError
from quintet_server.http.idempotency import IdempotencyRules, canonical, idempotent
from quintet_server.http.responses import reply_response
from quintet_server.services.ghostflow.errors import (
    insufficient_scope,
    not_found,
    precondition_failed,
)
from quintet_server.services.ghostflow.settings import GhostFlowSettings
from quintet_server.services.ghostflow.teams import Team, Teams
from quintet_server.services.ghostflow.wire import etag
from quintet_server.store.clock import Clock
from quintet_server.store.database import Connection, Database
from quintet_server.store.event_log import EventFollower
from quintet_server.store.idempotency import Reply
from quintet_server.store.keys import KeyStore, Principal
from quintet_server.store.notify import NotifyBus

if TYPE_CHECKING:
    from quintet_server.services.ghostflow.currencies import Currencies

__all__ = ["RULES", "SERVICE", "Call", "GhostFlow", "parts_of", "serve", "write"]

SERVICE = "ghostflow"
RULES = IdempotencyRules(
    replay_header=("Idempotency-Replayed", "true"),
    max_chars=255,
    per_path=True,
    keeps_refusals=True,
)
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class GhostFlow:
    """The parts of the running service."""

    settings: GhostFlowSettings
    db: Database
    bus: NotifyBus
    clock: Clock
    keys: KeyStore
    queue: Queue
    schedules: Schedules
    hooks: Hooks
    follower: EventFollower
    teams: Teams
    currencies: Currencies
    tokens: Tokens
    passwords: Passwords
    allow_private_targets: bool
    data_dir: Path
    stopping: asyncio.Event
    """Set when the process begins to shut down: who waits for something answers now."""
    rooms: dict[type, Any] = field(default_factory=dict)
    """What the rooms keep running, by its type; filled as they start."""
    observers: list[Callable[[Call, int], None]] = field(default_factory=list)
    """Told of every authenticated call and its status, refused or not. They must not wait."""

    def room(self, kind: type[Part]) -> Part:
        """The running object of a room."""
        found: Part = self.rooms[kind]
        return found


@dataclass(slots=True)
class Call:
    """One authenticated request that has the scope it needs."""

    parts: GhostFlow
    request: Request
    principal: Principal
    team: Team
    operation: str = ""
    raw: bytes = b""
    """The body as it was sent, once it has been read."""

    @property
    def scopes(self) -> frozenset[str]:
        """What the caller may do."""
        return self.principal.scopes

    def path(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])

    def path_id(self, noun: str, name: str = "id") -> UUID:
        """An id in the path; what is no UUID is the id of nothing: 404."""
        given = self.path(name)
        try:
            # Only the one spelling that the API itself uses.
            found = UUID(given)
        except ValueError:
            raise not_found(noun, given) from None
        if str(found) != given.lower():
            raise not_found(noun, given)
        return found

    def query(self, name: str) -> str | None:
        """A parameter of the query, if it is there."""
        return self.request.query_params.get(name)

    def queries(self, name: str) -> list[str]:
        """Every value of a parameter of the query."""
        return self.request.query_params.getlist(name)

    def needs_scope(self, *scopes: str) -> None:
        """Raise 403 if the caller has none of these scopes."""
        if scopes and self.scopes.isdisjoint(scopes):
            raise insufficient_scope(*scopes)

    def check_match(self, version: int) -> None:
        """Raise 412 unless `If-Match` is absent, `*`, or names this version (RFC 9110 §13.1.1)."""
        given = self.request.headers.get("if-match")
        if given is None or given.strip() == "*":
            return
        named = {one.strip().removeprefix("W/") for one in given.split(",")}
        if etag(version) not in named:
            raise precondition_failed(version)

    def seen(self, status: int) -> None:
        """Tell the observers how it ended."""
        for observe in self.parts.observers:
            observe(self, status)


Action = Callable[[Connection], Awaitable[Reply]]


def parts_of(request: Request) -> GhostFlow:
    """The running service, for handlers that see to it themselves who is calling."""
    parts: GhostFlow = request.app.state.ghostflow
    return parts


async def serve(
    request: Request,
    answer: Callable[[Call], Awaitable[Response]],
    *,
    operation: str,
    scopes: Sequence[str] = (),
) -> Response:
    """What `answer` gives. Raises 403 unless the caller has one of `scopes`, if there are any."""
    parts = parts_of(request)
    principal: Principal = request.state.principal
    team = await parts.teams.of_project(principal.project_id)
    call = Call(parts, request, principal, team, operation)
    try:
        call.needs_scope(*scopes)
        response = await answer(call)
    except ApiError as error:
        call.seen(error.status)
        raise
    call.seen(response.status_code)
    return response


async def write(call: Call, action: Action) -> Response:
    """Run a change in one transaction and answer.

    A POST with an `Idempotency-Key` runs at most once: the first answer comes again for 24 h, a
    refusal by the action (4xx) too. Another body under the same key is 422.
    """
    is_repeatable = call.request.method == "POST" and "idempotency-key" in call.request.headers
    if not is_repeatable:
        async with call.parts.db.transaction() as conn:
            reply = await action(conn)
        return reply_response(reply)
    return await idempotent(call.request, action, rules=RULES, body=_canonical(call.raw))


def _canonical(raw: bytes) -> bytes:
    """The same text for every spelling of the same JSON; a client may write it anew."""
    try:
        return canonical(orjson.loads(raw))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # no JSON, or nested too deep
        return raw
