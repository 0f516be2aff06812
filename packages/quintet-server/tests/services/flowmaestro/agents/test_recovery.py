"""Answers that outlive the process, or the connection, that began them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from quintet_server.definitions.apply import apply_definitions
from quintet_server.services.flowmaestro.agents.tool_workflow import execution_id_of
from quintet_server.services.flowmaestro.routes import KINDS
from quintet_server.store.database import Database

from ..conftest import frames
from .conftest import kinds, said
from .scripted_model import CUT, ScriptedModel, call

CONTINUES = {"UPSTREAM_CONTINUES": "true"}


async def test_an_answer_that_breaks_off_is_continued_where_it_stopped(talking):
    async with talking(ai=CONTINUES) as talk:
        thread = await talk.thread()
        talk.model.says("One, two", CUT)
        talk.model.says(", thr", CUT)
        talk.model.says("ee.")
        events = await talk.stream(thread, "Count")
        last = events[-1]["data"]
        assert said(events) == last["content"] == "One, two, three."
        assert [one["data"]["sequence"] for one in events[1:-1]] == [1, 2, 3]
        assert talk.model.shown()[-2:] == [("user", "Count"), ("assistant", "One, two, thr")]
        # The text that was there already was part of the prompt: it counts as generated, once.
        moved = -(-len("One, two, thr") // 4)
        assert last["usage"] == {
            "prompt_tokens": 7 - moved,
            "completion_tokens": 3 + moved,
            "total_tokens": 10,
        }
        left = talk.model.requests[0]["max_tokens"] - moved
        assert talk.model.requests[-1]["max_tokens"] == left


async def test_an_answer_that_keeps_breaking_off_fails(talking):
    async with talking(ai=CONTINUES) as talk:
        thread = await talk.thread()
        for _ in range(10):
            talk.model.says("x", CUT)
        events = await talk.stream(thread)
        assert kinds(events)[-1] == "message:failed"
        assert len(talk.model.requests) < 10


async def test_an_answer_that_takes_too_long_fails_and_says_so(talking):
    async with talking(turn_timeout_seconds=1.0) as talk:
        thread, never = await talk.thread(), asyncio.Event()
        talk.model.says("x", never)
        events = await talk.stream(thread)
        assert events[-1]["data"]["code"] == "timeout"
        assert events[-1]["data"]["error"] == "The answer took longer than 1 s"
        await talk.until(lambda: talk.model.left == 1)


class Outside:
    """Processes on one database, as their caller sees them."""

    def __init__(self, start: Any, database_url: str, model: ScriptedModel, continues: bool):
        self._start = start
        self._url = database_url
        self._env = {
            "AI_BASE_URL": model.url,
            "QUINTET_AI_UPSTREAM_CONTINUES": "true" if continues else "false",
            "QUINTET_ALLOW_PRIVATE_TARGETS": "true",
        }
        self.http = httpx.AsyncClient(timeout=60, trust_env=False)
        self._processes: list[Any] = []

    async def process(self) -> Any:
        """Start a process; calls go to it from now on."""
        process = await asyncio.to_thread(self._start, "--database-url", self._url, env=self._env)
        self._processes.append(process)
        self.http.base_url = httpx.URL(f"{process.url}/api/v1")
        self.http.headers["Authorization"] = f"Bearer {process.keys['flowmaestro']}"
        return process

    async def stop(self) -> None:
        """Stop what still runs, while the loop in which its model lives goes on."""
        for process in self._processes:
            if process.process.poll() is None:
                await asyncio.to_thread(process.stop)

    async def begin(self) -> tuple[str, str]:
        """Begin a turn; returns its thread and itself."""
        made = await self.http.post("/agents/agent_helper/threads", json={})
        thread = made.json()["data"]["id"]
        sent = await self.http.post(
            f"/threads/{thread}/messages", json={"content": "Go", "stream": True}
        )
        assert sent.status_code == 202, sent.text
        return thread, sent.json()["data"]["message_id"]

    async def events(self, thread: str) -> list[dict[str, Any]]:
        async with (
            asyncio.timeout(60),
            self.http.stream("GET", f"/threads/{thread}/events") as answer,
        ):
            return [event async for event in frames(answer)]


StartOutside = Callable[..., AbstractAsyncContextManager[Outside]]


@pytest.fixture
def outside(
    start_process: Any, db_of_processes: Any, model: ScriptedModel, tmp_path: Path
) -> StartOutside:
    database_url, apply = db_of_processes

    @contextlib.asynccontextmanager
    async def start(
        *, continues: bool = True, tools: str = "[]", before: str = ""
    ) -> AsyncIterator[Outside]:
        file = tmp_path / "agent.yaml"
        file.write_text(
            f"{before}service: flowmaestro\nkind: agent\nname: helper\nspec:\n"
            f"  max_tokens: 200\n  tools: {tools}\n"
        )
        await apply(file)
        one = Outside(start_process, database_url, model, continues)
        async with one.http:
            yield one
            await one.stop()

    return start


@pytest.fixture
def db_of_processes(database_url: str) -> Any:
    async def apply(file: Path) -> None:
        database = await Database.open(database_url, application_name="test")
        await apply_definitions(database, file, KINDS)
        await database.close()

    return database_url, apply


async def written(database_url: str, turn: str, what: str, count: int = 1) -> None:
    database = await Database.open(database_url, application_name="test")
    statement = "SELECT count(*) FROM events WHERE stream = %s AND type = %s"
    async with asyncio.timeout(60):
        while True:
            async with database.connection() as conn:
                row = await (await conn.execute(statement, (turn, what))).fetchone()
            if row is not None and row[0] >= count:
                break
            await asyncio.sleep(0.02)
    await database.close()


@pytest.mark.kill
async def test_after_a_kill_another_process_continues_the_answer(outside, model, database_url):
    async with outside() as callers:
        first = await callers.process()
        never = asyncio.Event()
        model.says("Hel", "lo ", never)
        thread, turn = await callers.begin()
        await written(database_url, turn, "thread.message.token", 2)
        first.kill()
        model.says("wor", "ld")
        await callers.process()
        events = await callers.events(thread)
        assert kinds(events) == [
            "connected",
            "message:started",
            "message:token",
            "message:completed",
        ]
        assert said(events) == events[-1]["data"]["content"] == "Hello world"
        tokens = [one["data"] for one in events if one["event"] == "message:token"]
        assert [one["sequence"] for one in tokens] == [1, 2, 3, 4]
        assert model.shown()[-1] == ("assistant", "Hello ")


@pytest.mark.kill
async def test_after_a_kill_a_model_that_cannot_continue_fails_clearly(
    outside, model, database_url
):
    async with outside(continues=False) as callers:
        first = await callers.process()
        never = asyncio.Event()
        model.says("Hel", never)
        thread, turn = await callers.begin()
        await written(database_url, turn, "thread.message.token")
        first.kill()
        await callers.process()
        events = await callers.events(thread)
        assert kinds(events)[-1] == "message:failed"
        assert events[-1]["data"]["code"] == "interrupted"
        assert "interrupted" in events[-1]["data"]["error"]
        assert len(model.requests) == 1
        again = await callers.http.post(f"/threads/{thread}/messages", json={"content": "Again"})
        assert again.json()["data"]["content"] == "ok"


@pytest.mark.kill
async def test_a_kill_before_the_first_piece_starts_the_answer_over(outside, model, database_url):
    async with outside(continues=False) as callers:
        first = await callers.process()
        never = asyncio.Event()
        model.says(never)
        thread, turn = await callers.begin()
        await written(database_url, turn, "thread.message.started")
        async with asyncio.timeout(60):
            while not model.requests:
                await asyncio.sleep(0.02)
        first.kill()
        model.says("anew")
        await callers.process()
        events = await callers.events(thread)
        assert events[-1]["data"]["content"] == "anew"
        assert kinds(events).count("message:started") == 1


@pytest.mark.kill
async def test_a_tool_under_way_at_a_kill_is_used_again_and_marked(outside, model, database_url):
    tools = (
        "[{name: hook, type: http, url: '%s/hook'}]" % model.url  # noqa: UP031
    )
    async with outside(tools=tools) as callers:
        first = await callers.process()
        model.hold_hook()
        model.says("Calling. ", call("hook"))
        thread, turn = await callers.begin()
        await written(database_url, turn, "thread.message.tool_call")
        async with asyncio.timeout(60):
            while model.hooks < 1:
                await asyncio.sleep(0.02)
        first.kill()
        model.release_hook()
        model.says("Called.")
        await callers.process()
        events = await callers.events(thread)
        assert events[-1]["data"]["content"] == "Calling. Called."
        told = [one["data"] for one in events if one["event"] == "message:tool_call"]
        assert [one["status"] for one in told] == ["started", "started", "completed"]
        assert "attempt" not in told[0]
        assert (told[1]["attempt"], told[1]["recovered"]) == (2, True)
        assert model.hooks == 2
        assert events[-1]["data"]["tool_calls"] == [
            {"id": "call_1", "name": "hook", "arguments": {}}
        ]


@pytest.mark.kill
async def test_a_process_that_is_stopped_hands_its_answers_over(outside, model, database_url):
    async with outside() as callers:
        first = await callers.process()
        never = asyncio.Event()
        model.says("begun, ", never)
        thread, turn = await callers.begin()
        await written(database_url, turn, "thread.message.token")
        assert await asyncio.to_thread(first.stop) == 0
        model.says("done")
        await callers.process()
        events = await callers.events(thread)
        assert events[-1]["data"]["content"] == "begun, done"


@pytest.mark.kill
async def test_a_workflow_under_way_at_a_kill_is_started_once(outside, model, database_url):
    workflow = """
service: flowmaestro
kind: workflow
name: slow
spec:
  nodes:
    in: {type: input, config: {inputName: x, required: false}}
    pause: {type: wait, config: {duration: 2000}}
    out: {type: output, config: {outputName: said, value: "slowly"}}
  edges:
    - {id: a, source: in, target: pause}
    - {id: b, source: pause, target: out}
---
"""
    tools = "[{name: slow, type: workflow, workflow: slow}]"
    async with outside(tools=tools, before=workflow) as callers:
        first = await callers.process()
        model.says(call("slow"))
        thread, turn = await callers.begin()
        await written(database_url, turn, "thread.message.tool_call")
        execution = execution_id_of(f"{turn}/round[0]/call[0]")
        await written(database_url, execution, "execution.started")
        first.kill()
        model.says("It is done.")
        await callers.process()
        events = await callers.events(thread)
        assert events[-1]["data"]["content"] == "It is done."
        [completed] = [one["data"] for one in events if one["data"].get("status") == "completed"][
            :1
        ]
        assert "slowly" in completed["result"]
        listed = (await callers.http.get("/executions")).json()
        assert [one["id"] for one in listed["data"]] == [execution]
