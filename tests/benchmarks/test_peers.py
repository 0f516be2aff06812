"""The peers that clients are measured against: they must not care how a request is cut."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.contenders.fetch import CHAT, CHAT_ANSWER, THINGS
from benchmarks.peer import Peer, body_length
from benchmarks.process import Process

POST = json.dumps(CHAT).encode()
CHAT_REQUEST = b"POST /v1/ai/chat HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(POST), POST)
GET = b"GET /flare/v1/jobs/j HTTP/1.1\r\nHost: h\r\n\r\n"


class Wire:
    """What a peer writes to."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)


def body(answer: bytes) -> Any:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_peer_answers_requests_with_and_without_body_however_they_are_cut(size: int) -> None:
    peer, wire = Peer(), Wire()
    peer.connection_made(wire)  # type: ignore[arg-type]
    data = CHAT_REQUEST + GET + CHAT_REQUEST
    for at in range(0, len(data), size):
        peer.data_received(data[at : at + size])
    assert len(wire.written) == 3
    assert [body(wire.written[at])["response"] for at in (0, 2)] == [CHAT_ANSWER] * 2
    assert body(wire.written[1])["state"] == "succeeded"


@pytest.mark.parametrize("what", THINGS)
def test_peer_gives_what_each_contender_fetches(what: str) -> None:
    thing, peer, wire = THINGS[what], Peer(), Wire()
    peer.connection_made(wire)  # type: ignore[arg-type]
    peer.data_received(f"{thing.method} {thing.path} HTTP/1.1\r\n\r\n".encode())
    assert thing.is_in(body(wire.written[0]))


def test_body_length_is_read_whatever_the_case_of_its_name() -> None:
    assert body_length(b"POST / HTTP/1.1\r\ncontent-LENGTH: 12\r\nX: y") == 12
    assert body_length(b"GET / HTTP/1.1\r\nX: y") == 0


@pytest.fixture
def bulk() -> Iterator[socket.socket]:
    with (
        Process("benchmarks.bulk_peer") as peer,
        socket.create_connection(("127.0.0.1", int(peer.first_line)), timeout=20) as connection,
    ):
        yield connection


def answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """Read one answer with a length: its head and its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, rest = data.partition(b"\r\n\r\n")
    while len(rest) < body_length(head):
        rest += connection.recv(65536)
    return head, rest


def test_bulk_peer_swallows_bodies_of_both_framings_and_goes_on(bulk: socket.socket) -> None:
    start = b"POST /v1/storage/upload HTTP/1.1\r\n"
    bulk.sendall(start + b"Content-Length: 3000000\r\n\r\n" + bytes(3_000_000))
    assert b"200 OK" in answer(bulk)[0]
    bulk.sendall(start + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n")
    bulk.sendall(b"0\r\n")
    bulk.sendall(b"\r\n")
    assert json.loads(answer(bulk)[1])["key"] == "file"


def test_bulk_peer_pours_out_as_many_bytes_as_the_key_says(bulk: socket.socket) -> None:
    asked = b'{"key": "size-2500001"}'
    for _ in range(2):
        bulk.sendall(b"POST /v1/storage/get HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(asked))
        bulk.sendall(asked)
        assert len(answer(bulk)[1]) == 2_500_001
