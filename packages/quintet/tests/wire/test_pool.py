"""How many connections there are, who gets one, and how long one is kept."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from quintet.errors import ClientClosedError, TimeoutFailure
from quintet.transport.engine import Engine
from quintet.transport.limits import ConnectionLimits
from quintet.transport.pool import Pool
from quintet.transport.sockets import Hold, Stream
from quintet.transport.trust import Trust

from .limits import HUNG_SECONDS, eventually
from .peer import WAIT_SECONDS, Connection, Peer, always, answer, chunked, chunked_head
from .worlds import GET, World

Play = Callable[..., Peer]


def client_of(world: World, peer: Peer, timeout: float | None = 60.0, **limits: Any) -> Any:
    engine = world.engine(time.monotonic, limits=ConnectionLimits(**limits))
    return world.client(peer.url, transport=engine, timeout=timeout)


class Gate:
    """A peer's script that answers only when it is told to, with the request's target."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def __call__(self, connection: Connection) -> None:
        while True:
            request = connection.read_request()
            self.arrived.release()
            self.go_on.acquire(timeout=WAIT_SECONDS)
            connection.send(answer(request.target.encode()))


def in_thread(work: Callable[[], None]) -> asyncio.Future[None]:
    """Run it in a thread of its own: those of asyncio are few, and the test waits in them."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def run() -> None:
        try:
            work()
        except BaseException as failure:
            loop.call_soon_threadsafe(done.set_exception, failure)
        else:
            loop.call_soon_threadsafe(done.set_result, None)

    threading.Thread(target=run).start()
    return done


async def together(world: World, client: Any, count: int, order: list[int]) -> list[Any]:
    """Start calls one after another, in threads or in tasks, each before the next."""
    running: list[Any] = []
    for name in range(count):

        def call(name: int = name) -> None:
            body = client.request(GET, query={"n": str(name)}).body
            assert body == f"/thing?n={name}".encode()
            order.append(name)

        async def call_async(name: int = name) -> None:
            body = (await client.request(GET, query={"n": str(name)})).body
            assert body == f"/thing?n={name}".encode()
            order.append(name)

        if world.blocking:
            running.append(in_thread(call))
        else:
            running.append(asyncio.create_task(call_async()))
        await eventually(lambda: under_way(client) == len(running))
    return running


def under_way(client: Any) -> int:
    """Return how many calls have a connection or wait for one, while none is idle."""
    engine = client._transport
    if isinstance(engine, Engine):
        return len(engine._pool.network.open) + len(engine._pool._turns.waiting)
    pool = engine._pools.get(asyncio.get_running_loop())
    if pool is None:
        return 0
    turns = pool._turns
    return int(engine._limits.max_connections - turns.free + len(turns._waiting))


async def test_calls_beyond_the_bound_wait_and_are_served_in_order(
    play: Play, world: World
) -> None:
    gate = Gate()
    peer = play(gate)
    client = client_of(world, peer, max_connections=2)
    order: list[int] = []
    running = await together(world, client, 6, order)
    assert await asyncio.to_thread(gate.arrived.acquire, timeout=WAIT_SECONDS)
    assert await asyncio.to_thread(gate.arrived.acquire, timeout=WAIT_SECONDS)
    for _ in range(4):
        gate.go_on.release()
        assert await asyncio.to_thread(gate.arrived.acquire, timeout=WAIT_SECONDS)
    gate.go_on.release(2)
    await asyncio.gather(*running)
    assert len(peer.connections) == 2
    targets = [int(request.target.partition("=")[2]) for request in peer.requests]
    # The first two race each other to the server; who waited is served as it came.
    assert sorted(targets[:2]) == [0, 1]
    assert targets[2:] == [2, 3, 4, 5]
    assert sorted(order) == [0, 1, 2, 3, 4, 5]


async def test_pool_has_a_limit_of_its_own_whose_error_says_what_is_in_use(
    play: Play, world: World
) -> None:
    peer = play(always(chunked_head("Content-Type: text/plain") + chunked(b"a", end=False)))
    client = client_of(world, peer, timeout=60.0, max_connections=2, pool_timeout=0.1)
    streams = [client.download(GET) for _ in range(2)]
    for stream in streams:
        assert await world.next(stream) == b"a"
    began = time.monotonic()
    with pytest.raises(TimeoutFailure, match=r"all 2 connections .* the oldest for \d") as caught:
        await world.do(client.request(GET))
    assert 0.09 <= time.monotonic() - began < HUNG_SECONDS
    assert "within 0.1 s" in str(caught.value)
    assert caught.value.phase == "pool"
    assert caught.value.progress == 0
    assert len(peer.connections) == 2
    for stream in streams:
        await world.close(stream)
    assert await peer.all_gone()


async def test_attempt_whose_limit_passes_in_the_pool_says_what_is_in_use_too(
    play: Play, world: World
) -> None:
    peer = play(always(chunked_head("Content-Type: text/plain") + chunked(b"a", end=False)))
    client = client_of(world, peer, max_connections=1)
    stream = client.download(GET)
    assert await world.next(stream) == b"a"
    with pytest.raises(TimeoutFailure, match="all 1 connections are in use, the oldest") as caught:
        await world.do(client.request(GET, timeout=0.1))
    assert caught.value.phase == "pool"
    await world.close(stream)


async def test_pool_that_was_full_works_on_when_there_is_room_again(
    play: Play, world: World
) -> None:
    peer = play(always(chunked_head("Content-Type: text/plain") + chunked(b"a", end=False)))
    client = client_of(world, peer, max_connections=1, pool_timeout=0.05)
    for _ in range(3):
        stream = client.download(GET)
        assert await world.next(stream) == b"a"
        with pytest.raises(TimeoutFailure):
            await world.do(client.request(GET))
        await world.close(stream)
    assert len(peer.connections) == 3


async def test_idle_connection_gives_way_to_one_to_another_origin(play: Play, world: World) -> None:
    first, second = play(always(answer(b"1"))), play(always(answer(b"2")))
    engine = world.engine(time.monotonic, limits=ConnectionLimits(max_connections=1))
    one = world.client(first.url, transport=engine)
    two = world.client(second.url, transport=engine)
    assert (await world.do(one.request(GET))).body == b"1"
    assert (await world.do(two.request(GET))).body == b"2"
    assert await first.all_gone()
    assert (await world.do(one.request(GET))).body == b"1"
    assert await second.all_gone()


async def test_connection_used_last_is_used_next_and_the_others_grow_old(
    play: Play, world: World
) -> None:
    gate = Gate()
    peer = play(gate)
    client = client_of(world, peer)
    order: list[int] = []
    running = await together(world, client, 3, order)
    for _ in range(3):
        assert await asyncio.to_thread(gate.arrived.acquire, timeout=WAIT_SECONDS)
    gate.go_on.release(3)
    await asyncio.gather(*running)
    assert len(peer.connections) == 3
    gate.go_on.release(4)
    for _ in range(4):
        await world.do(client.request(GET))
    assert len(peer.connections) == 3
    busy = [connection for connection in peer.connections if not connection.done.is_set()]
    assert len(busy) == 3
    used = {request.connection for request in peer.requests[3:]}
    assert len(used) == 1


async def test_connection_that_was_idle_for_too_long_is_not_used_again(
    play: Play, world: World
) -> None:
    peer = play(always(answer()))
    client = client_of(world, peer, idle_seconds=0.0)
    for _ in range(3):
        await world.do(client.request(GET))
    assert len(peer.connections) == 3


async def test_idle_connection_that_nobody_asks_for_again_is_closed_as_others_are_used(
    play: Play, world: World
) -> None:
    left, used = play(always(answer())), play(always(answer()))
    engine = world.engine(time.monotonic, limits=ConnectionLimits(idle_seconds=0.05))
    await world.do(world.client(left.url, transport=engine).request(GET))
    client = world.client(used.url, transport=engine)
    for _ in range(200):
        await world.do(client.request(GET))
        if await asyncio.to_thread(left.connections[0].done.wait, 0.01):
            break
    assert left.connections[0].done.is_set()


async def test_connection_that_is_too_old_is_not_used_again(play: Play, world: World) -> None:
    peer = play(always(answer()))
    client = client_of(world, peer, max_age=0.05)
    for _ in range(200):
        await world.do(client.request(GET))
        if await asyncio.to_thread(peer.connections[0].done.wait, 0.01):
            break
    assert peer.connections[0].done.is_set()
    await world.do(client.request(GET))
    assert len(peer.connections) >= 2


async def test_connection_may_get_as_old_as_it_likes(play: Play, world: World) -> None:
    peer = play(always(answer()))
    client = client_of(world, peer, max_age=None)
    for _ in range(5):
        await world.do(client.request(GET))
    assert len(peer.connections) == 1


def test_many_threads_share_few_connections_and_get_their_own_answers(play: Play) -> None:
    def echo(connection: Connection) -> None:
        while True:
            request = connection.read_request()
            connection.send(answer(request.target.encode()))

    peer = play(echo)
    client = client_of(World(blocking=True), peer, max_connections=5)
    wrong: list[object] = []

    def work(name: int) -> None:
        try:
            for number in range(10):
                nonce = f"{name}-{number}"
                body = client.request(GET, query={"nonce": nonce}).body.decode()
                if body != f"/thing?nonce={nonce}":
                    wrong.append(body)
        except BaseException as failure:
            wrong.append(failure)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert wrong == []
    assert len(peer.requests) == 500
    assert len(peer.connections) <= 5


class Fleeting(Hold):
    """Of a connection that another thread gives back just when somebody looks."""

    __slots__ = ("looks",)

    def __init__(self) -> None:
        super().__init__()
        self.looks = iter((1.0, None))

    @property
    def since(self) -> Any:
        return next(self.looks)

    @since.setter
    def since(self, value: Any) -> None:
        pass


def test_connection_that_is_given_back_meanwhile_does_no_harm_to_the_message() -> None:
    pool = Pool(lambda: 3.0, ConnectionLimits(), Trust())
    pool.network.open[0] = Fleeting()
    assert pool._occupancy() == "1 of 100 connections are in use, the oldest for 2.0 s"


def test_thread_whose_kept_connection_was_spent_keeps_its_turn(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = play(always(answer()))
    world = World(blocking=True)
    limits = ConnectionLimits(max_connections=1)
    engine = world.engine(time.monotonic, limits=limits)
    client = world.client(peer.url, transport=engine)
    client.request(GET, query={"n": 0})
    turns = engine._pool._turns
    second = threading.Thread(target=lambda: client.request(GET, query={"n": 2}))

    def spent(stream: Stream) -> bool:
        # In this moment another thread comes, and waits for the only connection.
        monkeypatch.setattr(Stream, "spent", really_spent)
        second.start()
        while not turns.waiting:
            assert second.is_alive()
            second.join(0.001)
        return True

    really_spent = Stream.spent
    monkeypatch.setattr(Stream, "spent", spent)
    client.request(GET, query={"n": 1})
    second.join()
    assert [request.target for request in peer.requests] == [f"/thing?n={n}" for n in range(3)]
    assert len(peer.connections) == 2
    client.close()


def test_spent_connection_gives_way_to_another_that_is_idle(play: Play) -> None:
    gate = Gate()
    peer = play(gate)
    world = World(blocking=True)
    engine = world.engine(time.monotonic)
    client = world.client(peer.url, transport=engine)
    threads = [threading.Thread(target=lambda: client.request(GET)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert gate.arrived.acquire(timeout=WAIT_SECONDS)
    gate.go_on.release(3)
    for thread in threads:
        thread.join()
    (stack,) = engine._pool._idle.values()
    stack[-1].until = 0.0
    client.request(GET)
    assert len(peer.connections) == 2
    assert len(engine._pool.network.open) == 1
    client.close()


def test_spent_connection_of_a_client_that_is_closed_meanwhile_is_closed(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = play(always(answer()))
    client = World(blocking=True).client(peer.url)
    client.request(GET)
    left: list[Stream] = []

    def spent(stream: Stream) -> bool:
        left.append(stream)
        client.close()
        return True

    monkeypatch.setattr(Stream, "spent", spent)
    with pytest.raises(ClientClosedError):
        client.request(GET)
    assert [stream.sock.fileno() for stream in left if stream.sock is not None] == [-1]
