"""Connections of an event loop: which are used again, which are closed, and what is said."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings
from typing import Any

import pytest

from quintet.core.request import Request
from quintet.transport.aio_engine import AsyncEngine
from quintet.transport.aio_pool import AsyncPool
from quintet.transport.environment import Proxies
from quintet.transport.limits import ConnectionLimits

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"


class Served(asyncio.Protocol):
    """Answers requests for ``/whole``; never ends an answer to others."""

    open: set[Served]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open.discard(self)

    def data_received(self, data: bytes) -> None:
        self.transport.write(ANSWER if b"/whole" in data else ENDLESS)


class Server:
    """A server on the running loop, and an engine for it with a clock of its own."""

    def __init__(self, **limits: Any) -> None:
        self.time = 100.0
        self.open: set[Served] = set()
        self.engine = AsyncEngine(
            lambda: self.time, proxies=Proxies({}), limits=ConnectionLimits(**limits)
        )

    async def __aenter__(self) -> Server:
        kind = type("Bound", (Served,), {"open": self.open})
        self._server = await asyncio.get_running_loop().create_server(kind, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.close()
        self._server.close()
        for served in tuple(self.open):
            served.transport.abort()
        await asyncio.sleep(0)

    async def send(self, path: str = "/whole", host: str = "127.0.0.1") -> Any:
        return await self.engine.send(
            Request("GET", f"http://{host}:{self.port}{path}"), None, None
        )

    @property
    def pool(self) -> AsyncPool:
        return self.engine._pools[asyncio.get_running_loop()]

    async def opened(self, count: int) -> None:
        """Wait until the server has so many connections."""
        for _ in range(10_000):
            if len(self.open) == count:
                return
            await asyncio.sleep(0.001)
        raise AssertionError(f"{len(self.open)} connections and not {count}")


async def test_whole_answer_has_given_its_connection_back() -> None:
    async with Server() as server:
        for _ in range(3):
            exchange = await server.send()
            assert exchange.whole == b"abc"
            assert await exchange.read(None, None) == b""
            await exchange.close()
            assert server.pool._turns.free == 100
        assert len(server.open) == 1


async def test_connection_used_last_is_used_first() -> None:
    async with Server() as server:
        await asyncio.gather(*(server.send() for _ in range(3)))
        idle = server.pool._idle[f"http://127.0.0.1:{server.port}"]
        last = idle[-1]
        await server.send()
        assert idle[-1] is last
        assert len(idle) == 3


async def test_connection_idle_for_too_long_is_not_used_again() -> None:
    async with Server(idle_seconds=4.0) as server:
        await server.send()
        server.time += 3.9
        await server.send()
        await server.opened(1)
        old = set(server.open)
        server.time += 4.0
        await server.send()
        await server.opened(1)
        assert server.open.isdisjoint(old)


async def test_connection_that_is_too_old_is_not_used_again() -> None:
    async with Server(idle_seconds=4.0, max_age=10.0) as server:
        await server.send()
        old = set(server.open)
        for _ in range(4):
            server.time += 2.4
            await server.send()
        assert server.open == old
        server.time += 0.4
        await server.send()
        await server.opened(1)
        assert server.open.isdisjoint(old)


async def test_connection_without_a_greatest_age_is_used_for_ever() -> None:
    async with Server(idle_seconds=4.0, max_age=None) as server:
        for _ in range(5):
            await server.send()
            server.time += 3.0
        await server.opened(1)


async def test_idle_seconds_of_zero_keep_no_connection() -> None:
    async with Server(idle_seconds=0.0) as server:
        await server.send()
        await server.opened(0)


async def test_idle_connections_are_closed_though_nobody_calls() -> None:
    async with Server(idle_seconds=0.02) as server:
        await asyncio.gather(*(server.send() for _ in range(3)))
        await server.opened(3)
        server.time += 0.01
        await asyncio.sleep(0.03)  # the sweeper's time is the loop's; the connections' has not come
        assert len(server.open) == 3
        server.time += 0.01
        await server.opened(0)
        assert server.pool._idle == {}
        assert server.pool._sweeper is None


async def test_new_connection_takes_the_place_of_the_idle_one_that_would_end_first() -> None:
    async with Server(max_connections=2) as server:
        first, second, third = "127.0.0.1", "localhost", "127.1"
        await server.send(host=first)
        server.time += 1
        await server.send(host=second)
        await server.opened(2)
        server.time += 1
        await server.send(host=third)
        await server.opened(2)
        kept = {base.partition("//")[2] for base, idle in server.pool._idle.items() if idle}
        assert kept == {f"{second}:{server.port}", f"{third}:{server.port}"}


async def test_new_connections_made_at_once_take_the_places_of_as_many_idle_ones() -> None:
    async with Server(max_connections=2) as server:
        await asyncio.gather(*(server.send() for _ in range(2)))
        await asyncio.gather(*(server.send(host="localhost") for _ in range(2)))
        assert len(server.pool.network.live) == 2
        await server.opened(2)


async def test_idle_connection_that_its_server_closes_leaves_by_itself() -> None:
    async with Server() as server:
        await server.send()
        for served in tuple(server.open):
            served.transport.close()
        for _ in range(10_000):
            await asyncio.sleep(0.001)
            if not server.pool.network.live:
                break
        assert not server.pool.network.live
        assert not any(server.pool._idle.values())
        assert (await server.send()).whole == b"abc"


async def test_idle_connection_that_speaks_out_of_turn_is_closed() -> None:
    async with Server() as server:
        await server.send()
        for served in tuple(server.open):
            served.transport.write(ANSWER)
        await server.opened(0)
        assert not server.pool.network.live


async def test_dropped_answer_gives_its_turn_back_and_closes_its_connection() -> None:
    async with Server(max_connections=1) as server:
        dropped = [await server.send("/endless")]
        with pytest.warns(ResourceWarning, match="answer that was not read to its end"):
            dropped.clear()
        assert (await server.send()).whole == b"abc"
        await server.opened(1)


async def test_answer_dropped_in_another_thread_gives_its_turn_back() -> None:
    async with Server(max_connections=1) as server:
        held = [await server.send("/endless")]
        with pytest.warns(ResourceWarning, match="answer that was not read to its end"):
            await asyncio.to_thread(held.clear)
        assert (await server.send()).whole == b"abc"


async def test_closed_answer_closes_its_connection_once() -> None:
    async with Server() as server:
        exchange = await server.send("/endless")
        assert exchange.whole is None
        assert await exchange.read(None, None) == b"a"
        await exchange.close()
        await exchange.close()
        assert await exchange.read(None, None) == b""
        assert server.pool._turns.free == 100
        await server.opened(0)


async def test_answer_keeps_its_engine() -> None:
    async with Server() as server:
        exchange = await server.send("/endless")
        engine, server.engine = server.engine, AsyncEngine(time.monotonic, proxies=Proxies({}))
        del engine
        gc.collect()
        assert await exchange.read(None, None) == b"a"
        await exchange.close()


async def test_many_at_once_share_the_connections_there_are() -> None:
    async with Server(max_connections=5) as server:
        answers = await asyncio.gather(*(server.send() for _ in range(200)))
        assert [one.whole for one in answers] == [b"abc"] * 200
        assert len(server.open) == 5
        assert server.pool._turns.free == 5


async def test_forgotten_engine_closes_and_says_where_it_was_made() -> None:
    async with Server() as server:
        await asyncio.gather(server.send(), server.send())
        message = r"unclosed asyncio client with 2 open connections, made at .*:\d+"
        with pytest.warns(ResourceWarning, match=message):
            server.engine = AsyncEngine(time.monotonic, proxies=Proxies({}))
        await server.opened(0)


async def test_closed_and_unused_engines_are_forgotten_quietly() -> None:
    async with Server() as server:
        await server.send()
        await server.engine.close()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            server.engine = AsyncEngine(time.monotonic, proxies=Proxies({}))
            gc.collect()
            server.engine = AsyncEngine(time.monotonic, proxies=Proxies({}))
            gc.collect()


def test_loop_that_ended_is_forgotten_by_the_engine() -> None:
    engine = AsyncEngine(time.monotonic, proxies=Proxies({}))

    async def use() -> None:
        async with Server() as server:
            request = Request("GET", f"http://127.0.0.1:{server.port}/whole")
            assert (await engine.send(request, None, None)).whole == b"abc"

    for _ in range(3):
        asyncio.run(use())
    assert len(engine._pools) == 1
    thread = threading.Thread(target=lambda: asyncio.run(engine.close()))
    thread.start()
    thread.join()
    assert not engine._pools
