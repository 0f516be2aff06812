"""An Aerostack whose language model is scripted; the rooms that chat have their fixtures from here.

`talk` is a project of its own on a server that the tests of a room share; `talking(ai={...})`
starts a server for one test. Both are called over real sockets.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from quintet_server.runtime import Runtime
from quintet_server.services.aerostack.gateway.consumers import create_consumer_key
from quintet_server.services.aerostack.service import service
from quintet_server.services.aerostack.settings import AerostackSettings

from .. import serving
from ..flowmaestro.agents.scripted_model import ScriptedModel, scripted_model
from .conftest import Api

Talking = Callable[..., AbstractAsyncContextManager["Talk"]]
HI = [{"role": "user", "content": "Hi"}]
DONE = "[DONE]"


class Talk(Api):
    """A client of a project, and the model behind it."""

    model: ScriptedModel
    folder: Path
    root: str

    async def chat(self, **body: Any) -> httpx.Response:
        """`/ai/chat`, about nothing special unless there are `messages`."""
        return await self.post("/ai/chat", {"messages": HI, **body})

    @contextlib.asynccontextmanager
    async def streaming(
        self, path: str, body: dict[str, Any], **options: Any
    ) -> AsyncIterator[tuple[httpx.Response, AsyncIterator[Any]]]:
        """A stream, and its frames as they come; the last is `[DONE]`."""
        body = {"messages": HI, **body, "stream": True}
        async with self.http.stream("POST", path, json=body, **options) as response:
            yield response, frames_of(response)

    async def frames(self, path: str, **body: Any) -> list[Any]:
        """Every frame of a stream."""
        async with self.streaming(path, body) as (response, frames):
            assert response.status_code == 200, await response.aread()
            return [frame async for frame in frames]

    async def advance(self, seconds: float) -> None:
        """Move the server's time; see the fixture `later`."""
        move = "UPDATE clock SET shift = shift + make_interval(secs => %s)"
        await self.sql(move, seconds)

    # The gateway.

    async def define(self, kind: str, name: str, **spec: Any) -> None:
        await self.apply(self.folder, {"kind": kind, "name": name, "spec": spec})

    async def consumer(self, name: str = "ann", *, is_test: bool = False, **spec: Any) -> str:
        """Apply a consumer and mint a key of it."""
        await self.define("gateway-consumer", name, **{"balance": 100_000, **spec})
        return await self.consumer_key(name, is_test=is_test)

    async def consumer_key(self, name: str = "ann", **options: Any) -> str:
        async with self.runtime.db.transaction() as conn:
            made = await create_consumer_key(conn, self.project, name, **options)
        assert made is not None
        return made[0]

    async def complete(
        self, key: str | None = None, slug: str = "default", **body: Any
    ) -> httpx.Response:
        """A completion of the gateway, with a consumer's key."""
        path = f"/ai/gateway/{slug}/chat/completions"
        return await self.post(path, {"messages": HI, **body}, headers=bearer(key or self.key))

    async def wallet(self, key: str | None = None, slug: str = "default") -> dict[str, Any]:
        path = f"/ai/gateway/me/wallet?api_slug={slug}"
        answer = await self.get(path, headers=bearer(key or self.key))
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["wallet"])

    async def ledger(self) -> list[tuple[Any, ...]]:
        """Kind and units of every movement of the project's wallets."""
        return await self.sql(
            "SELECT l.kind, l.units FROM aerostack_gateway_ledger l"
            " JOIN aerostack_gateway_wallets w ON w.id = l.wallet_id"
            " WHERE w.project_id = %s AND w.kind <> 'test' ORDER BY l.seq",
            self.project_id,
        )


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def frames_of(response: httpx.Response) -> AsyncIterator[Any]:
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            data = line.removeprefix("data: ")
            yield DONE if data == DONE else json.loads(data)


@contextlib.asynccontextmanager
async def _serving(
    database_url: str, folder: Path, **settings: Any
) -> AsyncIterator[tuple[Runtime, str]]:
    async with (
        serving.running(service(AerostackSettings(**settings)), database_url, folder) as runtime,
        serving.listening(runtime) as url,
    ):
        yield runtime, url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_model() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as model:
        yield model


@pytest.fixture
def model(shared_model: ScriptedModel) -> ScriptedModel:
    """The model, with nothing written down yet."""
    shared_model.reset()
    return shared_model


@contextlib.asynccontextmanager
async def _shared(
    cluster_url: str, template: str, model: ScriptedModel, folder: Path
) -> AsyncIterator[tuple[Runtime, str]]:
    """A server that tests share, on a database of its own."""
    async with contextlib.AsyncExitStack() as stack:
        url = stack.enter_context(serving.shared_database(cluster_url, template, "talk"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AI_BASE_URL", model.url)
            patch.setenv("QUINTET_AI_RETRIES_COUNT", "0")
            running = await stack.enter_async_context(_serving(url, folder))
        yield running


@contextlib.asynccontextmanager
async def _talk_on(server: Any, model: ScriptedModel, folder: Path) -> AsyncIterator[Talk]:
    runtime, url = server
    async with Talk.of(runtime, url, uuid.uuid4().hex) as client:
        client.model, client.folder, client.root = model, folder, url
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_talk(
    cluster_url: str,
    template_database: str,
    shared_model: ScriptedModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Any]:
    folder = tmp_path_factory.mktemp("talk")
    async with _shared(cluster_url, template_database, shared_model, folder) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_later(
    cluster_url: str,
    template_database: str,
    shared_model: ScriptedModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Any]:
    folder = tmp_path_factory.mktemp("later")
    async with _shared(cluster_url, template_database, shared_model, folder) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def talk(shared_talk: Any, model: ScriptedModel, tmp_path: Path) -> AsyncIterator[Talk]:
    """A new project on the shared server."""
    async with _talk_on(shared_talk, model, tmp_path) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def later(shared_later: Any, model: ScriptedModel, tmp_path: Path) -> AsyncIterator[Talk]:
    """A new project on another one, whose clock tests may move with `advance`."""
    async with _talk_on(shared_later, model, tmp_path) as client:
        yield client


@pytest.fixture
def talking(
    database_url: str, tmp_path: Path, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> Talking:
    """`async with talking(ai={"WAITING_COUNT": "0"}, gateway_hold_seconds=1) as talk`."""

    @contextlib.asynccontextmanager
    async def start(ai: dict[str, str] | None = None, **settings: Any) -> AsyncIterator[Talk]:
        monkeypatch.setenv("AI_BASE_URL", model.url)
        for name, value in (ai or {}).items():
            monkeypatch.setenv(f"QUINTET_AI_{name}", value)
        async with (
            _serving(database_url, tmp_path / "data", **settings) as (runtime, url),
            Talk.of(runtime, url, "default") as client,
        ):
            client.model, client.folder, client.root = model, tmp_path, url
            yield client

    return start
