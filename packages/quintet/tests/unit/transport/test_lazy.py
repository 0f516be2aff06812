"""The engine is made by the first request, and not at all by a client that sends none."""

from __future__ import annotations

import errno
import sys
import threading
import time

import pytest

from quintet.core.request import Request
from quintet.errors import ClientClosedError, ConnectionFailure
from quintet.transport.aio_engine import AsyncEngine
from quintet.transport.engine import Engine
from quintet.transport.lazy import AsyncLazyTransport, LazyTransport

NOWHERE = Request("GET", "http://127.0.0.1:9/")


def test_engine_is_made_once_by_many_threads() -> None:
    lazy = LazyTransport(lambda site: Engine(time.monotonic, site=site))
    assert lazy._engine is None
    engines: set[int] = set()

    def work() -> None:
        with pytest.raises(ConnectionFailure):
            lazy.send(NOWHERE, None, None)
        engines.add(id(lazy._engine))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(engines) == 1
    lazy.close()
    with pytest.raises(ClientClosedError):
        lazy.send(NOWHERE, None, None)


def test_engine_is_not_made_after_close() -> None:
    lazy = LazyTransport(lambda site: Engine(time.monotonic, site=site))
    lazy.close()
    with pytest.raises(ClientClosedError):
        lazy.send(NOWHERE, None, None)
    assert lazy._engine is None


async def test_asyncio_engine_is_made_by_the_first_request_and_closed_with_the_client() -> None:
    lazy = AsyncLazyTransport(lambda site: AsyncEngine(time.monotonic, site=site))
    await AsyncLazyTransport(lambda site: AsyncEngine(time.monotonic, site=site)).close()
    with pytest.raises(ConnectionFailure):
        await lazy.send(NOWHERE, None, None)
    await lazy.close()
    with pytest.raises(ClientClosedError):
        await lazy.send(NOWHERE, None, None)
    unused = AsyncLazyTransport(lambda site: AsyncEngine(time.monotonic, site=site))
    await unused.close()
    with pytest.raises(ClientClosedError):
        await unused.send(NOWHERE, None, None)


async def test_engine_knows_where_the_client_was_made() -> None:
    places: list[str] = []

    def make(site: str) -> Engine:
        places.append(site)
        return Engine(time.monotonic, site=site)

    def amake(site: str) -> AsyncEngine:
        places.append(site)
        return AsyncEngine(time.monotonic, site=site)

    lazy, awaited = LazyTransport(make), AsyncLazyTransport(amake)
    line = sys._getframe().f_lineno - 1
    with pytest.raises(ConnectionFailure):
        lazy.send(NOWHERE, None, None)
    with pytest.raises(ConnectionFailure):
        await awaited.send(NOWHERE, None, None)
    lazy.close()
    await awaited.close()
    assert places == [f"{__file__}:{line}"] * 2


async def test_engine_that_cannot_be_loaded_for_want_of_files_is_made_by_a_later_request() -> None:
    failures: list[Exception] = [OSError(errno.EMFILE, "Too many open files"), OSError("other")]

    def make(site: str) -> Engine:
        if failures:
            raise failures.pop(0)
        return Engine(time.monotonic, site=site)

    def amake(site: str) -> AsyncEngine:
        if failures:
            raise failures.pop(0)
        return AsyncEngine(time.monotonic, site=site)

    lazy, awaited = LazyTransport(make), AsyncLazyTransport(amake)
    with pytest.raises(ConnectionFailure, match="ulimit") as caught:
        lazy.send(NOWHERE, None, None)
    assert caught.value.progress == 0
    with pytest.raises(OSError, match="other") as bare:
        lazy.send(NOWHERE, None, None)
    assert not isinstance(bare.value, ConnectionFailure)
    with pytest.raises(ConnectionFailure, match="127"):
        lazy.send(NOWHERE, None, None)
    failures.append(OSError(errno.EMFILE, "Too many open files"))
    with pytest.raises(ConnectionFailure, match="ulimit"):
        await awaited.send(NOWHERE, None, None)
    with pytest.raises(ConnectionFailure, match="127"):
        await awaited.send(NOWHERE, None, None)
    lazy.close()
    await awaited.close()
