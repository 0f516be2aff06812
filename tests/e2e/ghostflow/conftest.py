"""The shared server as the guide's reader has it: a key in the environment, and where it is."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.e2e.ghostflow.things import Things
from tests.support.ghostflow import GhostFlowServer, TrafficSource, traffic_source
from tests.support.receiver import Receiver, receiving


@pytest.fixture
def key(ghostflow_server: GhostFlowServer) -> str:
    """A key of a team that no other test has."""
    return ghostflow_server.team()


@pytest.fixture
def server(
    ghostflow_server: GhostFlowServer, key: str, monkeypatch: pytest.MonkeyPatch
) -> GhostFlowServer:
    """The server, found by clients through the environment."""
    for name in list(os.environ):
        if name.startswith("GF_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GF_API_KEY", key)
    monkeypatch.setenv("GF_BASE_URL", ghostflow_server.api)
    return ghostflow_server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on the loopback interface."""
    with receiving() as found:
        yield found


@pytest.fixture
def source() -> Iterator[TrafficSource]:
    """A source that is told of conversions."""
    with traffic_source() as found:
        yield found


@pytest.fixture(scope="session")
def things(ghostflow_server: GhostFlowServer) -> Iterator[Things]:
    """One of each in a team; a call that would spoil something makes another of it first."""
    made = Things(ghostflow_server)
    yield made
    made.close()
