"""Answers that come whole with their head, answers that do not, and those that are dropped."""

from __future__ import annotations

import gc
import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from quintet.core.request import Request
from quintet.errors import ClientClosedError, ConnectionFailure
from quintet.transport.engine import Engine

from .peer import WAIT_SECONDS, Connection, Peer, always, answer, chunked, chunked_head
from .worlds import NO_PROXIES

Play = Callable[..., Peer]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(time.monotonic, proxies=NO_PROXIES)
    yield engine
    engine.close()


def get(peer: Peer, method: str = "GET") -> Request:
    return Request(method, f"{peer.url}/thing")


def soon() -> float:
    return time.monotonic() + WAIT_SECONDS


def idle(engine: Engine) -> int:
    return sum(len(stack) for stack in engine._pool._idle.values())


@pytest.mark.parametrize(
    ("method", "sent", "body"),
    [
        ("GET", answer(b"[1]"), b"[1]"),
        ("GET", answer(b""), b""),
        ("GET", chunked_head() + chunked(b"[", b"1]"), b"[1]"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b""),
    ],
)
def test_answer_that_came_whole_has_given_its_connection_back(
    play: Play, engine: Engine, method: str, sent: bytes, body: bytes
) -> None:
    peer = play(always(sent))
    for _ in range(3):
        exchange = engine.send(get(peer, method), soon(), 10.0)
        assert exchange.whole == body
        assert idle(engine) == 1
        assert exchange.read(soon(), 10.0) == b""
        exchange.close()
        assert idle(engine) == 1
    assert len(peer.connections) == 1


def stall(connection: Connection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
    connection.hold()


def test_answer_of_which_some_is_missing_is_read_piece_by_piece(play: Play, engine: Engine) -> None:
    more = threading.Event()

    def script(connection: Connection) -> None:
        while True:
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
            more.wait(WAIT_SECONDS)
            more.clear()
            connection.send(b"cde")

    peer = play(script)
    for _ in range(2):
        exchange = engine.send(get(peer), soon(), 10.0)
        assert exchange.whole is None
        assert exchange.read(soon(), 10.0) == b"ab"
        more.set()
        body = b""
        while piece := exchange.read(soon(), 10.0):
            body += piece
        assert body == b"cde"
        assert idle(engine) == 1
    assert len(peer.connections) == 1


@pytest.mark.parametrize("size", [70_000, 300_000, 1_000_000])
def test_large_body_of_known_length_is_complete_and_ends_where_it_should(
    play: Play, engine: Engine, size: int
) -> None:
    sent = bytes(range(256)) * (size // 256)
    peer = play(always(answer(sent)))
    for _ in range(2):
        exchange = engine.send(get(peer), soon(), 10.0)
        body = b""
        while piece := exchange.read(soon(), 10.0):
            body += piece
        assert body == sent
    assert len(peer.connections) == 1


def test_bytes_behind_a_large_body_are_not_taken_for_the_next_answer(
    play: Play, engine: Engine
) -> None:
    sent = bytes(200_000)

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(sent) + answer(b"for someone else"))
        connection.hold()

    peer = play(script)
    for _ in range(2):
        exchange = engine.send(get(peer), soon(), 10.0)
        size = 0
        while piece := exchange.read(soon(), 10.0):
            size += len(piece)
        assert size == len(sent)
    assert len(peer.connections) == 2


def test_body_of_known_length_that_breaks_off_is_a_failure(play: Play, engine: Engine) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + bytes(100_000))

    exchange = engine.send(get(play(script)), soon(), 10.0)
    with pytest.raises(ConnectionFailure) as caught:
        while exchange.read(soon(), 10.0):
            pass
    assert caught.value.progress == 2
    assert engine._pool.network.open == {}


def test_answer_that_is_dropped_unread_closes_its_connection_and_says_where_it_came_from(
    play: Play, engine: Engine, recwarn: pytest.WarningsRecorder
) -> None:
    peer = play(stall)
    exchange = engine.send(get(peer), soon(), 10.0)
    assert len(engine._pool.network.open) == 1
    del exchange
    gc.collect()
    assert engine._pool.network.open == {}
    assert peer.connections[0].done.wait(WAIT_SECONDS)
    (warning,) = recwarn
    assert warning.category is ResourceWarning
    assert re.fullmatch(
        rf"unclosed answer .*, made at {re.escape(__file__)}:\d+", str(warning.message)
    )


def test_answer_that_was_read_or_closed_is_dropped_without_a_word(
    play: Play, engine: Engine, recwarn: pytest.WarningsRecorder
) -> None:
    closed = engine.send(get(play(stall)), soon(), 10.0)
    closed.close()
    del closed
    at_once = engine.send(get(play(always(answer()))), soon(), 10.0)
    del at_once
    gc.collect()
    assert list(recwarn) == []


def test_engine_that_is_forgotten_with_open_connections_says_where_it_was_made(
    play: Play, recwarn: pytest.WarningsRecorder
) -> None:
    peers = [play(always(answer())) for _ in range(2)]
    forgotten = Engine(time.monotonic, proxies=NO_PROXIES)
    for peer in peers:
        forgotten.send(get(peer), soon(), 10.0)
    del forgotten
    gc.collect()
    assert all(peer.connections[0].done.wait(WAIT_SECONDS) for peer in peers)
    (warning,) = recwarn
    assert re.fullmatch(
        rf"unclosed client with 2 open connections, made at {re.escape(__file__)}:\d+",
        str(warning.message),
    )


def test_answer_under_way_ends_when_the_engine_is_closed(
    play: Play, engine: Engine, recwarn: pytest.WarningsRecorder
) -> None:
    exchange = engine.send(get(play(stall)), soon(), 10.0)
    assert exchange.read(soon(), 10.0) == b"ab"
    engine.close()
    with pytest.raises(ClientClosedError):
        exchange.read(soon(), 10.0)
    assert engine._pool.network.open == {}
    left = engine.send
    with pytest.raises(ClientClosedError):
        left(get(play(stall)), soon(), 10.0)
    del exchange
    gc.collect()
    assert list(recwarn) == []
