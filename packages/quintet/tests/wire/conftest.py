"""Peers that play scripts, the two worlds of clients, and an environment without proxies."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from .peer import Peer, Script
from .worlds import World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/quintet/tests/wire/" in item.path.as_posix():
            item.add_marker(pytest.mark.wire)


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC"):
            monkeypatch.delenv(name)


@pytest.fixture
def play() -> Iterator[Callable[..., Peer]]:
    peers: list[Peer] = []

    def start(script: Script, **options: object) -> Peer:
        peers.append(Peer(script, **options))  # type: ignore[arg-type]
        return peers[-1]

    yield start
    for peer in peers:
        peer.stop()


@pytest.fixture(params=["blocking", "asyncio"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    chosen = World(request.param == "blocking")
    yield chosen
    await chosen.close_all()


@pytest.fixture
def recwarn(recwarn: pytest.WarningsRecorder) -> pytest.WarningsRecorder:
    """Return the recorder without what is said of things that other tests have left."""
    gc.collect()
    recwarn.clear()
    return recwarn
