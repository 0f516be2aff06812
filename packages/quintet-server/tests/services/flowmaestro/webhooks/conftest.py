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

    statuses: list[int] = field(default_factory=lambda: [204])
    requests: list[Delivered] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

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
            more = "location: /elsewhere\r\n" if status == 302 else ""
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
    """Webhooks of one project."""

    def __init__(self, api: Any, receiver: Receiver) -> None:
        self.api = api
        self.receiver = receiver

    async def create(self, **fields: Any) -> dict[str, Any]:
        body = {
            "name": "Mine",
            "url": self.receiver.url,
            "events": ["execution.completed"],
            **fields,
        }
        answer = await self.api.post("/webhooks", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    async def announce(self, type: str = "execution.completed", **data: Any) -> None:
        """An event of the project, as an execution or a turn would write it."""
        runtime = self.api.runtime
        async with runtime.db.transaction() as conn:
            await event_log.append(conn, self.api.project_id, "exec_1", type, data)

    async def deliveries(self, webhook: dict[str, Any]) -> list[dict[str, Any]]:
        return await self.api.data(f"/webhooks/{webhook['id']}/deliveries")

    async def settled(self, webhook: dict[str, Any], status: str) -> dict[str, Any]:
        """The newest delivery once it has this status."""
        async with asyncio.timeout(60):
            while True:
                found = await self.deliveries(webhook)
                if found and found[0]["status"] == status:
                    return found[0]
                await asyncio.sleep(0.01)

    async def retrying(self, webhook: dict[str, Any], attempts: int = 1) -> dict[str, Any]:
        """The newest delivery once it waits again after this many attempts."""
        while True:
            found = await self.settled(webhook, "retrying")
            if found["attempts"] == attempts and found["next_retry_at"] is not None:
                return found
            await asyncio.sleep(0.01)


@pytest.fixture
def desk(api, receiver) -> Desk:
    return Desk(api, receiver)


@pytest.fixture
def lonely_desk(alone, receiver) -> Desk:
    """On a server whose clock may be moved."""
    return Desk(alone, receiver)
