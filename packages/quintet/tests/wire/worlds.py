"""The blocking and the asyncio client behind one face, so that one test speaks for both."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from quintet import (
    ApiClient,
    AsyncApiClient,
    Backoff,
    ClientOptions,
    Operation,
    RetryClass,
    RetryPolicy,
    Service,
)
from quintet.hooks import Attempt
from quintet.secrets import Secret
from quintet.transport.aio_engine import AsyncEngine
from quintet.transport.engine import Engine
from quintet.transport.environment import Proxies

KEY = "sk-0123456789-very-secret"
SERVICE = Service(
    name="wire",
    user_agent="wire/1",
    credential_headers=frozenset({"authorization", "x-project-key"}),
)
GET = Operation("things.get", "GET", "/thing", RetryClass.SAFE)
HEAD = Operation("things.head", "HEAD", "/thing", RetryClass.SAFE)
PUT = Operation("things.put", "PUT", "/thing", RetryClass.IDEMPOTENT)
KEYED = Operation("things.create", "POST", "/thing", RetryClass.KEYED)
POST = Operation("things.act", "POST", "/thing", RetryClass.NEVER)
STREAM = Operation("things.watch", "GET", "/events", RetryClass.SAFE)

NO_PROXIES = Proxies({})


class World:
    """One of the two kinds of client.

    Attributes:
        blocking: True for the blocking client.
        seen: Every attempt of every client made here.
    """

    def __init__(self, blocking: bool) -> None:
        self.blocking = blocking
        self.seen: list[Attempt] = []
        self._clients: list[Any] = []

    def client(
        self,
        base_url: str,
        *,
        http_client: Any = None,
        transport: Any = None,
        clock: Any = None,
        max_retries: int = 0,
        credentials: Callable[[], Any] | None = None,
        service: Service = SERVICE,
        retry: RetryPolicy | None = None,
        **options: Any,
    ) -> Any:
        """Return a client of this world; retries are off unless asked for, and wait no time."""
        secret = Secret(KEY)
        policy = retry or RetryPolicy(
            statuses=frozenset({429, 503}), backoff=Backoff(0.0, 0.0), max_retries=max_retries
        )
        kind = ApiClient if self.blocking else AsyncApiClient
        client = kind(
            service,
            ClientOptions(
                base_url=base_url,
                retry=policy,
                hooks=(self.seen.append,),
                **{"timeout": 60.0, **options},
            ),
            credentials or (lambda: (("Authorization", f"Bearer {secret.reveal()}"),)),
            http_client=http_client,
            transport=transport,
            clock=clock,
        )
        self._clients.append(client)
        return client

    def engine(self, now: Callable[[], float], **options: Any) -> Any:
        kind = Engine if self.blocking else AsyncEngine
        return kind(now, proxies=options.pop("proxies", NO_PROXIES), **options)

    async def do(self, result: Any) -> Any:
        """Return what a call of the client returned or will return."""
        return await result if inspect.isawaitable(result) else result

    async def collect(self, stream: Any) -> list[Any]:
        """Iterate over a stream to its end."""
        if self.blocking:
            return list(stream)
        return [item async for item in stream]

    async def next(self, stream: Any) -> Any:
        """Return the next item of a stream."""
        return next(stream) if self.blocking else await stream.__anext__()

    async def close(self, thing: Any) -> None:
        """Close a client or a stream."""
        if self.blocking:
            thing.close()
        else:
            await thing.aclose()

    async def close_all(self) -> None:
        for client in self._clients:
            await self.close(client)
