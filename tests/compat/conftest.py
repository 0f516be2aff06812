"""A server, and the published package of its own venv beside it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.compat.published_client import Interpreter, PublishedClient
from tests.compat.published_worker import PublishedWorker
from tests.support.postgres import cluster, new_database
from tests.support.published import published_python
from tests.support.server import ServerProcess

# Polls are held briefly, because the published worker waits one out when it stops.
SETTINGS = {"QUINTET_FLARE_POLL_HOLD_SECONDS": "1"}
STRICT = {
    "QUINTET_FLARE_JOBS_PER_DAY": "2",
    "QUINTET_FLARE_REQUESTS_PER_HOUR": "10",
}


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter of the published package's venv."""
    return published_python()


@pytest.fixture(scope="session")
def cluster_url() -> Iterator[str]:
    with cluster(durable=False) as url:
        yield url


@pytest.fixture(scope="session")
def shared_server(
    cluster_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    with new_database(cluster_url) as url:
        folder = tmp_path_factory.mktemp("server")
        with ServerProcess(
            folder / "data", database_url=url, settings=SETTINGS, private_targets=True
        ) as server:
            yield server


@pytest.fixture
def server(shared_server: ServerProcess) -> Iterator[ServerProcess]:
    """The server; what a test does to its clock is undone."""
    yield shared_server
    shared_server.reset_clock()


@pytest.fixture
def strict_server(cluster_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server with a small quota and a small rate limit."""
    with (
        new_database(cluster_url) as url,
        ServerProcess(tmp_path / "data", database_url=url, settings=STRICT) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def interpreter(python: Path) -> Iterator[Interpreter]:
    running = Interpreter(python)
    yield running
    running.close()


@pytest.fixture
def published(interpreter: Interpreter, server: ServerProcess) -> PublishedClient:
    """The published client, with the development key."""
    return PublishedClient(
        interpreter, api_key=server.key("flare"), base_url=f"{server.url}/flare/v1"
    )


@pytest.fixture
def queue() -> str:
    """A queue no other test uses."""
    return f"q-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def start_worker(
    python: Path, server: ServerProcess, queue: str
) -> Iterator[Callable[[], PublishedWorker]]:
    """Start the published worker on the test's queue; stopped at the end."""
    with ExitStack() as stack:

        def start() -> PublishedWorker:
            worker = PublishedWorker(
                python, queue, base_url=f"{server.url}/flare/v1", key=server.key("flare")
            )
            stack.callback(worker.kill)
            return worker

        yield start
