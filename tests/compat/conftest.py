"""A server, and the published packages of their own venv beside it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.compat.published_client import FLARE, FLOWMAESTRO, Interpreter, PublishedClient
from tests.compat.published_worker import PublishedWorker
from tests.support.model_server import NAME, ModelServer, model_server
from tests.support.postgres import new_database
from tests.support.published import published_python
from tests.support.receiver import Receiver, receiving
from tests.support.server import ServerProcess

# Polls are held briefly, because the published worker waits one out when it stops.
SETTINGS = {"QUINTET_FLARE_POLL_HOLD_SECONDS": "1"}
_WITH_INSTALLATION_SECONDS = 900
DEFINITIONS = Path(__file__).parents[1] / "e2e" / "flowmaestro" / "definitions"
STRICT = {
    "QUINTET_FLOWMAESTRO_REQUESTS_PER_MINUTE": "3",
    "QUINTET_FLARE_JOBS_PER_DAY": "2",
    "QUINTET_FLARE_REQUESTS_PER_HOUR": "10",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give them the time it takes to install what they test: the first ones all wait for it."""
    below = f"{Path(__file__).parent}{os.sep}"
    for item in items:
        if str(item.path).startswith(below):
            item.add_marker(pytest.mark.timeout(_WITH_INSTALLATION_SECONDS))


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter of the published packages' venv."""
    return published_python()


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


@pytest.fixture(scope="session")
def strict_server(
    cluster_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server with a small quota and a small rate limit, to be used up by keys of a test's own."""
    folder = tmp_path_factory.mktemp("strict") / "data"
    with (
        new_database(cluster_url) as url,
        ServerProcess(folder, database_url=url, settings=STRICT) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def interpreter(python: Path) -> Iterator[Interpreter]:
    running = Interpreter(python)
    yield running
    running.close()


@pytest.fixture
def published(interpreter: Interpreter, server: ServerProcess) -> PublishedClient:
    """The published Flare client, with the development key."""
    return PublishedClient(
        interpreter,
        FLARE,
        api_key=server.key("flare"),
        base_url=f"{server.url}/flare/v1",
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


@pytest.fixture(scope="session")
def model() -> Iterator[ModelServer]:
    """An OpenAI-compatible service whose answers a test can foresee."""
    with model_server() as found:
        yield found


@pytest.fixture(scope="session")
def shared_flowmaestro(
    cluster_url: str, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    settings = {
        "AI_BASE_URL": model.url,
        "AI_MODEL": NAME,
        "QUINTET_FLOWMAESTRO_REQUESTS_PER_MINUTE": "100000",
        "QUINTET_FLOWMAESTRO_REQUESTS_PER_DAY": "1000000",
    }
    folder = tmp_path_factory.mktemp("flowmaestro") / "data"
    with (
        new_database(cluster_url) as url,
        ServerProcess(folder, database_url=url, settings=settings, private_targets=True) as server,
    ):
        server.apply(DEFINITIONS)
        yield server


@pytest.fixture
def flowmaestro(shared_flowmaestro: ServerProcess) -> Iterator[ServerProcess]:
    """A server with the definitions of the guide's ids; what a test does to its clock is undone."""
    yield shared_flowmaestro
    shared_flowmaestro.reset_clock()


@pytest.fixture(params=["sync", "async"])
def client(
    request: pytest.FixtureRequest, interpreter: Interpreter, flowmaestro: ServerProcess
) -> PublishedClient:
    """The published FlowMaestro client in both of its forms, with the development key."""
    return PublishedClient(
        interpreter,
        FLOWMAESTRO[request.param],
        api_key=flowmaestro.key("flowmaestro"),
        base_url=flowmaestro.url,
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on the loopback interface."""
    with receiving() as found:
        yield found
