"""Connections over TLS: limits, closing and reuse hold where bytes hide behind a layer."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from quintet.errors import ClientClosedError, TimeoutFailure
from quintet.transport.trust import tls_context
from tests.support.loopback import HOST

from .limits import HUNG_SECONDS, ends_in, eventually
from .peer import Connection, Peer, always, answer, chunked, chunked_head
from .test_tls import Authority, client_of
from .worlds import GET, POST, World

Play = Callable[..., Peer]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("size", [3, 20_000, 1_000_000])
async def test_body_of_any_size_comes_through_and_keeps_the_connection(
    play: Play, world: World, authority: Authority, size: int
) -> None:
    sent = bytes(range(251)) * (size // 251) + bytes(size % 251)
    peer = play(always(answer(sent)), tls=authority.server(HOST))
    client: Any = client_of(world, peer.url, authority.file)
    for _ in range(3):
        response = await world.do(client.request(POST, body=sent))
        assert response.body == sent
    assert len(peer.connections) == 1
    assert peer.requests[0].body == sent


async def test_answer_that_nobody_asked_for_in_the_same_record_is_not_the_next_ones(
    play: Play, world: World, authority: Authority
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        # One record: the second answer is decrypted with the end of the first.
        connection.send(answer(b'"you"') + answer(b'"someone else"'))
        connection.hold()

    peer = play(script, tls=authority.server(HOST))
    client: Any = client_of(world, peer.url, authority.file)
    for _ in range(3):
        assert (await world.do(client.request(POST))).json() == "you"
    assert len(peer.connections) == 3


async def test_surplus_that_hides_behind_a_large_body_is_not_the_next_ones(
    play: Play, world: World, authority: Authority
) -> None:
    body = bytes(100_000)

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        connection.send(body[:-5])
        connection.send(body[-5:] + answer(b'"someone else"'))
        connection.hold()

    peer = play(script, tls=authority.server(HOST))
    client: Any = client_of(world, peer.url, authority.file)
    for _ in range(2):
        assert (await world.do(client.request(POST))).body == body
    assert len(peer.connections) == 2


async def test_answer_that_drips_over_tls_ends_at_the_timeout(
    play: Play, world: World, authority: Authority
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        connection.drip(b"a" * 1000)

    peer = play(script, tls=authority.server(HOST))

    async def call(limit: float) -> None:
        client: Any = client_of(world, peer.url, authority.file, timeout=limit)
        await world.do(client.request(GET))

    await ends_in("read", call)


async def test_server_that_reads_nothing_over_tls_ends_at_the_timeout(
    play: Play, world: World, authority: Authority
) -> None:
    def deaf(connection: Connection) -> None:
        connection.read_head()
        connection.peer.over.wait()

    peer = play(deaf, tls=authority.server(HOST))

    async def call(limit: float) -> None:
        client: Any = client_of(world, peer.url, authority.file, timeout=limit)
        await world.do(client.request(POST, body=bytes(30_000_000)))

    assert (await ends_in("write", call)).progress == 1


async def test_handshake_that_drips_ends_at_the_timeout(play: Play, world: World) -> None:
    def drip(connection: Connection) -> None:
        connection.recv()
        # The beginning of a record that never becomes complete.
        connection.drip(b"\x16\x03\x03\x40\x00" + bytes(1000))

    peer = play(drip)
    client: Any = client_of(world, f"https://{HOST}:{peer.port}", timeout=0.3)
    began = time.monotonic()
    with pytest.raises(TimeoutFailure) as caught:
        await world.do(client.request(POST))
    assert time.monotonic() - began < HUNG_SECONDS
    assert caught.value.phase == "connect"
    assert caught.value.progress == 0
    assert await peer.all_gone()


async def test_context_of_the_callers_own_is_used_as_it_is(
    play: Play, world: World, authority: Authority
) -> None:
    peer = play(always(answer(b"[1]")), tls=authority.server(HOST))
    context = tls_context(authority.file)
    engine = world.engine(time.monotonic, ssl_context=context)
    client = world.client(peer.url, transport=engine)
    assert (await world.do(client.request(GET))).json() == [1]


def test_closing_in_one_thread_ends_a_handshake_in_another_at_once(play: Play) -> None:
    begun = threading.Event()

    def silent(connection: Connection) -> None:
        connection.recv()
        begun.set()
        connection.hold()

    peer = play(silent)
    world = World(blocking=True)
    client: Any = client_of(world, f"https://{HOST}:{peer.port}", timeout=3600.0)
    caught: list[type[BaseException]] = []

    def work() -> None:
        try:
            client.request(POST)
        except BaseException as error:
            caught.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(HUNG_SECONDS)
    client.close()
    thread.join(HUNG_SECONDS)
    assert caught == [ClientClosedError]
    assert peer.connections[0].done.wait(HUNG_SECONDS)


async def test_events_over_tls_arrive_as_they_are_sent(
    play: Play, world: World, authority: Authority
) -> None:
    go_on = threading.Event()

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(chunked_head())
        connection.send(chunked(b"one", end=False))
        go_on.wait(HUNG_SECONDS)
        connection.send(chunked(b"two"))

    peer = play(script, tls=authority.server(HOST))
    client: Any = client_of(world, peer.url, authority.file)
    stream = client.download(GET)
    assert await world.next(stream) == b"one"
    go_on.set()
    assert await world.next(stream) == b"two"
    await world.close(stream)


async def test_interrupt_in_the_midst_of_a_handshake_leaves_nothing_open(
    play: Play, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = play(lambda connection: connection.hold())
    client: Any = client_of(World(blocking=True), f"https://{HOST}:{peer.port}", authority.file)

    def interrupted(sock: ssl.SSLSocket) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ssl.SSLSocket, "do_handshake", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        client.request(GET)
    # While somebody has the traceback, nothing of it is collected: it must have been closed.
    await eventually(lambda: bool(peer.connections))
    assert await peer.all_gone()
    del caught
    client.close()
