"""One service on a server inside the test process, and a client of one of its projects.

The `conftest.py` of a service makes fixtures of these: sockets matter to few of the rules tested
there, so most calls go to the application in process.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
import pytest_asyncio
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from starlette.types import ASGIApp

from quintet_server.app import create_app
from quintet_server.http.service import Service
from quintet_server.runtime import Runtime
from quintet_server.server import bind, make_server, url_of
from quintet_server.settings import ServerSettings, Settings, StoreSettings
from quintet_server.store.keys import create_key
from tests.support.postgres import on_cluster


class ServiceClient:
    """A client of one project, and a look behind the wire. Subclasses name their service."""

    service: str
    mount: str

    def __init__(
        self, runtime: Runtime, transport: httpx.AsyncBaseTransport, key: str, project: str
    ) -> None:
        self.runtime = runtime
        self.key = key
        self.project = project
        self.project_id = ""
        self.http = httpx.AsyncClient(
            base_url=f"http://test{self.mount}",
            transport=transport,
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        )

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self.http.request(method, path, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.http.post(path, json=body, **options)

    async def put(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.http.put(path, json=body, **options)

    async def patch(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.http.patch(path, json=body, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.delete(path, **options)

    async def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self.runtime.db.connection() as conn:
            cursor = await conn.execute(statement.encode(), values)
            return await cursor.fetchall() if cursor.description else []

    async def eventually(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement as soon as there are any: for what the background does."""
        async with asyncio.timeout(60):
            while not (rows := await self.sql(statement, *values)):
                await asyncio.sleep(0.01)
        return rows

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once `condition()` holds."""
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)

    async def leave(self) -> None:
        """Put an end to what would go on working for this project when its test is over."""

    async def with_scopes(self, *scopes: str) -> Self:
        """A client of the same project whose key has only these scopes (or bundles)."""
        key = await new_key(self.runtime, self.service, self.project, scopes)
        other = type(self)(self.runtime, self.http._transport, key, self.project)
        other.project_id = self.project_id
        return other

    async def other_project(self, name: str | None = None) -> Self:
        """A client of another project of the same server."""
        name = name or uuid.uuid4().hex
        key = await new_key(self.runtime, self.service, name)
        return type(self)(self.runtime, self.http._transport, key, name)

    @classmethod
    @contextlib.asynccontextmanager
    async def of(
        cls,
        runtime: Runtime,
        url: str | None = None,
        project: str | None = None,
        app: ASGIApp | None = None,
    ) -> AsyncIterator[Self]:
        """A client of a new project (or of `project`), over a socket if there is a `url`.

        Without one it calls `app`, or a new application of the runtime.
        """
        project = project or uuid.uuid4().hex
        transport: httpx.AsyncBaseTransport
        if url is None:
            app = app or create_app(runtime)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        else:
            transport = httpx.AsyncHTTPTransport()
        client = cls(runtime, transport, await new_key(runtime, cls.service, project), project)
        statement = "SELECT id FROM projects WHERE service = %s AND name = %s"
        [[client.project_id]] = await client.sql(statement, cls.service, project)
        if url is not None:
            client.http.base_url = httpx.URL(f"{url}{cls.mount}")
        async with client.http:
            yield client


async def new_key(
    runtime: Runtime, service: str, project: str = "default", scopes: tuple[str, ...] | None = None
) -> str:
    """A new key; every scope unless given."""
    async with runtime.db.transaction() as conn:
        secret, _ = await create_key(conn, service, project=project, scopes=scopes)
    return secret


@contextlib.asynccontextmanager
async def running(
    service: Service, database_url: str, folder: Path, *, allow_private_targets: bool = True
) -> AsyncIterator[Runtime]:
    """A server with one service on a database that exists."""
    server = ServerSettings(
        data_dir=folder,
        database_url=database_url,
        dev_keys=False,
        port=0,
        allow_private_targets=allow_private_targets,
    )
    # The loop of a shared server stands still while other folders are tested. A connection that is
    # being made then times out; there must be others, or the next test waits for one in vain.
    store = StoreSettings(pool_min_count=4)
    runtime = Runtime(Settings(server=server, store=store), [service])
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.stop()


@contextlib.asynccontextmanager
async def listening(runtime: Runtime) -> AsyncIterator[str]:
    """The URL of a started server on a real socket."""
    with contextlib.closing(bind(runtime.settings.server)) as listener:
        ready = asyncio.Event()
        server = make_server(runtime, ready.set)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await ready.wait()
        yield url_of(listener)
        server.should_exit = True
        await task


@contextlib.contextmanager
def shared_database(cluster_url: str, template: str, prefix: str) -> Iterator[str]:
    """The URL of a new database that tests share, each in a project of its own."""
    name = f"{prefix}_{uuid.uuid4().hex[:12]}"
    on_cluster(cluster_url, "CREATE DATABASE {} TEMPLATE {}", name, template)
    yield make_conninfo(**{**conninfo_to_dict(cluster_url), "dbname": name})
    on_cluster(cluster_url, "DROP DATABASE {} WITH (FORCE)", name)


Started = Callable[..., contextlib.AbstractAsyncContextManager[Any]]
# (database URL, folder, settings of the service by keyword) → a server with that service.
Run = Callable[..., contextlib.AbstractAsyncContextManager[Runtime]]


def fixtures(client: type[ServiceClient], run: Run) -> tuple[Any, ...]:
    """The fixtures of a service, in this order; a `conftest.py` gives them these names.

    `shared_database_url`, `shared_runtime`, `shared_url`: one server for all tests of the folder.
    `api`: a new project there, called in process. `wire`: the same over a socket. `started`: a
    function that starts a server of its own with these settings. `alone`: such a server, for tests
    that move its clock with `advance`.
    """
    name = client.service
    app_of = functools.lru_cache(maxsize=1)(create_app)  # dear to make where routes are many

    @pytest.fixture(scope="session")
    def shared_database_url(cluster_url: str, template_database: str) -> Iterator[str]:
        with shared_database(cluster_url, template_database, name) as url:
            yield url

    @pytest_asyncio.fixture(scope="session", loop_scope="session")
    async def shared_runtime(
        shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
    ) -> AsyncIterator[Runtime]:
        async with run(shared_database_url, tmp_path_factory.mktemp(name)) as runtime:
            yield runtime

    @pytest_asyncio.fixture(scope="session", loop_scope="session")
    async def shared_url(shared_runtime: Runtime) -> AsyncIterator[str]:
        async with listening(shared_runtime) as url:
            yield url

    @pytest_asyncio.fixture(loop_scope="session")
    async def api(shared_runtime: Runtime) -> AsyncIterator[ServiceClient]:
        async with client.of(shared_runtime, app=app_of(shared_runtime)) as found:
            yield found
            await found.leave()

    @pytest_asyncio.fixture(loop_scope="session")
    async def wire(shared_runtime: Runtime, shared_url: str) -> AsyncIterator[ServiceClient]:
        async with client.of(shared_runtime, shared_url) as found:
            yield found
            await found.leave()

    @pytest.fixture
    def started(database_url: str, tmp_path: Path) -> Started:
        @contextlib.asynccontextmanager
        async def start(**settings: Any) -> AsyncIterator[ServiceClient]:
            async with (
                run(database_url, tmp_path, **settings) as runtime,
                client.of(runtime, project="default") as found,
            ):
                yield found

        return start

    @pytest_asyncio.fixture(loop_scope="session")
    async def alone(started: Started) -> AsyncIterator[ServiceClient]:
        async with started() as running:
            yield running

    return shared_database_url, shared_runtime, shared_url, api, wire, started, alone


def share_one_loop(folder: Path, items: list[pytest.Item]) -> None:
    """One event loop for the tests below a folder, so that they can share a server.

    Fixtures have to say so themselves. One that does not would use the server's connections from a
    loop of its own, which fails only when two want one at the same moment.
    """
    checked: set[object] = set()
    below = f"{folder}{os.sep}"  # compared as text: every folder goes over every test there is
    for item in items:
        if str(item.path).startswith(below) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            _check_fixtures(item, folder, checked)


def _check_fixtures(item: pytest.Item, folder: Path, checked: set[object]) -> None:
    for definitions in item._fixtureinfo.name2fixturedefs.values():  # type: ignore[attr-defined]
        made_by = definitions[-1].func
        if made_by in checked:
            continue
        checked.add(made_by)
        is_async = inspect.iscoroutinefunction(made_by) or inspect.isasyncgenfunction(made_by)
        if not is_async or hasattr(made_by, "_loop_scope"):
            continue
        written_in = Path(inspect.getfile(made_by))
        if written_in.is_relative_to(folder):
            raise pytest.UsageError(
                f"{written_in}: the fixture {made_by.__name__} runs on a loop of its own; write "
                'pytest_asyncio.fixture(loop_scope="session")'
            )
