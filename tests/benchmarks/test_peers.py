"""The peers that clients are measured against: they must not care how a request is cut."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.authority import authority
from benchmarks.contenders import blocking, download, json_events, layer, on_asyncio
from benchmarks.contenders.clients import CLIENTS
from benchmarks.contenders.things import CHAT, CHAT_ANSWER, THINGS, pattern
from benchmarks.fetching import peer_arguments
from benchmarks.fresh import fresh
from benchmarks.peer import Peer, body_length
from benchmarks.process import Process

POST = json.dumps(CHAT).encode()
CHAT_REQUEST = b"POST /v1/ai/chat HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(POST), POST)
GET = b"GET /flare/v1/jobs/j HTTP/1.1\r\nHost: h\r\n\r\n"


class Wire:
    """What a peer writes to."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def close(self) -> None:
        self.closed = True

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


@pytest.mark.parametrize("kind", ["completion", "execution"])
def test_peer_sends_each_event_as_a_chunk_of_its_own(kind: str) -> None:
    peer, wire = Peer(), Wire()
    peer.connection_made(wire)  # type: ignore[arg-type]
    target = "/events/completion/5" if kind == "completion" else "/api/v1/executions/exec_5/events"
    peer.data_received(f"GET {target} HTTP/1.1\r\n\r\n".encode())
    rest = wire.written[0].partition(b"\r\n\r\n")[2]
    chunks = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        chunks.append(rest[: int(size, 16)])
        assert rest[int(size, 16) :].startswith(b"\r\n")
        rest = rest[int(size, 16) + 2 :]
    *events, end = chunks
    assert end == b""
    assert len(events) == 5
    assert all(event.endswith(b"\n\n") and event.count(b"data: ") == 1 for event in events)


def test_peer_sends_as_many_bytes_as_asked_for_and_not_the_same_everywhere() -> None:
    peer, wire = Peer(), Wire()
    peer.connection_made(wire)  # type: ignore[arg-type]
    peer.data_received(b"GET /blob/10000 HTTP/1.1\r\n\r\n")
    sent = wire.written[0].partition(b"\r\n\r\n")[2]
    assert sent == pattern(10_000)
    assert sent[:4096] != sent[4096:8192]


def test_peer_that_closes_says_so_and_does() -> None:
    peer, wire = Peer(closes=True), Wire()
    peer.connection_made(wire)  # type: ignore[arg-type]
    peer.data_received(GET)
    assert b"\r\nConnection: close\r\n" in wire.written[0]
    assert wire.closed


def test_peer_with_a_certificate_speaks_the_newest_tls_and_nothing_older() -> None:
    with (
        authority() as trusted,
        Process("benchmarks.peer", *peer_arguments(trusted)) as peer,
    ):
        context = ssl.create_default_context(cafile=str(trusted.trust))
        where = ("127.0.0.1", int(peer.first_line))
        with (
            socket.create_connection(where, timeout=20) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            assert secure.version() == "TLSv1.3"
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(where, timeout=20) as plain, pytest.raises(ssl.SSLError):
            context.wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with Process("benchmarks.peer") as peer:
        yield f"http://127.0.0.1:{peer.first_line}"


@pytest.fixture(scope="module")
def byte_code() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield folder


# Contenders of this environment, as the processes that they are measured as: they leave open what
# they have opened until they end. Of the others, the libraries are in an environment of their own.
def test_contender_is_of_a_known_way() -> None:
    assert set(HERE) | set(HERE_ASYNC) <= set(blocking.WAYS) | set(on_asyncio.WAYS)


HERE = ["socket", "http.client", "httpx", "engine", "api-client"]
HERE_ASYNC = ["protocol", "httpx-async", "engine-async", "api-client-async"]


@pytest.mark.parametrize("who", [*HERE, *HERE_ASYNC])
def test_contender_fetches_and_posts(base: str, who: str) -> None:
    tasks = "3" if who in HERE_ASYNC else "1"
    for what in ("model", "chat"):
        with Process("benchmarks.contenders.fetch", what, who, base, tasks) as process:
            assert process.work(6)["cpu"] > 0


@pytest.mark.parametrize("who", ["socket", "http.client", "engine", "api-client-async"])
def test_contender_downloads_what_the_peer_sends(base: str, who: str) -> None:
    with Process("benchmarks.contenders.download", who, base, "300000") as process:
        assert process.work(2)["wall"] > 0


def test_body_that_is_not_the_peers_is_refused() -> None:
    download.expect(b"abc", b"abc")
    with pytest.raises(RuntimeError, match="3 bytes came"):
        download.expect(b"abc", b"abd")


@pytest.mark.parametrize("who", ["socket", "client-events", "flowmaestro", "flowmaestro-async"])
def test_contender_reads_the_events_of_a_stream(base: str, who: str) -> None:
    with Process("benchmarks.contenders.json_events", who, base) as process:
        assert process.work(500)["wall"] > 0


def test_events_of_another_number_are_refused() -> None:
    last = {"choices": [{"delta": {"content": " word8"}}]}
    json_events.check(last, 9, 10)
    with pytest.raises(RuntimeError, match="8 events of 9"):
        json_events.check(last, 8, 10)
    with pytest.raises(RuntimeError, match="not number 19"):
        json_events.check(last, 20, 21)


@pytest.mark.parametrize("form", ["", "-async"])
@pytest.mark.parametrize("what", THINGS)
def test_layer_is_measured_beside_the_engine_and_on_a_canned_answer(
    base: str, what: str, form: str
) -> None:
    who = f"{'api-client' if what == 'model' else 'client'}{form}"
    with Process("benchmarks.contenders.layer", what, who, base) as process:
        spent = process.work(layer.BLOCK)
    assert all(spent[kind] > 0 for kind in ("engine", "client", "canned", "json"))


def test_order_of_a_block_rotates() -> None:
    assert [layer.in_turn(["a", "b", "c"], turn) for turn in (0, 1, 5)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
    ]


@pytest.mark.parametrize("who", ["aerostack", "ghostflow", "flowmaestro-async"])
def test_client_is_made_used_and_closed_again_and_again(
    base: str, byte_code: str, who: str
) -> None:
    assert who in CLIENTS
    arguments = ("benchmarks.contenders.construction", "churn", who, base, "200")
    seen = fresh(byte_code, Path(sys.executable), *arguments)
    assert abs(seen["after"] - seen["before"]) < 8 * 1024 * 1024


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
