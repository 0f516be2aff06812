"""Objects over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest_asyncio

from ..conftest import Api
from .forms import CONTENT_TYPE, form, part


class Storage:
    """The objects of one project."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def send(self, *parts: bytes, **options: Any) -> httpx.Response:
        """A form of these parts."""
        return await self.send_raw(form(parts), **options)

    async def send_raw(self, content: Any, kind: str = CONTENT_TYPE) -> httpx.Response:
        headers = {"Content-Type": kind}
        return await self.api.http.post("/storage/upload", content=content, headers=headers)

    async def put(self, key: str, data: bytes, kind: str | None = "text/plain") -> dict[str, Any]:
        answer = await self.send(
            part("key", key.encode()), part("file", data, filename="f", kind=kind)
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, key: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.api.post("/storage/get", {"key": key}, headers=named)

    async def ask(self, operation: str, status: int = 200, **body: Any) -> Any:
        return await self.api.ask(f"/storage/{operation}", body, status)

    async def url(self, url: str, method: str = "GET", **headers: str) -> httpx.Response:
        """A request without any key, as a browser makes it."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=self.api.http._transport) as browser:
            return await browser.request(method, url, headers=named)


@pytest_asyncio.fixture(loop_scope="session")
async def storage(api: Api) -> Storage:
    return Storage(api)


@pytest_asyncio.fixture(loop_scope="session")
async def wired(wire: Api) -> Storage:
    return Storage(wire)
