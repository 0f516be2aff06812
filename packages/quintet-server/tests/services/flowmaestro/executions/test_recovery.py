"""A server killed in the middle of executions: another goes on, and repeats no finished step."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest_asyncio

from quintet_server.definitions.apply import apply_definitions
from quintet_server.services.flowmaestro.service import service

from .test_graphs import IN, out, post

ENV = {
    "QUINTET_ALLOW_PRIVATE_TARGETS": "true",
    "QUINTET_FLOWMAESTRO_REQUESTS_PER_MINUTE": "1000000",
}


class Client:
    """What `Flows` needs of an API, with a server that is another process."""

    project = "default"

    def __init__(self, db: Any) -> None:
        self.runtime = type("Runtime", (), {"db": db, "services": [service()]})
        self.http = httpx.AsyncClient(timeout=60, trust_env=False)

    def use(self, server: Any) -> None:
        self.http.base_url = httpx.URL(f"{server.url}/api/v1")
        self.http.headers["Authorization"] = f"Bearer {server.keys['flowmaestro']}"

    async def apply(self, folder: Path, *documents: dict[str, Any]) -> list[str]:
        file = folder / "definitions.json"
        for document in documents:
            file.write_bytes(orjson.dumps({"service": "flowmaestro", **document}))
            await apply_definitions(self.runtime.db, file, self.runtime.services[0].definitions)
        return []

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.http.post(path, json=body)

    async def data(self, path: str) -> Any:
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self.runtime.db.connection() as conn:
            return await (await conn.execute(statement.encode(), values)).fetchall()

    async def eventually(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        async with asyncio.timeout(60):
            while not (rows := await self.sql(statement, *values)):
                await asyncio.sleep(0.01)
        return rows


@pytest_asyncio.fixture(loop_scope="session")
async def remote(db: Any) -> Any:
    client = Client(db)
    yield client
    await client.http.aclose()


async def test_killed_server_repeats_no_finished_step_and_marks_the_one_in_flight(
    remote, start_process, database_url, tmp_path, receiver, flows_class
):
    flows = flows_class(remote, tmp_path)
    nodes = {
        "in": IN,
        "a": post(f"{receiver.url}/a"),
        "b": post(f"{receiver.url}/hold"),
        "c": post(f"{receiver.url}/c"),
        "o": out("{{a.data.path}}{{c.data.path}}", format="string"),
    }
    await flows.define("steps", nodes, "in>a a>b b>c c>o")
    server = start_process("--database-url", database_url, env=ENV)
    remote.use(server)
    execution_id = await flows.start("steps")
    await receiver.called(2)
    server.kill()
    receiver.release.set()
    remote.use(start_process("--database-url", database_url, env=ENV))
    found = await flows.end(execution_id)
    assert (found["status"], found["outputs"]) == ("completed", {"answer": "/a/c"})
    assert receiver.paths == ["/a", "/hold", "/hold", "/c"]
    log = await flows.log(execution_id)
    starts = [d for t, d in log if t == "node.started" and d["node_id"] == "b"]
    assert [d.get("attempt") for d in starts] == [None, 2]
    assert [d.get("recovered") for d in starts] == [None, True]
    types = [type for type, _ in log]
    assert types.count("execution.started") == types.count("execution.completed") == 1
    assert types[-1] == "execution.completed"
    keys = [headers["idempotency-key"] for path, headers, _ in receiver.calls if path == "/hold"]
    assert len(keys) == 2 and len(set(keys)) == 1


async def test_killed_in_a_loop_and_beside_branches_each_finished_step_counts_once(
    remote, start_process, database_url, tmp_path, receiver, flows_class
):
    flows = flows_class(remote, tmp_path)
    nodes = {
        "in": ("input", {"inputName": "items", "inputType": "json"}),
        "l": ("loop", {"arrayPath": "{{items}}"}),
        "call": post(f"{receiver.url}/{{{{item}}}}"),
        "side": post(f"{receiver.url}/side"),
        "o": out("{{l.results}}"),
    }
    await flows.define("rounds", nodes, "in>l l>call:body call>l in>side l>o:done side>o")
    server = start_process("--database-url", database_url, env=ENV)
    remote.use(server)
    ids = [await flows.start("rounds", items=list(range(40))) for _ in range(3)]
    for target in (20, 60, 100):
        await receiver.called(target)
        server.kill()
        server = start_process("--database-url", database_url, env=ENV)
        remote.use(server)
    for execution_id in ids:
        found = await flows.end(execution_id)
        assert found["status"] == "completed", found
        paths = [result["data"]["path"] for result in found["outputs"]["answer"]]
        assert paths == [f"/{number}" for number in range(40)]
        types = [type for type, _ in await flows.log(execution_id)]
        assert types.count("execution.completed") == 1
        percentages = [
            d["percentage"] for t, d in await flows.log(execution_id) if t == "execution.progress"
        ]
        assert percentages == sorted(percentages) and percentages[-1] == 100
    calls = Counter(headers["idempotency-key"] for _, headers, _ in receiver.calls)
    assert len(calls) == 3 * 41 and max(calls.values()) <= 2
    twice = sum(1 for count in calls.values() if count == 2)
    marked = await remote.sql(
        "SELECT count(*) FROM events WHERE type = 'node.started' AND (data->>'attempt')::int = 2 "
        "AND data->>'node_id' <> 'l'"
    )
    assert twice <= marked[0][0]


async def test_stopping_server_hands_its_executions_over(started, flows_of, receiver, monkeypatch):
    monkeypatch.setenv("QUINTET_RUNS_DRAIN_SECONDS", "0")
    nodes = {
        "in": IN,
        "a": post(f"{receiver.url}/a"),
        "b": post(f"{receiver.url}/hold"),
        "o": out("{{b.status}}", format="number"),
    }
    async with started() as api:
        flows = flows_of(api)
        await flows.define("moved", nodes, "in>a a>b b>o")
        execution_id = await flows.start("moved")
        await receiver.called(2)
    assert receiver.hung_up == 1
    receiver.release.set()
    async with started() as api:
        flows = flows_of(api)
        found = await flows.end(execution_id)
        log = await flows.log(execution_id)
    assert (found["status"], found["outputs"]) == ("completed", {"answer": 200})
    assert receiver.paths == ["/a", "/hold", "/hold"]
    starts = [d.get("attempt") for t, d in log if t == "node.started" and d["node_id"] == "b"]
    assert starts == [None, 2]
