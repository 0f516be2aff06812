"""A server that plays scripts: what it sends, byte for byte, and when it breaks off.

Each accepted connection is served by a thread of its own that runs the peer's script.  A pause
is a wait for an event, so nothing here sleeps: it ends when the test is over at the latest.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import ssl
import struct
import termios
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.loopback import HOST

WAIT_SECONDS = 60.0


class Gone(Exception):
    """The client closed or reset the connection."""


@dataclass
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    raw_head: bytes
    connection: int = 0
    """The number of the connection that it came on."""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Connection:
    """One accepted connection, from the script's side."""

    def __init__(self, peer: Peer, sock: socket.socket, number: int) -> None:
        self.peer = peer
        self.sock = sock
        self.number = number
        self.done = threading.Event()
        self._buffer = b""

    def recv(self) -> bytes:
        try:
            data = self.sock.recv(65536)
        except OSError as broken:
            raise Gone from broken
        if not data:
            raise Gone
        return data

    def read_head(self) -> bytes:
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.recv()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head

    def read_request(self) -> Received:
        head = self.read_head()
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = [tuple(line.split(": ", 1)) for line in lines]
        request = Received(method, target, headers, b"", head, self.number)  # type: ignore[arg-type]
        length = request.header("content-length")
        if request.header("transfer-encoding") == "chunked":
            request.body = self._read_chunked()
        elif length is not None:
            request.body = self._read_exactly(int(length))
        self.peer.requests.append(request)
        return request

    def _read_exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._buffer += self.recv()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _read_line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._buffer += self.recv()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _read_chunked(self) -> bytes:
        body = b""
        while size := int(self._read_line(), 16):
            body += self._read_exactly(size)
            self._read_line()
        self._read_line()
        return body

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError as broken:
            raise Gone from broken

    def has_arrived(self) -> None:
        """Wait until all that was sent is with the client, read or not.

        Sent is not arrived: the system may hold it back, or be too busy to hand it over.
        """
        waits = 0
        while struct.unpack("i", fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4)))[0]:
            waits += 1
            assert waits < WAIT_SECONDS / 0.005, "the client's system takes nothing more"
            self.peer.over.wait(0.005)

    def drip(self, data: bytes, pause: float = 0.02) -> None:
        """Send byte after byte, until the data or the test is over, or the client is gone."""
        for at in range(len(data)):
            self.send(data[at : at + 1])
            if self.peer.over.wait(pause):
                return

    def hold(self) -> None:
        """Say nothing more; return when the client goes away, or the test is over."""
        with contextlib.suppress(Gone):
            while not self.peer.over.is_set():
                self.recv()

    def reset(self) -> None:
        """Break off with RST instead of FIN."""
        with contextlib.suppress(OSError):
            raw = self.sock
            socket.socket.setsockopt(
                raw, socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            raw.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.close()


Script = Callable[[Connection], None]


@dataclass
class Peer:
    """Listens on a port of its own and plays ``script`` on each connection.

    Attributes:
        host: Where to listen, if not at 127.0.0.1.
        path: The Unix socket to listen on in place of a port.
        requests: All requests, in the order in which they were read.
        connections: All connections, in the order in which they were accepted.
        over: Set when the test is over; scripts that pause wait for it.
    """

    script: Script
    tls: ssl.SSLContext | None = None
    host: str = HOST
    path: str | None = None
    requests: list[Received] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.path is not None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(self.path)
            self._listener.listen()
        else:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            self._listener = socket.create_server((self.host, 0), family=family)
        self.port = 0 if self.path is not None else int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://{HOST}:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self.path is None:
                # What is sent goes out at once, and not when what was sent before is acknowledged.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock, len(self.connections))
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            if self.tls is not None:
                connection.sock = self.tls.wrap_socket(connection.sock, server_side=True)
            self.script(connection)
        except (Gone, OSError):
            pass
        except BaseException as failure:
            self.failures.append(failure)
        finally:
            connection.close()
            connection.done.set()

    def stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    async def all_gone(self) -> bool:
        """Wait until every connection has ended; False if one is still open."""
        # In a thread: asyncio closes an aborted socket only on its next round.
        return await asyncio.to_thread(
            lambda: all(connection.done.wait(WAIT_SECONDS) for connection in self.connections)
        )

    def stop(self) -> None:
        self.over.set()
        self.stop_listening()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive(), "a thread of the peer did not end"
        assert not self.failures, self.failures


def answer(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> bytes:
    """Build an answer with a declared length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def always(data: bytes) -> Script:
    """Answer every request on a connection with the same bytes."""

    def script(connection: Connection) -> None:
        while True:
            connection.read_request()
            connection.send(data)

    return script


def in_turn(*scripts: Script) -> Script:
    """Play the n-th script on the n-th connection; the last one on all that follow."""

    def script(connection: Connection) -> None:
        scripts[min(connection.number, len(scripts) - 1)](connection)

    return script


def once(data: bytes) -> Script:
    """Read one request, send the bytes, and close."""

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(data)

    return script


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    """Encode pieces as chunks."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return body + (b"0\r\n\r\n" if end else b"")


def chunked_head(*headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Transfer-Encoding: chunked", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


EVENTS = chunked_head("Content-Type: text/event-stream")
