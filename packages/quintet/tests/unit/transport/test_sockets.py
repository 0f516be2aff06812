"""Streams on a pair of connected sockets, with ``poll`` and without it."""

from __future__ import annotations

import gc
import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from quintet.transport.sockets import Network, Stream
from quintet.transport.watch import ReadError, ReadTimeout, Watch, WriteError, WriteTimeout


@pytest.fixture(params=["poll", "select"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "select":
        monkeypatch.delattr(select, "poll")


@pytest.fixture
def network() -> Network:
    return Network(lambda: None)


@pytest.fixture
def pair(network: Network) -> Iterator[tuple[Stream, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    stream = Stream(network)
    stream.attach(ours)
    yield stream, theirs
    stream.close()
    theirs.close()


def watch(seconds: float | None = 60.0) -> Watch:
    until = None if seconds is None else time.monotonic() + seconds
    return Watch(until, seconds, time.monotonic)


Pair = tuple[Stream, socket.socket]


def test_what_has_come_is_read_up_to_the_count(pair: Pair) -> None:
    stream, peer = pair
    peer.sendall(b"abcdef")
    assert stream.read(watch(), 4) == b"abcd"
    assert stream.read(watch(None)) == b"ef"
    peer.shutdown(socket.SHUT_WR)
    assert stream.read(watch()) == b""


def test_silence_ends_at_the_limit(pair: Pair) -> None:
    began = time.monotonic()
    with pytest.raises(ReadTimeout):
        pair[0].read(watch(0.05))
    assert time.monotonic() - began >= 0.05


def test_limit_that_has_passed_reads_and_writes_nothing(pair: Pair) -> None:
    stream, peer = pair
    peer.sendall(b"a")
    with pytest.raises(ReadTimeout):
        stream.read(watch(0.0))
    with pytest.raises(WriteTimeout):
        stream.write(b"a", watch(0.0))
    peer.setblocking(False)
    with pytest.raises(BlockingIOError):
        peer.recv(1)


def test_large_write_goes_on_as_the_peer_reads(pair: Pair) -> None:
    stream, peer = pair
    data = bytes(range(256)) * 20_000
    received = bytearray()

    def read() -> None:
        while len(received) < len(data):
            received.extend(peer.recv(65536))

    thread = threading.Thread(target=read)
    thread.start()
    assert stream.write(data, watch())
    thread.join(60)
    assert received == data


def test_write_that_nobody_reads_ends_at_the_limit(pair: Pair) -> None:
    with pytest.raises(WriteTimeout):
        pair[0].write(bytes(10_000_000), watch(0.05))


def test_write_is_stopped_by_what_the_peer_says(pair: Pair) -> None:
    stream, peer = pair
    peer.sendall(b"no")
    heard: list[bytes | None] = []

    def stop() -> bool:
        heard.append(stream.overhear())
        return True

    assert not stream.write(bytes(10_000_000), watch(), stop)
    assert heard == [b"no"]


def test_overhearing_never_waits(pair: Pair) -> None:
    stream, peer = pair
    assert stream.overhear() is None
    peer.sendall(b"a")
    assert stream.overhear() == b"a"
    peer.close()
    assert stream.overhear() == b""


def test_idle_stream_is_spent_once_anything_comes(pair: Pair) -> None:
    stream, peer = pair
    assert not stream.spent()
    peer.sendall(b"x")
    assert stream.spent()


def test_closed_peer_makes_a_stream_spent_and_writing_fail(pair: Pair) -> None:
    stream, peer = pair
    peer.close()
    assert stream.spent()
    with pytest.raises(WriteError):
        for _ in range(10):
            stream.write(b"a", watch())


def test_network_that_is_shut_ends_a_read_in_another_thread(pair: Pair, network: Network) -> None:
    stream, _ = pair
    caught: list[bytes | ReadError] = []

    def read() -> None:
        try:
            caught.append(stream.read(watch(None)))
        except ReadError as error:
            caught.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    network.shut()
    thread.join(60)
    assert caught == [b""] or isinstance(caught[0], ReadError)
    with pytest.raises(ConnectionAbortedError):
        network.check_open()


def test_stream_that_nobody_has_any_more_closes_itself_and_says_so() -> None:
    freed: list[bool] = []
    network = Network(lambda: freed.append(True))
    ours, theirs = socket.socketpair()
    stream = Stream(network)
    stream.attach(ours)
    assert len(network.open) == 1
    del stream, ours
    gc.collect()
    assert network.open == {}
    assert freed == [True]
    assert theirs.recv(1) == b""
    theirs.close()
