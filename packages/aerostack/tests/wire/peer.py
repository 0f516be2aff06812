"""A server that answers from a script, byte for byte, on a socket of its own."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Union


@dataclass
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One accepted connection, from the script's side."""

    def __init__(self, peer: Peer, sock: socket.socket) -> None:
        self.peer = peer
        self.sock = sock
        self.buffer = b""

    def _fill(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError
        self.buffer += data

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self._fill()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def receive(self) -> Received:
        method, path, _ = self.line().decode().split(" ", 2)
        headers: dict[str, str] = {}
        while line := self.line().decode("latin-1"):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int(self.line(), 16):
                body += self.exactly(size)
                self.line()
            self.line()
        else:
            body = self.exactly(int(headers.get("content-length", 0)))
        return Received(method, path, headers, body)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def hold(self) -> None:
        """Say nothing more, until the client goes away or the test is over."""
        with contextlib.suppress(OSError):
            while not self.peer.over.is_set() and self.sock.recv(65536):
                pass
        self.peer.gone.set()


Step = Union[bytes, Callable[[Connection, Received], None], None]


def answer(
    status: int = 200, value: Any = None, *, body: bytes | None = None, **headers: str
) -> bytes:
    """Build an answer; JSON unless a body is given. Underscores in names of headers are dashes."""
    content = json.dumps(value).encode() if body is None else body
    lines = {name.replace("_", "-").lower(): text for name, text in headers.items()}
    lines.setdefault("content-type", "application/json")
    lines.setdefault("content-length", str(len(content)))
    head = "".join(f"{name}: {text}\r\n" for name, text in lines.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content


def events(*datas: str) -> bytes:
    """Build an event stream; each data is an event."""
    body = "".join(f"data: {data}\n\n" for data in datas).encode()
    return answer(body=body, content_type="text/event-stream")


def error(status: int, code: str, message: str = "no", **more: Any) -> bytes:
    headers = more.pop("headers", {})
    return answer(status, {"code": code, "message": message, **more}, **headers)


@dataclass
class Peer:
    """Answers each request with the next step; the last one goes on for ever.

    A step is an answer, ``None`` to hang up without one, or a function that does as it likes.
    """

    script: deque[Step]
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def bodies(self) -> list[Any]:
        return [request.json() for request in self.requests]

    def headers(self, name: str) -> list[str | None]:
        return [request.headers.get(name) for request in self.requests]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        connection = Connection(self, sock)
        with sock, contextlib.suppress(OSError, ValueError):
            while True:
                request = connection.receive()
                self.requests.append(request)
                step = self.script.popleft() if len(self.script) > 1 else self.script[0]
                if step is None:
                    return
                if isinstance(step, bytes):
                    connection.send(step)
                else:
                    step(connection, request)

    def stop(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)


def play(steps: Iterable[Step]) -> Peer:
    return Peer(deque(steps))
