"""What a handler of Amdahl works with: the service's parts, and the call at hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.hooks.engine import Hooks
from quintet_server.engines.runs.engine import Runs
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import Schedules
from quintet_server.http.errors import ApiError
from quintet_server.http.idempotency import IdempotencyRules, idempotent
from quintet_server.services.amdahl.errors import missing_scope, role_too_low
from quintet_server.services.amdahl.settings import AmdahlSettings
from quintet_server.store.clock import Clock
from quintet_server.store.database import Connection, Database
from quintet_server.store.event_log import EventFollower
from quintet_server.store.idempotency import Reply
from quintet_server.store.keys import KeyStore, Principal

if TYPE_CHECKING:
    from quintet_server.engines.chat.engine import Chat
    from quintet_server.engines.embed.engine import Embeddings
    from quintet_server.engines.sql import TenantSql
    from quintet_server.engines.vectors.engine import Vectors
    from quintet_server.services.amdahl.audit import Audit

SERVICE = "amdahl"
ROLES = ("viewer", "editor", "admin", "owner")
"""From the lowest up."""
RULES = IdempotencyRules(
    replay_header=("Idempotent-Replayed", "true"),
    max_chars=255,
    per_path=True,
    keeps_refusals=True,
)


@dataclass(frozen=True, slots=True)
class Amdahl:
    """The parts of the running service."""

    settings: AmdahlSettings
    db: Database
    clock: Clock
    keys: KeyStore
    queue: Queue
    schedules: Schedules
    runs: Runs
    hooks: Hooks
    follower: EventFollower
    chat: Chat
    embedder: Embeddings
    vectors: Vectors
    sql: TenantSql
    audit: Audit
    allow_private_targets: bool
    data_dir: Path
    stopping: asyncio.Event
    """Set when the process begins to shut down: who waits for something answers now."""


@dataclass(slots=True)
class Call:
    """One authenticated request that has the scope and the role it needs."""

    parts: Amdahl
    request: Request
    principal: Principal
    operation: str = ""
    """Its name in the audit log, `pages.create` for example."""
    raw: bytes = b""
    """The JSON body as it was sent, once it has been read."""

    @property
    def project_id(self) -> str:
        """Whose request it is: `business_id` on the wire."""
        return self.principal.project_id

    @property
    def project_name(self) -> str:
        """The slug of the workspace."""
        return self.principal.project_name

    @property
    def user_id(self) -> str:
        """Who made the key, or was given it."""
        return user_of(self.principal)

    @property
    def role(self) -> str:
        """The role of that user in the workspace."""
        return role_of(self.principal)

    @property
    def scopes(self) -> frozenset[str]:
        """What the key may do."""
        return self.principal.scopes

    def path(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """A parameter of the query, if it is there."""
        return self.request.query_params.get(name)

    def note(self, status: int) -> None:
        """Leave a row in the audit log."""
        self.parts.audit.note(
            project_id=self.project_id,
            operation=self.operation,
            subject=self.request.url.path,
            user_id=self.user_id,
            key_id=self.principal.key_id,
            status=status,
            request_id=self.request.state.request_id,
        )

    def needs_role(self, role: str) -> None:
        """Raise 403 if the key's user has a lower role."""
        if ROLES.index(self.role) < ROLES.index(role):
            raise role_too_low(role, self.role)

    def needs_scope(self, *scopes: str) -> None:
        """Raise 403 if the key has none of these scopes."""
        if scopes and self.scopes.isdisjoint(scopes):
            raise missing_scope(*scopes)


Action = Callable[[Connection], Awaitable[Reply]]


def user_of(principal: Principal) -> str:
    """The user of a key: as said when it was made, otherwise one of its own."""
    return str(principal.attributes.get("user_id") or f"usr_{principal.key_id[-26:]}")


def role_of(principal: Principal) -> str:
    """The role of a key's user; whoever can make keys on the server's machine owns it all."""
    return str(principal.attributes.get("role") or "owner")


def parts_of(request: Request) -> Amdahl:
    """The running service, for handlers that see to it themselves who is calling."""
    parts: Amdahl = request.app.state.amdahl
    return parts


async def serve(
    request: Request,
    answer: Callable[[Call], Awaitable[Response]],
    *,
    operation: str,
    scopes: Sequence[str] = (),
    role: str = "viewer",
) -> Response:
    """What `answer` gives; refused or not, it leaves a row in the audit log.

    Raises 403 unless the key has one of `scopes`, if there are any, and its user the role.
    """
    call = Call(parts_of(request), request, request.state.principal, operation)
    try:
        call.needs_scope(*scopes)
        call.needs_role(role)
        response = await answer(call)
    except ApiError as error:
        call.note(error.status)
        raise
    call.note(response.status_code)
    return response


async def write(call: Call, action: Action) -> Response:
    """Run a change in one transaction and answer; with an `Idempotency-Key`, at most once.

    Kept with the key are successes and what the action itself refuses (4xx). The body must be the
    same, byte for byte, when the key comes again; another one is 409.
    """
    return await idempotent(call.request, action, rules=RULES, body=call.raw)
