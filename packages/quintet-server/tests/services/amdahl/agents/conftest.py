"""Agents whose work a test writes itself: everything but the thinking is real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import orjson
import pytest_asyncio

from quintet_server.runtime import Runtime
from quintet_server.services.amdahl.agents.desk import Desk, Result, Work
from quintet_server.services.amdahl.agents.program import KIND

TERMINAL = {"complete", "failed", "canceled"}
APPROVAL = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "feedback": {"type": "string"}},
    "required": ["approved"],
}


class Agents:
    """Sessions of one client (the `Api` of the folder above), each carried out by a script.

    A script is registered under the task it works on.
    """

    def __init__(self, api: Any, runtime: Runtime | None = None) -> None:
        self.api = api
        self.works: dict[str, Work] = {}
        self.program: Any = (runtime or api.runtime).runs._programs[KIND]
        self.own_work = self.program.work
        self.program.work = self._work

    async def _work(self, desk: Desk) -> Result:
        work = self.works.get(desk.task, self.own_work)
        return await work(desk)

    def script(self, work: Work) -> Work:
        """Work on tasks of the function's name."""
        self.works[work.__name__] = work
        return work

    async def start(self, task: str, profile: str = "copilot", **params: Any) -> str:
        """The id of a new session."""
        body = {"profile_id": profile, "task": task, "input_params": params, "async": True}
        answer = await self.api.ask("POST", "/agents/run", body, 202)
        return str(answer["session_id"])

    async def status(self, session_id: str, wait_ms: int = 0) -> dict[str, Any]:
        path = f"/agents/{session_id}/status?wait_ms={wait_ms}"
        return dict(await self.api.ask("GET", path))

    async def settled(self, session_id: str) -> dict[str, Any]:
        """The status once the session has settled."""
        return await self.status(session_id, 30_000)

    async def ended(self, task: str, profile: str = "copilot", **params: Any) -> dict[str, Any]:
        """The status of a new session once it has settled."""
        return await self.settled(await self.start(task, profile, **params))

    async def resume(self, session_id: str, **answer: Any) -> dict[str, Any]:
        return dict(await self.api.ask("POST", f"/agents/{session_id}/resume", {"input": answer}))

    async def events(self, session_id: str, after: int | None = None) -> list[dict[str, Any]]:
        """The events of a stream that ends by itself."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        async with self.api.http.stream(
            "GET", f"/agents/{session_id}/stream", headers=headers
        ) as answer:
            assert answer.status_code == 200, (await answer.aread()).decode()
            async with asyncio.timeout(60):
                return [frame async for frame in frames(answer)]

    async def types(self, session_id: str) -> list[str]:
        """The types of the events of a session that has ended."""
        return [event["type"] for event in await self.events(session_id)]

    async def leave(self) -> None:
        """Put the server's own work back, and leave nothing behind that runs."""
        self.program.work = self.own_work
        rows = await self.api.sql(
            "SELECT id FROM runs WHERE project_id = %s AND completed_at IS NULL",
            self.api.project_id,
        )
        for (session_id,) in rows:
            await self.api.post(f"/agents/{session_id}/cancel")


async def frames(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """The data of server-sent events as they arrive, each checked against its own frame."""
    frame: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            frame[name] = value.removeprefix(" ")
        elif "data" in frame:
            data = orjson.loads(frame["data"])
            assert list(data) == ["type", "seq", "session_id", "ts", "data"]
            assert (frame["id"], frame["event"]) == (str(data["seq"]), data["type"])
            yield data
            frame = {}
        else:
            frame = {}


@pytest_asyncio.fixture(loop_scope="session")
async def agents(api: Any) -> AsyncIterator[Agents]:
    found = Agents(api)
    yield found
    await found.leave()


def said(text: str) -> Callable[[], AsyncIterator[str]]:
    """Something that produces a text word by word."""

    async def produce() -> AsyncIterator[str]:
        for word in text.split(" "):
            yield f"{word} "

    return produce
