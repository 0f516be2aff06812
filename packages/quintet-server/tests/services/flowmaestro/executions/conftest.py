"""Workflows written briefly, executions followed to their end, and a receiver for their effects."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

TERMINAL = {"completed", "failed", "cancelled"}


class Flows:
    """Workflows and executions of one client (the `Api` of the folder above)."""

    def __init__(self, api: Any, folder: Path) -> None:
        self.api = api
        self._folder = folder

    async def define(self, name: str, nodes: dict[str, Any], edges: str, **settings: Any) -> str:
        """`nodes`: id → (type, config) or (type, config, more); `edges`: "a>b b>c:true"."""
        spec = {
            "nodes": {
                node_id: {"type": type, "config": config, **(more[0] if more else {})}
                for node_id, (type, config, *more) in nodes.items()
            },
            "edges": [_edge(number, text) for number, text in enumerate(edges.split())],
            "settings": settings,
        }
        document = {"kind": "workflow", "name": name, "spec": spec}
        await self.api.apply(self._folder, document)
        return f"wf_{name}"

    async def start(self, name: str, **inputs: Any) -> str:
        """Execute; returns the execution's id."""
        answer = await self.api.post(f"/workflows/wf_{name}/execute", {"inputs": inputs})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["data"]["execution_id"])

    async def look(self, execution_id: str) -> dict[str, Any]:
        """The execution as it is."""
        return dict(await self.api.data(f"/executions/{execution_id}"))

    async def state(self, execution_id: str, *states: str) -> dict[str, Any]:
        """The execution as soon as it is in one of these states."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 60
        while (found := await self.look(execution_id))["status"] not in states:
            assert found["status"] not in TERMINAL, found
            assert loop.time() < deadline, await self.log(execution_id)
            await asyncio.sleep(0.01)
        return found

    async def end(self, execution_id: str) -> dict[str, Any]:
        """The execution once it has ended."""
        return await self.state(execution_id, *TERMINAL)

    async def run(self, name: str, **inputs: Any) -> dict[str, Any]:
        """Execute to the end; returns the execution."""
        return await self.end(await self.start(name, **inputs))

    async def log(self, execution_id: str) -> list[tuple[str, dict[str, Any]]]:
        """Type and data of every event in the log so far."""
        rows = await self.api.sql(
            "SELECT type, data FROM events WHERE stream = %s ORDER BY seq", execution_id
        )
        return [(type, data) for type, data in rows]

    async def told(self, execution_id: str, type: str, node_id: str | None = None) -> Any:
        """The data of the first event of a type (about a node), as soon as there is one."""
        statement = (
            "SELECT data FROM events WHERE stream = %s AND type = %s "
            "AND (%s::text IS NULL OR data->>'node_id' = %s) ORDER BY seq LIMIT 1"
        )
        rows = await self.api.eventually(statement, execution_id, type, node_id, node_id)
        return rows[0][0]


def _edge(number: int, text: str) -> dict[str, Any]:
    source, _, rest = text.partition(">")
    target, _, handle = rest.partition(":")
    edge = {"id": f"e{number}", "source": source, "target": target}
    return edge | ({"sourceHandle": handle} if handle else {})


class Receiver:
    """An HTTP server that keeps what it is sent.

    `/hold…` is answered once `release` is set, `/fail…` not at all (the connection is closed).
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], Any]] = []
        self.release = asyncio.Event()
        self.in_flight = 0
        self.most_in_flight = 0
        self.hung_up = 0

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return server

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.calls]

    async def called(self, count: int = 1) -> None:
        """Return once this many calls have come."""
        async with asyncio.timeout(60):
            while len(self.calls) < count:
                await asyncio.sleep(0.005)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await self._read(reader):
                path, headers, body = request
                self.calls.append((path, headers, body))
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    if path.startswith("/fail"):
                        break
                    if path.startswith("/hold") and not await self._held(reader):
                        self.hung_up += 1
                        break
                finally:
                    self.in_flight -= 1
                answer = orjson.dumps({"path": path, "count": len(self.calls)})
                head = f"Content-Type: application/json\r\nContent-Length: {len(answer)}"
                writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + answer)
                await writer.drain()
        writer.close()

    async def _held(self, reader: asyncio.StreamReader) -> bool:
        """Wait for the release; False if the caller hangs up before."""
        release = asyncio.ensure_future(self.release.wait())
        gone = asyncio.ensure_future(reader.read(1))
        done, left = await asyncio.wait({release, gone}, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return release in done

    async def _read(self, reader: asyncio.StreamReader) -> tuple[str, dict[str, str], Any] | None:
        line = await reader.readline()
        if not line:
            return None
        path = line.decode().split()[1]
        headers: dict[str, str] = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        with contextlib.suppress(orjson.JSONDecodeError):
            return path, headers, orjson.loads(body) if body else None
        return path, headers, body


@pytest.fixture
def flows(api: Any, tmp_path: Path) -> Flows:
    """Workflows of a project of its own on the shared server."""
    return Flows(api, tmp_path)


@pytest.fixture
def alone_flows(alone: Any, tmp_path: Path) -> Flows:
    """Workflows on a server with a database of its own, whose clock may be moved."""
    return Flows(alone, tmp_path)


@pytest.fixture
def flows_class() -> type[Flows]:
    """For clients of another kind."""
    return Flows


@pytest.fixture
def flows_of(tmp_path: Path) -> Callable[[Any], Flows]:
    """Workflows of a client from `started(...)`."""
    return lambda api: Flows(api, tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver for one test."""
    receiver = Receiver()
    server = await receiver.start()
    yield receiver
    receiver.release.set()
    server.close()
