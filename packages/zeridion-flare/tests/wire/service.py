"""A small Flare on a real socket that does as the test says, wrong things included.

It holds long-polls, notices that a client has gone, records every call, and answers from a list of
faults first. It knows nothing of retries or leases: those are the real server's affair.
"""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = tuple[int, Any] | Callable[[BaseHTTPRequestHandler], None]
HOLD = 30.0


class FakeFlare:
    """The state of the service; ``url`` is its base URL."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.queue: deque[Any] = deque()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.times: dict[str, list[float]] = defaultdict(list)
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.cancelled: set[str] = set()
        self.lost: set[str] = set()
        self.hold = HOLD
        self.open_polls = 0
        self.gone_polls = 0
        self.stopping = False
        self.url = ""

    def enqueue(self, job_id: str = "job_1", job_type: str = "T", **fields: Any) -> None:
        self.put(
            {
                "id": job_id,
                "job_type": job_type,
                "payload": {},
                "attempt": 1,
                "max_attempts": 3,
                "timeout_seconds": 600,
                "enqueued_at": "2026-01-01T00:00:00.1234567Z",
                **fields,
            }
        )

    def put(self, item: Any) -> None:
        with self.changed:
            self.queue.append(item)
            self.changed.notify_all()

    def bodies(self, name: str) -> list[dict[str, Any]]:
        with self.changed:
            return [body for call, body in self.calls if call == name]

    def acks(self) -> dict[str, dict[str, Any]]:
        return {body["job_id"]: body for body in self.bodies("ack")}

    def wait_for(self, condition: Callable[[], Any], timeout: float = 60.0) -> Any:
        """Return what the condition gives as soon as it is true; fail loudly otherwise."""
        end = time.monotonic() + timeout
        while not (found := condition()):
            with self.changed:
                if time.monotonic() > end:
                    raise AssertionError(f"it did not come true; calls: {self.calls[-5:]}")
                self.changed.wait(0.05)
        return found

    def wait_for_ack(self, job_id: str = "job_1", timeout: float = 60.0) -> dict[str, Any]:
        found: dict[str, Any] = self.wait_for(lambda: self.acks().get(job_id), timeout)
        return found

    # -- the service itself ----------------------------------------------------------------------

    def answer(self, name: str, body: dict[str, Any], connection: socket.socket) -> Any:
        if name == "poll":
            return {"jobs": self._claim(body, connection)}
        if name == "heartbeat":
            return self._beat(body)
        if name == "ack":
            return {"action": "done"}
        return {"status": "registered"}

    def _claim(self, body: dict[str, Any], connection: socket.socket) -> list[Any] | None:
        end = time.monotonic() + min(self.hold, body.get("wait_seconds", HOLD))
        with self.changed:
            self.open_polls += 1
            self.changed.notify_all()
            try:
                while True:
                    # Looked at before jobs are: who has gone gets none, however late we notice.
                    if _has_gone(connection):
                        self.gone_polls += 1
                        raise ConnectionAbortedError
                    if self.queue or time.monotonic() >= end or self.stopping:
                        break
                    self.changed.wait(0.02)
                count = min(body["capacity"], len(self.queue))
                return [self.queue.popleft() for _ in range(count)]
            finally:
                self.open_polls -= 1
                self.changed.notify_all()

    def _beat(self, body: dict[str, Any]) -> Any:
        if body["job_id"] in self.lost:
            return 409, {"error": {"code": "worker_mismatch", "message": "held by another worker"}}
        return {"status": "cancel" if body["job_id"] in self.cancelled else "ok"}


@contextmanager
def fake_flare() -> Iterator[FakeFlare]:
    """Run the service on a free port of the loopback interface."""
    flare = FakeFlare()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, or Nagle and delayed acks cost 40 ms each

        def do_POST(self) -> None:
            name = self.path.rpartition("/")[2]
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.loads(raw)
            with flare.changed:
                flare.calls.append((name, body))
                flare.times[name].append(time.monotonic())
                fault = flare.faults[name].popleft() if flare.faults[name] else None
                flare.changed.notify_all()
            if callable(fault):
                fault(self)
                return
            try:
                answer = fault if fault is not None else flare.answer(name, body, self.connection)
            except ConnectionAbortedError:
                self.close_connection = True
                return
            status, value = answer if isinstance(answer, tuple) else (200, answer)
            self.send(status, value)

        def send(self, status: int, value: Any, **headers: str) -> None:
            text = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Content-Type", "application/json")
            for header, content in headers.items():
                self.send_header(header.replace("_", "-"), content)
            self.end_headers()
            self.wfile.write(text)
            self.wfile.flush()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    flare.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield flare
    finally:
        with flare.changed:
            flare.stopping = True
            flare.changed.notify_all()
        server.shutdown()
        server.server_close()
        thread.join(5)


def drop_connection(handler: BaseHTTPRequestHandler) -> None:
    """A fault: hang up without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def _has_gone(connection: socket.socket) -> bool:
    readable, _, _ = select.select([connection], [], [], 0)
    if not readable:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
