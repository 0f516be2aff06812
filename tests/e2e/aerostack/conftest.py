"""The shared server as both kinds of calls see it, each test in a project of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from aerostack import SDK
from tests.e2e.aerostack.faces import Face
from tests.support.aerostack import AerostackServer


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("AEROSTACK_"):
            monkeypatch.delenv(name)


@pytest.fixture
def server(aerostack_server: AerostackServer) -> Iterator[AerostackServer]:
    """The server; its clock is put back afterwards if the test moved it."""
    yield aerostack_server
    if aerostack_server.clock_moved:
        aerostack_server.reset_clock()


@pytest.fixture
def key(server: AerostackServer) -> str:
    """A key of a project that no other test has, with nothing in it."""
    return server.project()


@pytest_asyncio.fixture(params=["blocking", "asynchronous"])
async def face(
    request: pytest.FixtureRequest, server: AerostackServer, key: str
) -> AsyncIterator[Face]:
    chosen = Face(request.param, server.api, key)
    yield chosen
    for sdk in chosen.made:
        await sdk.aclose()


@pytest.fixture
def sdk(face: Face) -> SDK:
    """An SDK for the test's project."""
    return face.sdk()


@pytest.fixture
def shared(face: Face, server: AerostackServer) -> SDK:
    """An SDK for the project that has services, consumers and a gateway."""
    return face.sdk(server.key("aerostack"))


@pytest.fixture(scope="session")
def consumer(aerostack_server: AerostackServer) -> str:
    """A key of a consumer of the gateway with a full wallet."""
    return aerostack_server.consumer_key("ann")


@pytest.fixture(scope="session")
def broke(aerostack_server: AerostackServer) -> str:
    """A key of one whose wallet is empty."""
    return aerostack_server.consumer_key("broke")


@pytest.fixture
def raw(server: AerostackServer, key: str) -> Iterator[httpx.Client]:
    """Plain HTTP with the test's key, for what no SDK of ours sends."""
    headers = {"X-Aerostack-Key": key}
    with httpx.Client(base_url=server.api, headers=headers, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port on which nobody listens, nor will as long as the test lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
