"""Short calls of the cache."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..conftest import Api

JSON = {"Content-Type": "application/json"}


class Cache:
    """The cache of one project, with bodies as text where the text matters."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def send(self, path: str, text: str | bytes, **headers: str) -> httpx.Response:
        options = {"content": text, "headers": {**JSON, **headers}}
        return await self.api.call("POST", f"/cache/{path}", **options)

    async def ask(self, path: str, body: Any = None, **options: Any) -> Any:
        return await self.api.ask(f"/cache/{path}", body, **options)

    async def set_text(self, key: str, text: str) -> None:
        answer = await self.send("set", f'{{"key": "{key}", "value": {text}}}')
        assert (answer.status_code, answer.content) == (200, b'{"success":true}'), answer.text

    async def get_text(self, key: str) -> str:
        """The text of a value that is there."""
        answer = await self.api.post("/cache/get", {"key": key})
        assert answer.status_code == 200, answer.text
        head, tail = '{"exists":true,"value":', "}"
        assert answer.text.startswith(head), answer.text
        return answer.text.removeprefix(head).removesuffix(tail)

    async def value(self, key: str) -> Any:
        answer = await self.ask("get", {"key": key})
        assert answer["exists"], answer
        return answer["value"]

    async def fill(self, *keys: str) -> None:
        for start in range(0, len(keys), 100):
            part = [{"key": key, "value": 1} for key in keys[start : start + 100]]
            await self.ask("setMany", {"entries": part})

    async def message(self, path: str, body: Any, status: int = 400, **options: Any) -> str:
        """What a refusal says."""
        answer = await self.ask(path, body, status=status, **options)
        assert (
            answer["code"]
            == {
                400: "VALIDATION_ERROR",
                409: "VALIDATION_ERROR",
                413: "VALIDATION_ERROR",
                429: "RATE_LIMIT_EXCEEDED",
                503: "INTERNAL_ERROR",
                403: "FORBIDDEN",
            }[status]
        ), answer
        return answer["message"]


@pytest.fixture
def cache(api: Api) -> Cache:
    return Cache(api)


@pytest.fixture
def lone_cache(alone: Api) -> Cache:
    """On a server whose clock may be moved."""
    return Cache(alone)
