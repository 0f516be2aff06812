"""A real server for the whole folder, with what the guide's ids name, and a scripted model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.model_server import ModelServer, model_server
from tests.support.receiver import Receiver, receiving
from tests.support.server import ServerProcess

DEFINITIONS = Path(__file__).parent / "definitions"


@pytest.fixture(scope="session")
def model() -> Iterator[ModelServer]:
    """An OpenAI-compatible service whose answers a test can foresee."""
    with model_server() as found:
        yield found


@pytest.fixture(scope="session")
def running_server(
    tmp_path_factory: pytest.TempPathFactory, model: ModelServer
) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("flowmaestro") / "data"
    settings = {
        "AI_BASE_URL": model.url,
        "AI_MODEL": "scripted",
        "QUINTET_FLOWMAESTRO_REQUESTS_PER_MINUTE": "100000",
        "QUINTET_FLOWMAESTRO_REQUESTS_PER_DAY": "1000000",
    }
    with ServerProcess(folder, settings=settings, private_targets=True) as server:
        server.apply(DEFINITIONS)
        yield server


@pytest.fixture
def server(
    running_server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServerProcess]:
    """The server, found by clients through the environment; its clock is put back afterwards."""
    monkeypatch.setenv("FLOWMAESTRO_API_KEY", running_server.key("flowmaestro"))
    monkeypatch.setenv("FLOWMAESTRO_BASE_URL", running_server.url)
    yield running_server
    running_server.reset_clock()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on the loopback interface."""
    with receiving() as found:
        yield found
