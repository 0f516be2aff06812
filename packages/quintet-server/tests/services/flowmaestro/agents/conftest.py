"""A FlowMaestro whose language model is scripted, and agents to talk to.

`talk` is a project of its own on a server that the tests share; `talking(**ai)` starts a server for
one test, with settings of the model (`UPSTREAM_TOOLS="false"`). Both are called over real sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from quintet_server.runtime import Runtime
from quintet_server.server import bind, make_server, url_of
from quintet_server.services.flowmaestro.service import service
from quintet_server.services.flowmaestro.settings import FlowMaestroSettings
from quintet_server.settings import ServerSettings, Settings
from tests.support.postgres import on_cluster

from ..conftest import MOUNT, Api, frames, new_key
from .scripted_model import ScriptedModel, scripted_model

AGENT = {"description": "Helps", "system_prompt": "Be kind.", "max_tokens": 500}
Talking = Callable[..., AbstractAsyncContextManager["Talk"]]


class Talk(Api):
    """A client with the steps of a conversation."""

    model: ScriptedModel
    folder: Path

    async def agent(self, name: str = "helper", **spec: Any) -> str:
        """Apply an agent, and empty knowledge bases that its tools name; returns its id."""
        bases = [
            {"kind": "knowledge_base", "name": tool["knowledge_base"], "spec": {}}
            for tool in spec.get("tools", ())
            if tool.get("type") == "knowledge_base"
        ]
        document = {"kind": "agent", "name": name, "spec": {**AGENT, **spec}}
        await self.apply(self.folder, *bases, document)
        return f"agent_{name}"

    async def thread(self, agent: str | None = None, **body: Any) -> str:
        """A new thread, with a new agent unless one is named."""
        agent = agent or await self.agent()
        answer = await self.post(f"/agents/{agent}/threads", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    async def say(self, thread: str, content: str = "Hi", **body: Any) -> httpx.Response:
        return await self.post(f"/threads/{thread}/messages", {"content": content, **body})

    async def answer(self, thread: str, content: str = "Hi", **body: Any) -> dict[str, Any]:
        """The data of an answer that arrived."""
        answer = await self.say(thread, content, **body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["data"])

    async def begin(self, thread: str, content: str = "Hi") -> str:
        """Send a message and do not wait; returns the id of its turn."""
        answer = await self.say(thread, content, stream=True)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["data"]["message_id"])

    async def stream(self, thread: str, content: str = "Hi") -> list[dict[str, Any]]:
        """The events on the response of a send."""
        async with self.streaming(thread, content) as (_, events):
            return [event async for event in events]

    @contextlib.asynccontextmanager
    async def streaming(self, thread: str, content: str = "Hi") -> AsyncIterator[Any]:
        body = {"content": content, "stream": True}
        headers = {"Accept": "text/event-stream"}
        path = f"/threads/{thread}/messages"
        async with (
            asyncio.timeout(60),
            self.http.stream("POST", path, json=body, headers=headers) as answer,
        ):
            assert answer.status_code == 200, (await answer.aread()).decode()
            yield answer, frames(answer)

    async def messages(self, thread: str) -> list[tuple[str, str]]:
        return [
            (one["role"], one["content"]) for one in await self.data(f"/threads/{thread}/messages")
        ]

    async def ended(self, turn: str) -> str:
        """The state in which a turn ends."""
        statement = "SELECT state FROM runs WHERE id = %s AND completed_at IS NOT NULL"
        return str((await self.eventually(statement, turn))[0][0])

    async def written(self, turn: str, count: int) -> None:
        """Return once so many pieces of an answer are in the log."""
        await self.eventually(
            "SELECT 1 FROM events WHERE stream = %s AND type = 'thread.message.token'"
            " HAVING count(*) >= %s",
            turn,
            count,
        )

    async def other(self, project: str) -> Talk:
        """A client of another project of the same server."""
        key = await new_key(self.runtime, project)
        return await talk_to(self.runtime, str(self.http.base_url), key, project, self)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """The names of events, each run of tokens as one."""
    names = [event["event"] for event in events]
    return [
        name
        for place, name in enumerate(names)
        if name != "message:token" or names[place - 1 : place] != [name]
    ]


def said(events: list[dict[str, Any]]) -> str:
    """The pieces of an answer, joined."""
    return "".join(one["data"]["token"] for one in events if one["event"] == "message:token")


async def talk_to(
    runtime: Runtime, url: str, key: str, project: str, like: Talk | None = None
) -> Talk:
    talk = Talk(runtime, httpx.AsyncHTTPTransport(), key, project)
    talk.http.base_url = httpx.URL(url)
    [[talk.project_id]] = await talk.sql("SELECT id FROM projects WHERE name = %s", project)
    if like is not None:
        talk.model, talk.folder = like.model, like.folder
    return talk


@contextlib.asynccontextmanager
async def serving(database_url: str, folder: Path, **settings: Any) -> AsyncIterator[Any]:
    """A running server and its URL."""
    server = ServerSettings(
        data_dir=folder,
        database_url=database_url,
        dev_keys=False,
        port=0,
        allow_private_targets=settings.pop("allow_private_targets", True),
    )
    many = {"requests_per_minute": 1_000_000, "requests_per_day": 1_000_000, **settings}
    runtime = Runtime(Settings(server=server), [service(FlowMaestroSettings(**many))])
    with bind(server) as listener:
        await runtime.start()
        ready = asyncio.Event()
        web = make_server(runtime, ready.set)
        task = asyncio.create_task(web.serve(sockets=[listener]))
        await ready.wait()
        try:
            yield runtime, f"{url_of(listener)}{MOUNT}"
        finally:
            web.should_exit = True
            await task
            await runtime.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_model() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as model:
        yield model


@pytest.fixture
def model(shared_model: ScriptedModel) -> ScriptedModel:
    """The model behind every agent; nothing is written down yet."""
    shared_model.reset()
    return shared_model


@pytest.fixture(scope="session")
def talk_database_url(cluster_url: str, template_database: str) -> Iterator[str]:
    """A database apart from that of the other tests, whose server has no model to answer with."""
    name = f"talk_{uuid.uuid4().hex[:12]}"
    on_cluster(cluster_url, "CREATE DATABASE {} TEMPLATE {}", name, template_database)
    yield make_conninfo(**{**conninfo_to_dict(cluster_url), "dbname": name})
    on_cluster(cluster_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_talk(
    talk_database_url: str,
    shared_model: ScriptedModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Any]:
    async with contextlib.AsyncExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AI_BASE_URL", shared_model.url)
            folder = tmp_path_factory.mktemp("talk")
            running = await stack.enter_async_context(serving(talk_database_url, folder))
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def talk(shared_talk: Any, model: ScriptedModel, tmp_path: Path) -> AsyncIterator[Talk]:
    """A new project on the shared server."""
    runtime, url = shared_talk
    project = uuid.uuid4().hex
    client = await talk_to(runtime, url, await new_key(runtime, project), project)
    client.model, client.folder = model, tmp_path
    async with client.http:
        yield client
    # What still ran would take the answers of the next test.
    await client.eventually(
        "SELECT 1 WHERE NOT EXISTS"
        " (SELECT FROM runs WHERE project_id = %s AND completed_at IS NULL)",
        client.project_id,
    )


@pytest.fixture
def talking(
    database_url: str, tmp_path: Path, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> Talking:
    """`async with talking(ai={"UPSTREAM_TOOLS": "false"}, turn_timeout_seconds=1) as talk`."""

    @contextlib.asynccontextmanager
    async def start(ai: dict[str, str] | None = None, **settings: Any) -> AsyncIterator[Talk]:
        monkeypatch.setenv("AI_BASE_URL", model.url)
        for name, value in (ai or {}).items():
            monkeypatch.setenv(f"QUINTET_AI_{name}", value)
        async with serving(database_url, tmp_path / "data", **settings) as (runtime, url):
            client = await talk_to(runtime, url, await new_key(runtime), "default")
            client.model, client.folder = model, tmp_path
            async with client.http:
                yield client

    return start
