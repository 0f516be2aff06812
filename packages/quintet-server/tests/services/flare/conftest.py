"""A running Flare, called over HTTP.

`api` is a project of its own on a server that the tests share, called in process: sockets matter to
no rule tested with it. `wire` is the same over a real socket, for streams and hang-ups. `alone` and
`started(...)` have a server and a database to themselves, to move the clock or to change settings.
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
import psycopg
import pytest
import pytest_asyncio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from quintet_server.app import create_app
from quintet_server.runtime import Runtime
from quintet_server.server import bind, make_server, url_of
from quintet_server.services.flare.service import service
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.settings import ServerSettings, Settings
from quintet_server.store.keys import create_key

Started = Callable[..., AbstractAsyncContextManager["Api"]]


class Api:
    """A client of one project, and a look behind the wire."""

    def __init__(self, runtime: Runtime, transport: httpx.AsyncBaseTransport, key: str) -> None:
        self.runtime = runtime
        self.key = key
        self.project_id = ""
        self.http = httpx.AsyncClient(
            base_url="http://test/flare/v1",
            transport=transport,
            headers={"Authorization": f"Bearer {key}"},
            timeout=20,
        )

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self.http.request(method, path, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.http.post(path, json=body, **options)

    async def put(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.http.put(path, json=body, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.delete(path, **options)

    async def create(self, job_type: str = "t", **fields: Any) -> dict[str, Any]:
        answer = await self.post("/jobs", {"job_type": job_type, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def job(self, job_id: str) -> dict[str, Any]:
        answer = await self.get(f"/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def poll(self, worker: str = "w1", **fields: Any) -> list[dict[str, Any]]:
        body = {"worker_id": worker, "queues": ["default"], "wait_seconds": 0, **fields}
        answer = await self.post("/workers/poll", body)
        assert answer.status_code == 200, answer.text
        return answer.json()["jobs"]

    async def ack(
        self, job_id: str, status: str = "succeeded", worker: str = "w1", **fields: Any
    ) -> httpx.Response:
        body = {"job_id": job_id, "worker_id": worker, "status": status, **fields}
        return await self.post("/workers/ack", body)

    async def beat(self, job_id: str, worker: str = "w1", **fields: Any) -> httpx.Response:
        return await self.post(
            "/workers/heartbeat", {"job_id": job_id, "worker_id": worker, **fields}
        )

    async def running(self, job_type: str = "t", worker: str = "w1", **fields: Any) -> str:
        """A job that `worker` is processing."""
        job = await self.create(job_type, **fields)
        assert [item["id"] for item in await self.poll(worker)] == [job["id"]]
        return str(job["id"])

    async def in_state(self, state: str) -> str:
        """A new job in this state."""
        if state == "pending":
            return str((await self.create())["id"])
        if state == "scheduled":
            return str((await self.create(run_at="2999-01-01T00:00:00Z"))["id"])
        if state == "cancelled":
            job = await self.create()
            await self.post(f"/jobs/{job['id']}/cancel")
            return str(job["id"])
        job_id = await self.running(max_attempts=1)
        error = {"type": "Boom", "message": "it broke", "retryable": state != "failed"}
        if state == "succeeded":
            await self.ack(job_id)
        elif state in {"failed", "dead_letter"}:
            await self.ack(job_id, "failed", error=error)
        assert (await self.job(job_id))["state"] == state
        return job_id

    async def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self.runtime.db.connection() as conn:
            cursor = await conn.execute(statement.encode(), values)
            return await cursor.fetchall() if cursor.description else []

    async def eventually(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement as soon as there are any: for what the background does."""
        async with asyncio.timeout(15):
            while not (rows := await self.sql(statement, *values)):
                await asyncio.sleep(0.01)
        return rows

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once `condition()` holds."""
        async with asyncio.timeout(15):
            while not condition():
                await asyncio.sleep(0.01)

    async def other_project(self, name: str | None = None) -> Api:
        """A client of another project of the same server."""
        return Api(
            self.runtime,
            self.http._transport,
            await _new_key(self.runtime, name or uuid.uuid4().hex),
        )


async def _new_key(runtime: Runtime, project: str = "default") -> str:
    async with runtime.db.transaction() as conn:
        secret, _ = await create_key(conn, "flare", project=project)
    return secret


@contextlib.asynccontextmanager
async def _running(database_url: str, folder: Path, **settings: Any) -> AsyncIterator[Runtime]:
    server = ServerSettings(
        data_dir=folder,
        database_url=database_url,
        dev_keys=False,
        port=0,
        allow_private_targets=True,
    )
    runtime = Runtime(Settings(server=server), [service(FlareSettings(**settings))])
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for this folder, so that its tests can share a server."""
    for item in items:
        if Path(__file__).parent in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def shared_database_url(cluster_url: str, template_database: str) -> Iterator[str]:
    """A database that tests share, each in a project of its own."""
    name = f"flare_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(cluster_url, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}".encode())
        yield make_conninfo(**{**conninfo_to_dict(cluster_url), "dbname": name})
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_runtime(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Runtime]:
    """A server with the default settings."""
    async with _running(shared_database_url, tmp_path_factory.mktemp("flare")) as runtime:
        yield runtime


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_url(shared_runtime: Runtime) -> AsyncIterator[str]:
    """The URL of that server on a real socket."""
    with contextlib.closing(bind(shared_runtime.settings.server)) as listener:
        ready = asyncio.Event()
        server = make_server(shared_runtime, ready.set)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await ready.wait()
        yield url_of(listener)
        server.should_exit = True
        await task


@pytest_asyncio.fixture(loop_scope="session")
async def api(shared_runtime: Runtime) -> AsyncIterator[Api]:
    """A new project on the shared server."""
    transport = httpx.ASGITransport(create_app(shared_runtime), raise_app_exceptions=False)
    async with _client(shared_runtime, transport, uuid.uuid4().hex) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def wire(shared_runtime: Runtime, shared_url: str) -> AsyncIterator[Api]:
    """The same over a real socket."""
    transport = httpx.AsyncHTTPTransport()
    async with _client(shared_runtime, transport, uuid.uuid4().hex) as client:
        client.http.base_url = httpx.URL(f"{shared_url}/flare/v1")
        yield client


@pytest.fixture
def started(database_url: str, tmp_path: Path) -> Started:
    """`async with started(jobs_per_day=1) as api`: a server of its own with these settings."""

    @contextlib.asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Api]:
        async with _running(database_url, tmp_path, **settings) as runtime:
            transport = httpx.ASGITransport(create_app(runtime), raise_app_exceptions=False)
            async with _client(runtime, transport) as client:
                yield client

    return start


@pytest_asyncio.fixture(loop_scope="session")
async def alone(started: Started) -> AsyncIterator[Api]:
    """A server with a database of its own, for tests that move its clock with `advance`."""
    async with started() as running:
        yield running


@contextlib.asynccontextmanager
async def _client(
    runtime: Runtime, transport: httpx.AsyncBaseTransport, project: str = "default"
) -> AsyncIterator[Api]:
    client = Api(runtime, transport, await _new_key(runtime, project))
    [[client.project_id]] = await client.sql("SELECT id FROM projects WHERE name = %s", project)
    async with client.http:
        yield client
