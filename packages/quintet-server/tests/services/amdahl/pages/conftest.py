"""Short calls about pages."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Api

BY_CHANNEL = {
    "name": "by_channel",
    "sql": "SELECT channel, COUNT(*) AS events FROM interactions GROUP BY channel",
}
# As the guide posts it.
GUIDE = {
    "name": "Weekly sentiment",
    "tags": ["weekly", "sentiment"],
    "declared_queries": [BY_CHANNEL],
    "spec": {
        "type": "Section",
        "children": [{"type": "Table", "data": {"$query": "by_channel"}}],
    },
}
CUSTOM = {"type": "Custom", "props": {"code": "export default () => null"}}


def text(words: str) -> dict[str, Any]:
    """A spec that needs no query."""
    return {"type": "Text", "text": words}


class Pages:
    """The pages of one business."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def create(self, name: str = "Page", **body: Any) -> dict[str, Any]:
        body = {"name": name, "spec": text("hello"), **body}
        made: dict[str, Any] = await self.api.ask("POST", "/pages", body, 201)
        return made

    async def get(self, id: str, status: int = 200) -> Any:
        return await self.api.ask("GET", f"/pages/{id}", status=status)

    async def patch(self, id: str, answered: int = 200, **body: Any) -> Any:
        return await self.api.ask("PATCH", f"/pages/{id}", body, answered)

    async def archive(self, id: str, status: int = 204) -> Any:
        return await self.api.ask("DELETE", f"/pages/{id}", status=status)

    async def names(self, query: str = "") -> list[str]:
        found = await self.api.ask("GET", f"/pages{query}")
        return [page["name"] for page in found["items"]]

    async def events(self) -> list[tuple[str, dict[str, Any]]]:
        """What the log was told of pages."""
        rows = await self.api.sql(
            "SELECT type, data FROM events WHERE project_id = %s AND type LIKE 'page.%%' "
            "ORDER BY seq",
            self.api.project_id,
        )
        return [(type_, data) for type_, data in rows]


@pytest.fixture
def pages(api: Api) -> Pages:
    return Pages(api)
