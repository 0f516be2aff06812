"""Servers that answer before they have read the request: what they say is heard at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from quintet.core.body import open_body
from quintet.errors import StatusError
from tests.support.loopback import HOST

from .peer import Connection, Peer, always, answer, in_turn
from .test_tls import Authority
from .worlds import POST, World

Play = Callable[..., Peer]
# More than any pair of sockets takes in without a reader.
LARGE = 30_000_000
PIECE = 100_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def refuse_and_hold(connection: Connection) -> None:
    """Refuse from the head alone, read nothing more, and keep the connection open."""
    connection.read_head()
    connection.send(answer(b"too large", "413 Content Too Large"))
    connection.peer.over.wait()


def swallow(connection: Connection, count: int) -> None:
    """Read so many bytes of a body, and forget them."""
    count -= len(connection._buffer)
    while count > 0:
        count -= len(connection.recv())


def pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // PIECE):
        yield bytes(PIECE)


BODIES: dict[str, Callable[[int], Any]] = {
    "bytes": bytes,
    "known length": lambda size: open_body(pieces(size), length=size),
    "chunks": lambda size: open_body(pieces(size)),
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("secure", [False, True])
async def test_refusal_is_heard_while_the_server_reads_nothing(
    play: Play, world: World, authority: Authority, kind: str, secure: bool
) -> None:
    tls = authority.server(HOST) if secure else None
    peer = play(in_turn(refuse_and_hold, always(answer(b"[1]"))), tls=tls)
    engine = world.engine(time.monotonic, verify=authority.file)
    client = world.client(peer.url, transport=engine)
    with pytest.raises(StatusError) as caught:
        await world.do(client.request(POST, body=BODIES[kind](LARGE)))
    assert caught.value.status == 413
    assert caught.value.response is not None
    assert caught.value.response.body == b"too large"
    # Half a request is on that connection: the next one goes on another.
    assert (await world.do(client.request(POST, body=b"x"))).json() == [1]
    assert len(peer.connections) == 2


@pytest.mark.parametrize("kind", BODIES)
async def test_interim_answer_does_not_end_the_upload(play: Play, world: World, kind: str) -> None:
    def script(connection: Connection) -> None:
        head = connection.read_head()
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection._buffer = head + b"\r\n\r\n" + connection._buffer
        received = len(connection.read_request().body)
        connection.send(answer(b"%d" % received))

    client = world.client(play(script).url)
    body = BODIES[kind](20 * PIECE)
    assert (await world.do(client.request(POST, body=body))).json() == 20 * PIECE


async def test_early_answer_that_goes_on_costs_no_time_of_the_processor(
    play: Play, world: World
) -> None:
    """What nobody takes would end every wait at once, until the upload is over."""
    heard = threading.Event()

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        heard.wait(0.3)  # for the head and what follows to come apart
        connection.send(b"[1]")
        heard.wait(1.5)
        swallow(connection, LARGE)
        connection.send(b" ")
        connection.hold()

    client = world.client(play(script).url)
    used = time.thread_time()
    assert (await world.do(client.request(POST, body=bytes(LARGE)))).json() == [1]
    assert time.thread_time() - used < 0.5


@pytest.mark.parametrize("kind", BODIES)
async def test_server_that_answers_while_it_reads_is_heard(
    play: Play, world: World, kind: str
) -> None:
    """A server that streams its answer back stops reading if nobody takes that."""
    length = 250_000

    def script(connection: Connection) -> None:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
        connection.send(bytes(length))
        swallow(connection, LARGE)
        connection.hold()

    client = world.client(play(script).url)
    response = await world.do(client.request(POST, body=BODIES[kind](LARGE)))
    assert len(response.body) == length


async def test_end_of_an_early_answer_is_heard_too(play: Play, world: World) -> None:
    def script(connection: Connection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n[1]")
        connection.sock.shutdown(socket.SHUT_WR)
        swallow(connection, 20 * PIECE)
        connection.hold()

    client = world.client(play(script).url)
    assert (await world.do(client.request(POST, body=bytes(20 * PIECE)))).json() == [1]
