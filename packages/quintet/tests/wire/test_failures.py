"""How far an exchange got when it broke, and what may follow from that."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from quintet import Operation
from quintet.errors import (
    ConnectionFailure,
    LimitExceeded,
    ProtocolFailure,
    StatusError,
    TransportError,
)
from tests.support.loopback import HOST

from .peer import Connection, Peer, Script, always, answer, in_turn, once
from .worlds import GET, HEAD, KEYED, POST, PUT, World

Play = Callable[..., Peer]
GOOD = always(answer(b'{"ok": true}'))


@pytest.fixture
def refusing() -> Iterator[int]:
    """Return a port where nobody listens, and nobody else can meanwhile."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        yield sock.getsockname()[1]


def reset_unread(connection: Connection) -> None:
    connection.sock.recv(1, socket.MSG_PEEK)  # it has come, and stays unread
    connection.reset()


def reset_after_request(connection: Connection) -> None:
    connection.read_request()
    connection.reset()


def close_after_request(connection: Connection) -> None:
    connection.read_request()


def reset_in_head(connection: Connection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-")
    connection.close()


def close_in_body(connection: Connection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")


@pytest.mark.parametrize("operation", [GET, PUT, KEYED, POST])
async def test_refused_connection_is_retried_for_every_method(
    world: World, operation: Operation, refusing: int
) -> None:
    client = world.client(f"http://{HOST}:{refusing}", max_retries=2)
    with pytest.raises(ConnectionFailure) as caught:
        await world.do(client.request(operation))
    assert caught.value.progress == 0
    assert caught.value.attempts == 3
    assert not caught.value.outcome_unknown
    assert "could not connect" in str(caught.value)
    assert isinstance(caught.value, ConnectionError)
    assert [(seen.number, seen.progress, seen.error) for seen in world.seen] == [
        (1, 0, "ConnectionFailure"),
        (2, 0, "ConnectionFailure"),
        (3, 0, "ConnectionFailure"),
    ]


async def test_unknown_host_name_is_a_connection_failure_with_nothing_sent(world: World) -> None:
    client = world.client("http://no-such-host.invalid")
    with pytest.raises(ConnectionFailure, match="no-such-host") as caught:
        await world.do(client.request(POST))
    assert caught.value.progress == 0


@pytest.mark.parametrize(
    ("script", "progress"),
    [
        (close_after_request, 1),
        (reset_after_request, 1),
        (reset_in_head, 2),
        (close_in_body, 2),
    ],
)
@pytest.mark.parametrize(
    ("operation", "repeats"), [(GET, True), (PUT, True), (KEYED, True), (POST, False)]
)
async def test_broken_exchange_is_repeated_only_where_that_is_safe(
    play: Play,
    world: World,
    script: Script,
    progress: int,
    operation: Operation,
    repeats: bool,
) -> None:
    peer = play(in_turn(script, GOOD))
    client = world.client(peer.url, max_retries=1)
    body: dict[str, Any] = {} if operation is GET else {"json": {"n": 1}}
    if repeats:
        response = await world.do(client.request(operation, **body))
        assert response.json() == {"ok": True}
        assert response.attempts == 2
        assert world.seen[0].progress == progress
        return
    with pytest.raises(TransportError) as caught:
        await world.do(client.request(operation, **body))
    assert caught.value.progress == progress
    assert caught.value.attempts == 1
    assert caught.value.outcome_unknown
    assert "not repeated" in str(caught.value)
    assert len(peer.requests) == 1


async def test_reset_before_the_request_is_read_counts_as_perhaps_sent(
    play: Play, world: World
) -> None:
    client = world.client(play(reset_unread).url)
    with pytest.raises(TransportError) as caught:
        await world.do(client.request(POST, json={}))
    # The bytes had left: that the peer never read them cannot be known here.
    assert caught.value.progress == 1


async def test_answer_sent_before_the_request_was_read_is_still_received(
    play: Play, world: World
) -> None:
    def early(connection: Connection) -> None:
        connection.read_head()
        connection.send(answer(b"", "413 Content Too Large", "Connection: close"))
        connection.sock.shutdown(socket.SHUT_WR)
        connection.hold()

    client = world.client(play(early).url)
    with pytest.raises(StatusError) as caught:
        await world.do(client.request(POST, body=b"x" * 5_000_000))
    assert caught.value.status == 413


@pytest.mark.parametrize(
    "wrong",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_bytes_that_are_not_http_are_a_protocol_failure(
    play: Play, world: World, wrong: bytes
) -> None:
    client = world.client(play(once(wrong)).url)
    with pytest.raises(ProtocolFailure, match="not valid HTTP"):
        await world.do(client.request(GET))


@pytest.mark.parametrize(
    ("begin", "words"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x46", "the server speaks TLS: is it an https:// URL?"),
        (b"\x16\x03\x03\x00\x7a\x02", "the server speaks TLS: is it an https:// URL?"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the server speaks SSH"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "the server speaks SSH"),
        (b"\0\0\x12\x04\0\0\0\0\0\0\3\0\0\0\x64", "the server speaks HTTP/2 alone"),
    ],
)
async def test_protocol_that_is_another_one_is_named(
    play: Play, world: World, begin: bytes, words: str
) -> None:
    client = world.client(play(once(begin)).url)
    with pytest.raises(ProtocolFailure, match=re.escape(words)):
        await world.do(client.request(GET))


async def test_protocol_that_speaks_first_is_named_too(play: Play, world: World) -> None:
    def greet(connection: Connection) -> None:
        connection.send(b"SSH-2.0-OpenSSH_9.2\r\n")
        connection.hold()

    client = world.client(play(greet).url, max_retries=0)
    with pytest.raises(ProtocolFailure, match="the server speaks SSH"):
        await world.do(client.request(GET))


async def test_head_without_end_is_stopped_at_its_bound(play: Play, world: World) -> None:
    def endless(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.send(b"X-More: " + b"a" * 1000 + b"\r\n")

    peer = play(endless)
    client = world.client(peer.url, max_retries=3)
    with pytest.raises(LimitExceeded) as caught:
        await world.do(client.request(GET))
    assert caught.value.bound == "max_head_bytes"
    assert caught.value.attempts == 1
    assert await peer.all_gone()


async def test_answer_that_nobody_asked_for_is_never_given_to_the_next_request(
    play: Play, world: World
) -> None:
    def split(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(b'{"for": "you"}') + answer(b'{"for": "someone else"}'))
        connection.hold()

    peer = play(split)
    client = world.client(peer.url)
    for _ in range(3):
        assert (await world.do(client.request(POST))).json() == {"for": "you"}
    assert len(peer.connections) == 3


@pytest.mark.parametrize("operation", [GET, PUT, KEYED])
async def test_connection_closed_on_receiving_the_next_request_is_replayed_for_free(
    play: Play, world: World, operation: Operation
) -> None:
    def impolite(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer())
        connection.read_request()

    peer = play(in_turn(impolite, GOOD))
    client = world.client(peer.url, max_retries=0)
    await world.do(client.request(operation))
    response = await world.do(client.request(operation))
    assert response.json() == {"ok": True}
    assert response.attempts == 2
    assert len(peer.connections) == 2
    assert [(seen.number, seen.retry_in) for seen in world.seen] == [(1, None), (1, 0.0), (2, None)]


async def test_connection_closed_on_receiving_the_next_post_is_not_replayed(
    play: Play, world: World
) -> None:
    def impolite(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer())
        connection.read_request()

    client = world.client(play(in_turn(impolite, GOOD)).url, max_retries=3)
    await world.do(client.request(POST))
    with pytest.raises(ConnectionFailure) as caught:
        await world.do(client.request(POST))
    assert caught.value.reused
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_answer_without_a_body_keeps_the_connection(
    play: Play, world: World, status: str
) -> None:
    peer = play(always(f"HTTP/1.1 {status}\r\nX-A: b\r\n\r\n".encode()))
    client = world.client(peer.url)
    operation = Operation("x", "GET", "/x", GET.retry, frozenset({204, 304}))
    for _ in range(3):
        assert (await world.do(client.request(operation))).body == b""
    assert len(peer.connections) == 1


async def test_head_request_ignores_the_declared_length_and_keeps_the_connection(
    play: Play, world: World
) -> None:
    peer = play(always(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"))
    client = world.client(peer.url, max_response_bytes=10)
    for _ in range(3):
        response = await world.do(client.request(HEAD))
        assert response.headers["content-length"] == "99999999999"
    assert len(peer.connections) == 1
