"""Making connections: what is left behind when several stand, or none is wanted any more."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from typing import Any

import pytest

from quintet.transport.aio_connecting import AsyncNetwork, _within
from quintet.transport.aio_sockets import AsyncConnection
from quintet.transport.connecting import Address
from quintet.transport.limits import ConnectionLimits
from quintet.transport.trust import Trust
from quintet.transport.watch import ConnectError, ConnectTimeout, Watch


class Keeper:
    def __init__(self) -> None:
        self.closed: list[AsyncConnection] = []

    def spoilt(self, connection: AsyncConnection) -> None:
        raise AssertionError("nothing rests here")

    def gone(self, connection: AsyncConnection) -> None:
        self.closed.append(connection)


class Attempts(AsyncNetwork):
    """A network whose attempts come to what a test says, when it says so."""

    def __init__(self, stagger: float) -> None:
        self.keeper = Keeper()
        loop = asyncio.get_running_loop()
        limits = ConnectionLimits(connect_stagger=stagger)
        super().__init__(loop, time.monotonic, self.keeper, limits, Trust())
        self.started: list[Any] = []
        self.outcomes: dict[Any, asyncio.Future[AsyncConnection]] = {}
        self.heedless = False

    def connection(self) -> AsyncConnection:
        return AsyncConnection(asyncio.get_running_loop(), time.monotonic, self.keeper, "http://a")

    async def _try(self, address: Address, base: str) -> AsyncConnection:
        name = address[3]
        self.started.append(name)
        outcome = self.outcomes[name] = asyncio.get_running_loop().create_future()
        while self.heedless and not outcome.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(outcome)
        connection: AsyncConnection = await outcome
        return connection


def addresses(*names: str) -> list[Address]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 0, name) for name in names]


class Hand:
    """A clock that goes on when a test says so: no limit passes before something was begun."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def watch(seconds: float | None = None, now: Hand | None = None) -> Watch:
    return Watch(seconds, seconds, now or Hand())


async def started(network: Attempts, count: int) -> None:
    while len(network.started) < count:
        await asyncio.sleep(0.001)


async def test_attempts_start_one_after_the_other() -> None:
    network = Attempts(stagger=0.01)
    race = asyncio.ensure_future(network._first(addresses("a", "b", "c"), "http://a", watch()))
    await started(network, 1)
    assert network.started == ["a"]
    await started(network, 3)
    assert network.started == ["a", "b", "c"]
    network.outcomes["b"].set_result(network.connection())
    assert await race is network.outcomes["b"].result()
    await asyncio.sleep(0)
    assert network.outcomes["a"].cancelled()
    assert network.outcomes["c"].cancelled()


async def test_of_two_that_stand_at_once_one_is_closed() -> None:
    network = Attempts(stagger=0.0)
    race = asyncio.ensure_future(network._first(addresses("a", "b"), "http://a", watch()))
    await started(network, 2)
    both = [network.connection(), network.connection()]
    network.outcomes["a"].set_result(both[0])
    network.outcomes["b"].set_result(both[1])
    won = await race
    assert network.keeper.closed == [one for one in both if one is not won]


async def test_one_that_stands_wins_over_one_that_fails_at_once() -> None:
    for first, second in (("a", "b"), ("b", "a")):
        network = Attempts(stagger=0.0)
        race = asyncio.ensure_future(network._first(addresses("a", "b"), "http://a", watch()))
        await started(network, 2)
        network.outcomes[first].set_exception(ConnectError("refused"))
        network.outcomes[second].set_result(network.connection())
        assert await race is network.outcomes[second].result()
        assert network.keeper.closed == []


@pytest.mark.parametrize("how", ["cancelled", "late"])
async def test_attempt_that_stands_when_nobody_wants_it_is_closed(how: str) -> None:
    network = Attempts(stagger=0.0)
    network.heedless = True
    now = Hand()
    limit = watch(0.02 if how == "late" else None, now)
    race = asyncio.ensure_future(network._first(addresses("a"), "http://a", limit))
    await started(network, 1)
    if how == "cancelled":
        race.cancel()
        with pytest.raises(asyncio.CancelledError):
            await race
    else:
        now.time = 1.0
        with pytest.raises(ConnectTimeout):
            await race
    unwanted = network.connection()
    network.outcomes["a"].set_result(unwanted)
    for _ in range(5):
        await asyncio.sleep(0)
    assert network.keeper.closed == [unwanted]


async def test_attempt_that_fails_when_nobody_wants_it_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    network = Attempts(stagger=0.0)
    network.heedless = True
    now = Hand()
    race = asyncio.ensure_future(network._first(addresses("a"), "http://a", watch(0.01, now)))
    await started(network, 1)
    now.time = 1.0
    with pytest.raises(ConnectTimeout):
        await race
    network.outcomes["a"].set_exception(ConnectError("refused"))
    for _ in range(5):
        await asyncio.sleep(0)
    network.outcomes.clear()
    assert caplog.records == []


async def test_failure_is_that_of_the_last_address() -> None:
    network = Attempts(stagger=30.0)
    race = asyncio.ensure_future(network._first(addresses("a", "b"), "http://a", watch()))
    await started(network, 1)
    network.outcomes["a"].set_exception(ConnectError("first"))
    await started(network, 2)
    network.outcomes["b"].set_exception(ConnectError("last"))
    with pytest.raises(ConnectError, match="last"):
        await race


async def test_cancellation_that_comes_with_the_result_is_not_lost() -> None:
    result: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> int:
        return await result

    waiting = asyncio.ensure_future(_within(work(), watch()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    result.set_result(1)
    await asyncio.sleep(0)  # `work` has ended; who waits for it has not been woken yet
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_work_that_takes_too_long_is_called_off() -> None:
    forever: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        await forever

    with pytest.raises(ConnectTimeout):
        await _within(work(), watch(0.01))
    await asyncio.sleep(0)
    assert forever.cancelled()


async def test_tls_that_ends_without_a_connection_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = Attempts(stagger=0.0)
    connection = network.connection()

    async def start_tls(*_: Any, **__: Any) -> None:
        return None

    class Plain:
        def abort(self) -> None: ...

        def is_closing(self) -> bool:
            return False

    connection.connection_made(Plain())  # type: ignore[arg-type]
    monkeypatch.setattr(network._loop, "start_tls", start_tls)
    with pytest.raises(ConnectError, match="during the TLS handshake"):
        await network._start_tls(connection, "a", watch())


async def test_network_that_was_closed_makes_no_connection() -> None:
    loop = asyncio.get_running_loop()
    network = AsyncNetwork(loop, time.monotonic, Keeper(), ConnectionLimits(), Trust())
    network.end()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address: Address = (socket.AF_INET, socket.SOCK_STREAM, 0, listener.getsockname())
        with pytest.raises(ConnectError, match="closed"):
            await network._try(address, "http://a")
    assert not network.connecting


async def test_handshake_on_a_connection_that_has_ended_is_not_waited_for() -> None:
    network = Attempts(0.0)
    ours, theirs = socket.socketpair()
    connection = network.connection()
    await asyncio.get_running_loop().create_connection(lambda: connection, sock=ours)
    connection.close()
    await asyncio.sleep(0)
    with theirs, pytest.raises(ConnectError, match="closed before"):
        await asyncio.wait_for(
            network._shake_hands(connection, ssl.create_default_context(), "a"), 60.0
        )
