"""A client with two faces: made late, closed together, freed at once."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from quintet import ApiClient, AsyncApiClient, ClientOptions, Operation, RetryClass, Service
from quintet.both_faces import BothFaces
from quintet.errors import ClientClosedError
from quintet.testing import AsyncScriptedTransport, ScriptedTransport, reply

GET = Operation("things.get", "GET", "/thing", RetryClass.SAFE)


class Sdk:
    """A class as an SDK documents it."""

    def __init__(self) -> None:
        service = Service("unit", "unit/1")
        options = ClientOptions(base_url="https://api.example")
        self.made: list[str] = []
        made = self.made
        self.transports: list[Any] = [
            ScriptedTransport([reply(200)]),
            AsyncScriptedTransport([reply(200)]),
        ]
        blocking, asyncio = self.transports

        def make_blocking() -> ApiClient:
            made.append("blocking")
            return ApiClient(service, options, lambda: (), transport=blocking)

        def make_asyncio() -> AsyncApiClient:
            made.append("asyncio")
            return AsyncApiClient(service, options, lambda: (), transport=asyncio)

        self.faces = BothFaces(make_blocking, make_asyncio)


@pytest.fixture
def sdk() -> Sdk:
    return Sdk()


async def test_face_is_made_when_it_is_first_used(sdk: Sdk) -> None:
    assert sdk.made == []
    assert sdk.faces.blocking.request(GET).status == 200
    assert sdk.made == ["blocking"]
    assert (await sdk.faces.asyncio.request(GET)).status == 200
    assert sdk.faces.asyncio is sdk.faces.asyncio
    assert sdk.faces.blocking is sdk.faces.blocking
    assert sdk.made == ["blocking", "asyncio"]


@pytest.mark.parametrize("used", [(), ("blocking",), ("asyncio",), ("blocking", "asyncio")])
@pytest.mark.parametrize("way", ["close", "aclose"])
async def test_closing_in_either_way_closes_both(sdk: Sdk, used: Any, way: str) -> None:
    for face in used:
        getattr(sdk.faces, face)
    for _ in range(2):
        if way == "close":
            sdk.faces.close()
        else:
            await sdk.faces.aclose()
    assert [transport.closed for transport in sdk.transports] == [
        "blocking" in used,
        "asyncio" in used,
    ]
    for face in ("blocking", "asyncio"):
        with pytest.raises(ClientClosedError, match="closed"):
            getattr(sdk.faces, face)


def test_threads_that_ask_at_once_get_the_same_face(sdk: Sdk) -> None:
    barrier = threading.Barrier(8)
    got: list[Any] = []

    def ask() -> None:
        barrier.wait()
        got.append(sdk.faces.blocking)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(face) for face in got}) == 1
    assert sdk.made == ["blocking"]


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_holder_that_goes_takes_both_faces_along_at_once(no_collector: None) -> None:
    sdk = Sdk()
    faces = [weakref.ref(sdk.faces.blocking), weakref.ref(sdk.faces.asyncio)]
    gone = weakref.ref(sdk)
    del sdk
    assert gone() is None
    assert [face() for face in faces] == [None, None]


def test_importing_it_imports_neither_asyncio_nor_a_client() -> None:
    code = (
        "import sys, quintet.both_faces\n"
        "assert not {'asyncio', 'quintet._async', 'quintet._sync'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
