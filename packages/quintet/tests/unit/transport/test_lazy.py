"""The engine is made by the first request, and not at all by a client that sends none."""

from __future__ import annotations

import threading
import time

import pytest

from quintet.core.request import Request
from quintet.errors import ClientClosedError, ConnectionFailure
from quintet.transport.lazy import AsyncLazyTransport, LazyTransport

NOWHERE = Request("GET", "http://127.0.0.1:9/")


def test_engine_is_made_once_by_many_threads() -> None:
    lazy = LazyTransport(time.monotonic)
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
    lazy = LazyTransport(time.monotonic)
    lazy.close()
    with pytest.raises(ClientClosedError):
        lazy.send(NOWHERE, None, None)
    assert lazy._engine is None


async def test_asyncio_engine_is_made_by_the_first_request_and_closed_with_the_client() -> None:
    lazy = AsyncLazyTransport(time.monotonic)
    await AsyncLazyTransport(time.monotonic).close()
    with pytest.raises(ConnectionFailure):
        await lazy.send(NOWHERE, None, None)
    await lazy.close()
    with pytest.raises(ClientClosedError):
        await lazy.send(NOWHERE, None, None)
    unused = AsyncLazyTransport(time.monotonic)
    await unused.close()
    with pytest.raises(ClientClosedError):
        await unused.send(NOWHERE, None, None)
