"""A running FlowMaestro, called over HTTP.

`api` is a project of its own on a server that the tests share, called in process: sockets matter to
no rule tested with it. `wire` is the same over a real socket, for streams and hang-ups. `alone` and
`started(...)` have a server and a database to themselves, to move the clock or to change settings.
"""

from __future__ import annotations

import asyncio
import textwrap
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from quintet_server.definitions.apply import apply_definitions
from quintet_server.runtime import Runtime
from quintet_server.services.flowmaestro.service import service
from quintet_server.services.flowmaestro.settings import FlowMaestroSettings

from .. import serving
from ..serving import ServiceClient

Started = Callable[..., AbstractAsyncContextManager["Api"]]

MOUNT = "/api/v1"


class Api(ServiceClient):
    """A client of one project."""

    service = "flowmaestro"
    mount = MOUNT

    async def data(self, path: str, **options: Any) -> Any:
        """The `data` of a GET that succeeds."""
        answer = await self.get(path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def apply(self, folder: Path, *documents: dict[str, Any] | str) -> list[str]:
        """What `quintet apply` does with these documents (YAML text or values); the outcomes."""
        file = folder / f"{uuid.uuid4().hex}.yaml"
        texts = []
        for document in documents:
            if isinstance(document, str):
                texts.append(textwrap.dedent(document).strip() + f"\nproject: {self.project}\n")
            else:  # JSON is YAML
                filled = {"service": "flowmaestro", "project": self.project, **document}
                texts.append(orjson.dumps(filled).decode())
        file.write_text("\n---\n".join(texts))
        kinds = [kind for one in self.runtime.services for kind in one.definitions]
        applied = await apply_definitions(self.runtime.db, file, kinds)
        return [one.outcome for one in applied]

    async def events(self, path: str, **options: Any) -> list[dict[str, Any]]:
        """The events of a stream that ends by itself: `{"event", "id"?, "data"}` each."""
        async with self.http.stream("GET", path, **options) as answer:
            assert answer.status_code == 200, (await answer.aread()).decode()
            assert answer.headers["content-type"].startswith("text/event-stream")
            async with asyncio.timeout(60):
                return [frame async for frame in frames(answer)]


async def frames(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Server-sent events as they arrive; comments are left out."""
    frame: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        if not line:
            if "data" in frame:
                yield {**frame, "data": orjson.loads(frame["data"])}
            frame = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            frame[name] = value.removeprefix(" ")


async def new_key(
    runtime: Runtime, project: str = "default", scopes: tuple[str, ...] | None = None
) -> str:
    return await serving.new_key(runtime, "flowmaestro", project, scopes)


def _running(
    database_url: str, folder: Path, *, allow_private_targets: bool = True, **settings: Any
) -> AbstractAsyncContextManager[Runtime]:
    # A test sends more than sixty requests in a minute.
    settings = {"requests_per_minute": 1_000_000, "requests_per_day": 1_000_000, **settings}
    return serving.running(
        service(FlowMaestroSettings(**settings)),
        database_url,
        folder,
        allow_private_targets=allow_private_targets,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    serving.share_one_loop(Path(__file__).parent, items)


shared_database_url, shared_runtime, shared_url, api, wire, started, alone = serving.fixtures(
    Api, _running
)
