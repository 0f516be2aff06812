"""Bytes that nobody asked for, at the moments when they are easily taken for an answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from quintet.errors import ProtocolFailure

from .peer import Connection, Peer, always, answer, in_turn
from .test_tls import Authority
from .worlds import GET, POST, World

Play = Callable[..., Peer]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def wait_in(event: threading.Event) -> None:
    """Block this thread, and with it the event loop, as a busy program does."""
    assert event.wait(10)


@pytest.mark.parametrize("secure", [False, True])
async def test_connection_closed_while_the_program_was_busy_is_not_used_again(
    play: Play, world: World, authority: Authority, secure: bool
) -> None:
    tls = authority.server("127.0.0.1") if secure else None

    def one_shot(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer())

    peer = play(one_shot, tls=tls)
    engine = world.engine(time.monotonic, verify=authority.file)
    client = world.client(peer.url, transport=engine)
    for number in range(3):
        # A write that must not be repeated; and no turn of a loop sees the end of its connection.
        await world.do(client.request(POST))
        wait_in(peer.connections[-1].done)
        assert len(peer.connections) == number + 1


@pytest.mark.parametrize("secure", [False, True])
async def test_answer_that_came_while_the_program_was_busy_is_not_the_next_ones(
    play: Play, world: World, authority: Authority, secure: bool
) -> None:
    tls = authority.server("127.0.0.1") if secure else None
    asked, sent = threading.Event(), threading.Event()

    def unasked(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(b"[1]"))
        assert asked.wait(10)
        connection.send(answer(b"[666]"))
        sent.set()
        connection.hold()

    peer = play(in_turn(unasked, always(answer(b"[2]"))), tls=tls)
    engine = world.engine(time.monotonic, verify=authority.file)
    client = world.client(peer.url, transport=engine)
    assert (await world.do(client.request(GET))).json() == [1]
    asked.set()
    wait_in(sent)
    assert (await world.do(client.request(GET))).json() == [2]


@pytest.mark.parametrize("secure", [False, True])
async def test_server_that_speaks_first_is_not_listened_to(
    play: Play, world: World, authority: Authority, secure: bool
) -> None:
    tls = authority.server("127.0.0.1") if secure else None

    def greet(connection: Connection) -> None:
        connection.send(b"220 ")
        request = connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        connection.peer.over.wait(0.1)
        connection.send(b'["' + request.method.encode().ljust(16, b".") + b'"]')

    client = world.client(
        play(greet, tls=tls).url, transport=world.engine(time.monotonic, verify=authority.file)
    )
    with pytest.raises(ProtocolFailure):
        await world.do(client.request(GET))


async def test_clear_text_before_tls_is_no_part_of_an_answer(
    play: Play, world: World, authority: Authority
) -> None:
    """Whoever is between the two can put clear text before the handshake."""
    server = authority.server("127.0.0.1")

    def script(connection: Connection) -> None:
        connection.send(b'["evil"]')
        connection.sock = server.wrap_socket(connection.sock, server_side=True)
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        connection.peer.over.wait(0.1)
        connection.send(b'["good"]')

    peer = play(script)
    client = world.client(
        peer.url.replace("http:", "https:"),
        transport=world.engine(time.monotonic, verify=authority.file),
    )
    with pytest.raises(Exception) as caught:  # noqa: PT011
        await world.do(client.request(GET))
    print(repr(caught.value))


__all__ = ["socket"]
