"""A real server for the whole folder, and the environment that `quintet env` would give."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.receiver import Receiver, receiving
from tests.support.server import ServerProcess

SETTINGS = {
    "QUINTET_WORK_RETRY_JITTER_MS": "0",
    "QUINTET_FLARE_EXPORT_PAUSE_SECONDS": "0",
}


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("flare") / "data"
    with ServerProcess(folder, settings=SETTINGS, private_targets=True) as server:
        yield server


@pytest.fixture
def server(
    running_server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServerProcess]:
    """The server, found by clients through the environment; its clock is put back afterwards."""
    monkeypatch.setenv("FLARE_API_KEY", running_server.key("flare"))
    monkeypatch.setenv("FLARE_BASE_URL", running_server.url)
    yield running_server
    running_server.reset_clock()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on the loopback interface."""
    with receiving() as found:
        yield found
