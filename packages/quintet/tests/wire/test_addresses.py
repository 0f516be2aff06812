"""Hosts with several addresses: families in turn, a stagger, the first that stands wins."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quintet.errors import ConnectionFailure, TimeoutFailure
from quintet.transport.limits import ConnectionLimits
from tests.support.loopback import HOST

from .limits import eventually
from .peer import Peer, always, answer
from .worlds import GET, POST, World

Play = Callable[..., Peer]
Resolve = Callable[..., None]

URL = "http://service.test"
STAGGER = 0.1
# Generous for a busy machine, but less than what is not to be waited for.
LATE = 60.0
LATER = 2 * LATE


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Return what gives ``service.test`` addresses, in this order."""
    really = socket.getaddrinfo

    def set_up(*addresses: tuple[str, int]) -> None:
        def look_up(host: str, *rest: Any, **options: Any) -> list[Any]:
            if host != "service.test":
                return really(host, *rest, **options)  # event loops look literal ones up
            return [
                (
                    socket.AF_INET6 if ":" in address else socket.AF_INET,
                    socket.SOCK_STREAM,
                    socket.IPPROTO_TCP,
                    "",
                    (address, port, 0, 0) if ":" in address else (address, port),
                )
                for address, port in addresses
            ]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return set_up


@pytest.fixture
def deaf() -> Iterator[int]:
    """Return a port of 127.0.0.1 where connections are neither taken nor refused."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        # A backlog that is full: the kernel drops further SYNs.
        for _ in range(3):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def refusing() -> Iterator[Callable[..., int]]:
    """Return what finds a port where nobody listens, and nobody else can meanwhile."""
    with contextlib.ExitStack() as stack:

        def find(host: str = HOST) -> int:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            sock = stack.enter_context(socket.socket(family))
            sock.bind((host, 0))
            return int(sock.getsockname()[1])

        yield find


def client_of(world: World, stagger: float = STAGGER, **options: Any) -> Any:
    engine = world.engine(time.monotonic, limits=ConnectionLimits(connect_stagger=stagger))
    return world.client(URL, transport=engine, **options)


@pytest.mark.skipif(not has_ipv6(), reason="this system has no IPv6")
async def test_refused_ipv6_falls_back_to_ipv4_at_once(
    play: Play, world: World, resolve: Resolve, refusing: Callable[..., int]
) -> None:
    peer = play(always(answer(b"[1]")))
    resolve(("::1", refusing("::1")), (HOST, peer.port))
    client = client_of(world, stagger=LATER)
    began = time.monotonic()
    assert (await world.do(client.request(GET))).json() == [1]
    assert time.monotonic() - began < LATE
    assert peer.requests[0].header("host") == "service.test"


@pytest.mark.skipif(not has_ipv6(), reason="this system has no IPv6")
async def test_first_address_that_answers_is_the_only_one_tried(
    play: Play, world: World, resolve: Resolve
) -> None:
    first, second = play(always(answer(b"6")), host="::1"), play(always(answer(b"4")))
    resolve(("::1", first.port), (HOST, second.port))
    client = client_of(world, stagger=LATER)
    assert (await world.do(client.request(GET))).body == b"6"
    assert second.connections == []


async def test_address_that_swallows_packets_is_given_the_stagger_and_no_more(
    play: Play, world: World, resolve: Resolve, deaf: int
) -> None:
    peer = play(always(answer(b"[1]")))
    resolve((HOST, deaf), (HOST, peer.port))
    client = client_of(world)
    began = time.monotonic()
    # Even what must not be sent twice: the first address has not got it.
    assert (await world.do(client.request(POST))).json() == [1]
    assert STAGGER * 0.9 <= time.monotonic() - began < LATE
    assert len(peer.requests) == 1


async def test_addresses_that_fail_hand_over_without_waiting_for_the_stagger(
    play: Play, world: World, resolve: Resolve, refusing: Callable[..., int], deaf: int
) -> None:
    peer = play(always(answer(b"[1]")))
    dead = [(HOST, refusing()) for _ in range(3)]
    resolve(*dead, (HOST, peer.port), (HOST, deaf))
    client = client_of(world, stagger=LATER)
    began = time.monotonic()
    assert (await world.do(client.request(GET))).json() == [1]
    assert time.monotonic() - began < LATE


async def test_families_take_turns(
    play: Play, world: World, resolve: Resolve, refusing: Callable[..., int], deaf: int
) -> None:
    peer = play(always(answer(b"[1]")))
    # Two of one family stand before the other's; the second of them would take the whole limit.
    family = f"::ffff:{HOST}"
    if not has_ipv6():
        pytest.skip("this system has no IPv6")
    resolve((family, refusing()), (family, deaf), (family, deaf), (HOST, peer.port))
    client = client_of(world, stagger=LATER, timeout=LATE)
    assert (await world.do(client.request(GET))).json() == [1]


async def test_loser_of_the_race_leaves_no_socket(
    play: Play, world: World, resolve: Resolve, deaf: int
) -> None:
    peer = play(always(answer(b"[1]")))
    resolve((HOST, deaf), (HOST, deaf), (HOST, peer.port))
    client = client_of(world, stagger=0.01)
    before = sockets()
    await world.do(client.request(GET))
    # One at each end.
    await eventually(lambda: sockets() - before == 2)
    await world.close(client)
    assert await peer.all_gone()
    await eventually(lambda: sockets() <= before)


def sockets() -> int:
    """Return how many sockets this process has open."""
    count = 0
    for name in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            count += str(name.readlink()).startswith("socket:")
    return count


async def test_addresses_that_all_refuse_are_one_failure_with_nothing_sent(
    world: World, resolve: Resolve, refusing: Callable[..., int]
) -> None:
    resolve(*[(HOST, refusing()) for _ in range(3)])
    client = client_of(world)
    with pytest.raises(ConnectionFailure) as caught:
        await world.do(client.request(POST))
    assert caught.value.progress == 0
    assert "could not connect" in str(caught.value)


async def test_host_without_an_address_is_a_failure_with_nothing_sent(
    world: World, resolve: Resolve
) -> None:
    resolve()
    with pytest.raises(ConnectionFailure) as caught:
        await world.do(client_of(world).request(POST))
    assert caught.value.progress == 0


async def test_name_that_does_not_exist_is_a_failure_with_nothing_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConnectionFailure, match=r"cannot resolve service\.test") as caught:
        await world.do(client_of(world).request(POST))
    assert caught.value.progress == 0


async def test_addresses_that_all_swallow_packets_end_at_the_timeout(
    world: World, resolve: Resolve, deaf: int
) -> None:
    resolve(*[(HOST, deaf)] * 4)
    client = client_of(world, timeout=0.3)
    before = sockets()
    began = time.monotonic()
    with pytest.raises(TimeoutFailure) as caught:
        await world.do(client.request(POST))
    assert 0.25 <= time.monotonic() - began < LATE
    assert (caught.value.phase, caught.value.progress) == ("connect", 0)
    await eventually(lambda: sockets() == before)


async def test_look_up_that_takes_for_ever_ends_at_the_timeout(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def stuck(*_: Any, **__: Any) -> list[Any]:
        over.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    client = client_of(world, timeout=0.2)
    try:
        began = time.monotonic()
        with pytest.raises(TimeoutFailure) as caught:
            await world.do(client.request(GET))
        assert time.monotonic() - began < LATE
        assert caught.value.phase == "connect"
    finally:
        over.set()


@pytest.mark.parametrize("moment", [0.0, 0.005, 0.02, 0.06])
async def test_cancelled_race_leaves_no_socket_and_a_client_that_works(
    play: Play, resolve: Resolve, deaf: int, moment: float
) -> None:
    world = World(blocking=False)
    peer = play(always(answer(b"[1]")))
    resolve(*[(HOST, deaf)] * 3)
    client = client_of(world, stagger=0.01)
    before = sockets()
    task = asyncio.create_task(client.request(GET))
    await asyncio.sleep(moment)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: sockets() == before)
    resolve((HOST, peer.port))
    assert (await client.request(GET)).json() == [1]
    await world.close_all()


async def test_closing_the_client_ends_a_race(resolve: Resolve, deaf: int) -> None:
    world = World(blocking=False)
    resolve(*[(HOST, deaf)] * 3)
    client = client_of(world, stagger=0.01)
    before = sockets()
    task = asyncio.create_task(client.request(GET))
    await asyncio.sleep(0.05)
    await client.aclose()
    with pytest.raises(Exception, match="the client was closed"):
        await asyncio.wait_for(task, LATE)
    await eventually(lambda: sockets() == before)
