"""Scripted peers, and the two kinds of calls."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aerostack import SDK

from .peer import Peer, Step, play as start

KEY = "ac_secret_0123456789"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/aerostack/tests/wire/" in item.path.as_posix():
            item.add_marker(pytest.mark.wire)


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("AEROSTACK_"):
            monkeypatch.delenv(name)


@pytest.fixture
def play() -> Iterator[Callable[..., Peer]]:
    peers: list[Peer] = []

    def begin(*steps: Step) -> Peer:
        peers.append(start(steps))
        return peers[-1]

    yield begin
    for peer in peers:
        peer.stop()


class Face:
    """One of the two kinds of calls, so that a test says each thing once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_async = name == "asynchronous"
        self.made: list[SDK] = []

    def sdk(self, peer: Peer | str, key: Any = KEY, **options: Any) -> SDK:
        url = peer if isinstance(peer, str) else peer.url
        sdk = SDK(key, server_url=url, **options)
        self.made.append(sdk)
        return sdk

    def client(self, native: Any) -> dict[str, Any]:
        """The keyword for an HTTP client of this kind."""
        return {"async_client" if self.is_async else "client": native}

    async def do(self, method: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a blocking method, or the one of the other kind beside it."""
        owner, name = method.__self__, method.__name__
        if not self.is_async:
            return method(*args, **kwargs)
        return await getattr(owner, f"{name}_async")(*args, **kwargs)

    async def all(self, stream: Any) -> list[Any]:
        if self.is_async:
            return [item async for item in stream]
        return list(stream)

    async def finish(self, value: Any) -> Any:
        """Await what this kind has to await."""
        return await value if inspect.isawaitable(value) else value

    async def close(self, thing: Any) -> None:
        await self.finish(thing.aclose() if self.is_async else thing.close())


@pytest.fixture(params=["blocking", "asynchronous"])
async def face(request: pytest.FixtureRequest) -> Any:
    chosen = Face(request.param)
    yield chosen
    for sdk in chosen.made:
        await sdk.aclose()
