"""Both clients over real sockets: streams that are cut, several loops, threads, forks."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from flowmaestro import AsyncFlowMaestroClient, ClientClosedError, FlowMaestroClient

pytestmark = pytest.mark.wire

KEY = "fm_live_0123456789abcdefghijABCDEFGHIJ01"
META = {"request_id": "req_1", "timestamp": "2026-01-01T00:00:00.000Z"}
TOKENS = ["Once ", "upon ", "a ", "time"]


def frame(number: int, kind: str, **fields: Any) -> bytes:
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(fields)}\n\n".encode()


STORY = [
    frame(1, "message:started", message_id="msg_1"),
    *(frame(n + 2, "message:token", token=t, sequence=n + 1) for n, t in enumerate(TOKENS)),
    frame(6, "message:completed", content="".join(TOKENS)),
]


class Service(BaseHTTPRequestHandler):
    """Cuts the answer to a message after its third frame; its events go on from there."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, str | None]]

    def log_message(self, *_: object) -> None:
        pass

    def _note(self) -> None:
        self.seen.append((self.command, self.path, self.headers.get("Last-Event-ID")))

    def do_GET(self) -> None:
        self._note()
        if self.path.partition("?")[0].endswith("/events"):
            after = int(self.headers.get("Last-Event-ID") or 0)
            self._stream(STORY[after:])
        else:
            self._json({"data": {"id": "wf_1", "name": "W"}, "meta": META})

    def do_POST(self) -> None:
        self._note()
        self.rfile.read(int(self.headers["Content-Length"]))
        self._stream(STORY[:3])

    def _json(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, frames: list[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for each in frames:
            self.wfile.write(each)
        self.close_connection = True


class Server(ThreadingHTTPServer):
    """Takes many connections at once: the usual queue of five drops the sixth for a second."""

    request_queue_size = 128
    daemon_threads = True


@pytest.fixture
def service() -> Iterator[tuple[str, list[Any]]]:
    seen: list[Any] = []
    handler = type("Handler", (Service,), {"seen": seen})
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


EXPECTED = [
    ("POST", "/api/v1/threads/t_1/messages", None),
    ("GET", "/api/v1/threads/t_1/events?message_id=msg_1", "3"),
]


def test_cut_answer_is_taken_up_and_whole(service: tuple[str, list[Any]]) -> None:
    url, seen = service
    with FlowMaestroClient(KEY, url) as client:
        events = list(client.threads.send_message_stream("t_1", "Write a verse"))
    assert [event.get("token") for event in events[1:-1]] == TOKENS
    assert events[-1].get("content") == "Once upon a time"
    assert seen == EXPECTED


async def test_cut_answer_is_taken_up_and_whole_asynchronously(
    service: tuple[str, list[Any]],
) -> None:
    url, seen = service
    async with AsyncFlowMaestroClient(KEY, url) as client:
        events = [event async for event in client.threads.send_message_stream("t_1", "Hi")]
    assert [event.get("token") for event in events[1:-1]] == TOKENS
    assert seen == EXPECTED


def test_async_client_serves_one_event_loop_after_another(service: tuple[str, list[Any]]) -> None:
    url, _ = service
    client = AsyncFlowMaestroClient(KEY, url)

    async def look() -> str:
        return (await client.workflows.get("wf_1"))["data"]["name"]

    async def leave() -> None:
        await client.aclose()
        with pytest.raises(ClientClosedError):
            await client.workflows.get("wf_1")

    assert [asyncio.run(look()) for _ in range(3)] == ["W"] * 3
    asyncio.run(leave())


def test_client_is_shared_by_threads(service: tuple[str, list[Any]]) -> None:
    url, seen = service
    with FlowMaestroClient(KEY, url) as client, ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: client.workflows.get("wf_1")["data"]["name"], range(40)))
    assert names == ["W"] * 40
    assert len(seen) == 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_client_works_in_a_forked_child_and_in_its_parent(service: tuple[str, list[Any]]) -> None:
    url, _ = service
    with FlowMaestroClient(KEY, url) as client:
        client.workflows.get("wf_1")
        child = os.fork()
        if child == 0:
            good = client.workflows.get("wf_1")["data"]["name"] == "W"
            os._exit(0 if good else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert client.workflows.get("wf_1")["data"]["name"] == "W"
