"""A receiver of webhooks on this machine, and events to be told of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
import pytest_asyncio

from quintet_server.store import event_log


@dataclass
class Delivered:
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """Answers with the statuses of `statuses`, the last one for ever; remembers what came."""

    statuses: list[int] = field(default_factory=lambda: [202])
    requests: list[Delivered] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/amdahl"

    async def wait_for(self, count: int) -> list[Delivered]:
        async with asyncio.timeout(60):
            while len(self.requests) < count:
                await asyncio.sleep(0.005)
        return self.requests

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            _, *lines = head.rstrip("\r\n").split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            self.requests.append(Delivered(headers, body))
            more = f"location: {self.url}\r\n" if 300 <= status < 400 else ""
            text = f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n{more}connection: close\r\n\r\n"
            writer.write(text.encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    yield receiver
    server.close()
    await server.wait_closed()


class Desk:
    """Webhooks of one business."""

    def __init__(self, api: Any, receiver: Receiver) -> None:
        self.api = api
        self.receiver = receiver

    async def create(self, **fields: Any) -> dict[str, Any]:
        body = {"url": self.receiver.url, "events": ["page.created"], **fields}
        made: dict[str, Any] = await self.api.ask("POST", "/webhooks", body, 201)
        return made

    async def get(self, webhook: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = await self.api.ask("GET", f"/webhooks/{webhook['id']}")
        return found

    async def change(self, webhook: dict[str, Any], **fields: Any) -> dict[str, Any]:
        path = f"/webhooks/{webhook['id']}"
        changed: dict[str, Any] = await self.api.ask("PATCH", path, fields)
        return changed

    async def announce(self, type: str = "page.created", stream: str = "s", **data: Any) -> None:
        """An event of the business, as a page or a session would write it."""
        runtime = self.api.runtime
        async with runtime.db.transaction() as conn:
            await event_log.append(conn, self.api.project_id, stream, type, data)

    async def deliveries(self, webhook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
        path = f"/webhooks/{webhook['id']}/deliveries{query}"
        found: list[dict[str, Any]] = (await self.api.ask("GET", path))["items"]
        return found

    async def settled(self, webhook: dict[str, Any], status: str) -> dict[str, Any]:
        """The newest delivery once it has this status."""
        async with asyncio.timeout(60):
            while True:
                found = await self.deliveries(webhook)
                if found and found[0]["status"] == status:
                    return found[0]
                await asyncio.sleep(0.01)

    async def waiting(self, webhook: dict[str, Any], attempts: int = 1) -> dict[str, Any]:
        """The newest delivery once it waits again after this many attempts."""
        async with asyncio.timeout(60):
            while True:
                found = await self.settled(webhook, "pending")
                if found["attempts"] == attempts and found["next_attempt_at"] is not None:
                    return found
                await asyncio.sleep(0.01)

    async def try_once(self, webhook: dict[str, Any]) -> None:
        """Have its deliveries given up after one attempt, so that no clock needs to move."""
        statement = "UPDATE hook_subscriptions SET max_attempts = 1 WHERE id = %s"
        await self.api.sql(statement, webhook["id"])


@pytest.fixture
def desk(api, receiver) -> Desk:
    return Desk(api, receiver)


@pytest.fixture
def make_desk(receiver):
    """A desk at another server, which tells the same receiver."""
    return lambda api: Desk(api, receiver)
