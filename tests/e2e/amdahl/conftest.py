"""The shared server as the guide's reader has it: two variables in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.amdahl import AmdahlServer, interactions
from tests.support.receiver import Receiver, receiving


@pytest.fixture
def key(amdahl_server: AmdahlServer) -> str:
    """A key of a business that no other test has, with six interactions in it."""
    key = amdahl_server.business()
    amdahl_server.plant(key, interactions())
    return key


@pytest.fixture
def server(amdahl_server: AmdahlServer, key: str, monkeypatch: pytest.MonkeyPatch) -> AmdahlServer:
    """The server, found by clients through the environment."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AMDAHL_URL", amdahl_server.url)
    monkeypatch.setenv("API_KEY", key)
    return amdahl_server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on the loopback interface."""
    with receiving() as found:
        yield found
