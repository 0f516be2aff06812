"""Both clients over real sockets: cut streams, silence, dripping, loops, threads, forks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from amdahl import AmdahlClient, AsyncAmdahlClient, ClientClosedError, StreamError, start_agent
from quintet.clock import SystemClock

pytestmark = pytest.mark.wire

KEY = "amdhl_0123456789abcdef0123456789abcdef0123456789abcdef"


class Hasty(SystemClock):
    """The real time, with waits of no length where chance may choose."""

    random = staticmethod(lambda: 0.0)


KINDS = ["session.started", "turn.started", "message.delta", "session.completed"]


def frame(number: int, kind: str) -> bytes:
    body = json.dumps(
        {"type": kind, "seq": number, "data": {"text": "\u2028ü"}}, ensure_ascii=False
    )
    return f"id: {number}\r\nevent: {kind}\r\ndata:{body}\r\n\r\n".encode()


STORY = [frame(n + 1, kind) for n, kind in enumerate(KINDS)]


class Service(BaseHTTPRequestHandler):
    """Hangs up after every frame of a stream; takes the start of a run, and drops one answer."""

    protocol_version = "HTTP/1.1"
    seen: list[Any]
    gate: threading.Event

    def log_message(self, *_: object) -> None:
        pass

    def _note(self) -> None:
        names = ("Authorization", "Last-Event-ID", "Idempotency-Key")
        self.seen.append((self.command, self.path, *(self.headers.get(name) for name in names)))

    def do_GET(self) -> None:
        self._note()
        if self.path.endswith("/cut/stream"):
            after = int(self.headers.get("Last-Event-ID") or 0)
            self._stream([b"retry: 1\n\n", STORY[after]])
        elif self.path.endswith("/slow/stream"):
            self._stream([STORY[0]])
            self.gate.wait(60)
            self.wfile.write(STORY[3])
        elif self.path.endswith("/silent/stream"):
            self._stream([b"retry: 1\n\n"])
            self.gate.wait(60)
        elif self.path.endswith("/drip"):
            self._head("application/json")
            with contextlib.suppress(OSError):  # the client goes away
                while not self.gate.wait(0.02):
                    self.wfile.write(b" ")
        elif self.path.endswith("/status"):
            self._json({"session_id": "cut", "status": "running"})
        else:
            self._json({"business_id": "b1"})

    def do_POST(self) -> None:
        self._note()
        self.rfile.read(int(self.headers["Content-Length"]))
        if sum(1 for each in self.seen if each[0] == "POST") == 1:
            self.close_connection = True
            return
        self._json({"session_id": "as_1", "status": "queued"})

    def _json(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _head(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def _stream(self, frames: list[bytes]) -> None:
        self._head("text/event-stream")
        for each in frames:
            self.wfile.write(each)


class Peer:
    """A service, what it has seen, and the gate that lets it go on."""

    def __init__(self, url: str, seen: list[Any], gate: threading.Event) -> None:
        self.url, self.seen, self.gate = url, seen, gate


class Server(ThreadingHTTPServer):
    """Takes many connections at once: the usual queue of five drops the sixth for a second."""

    request_queue_size = 128
    daemon_threads = True


@pytest.fixture
def peer() -> Iterator[Peer]:
    seen: list[Any] = []
    gate = threading.Event()
    handler = type("Handler", (Service,), {"seen": seen, "gate": gate})
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Peer(f"http://127.0.0.1:{server.server_port}", seen, gate)
        finally:
            gate.set()
            server.shutdown()
            thread.join()


def test_stream_that_is_cut_after_each_event_is_whole(peer: Peer) -> None:
    with AmdahlClient(peer.url, KEY, clock=Hasty()) as client:
        events = list(client.agents.stream("cut"))
    assert [event.type for event in events] == KINDS
    assert {event["data"]["text"] for event in events} == {"\u2028ü"}
    streams = [each[3] for each in peer.seen if each[1].endswith("/stream")]
    assert streams == [None, "1", "2", "3"]


async def test_stream_that_is_cut_after_each_event_is_whole_asynchronously(peer: Peer) -> None:
    async with AsyncAmdahlClient(peer.url, KEY, clock=Hasty()) as client:
        events = [event async for event in client.agents.stream("cut")]
    assert [event.type for event in events] == KINDS


def test_event_is_there_before_the_next_is_sent(peer: Peer) -> None:
    with AmdahlClient(peer.url, KEY) as client, client.agents.stream("slow") as events:
        assert next(events).type == "session.started"
        assert not peer.gate.is_set()
        peer.gate.set()
        assert next(events).type == "session.completed"


def test_pieces_of_a_session_come_as_they_are_sent(peer: Peer) -> None:
    with AmdahlClient(peer.url, KEY) as client:
        response = client.session.get(f"{client.base_url}/agents/slow/stream", stream=True)
        pieces = iter(response)
        assert next(pieces) == STORY[0]
        peer.gate.set()
        assert b"".join(pieces) == STORY[3]


def test_dead_peer_is_given_up_within_idle_timeout_times_attempts(peer: Peer) -> None:
    with AmdahlClient(peer.url, KEY, clock=Hasty()) as client:
        stream = client.agents.stream("silent", idle_timeout=0.02)
        with pytest.raises(StreamError) as caught:
            list(stream)
    assert isinstance(caught.value, TimeoutError)
    assert not peer.gate.is_set()  # it was silent all the time
    streams = [each for each in peer.seen if each[1].endswith("/stream")]
    assert len(streams) == 6


def test_dripping_body_ends_at_the_timeout(peer: Peer) -> None:
    client = AmdahlClient(peer.url, KEY, timeout=0.2, max_retries=0)
    with client, pytest.raises(TimeoutError):
        client.get("/drip")
    assert not peer.gate.is_set()  # it would have gone on for ever


def test_netrc_does_not_replace_the_key(
    peer: Peer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password guess\n")
    monkeypatch.setenv("NETRC", os.fspath(netrc))
    with AmdahlClient(peer.url, KEY) as client:
        client.me()
    assert peer.seen[0][2] == f"Bearer {KEY}"


def test_start_whose_answer_is_lost_is_sent_again_with_its_key(peer: Peer) -> None:
    with AmdahlClient(peer.url, KEY, clock=Hasty()) as client:
        started = start_agent(client, profile_id="researcher", task="Look")
    assert started["session_id"] == "as_1"
    keys = [each[4] for each in peer.seen]
    assert len(keys) == 2
    assert keys[0] == keys[1] is not None


def test_async_client_serves_one_event_loop_after_another(peer: Peer) -> None:
    client = AsyncAmdahlClient(peer.url, KEY)

    async def look() -> str:
        return (await client.me())["business_id"]

    async def leave() -> None:
        await client.aclose()
        with pytest.raises(ClientClosedError):
            await client.me()

    assert [asyncio.run(look()) for _ in range(3)] == ["b1"] * 3
    asyncio.run(leave())


def test_client_is_shared_by_threads(peer: Peer) -> None:
    with AmdahlClient(peer.url, KEY) as client, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: client.me()["business_id"], range(40)))
    assert found == ["b1"] * 40
    assert len(peer.seen) == 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_client_works_in_a_forked_child_and_in_its_parent(peer: Peer) -> None:
    with AmdahlClient(peer.url, KEY) as client:
        client.me()
        child = os.fork()
        if child == 0:
            os._exit(0 if client.me()["business_id"] == "b1" else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert client.me()["business_id"] == "b1"
