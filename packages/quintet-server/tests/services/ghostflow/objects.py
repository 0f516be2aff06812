"""What conversions are about: a network, an offer, a source, a campaign, and clicks on it.

Written into the tables directly, because it is not what the tests here are about.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import orjson

from quintet_server.store.ids import new_uuid7

if TYPE_CHECKING:
    from .conftest import Api

NOW = "quintet_now()"


class Objects:
    """One of each, belonging to the team of `api`."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.team_id = UUID(int=0)
        self.network_id = new_uuid7()
        self.offer_id = new_uuid7()
        self.source_id = new_uuid7()
        self.campaign_id = new_uuid7()
        self.key = "".join(secrets.choice("abcXYZ019") for _ in range(32))

    @classmethod
    async def of(cls, api: Api) -> Objects:
        """Make them: the offer pays 3 USD, the source wants to hear of nothing."""
        self = cls(api)
        [[self.team_id]] = await api.sql(
            "SELECT t.id FROM ghostflow_teams t JOIN projects p ON p.id = t.project_id "
            "WHERE p.service = 'ghostflow' AND p.name = %s",
            api.project,
        )
        await api.sql(
            "INSERT INTO ghostflow_networks (id, team_id, name, postback_key) "
            "VALUES (%s, %s, 'Network', %s)",
            *(self.network_id, self.team_id, self.key),
        )
        await api.sql(
            "INSERT INTO ghostflow_offers (id, team_id, name, url, network_id, payout) "
            "VALUES (%s, %s, 'Offer', 'https://offer.example/', %s, 3000000)",
            *(self.offer_id, self.team_id, self.network_id),
        )
        await api.sql(
            "INSERT INTO ghostflow_sources (id, team_id, name) VALUES (%s, %s, 'Source')",
            *(self.source_id, self.team_id),
        )
        await api.sql(
            "INSERT INTO ghostflow_campaigns (id, team_id, name, url, slug, source_id) "
            "VALUES (%s, %s, 'Campaign', 'https://offer.example/', %s, %s)",
            *(self.campaign_id, self.team_id, uuid.uuid4().hex, self.source_id),
        )
        return self

    async def change(self, table: str, **columns: Any) -> None:
        """Change the network, offer, source or campaign."""
        id = getattr(self, f"{table}_id")
        for name, value in columns.items():
            stored = orjson.dumps(value).decode() if isinstance(value, dict) else value
            statement = f"UPDATE ghostflow_{table}s SET {name} = %s WHERE id = %s"
            await self.api.sql(statement, stored, id)

    async def click(self, id: UUID | None = None, **columns: Any) -> str:
        """The id of a new click, an hour ago unless `at` says otherwise."""
        row = {
            "id": id or new_uuid7(),
            "team_id": self.team_id,
            "campaign_id": self.campaign_id,
            "offer_id": self.offer_id,
            "source_id": self.source_id,
            "network_id": self.network_id,
            "at": datetime.now(UTC) - timedelta(hours=1),
            "visitor_id": uuid.uuid4(),
            "is_unique": True,
            "is_bot": False,
            "device": "desktop",
            "cost_currency": "USD",
            "destination": "https://offer.example/",
            **columns,
        }
        places = ", ".join(["%s"] * len(row))
        statement = f"INSERT INTO ghostflow_clicks ({', '.join(row)}) VALUES ({places})"
        await self.api.sql(statement, *row.values())
        return str(row["id"])

    async def report(self, click: str, expected: int = 201, /, **fields: Any) -> dict[str, Any]:
        """What `POST /conversions` answers."""
        body = {"clickId": click, **fields}
        answer: dict[str, Any] = await self.api.ask("POST", "/conversions", body, expected)
        return answer

    async def postback(self, method: str = "GET", /, **params: Any) -> httpx.Response:
        """What a postback of the network is answered; parameters in the query."""
        return await self.api.at_root(method, f"/postback/{self.key}", params=params)

    async def told(self, **params: Any) -> dict[str, Any]:
        """What a postback that is taken is answered."""
        answer = await self.postback(**params)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def conversions(self, **filters: Any) -> list[dict[str, Any]]:
        """`GET /conversions`."""
        found: list[dict[str, Any]] = await self.api.ask("GET", "/conversions", params=filters)
        return found

    async def log(self, **filters: Any) -> list[dict[str, Any]]:
        """`GET /postbacks`."""
        found: list[dict[str, Any]] = await self.api.ask("GET", "/postbacks", params=filters)
        return found

    async def events(self, conversion: str) -> list[tuple[str, Any]]:
        """Types and data of the events of a conversion, in their order."""
        statement = "SELECT type, data FROM events WHERE stream = %s ORDER BY seq"
        return [(type, data) for type, data in await self.api.sql(statement, conversion)]
