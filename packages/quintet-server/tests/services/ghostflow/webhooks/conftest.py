"""A receiver of webhooks on this machine, and events to be told of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from quintet_server.store import event_log
from tests.support.receiver import Receiver, receiving

from ..conftest import Api


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


class Desk:
    """Webhooks of one team."""

    def __init__(self, api: Api, receiver: Receiver) -> None:
        self.api = api
        self.receiver = receiver

    async def create(self, **fields: Any) -> dict[str, Any]:
        body = {"url": self.receiver.url, "events": ["campaign.updated"], **fields}
        made: dict[str, Any] = await self.api.ask("POST", "/webhooks", body, 201)
        return made

    async def get(self, webhook: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = await self.api.ask("GET", f"/webhooks/{webhook['id']}")
        return found

    async def change(self, webhook: dict[str, Any], **fields: Any) -> dict[str, Any]:
        path = f"/webhooks/{webhook['id']}"
        changed: dict[str, Any] = await self.api.ask("PATCH", path, fields)
        return changed

    async def announce(self, type: str = "campaign.updated", **data: Any) -> None:
        """An event of the team, as the other rooms would write it."""
        async with self.api.runtime.db.transaction() as conn:
            await event_log.append(conn, self.api.project_id, "somewhere", type, data)

    async def deliveries(self, webhook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
        path = f"/webhooks/{webhook['id']}/deliveries{query}"
        found: list[dict[str, Any]] = await self.api.ask("GET", path)
        return found

    async def settled(self, webhook: dict[str, Any], status: str) -> dict[str, Any]:
        """The newest delivery once it has this status."""
        async with asyncio.timeout(60):
            while True:
                found = await self.deliveries(webhook, "?limit=1")
                if found and found[0]["status"] == status:
                    return found[0]
                await asyncio.sleep(0.01)

    async def told(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        """What the receiver got, once it is so much; names of headers in lower case."""
        received = self.receiver.deliveries
        await self.api.until(lambda: len(received) >= count)
        return [
            ({name.lower(): value for name, value in headers.items()}, body)
            for headers, body in received
        ]

    async def events(self, count: int) -> list[dict[str, Any]]:
        """The bodies of as many deliveries."""
        return [orjson.loads(body) for _, body in await self.told(count)]


@pytest.fixture
def desk(api: Api, receiver: Receiver) -> Desk:
    return Desk(api, receiver)
