"""What several folders share: the servers that tests in `e2e` and in `compat` call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import amdahl, ghostflow
from tests.support.aerostack import AerostackServer, aerostack_settings, free_local_port
from tests.support.model_server import ModelServer, model_server
from tests.support.postgres import cluster, new_database


@pytest.fixture(scope="session")
def aerostack_model() -> Iterator[ModelServer]:
    """An OpenAI-compatible service whose answers a test can foresee."""
    with model_server() as found:
        yield found


@pytest.fixture(scope="session")
def aerostack_server(
    tmp_path_factory: pytest.TempPathFactory, aerostack_model: ModelServer
) -> Iterator[AerostackServer]:
    """A server with the definitions of the tests, on port 8787 if nobody else has it."""
    folder = tmp_path_factory.mktemp("aerostack") / "data"
    server = AerostackServer(
        folder,
        settings=aerostack_settings(aerostack_model),
        private_targets=True,
        port=free_local_port(),
    )
    with server:
        server.define()
        yield server


@pytest.fixture(scope="session")
def amdahl_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[amdahl.AmdahlServer]:
    """A server without a language model, so that what agents find is known beforehand."""
    folder = tmp_path_factory.mktemp("amdahl") / "data"
    with amdahl.AmdahlServer(folder, settings=amdahl.SETTINGS, private_targets=True) as server:
        yield server


@pytest.fixture(scope="session")
def cluster_url() -> Iterator[str]:
    """A PostgreSQL for servers that nobody kills together with it."""
    with cluster(durable=False) as url:
        yield url


@pytest.fixture(scope="session")
def ghostflow_server(
    cluster_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ghostflow.GhostFlowServer]:
    """A server on which tests make teams of their own."""
    folder = tmp_path_factory.mktemp("ghostflow") / "data"
    with (
        new_database(cluster_url) as url,
        ghostflow.GhostFlowServer(
            folder, database_url=url, settings=ghostflow.SETTINGS, private_targets=True
        ) as server,
    ):
        yield server
