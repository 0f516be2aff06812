"""Links of a team, made over the API and followed at the root of the host."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio

from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.store.ids import new_uuid7

from ..conftest import Api

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)


class Links:
    """What a team publishes, and who follows it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._people = itertools.count(1)

    async def offer(self, **fields: Any) -> str:
        """The id of a new offer; its URL shows its name."""
        name = fields.setdefault("name", "offer")
        body = {"url": f"https://offers.example/{name}", **fields}
        made = await self.api.ask("POST", "/offers", body, 201)
        return str(made["id"])

    async def campaign(self, *offers: str | tuple[str, int], **fields: Any) -> dict[str, Any]:
        """A new campaign with these offers, or pairs of an offer and its weight."""
        pairs = [(one, 1) if isinstance(one, str) else one for one in offers]
        listed = [{"offerId": offer, "weight": weight} for offer, weight in pairs]
        body = {"name": "Campaign", "url": "https://own.example/", "offers": listed, **fields}
        made: dict[str, Any] = await self.api.ask("POST", "/campaigns", body, 201)
        return made

    async def follow(
        self, campaign: dict[str, Any], query: str = "", *, method: str = "GET", **headers: str
    ) -> httpx.Response:
        """Follow the link as somebody new, unless `user_agent` or `cookie` say who."""
        sent = {
            "User-Agent": f"{CHROME} {next(self._people)}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        path = f"/c/{campaign['slug']}{query}"
        return await self.api.at_root(method, path, headers=sent)

    async def clicks(self, campaign: dict[str, Any]) -> list[dict[str, Any]]:
        """Its rows, oldest first."""
        rows = await self.api.sql(
            "SELECT to_jsonb(c) FROM ghostflow_clicks c WHERE campaign_id = %s ORDER BY id",
            UUID(campaign["id"]),
        )
        return [row for (row,) in rows]

    async def count(self, campaign: dict[str, Any]) -> int:
        """How many clicks it has."""
        return len(await self.clicks(campaign))


@pytest_asyncio.fixture(loop_scope="session")
async def links(api: Api) -> AsyncIterator[Links]:
    yield Links(api)


def a_click(team_id: UUID, campaign_id: UUID, **fields: Any) -> Click:
    """A click that no request made."""
    return Click(
        **{
            "id": new_uuid7(),
            "team_id": team_id,
            "campaign_id": campaign_id,
            "cost_currency": "USD",
            "destination": "https://own.example/",
            **fields,
        }
    )
