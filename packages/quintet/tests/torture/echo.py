"""A server that answers each request with its own target, framed in whatever way that asks for.

It runs on an event loop in a thread of its own and remembers nothing of what it served, so that it
can serve tens of thousands of connections beside a test that watches memory.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from urllib.parse import parse_qs, urlsplit

__all__ = ["FRAMINGS", "EchoServer"]

from tests.support.loopback import HOST

FRAMINGS = ("length", "chunked", "close", "pieces", "surplus", "interim", "broken", "dropped")
"""How an answer can be asked for with ``?as=``."""


class _Served(asyncio.Protocol):
    def __init__(self, server: EchoServer) -> None:
        self.server = server
        self.buffer = b""
        self.transport: asyncio.Transport = None  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.server.accepted += 1
        self.server.alive.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.alive.discard(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            target = head.split(b" ", 2)[1]
            self.server.answered += 1
            self._answer(target)

    def _answer(self, target: bytes) -> None:
        query = parse_qs(urlsplit(target.decode()).query)
        framing = query.get("as", ["length"])[0]
        getattr(self, f"_{framing}")(target)

    def _length(self, body: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    def _chunked(self, body: bytes) -> None:
        half = len(body) // 2
        chunks = b"".join(
            b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:])
        )
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        )

    def _close(self, body: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\n\r\n" + body)
        self.transport.close()

    def _pieces(self, body: bytes) -> None:
        """Send in four pieces, one for each round of the loop."""
        data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        step = len(data) // 4 + 1
        loop = asyncio.get_running_loop()

        def send(at: int) -> None:
            if self.transport.is_closing():
                return
            self.transport.write(data[at : at + step])
            if at + step < len(data):
                loop.call_soon(send, at + step)

        send(0)

    def _surplus(self, body: bytes) -> None:
        """An answer that nobody asked for comes right behind.

        In the same write: one that comes when the next request is already out cannot be told from
        the answer to that, by any client.
        """
        asked = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        self.transport.write(asked + b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n/stolen")

    def _interim(self, body: bytes) -> None:
        self.transport.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        self._length(body)

    def _broken(self, body: bytes) -> None:
        """Break off in the middle of the body."""
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n/" % len(body))
        self.transport.close()

    def _dropped(self, body: bytes) -> None:
        """Close without a word."""
        self.transport.close()


class EchoServer:
    """Listens while the ``with`` block runs.

    Attributes:
        accepted: How many connections were made.
        answered: How many requests were read.
        alive: The connections that are open.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.answered = 0
        self.alive: set[_Served] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.url = ""

    def __enter__(self) -> EchoServer:
        self._thread.start()
        self._run(self._start())
        return self

    async def _start(self) -> None:
        listener = socket.create_server((HOST, 0), backlog=512)
        self.url = f"http://{HOST}:{listener.getsockname()[1]}"
        self._server = await self._loop.create_server(lambda: _Served(self), sock=listener)

    def _run(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)  # type: ignore[arg-type]

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        for served in tuple(self.alive):
            served.transport.abort()
        await asyncio.sleep(0)
