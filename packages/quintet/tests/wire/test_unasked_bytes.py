"""Bytes that nobody asked for, at the moments when they are easily taken for an answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable

import pytest

from quintet.errors import ConnectionFailure, ProtocolFailure
from tests.support.loopback import HOST

from .peer import WAIT_SECONDS, Connection, Peer, always, answer, in_turn
from .test_tls import Authority
from .worlds import GET, POST, World

Play = Callable[..., Peer]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def wait_in(event: threading.Event) -> None:
    """Block this thread, and with it the event loop, as a busy program does."""
    assert event.wait(WAIT_SECONDS)


@pytest.mark.parametrize("secure", [False, True])
async def test_connection_closed_while_the_program_was_busy_is_not_used_again(
    play: Play, world: World, authority: Authority, secure: bool
) -> None:
    tls = authority.server(HOST) if secure else None

    def one_shot(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer())
        socket.socket.shutdown(connection.sock, socket.SHUT_WR)
        connection.has_arrived()

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
    tls = authority.server(HOST) if secure else None
    asked, sent = threading.Event(), threading.Event()

    def unasked(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(b"[1]"))
        assert asked.wait(WAIT_SECONDS)
        connection.send(answer(b"[666]"))
        connection.has_arrived()
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
    tls = authority.server(HOST) if secure else None

    def greet(connection: Connection) -> None:
        connection.send(b"220 ")
        connection.read_request()
        connection.send(answer(b"[1]"))
        connection.hold()

    client = world.client(
        play(greet, tls=tls).url, transport=world.engine(time.monotonic, verify=authority.file)
    )
    with pytest.raises(ProtocolFailure):
        await world.do(client.request(GET))


async def test_clear_text_before_tls_is_no_part_of_an_answer(
    play: Play, world: World, authority: Authority
) -> None:
    """Whoever is between the two can put clear text before the handshake."""
    server = authority.server(HOST)

    def script(connection: Connection) -> None:
        connection.send(b'["evil"]')
        connection.sock = server.wrap_socket(connection.sock, server_side=True)
        connection.read_request()
        connection.send(answer(b'["good"]'))
        connection.hold()

    client = world.client(
        play(script).url.replace("http:", "https:"),
        transport=world.engine(time.monotonic, verify=authority.file),
    )
    # Python 3.10 reads it, however asked not to; then it is an answer that nobody asked for.
    with pytest.raises((ConnectionFailure, ProtocolFailure)) as caught:
        await world.do(client.request(GET))
    assert caught.value.progress == 0


@pytest.mark.parametrize("tickets", [0, 8])
async def test_session_tickets_do_not_spoil_a_connection(
    play: Play, world: World, authority: Authority, tickets: int
) -> None:
    """A server sends them behind the handshake, when the client may have gone on already."""
    tls = authority.server(HOST)
    tls.num_tickets = tickets
    peer = play(always(answer(b"[1]")), tls=tls)
    client = world.client(peer.url, transport=world.engine(time.monotonic, verify=authority.file))
    for _ in range(4):
        assert (await world.do(client.request(GET))).json() == [1]
    assert len(peer.connections) == 1


async def test_what_tls_says_for_itself_does_not_spoil_a_connection_that_rests(
    play: Play, world: World, authority: Authority
) -> None:
    """Here a wish for a certificate, the one message behind an answer that Python can send."""
    tls = authority.server(HOST)
    tls.load_verify_locations(authority.file)
    tls.verify_mode = ssl.CERT_OPTIONAL
    tls.post_handshake_auth = True
    said = threading.Event()

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(b"[1]"))
        assert isinstance(connection.sock, ssl.SSLSocket)
        connection.sock.verify_client_post_handshake()
        connection.sock.do_handshake()  # which sends the wish
        connection.has_arrived()
        said.set()
        connection.read_request()
        connection.send(answer(b"[2]"))
        connection.hold()

    peer = play(script, tls=tls)
    context = ssl.create_default_context(cafile=authority.file)
    context.post_handshake_auth = True
    client = world.client(peer.url, transport=world.engine(time.monotonic, ssl_context=context))
    assert (await world.do(client.request(GET))).json() == [1]
    assert await asyncio.to_thread(said.wait, WAIT_SECONDS)
    for _ in range(5):
        await asyncio.sleep(0)
    assert (await world.do(client.request(GET))).json() == [2]
    assert len(peer.connections) == 1


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
async def test_body_that_a_cut_of_tls_ends_is_no_answer(
    play: Play, world: World, authority: Authority, scheme: str
) -> None:
    """Anybody on the way can end the TCP connection; only the server can end TLS."""

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n[1]")

    peer = play(script, tls=authority.server(HOST))
    client = world.client(
        peer.url.replace("https", scheme),
        transport=world.engine(time.monotonic, verify=authority.file),
    )
    with pytest.raises(ConnectionFailure, match=r"broke|closed"):
        await world.do(client.request(GET))


async def test_complete_body_needs_no_end_of_tls(
    play: Play, world: World, authority: Authority
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(b"[1]"))

    peer = play(script, tls=authority.server(HOST))
    client = world.client(peer.url, transport=world.engine(time.monotonic, verify=authority.file))
    assert (await world.do(client.request(GET))).json() == [1]
