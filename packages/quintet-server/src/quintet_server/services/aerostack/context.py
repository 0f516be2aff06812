"""What a handler of Aerostack works with: the service's parts, and the call at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import Schedules
from quintet_server.http.auth import require_scopes
from quintet_server.http.idempotency import IdempotencyRules, idempotent
from quintet_server.services.aerostack.settings import AerostackSettings
from quintet_server.store.clock import Clock
from quintet_server.store.database import Connection, Database
from quintet_server.store.event_log import EventFollower
from quintet_server.store.idempotency import Reply
from quintet_server.store.keys import KeyStore, Principal

if TYPE_CHECKING:
    import httpx

    from quintet_server.engines.callables import Callables
    from quintet_server.engines.chat.engine import Chat
    from quintet_server.engines.embed.engine import Embeddings
    from quintet_server.engines.identity import Passwords, Tokens
    from quintet_server.engines.kv import Kv
    from quintet_server.engines.objects import Objects
    from quintet_server.engines.sqlite import Databases
    from quintet_server.engines.vectors.engine import Vectors

SERVICE = "aerostack"
RULES = IdempotencyRules(max_chars=255)


@dataclass(frozen=True, slots=True)
class Aerostack:
    """The parts of the running service."""

    settings: AerostackSettings
    db: Database
    clock: Clock
    keys: KeyStore
    queue: Queue
    schedules: Schedules
    follower: EventFollower
    chat: Chat
    embedder: Embeddings
    vectors: Vectors
    sqlite: Databases
    kv: Kv
    objects: Objects
    passwords: Passwords
    tokens: Tokens
    callables: Callables
    http: httpx.AsyncClient
    """Guarded: reaches no private address unless the operator allows it."""
    allow_private_targets: bool
    data_dir: Path


@dataclass(slots=True)
class Call:
    """One authenticated request that has the scopes it needs."""

    parts: Aerostack
    request: Request
    principal: Principal
    raw: bytes = b""
    """The JSON body as it was sent, once it has been read."""

    @property
    def project_id(self) -> str:
        """Whose request it is."""
        return self.principal.project_id

    @property
    def project_name(self) -> str:
        """The name of that project, as definitions and the command line know it."""
        return self.principal.project_name


Action = Callable[[Connection], Awaitable[Reply]]


def parts_of(request: Request) -> Aerostack:
    """The running service, for handlers that see to it themselves who is calling."""
    parts: Aerostack = request.app.state.aerostack
    return parts


def call_of(request: Request, *scopes: str) -> Call:
    """The call that `request` is. Raises 403 unless its key has all of `scopes`."""
    require_scopes(request, *scopes)
    return Call(parts_of(request), request, request.scope["state"]["principal"])


async def write(call: Call, action: Action) -> Response:
    """Run a change in one transaction and answer; with an `Idempotency-Key`, at most once.

    The body must be the same, byte for byte, when the key comes again; another one is 409.
    """
    return await idempotent(call.request, action, rules=RULES, body=call.raw)
