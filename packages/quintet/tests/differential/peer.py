"""The scripted peer: a listening socket, and a thread for each connection that plays its steps.

Nothing here sleeps: a pause is a wait for the end of the scenario.  ``settle`` tells the caller
when everything that a script was to do has been done, so that a second call never races with it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.loopback import HOST

from .scenario import Do, Drip, Raw, Script, Step, is_silent, shown

__all__ = ["Peer", "Received"]

WAIT_SECONDS = 60.0


class Gone(Exception):
    """The client has closed or reset the connection, or the script has."""


class Left(Exception):
    """The script is at its end, and leaves its connection open.

    Attributes:
        drain: Whether what comes is still taken.
    """

    def __init__(self, *, drain: bool) -> None:
        super().__init__()
        self.drain = drain


@dataclass
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def describe(self, looks: tuple[str, ...]) -> str:
        """Return the request in one line, with the headers that are looked at."""
        found = {name.lower(): value for name, value in self.headers}
        words = [self.method, self.target, *(f"{name}={found.get(name, '-')}" for name in looks)]
        return " ".join([*words, shown(self.body)]).rstrip()

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class Peer:
    """Listens on a port of its own and plays scripts.

    Args:
        turns: What to play on the n-th request; the last one on all that follow.
        greet: What to play on the n-th connection before reading; none by default.
        tls: The context for TLS, from the beginning if ``secure``, else from ``Do.TLS`` on.
        secure: Whether TLS is spoken from the beginning.
        fill: Fills in what a script leaves open, such as the peers' addresses.

    Attributes:
        silent_since: When a script first came to where it pauses or says no more; None: not yet.
    """

    def __init__(
        self,
        turns: tuple[Script, ...],
        *,
        greet: tuple[Script, ...] = (),
        tls: ssl.SSLContext | None = None,
        secure: bool = False,
        fill: Callable[[bytes], bytes] = lambda data: data,
    ) -> None:
        self.turns = turns
        self.greet = greet
        self.tls = tls
        self.secure = secure
        self.fill = fill
        self.requests: list[Received] = []
        self.connections = 0
        self.silent_since: float | None = None
        self.over = threading.Event()
        self.answered = threading.Event()
        self.failures: list[BaseException] = []
        self._busy = 0
        self._played = 0
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._knock: int | None = None
        self._listener = socket.create_server((HOST, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"

    def settle(self) -> None:
        """Wait, behind a call, until no script is being played any more."""
        self.answered.set()
        with self._changed:
            assert self._changed.wait_for(lambda: self._busy == 0, WAIT_SECONDS), (
                "a script of the peer is not at its end: the client kept its connection"
            )

    def stop(self) -> None:
        """End everything, once all connections that were made have been counted."""
        with socket.socket() as knocking:
            # Connections are accepted in order: behind this one there is none of the client's.
            knocking.bind((HOST, 0))
            self._knock = knocking.getsockname()[1]
            knocking.connect((HOST, self.port))
            self._threads[0].join(WAIT_SECONDS)
        self.over.set()
        self._listener.close()
        with self._changed:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive(), "a thread of the peer did not end"
        assert not self.failures, self.failures

    def _accept(self) -> None:
        while True:
            sock, address = self._listener.accept()
            if address[1] == self._knock:
                sock.close()
                return
            # A reset drops what waits to be sent, so nothing must wait.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number, self.connections = self.connections, self.connections + 1
            with self._changed:
                self._open.add(sock)
                self._busy += 1
            thread = threading.Thread(target=self._serve, args=(sock, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        connection = _Connection(self, sock)
        try:
            try:
                if self.secure:
                    connection.start_tls()
                if self.greet:
                    connection.play(self.greet[min(number, len(self.greet) - 1)])
            finally:
                self._idle()
            while True:
                connection.answer_next()
        except (Gone, OSError):
            pass
        except Left as left:
            if left.drain:
                connection.drain()
            self.over.wait(WAIT_SECONDS)
        except BaseException as failure:
            self.failures.append(failure)
        finally:
            with self._changed:
                self._open.discard(sock)
            connection.close()

    def _idle(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def begin(self, request: Received) -> Script:
        """Take note of a request; return what to play on it."""
        with self._changed:
            self._busy += 1
            self.answered.clear()
            self.requests.append(request)
            turn = self.turns[min(self._played, len(self.turns) - 1)]
            self._played += 1
        return turn

    def end(self) -> None:
        """A script is at its end."""
        self._idle()

    def keep(self, old: socket.socket, new: socket.socket) -> None:
        """One socket has taken the place of another."""
        with self._changed:
            self._open.discard(old)
            self._open.add(new)


class _Connection:
    """One accepted connection."""

    def __init__(self, peer: Peer, sock: socket.socket) -> None:
        self._peer = peer
        self._sock = sock
        self._buffer = b""
        self._request: Received | None = None

    def start_tls(self) -> None:
        assert self._peer.tls is not None
        plain = self._sock
        self._sock = self._peer.tls.wrap_socket(plain, server_side=True)
        self._peer.keep(plain, self._sock)

    def answer_next(self) -> None:
        request = self._read_head()
        script = self._peer.begin(request)
        try:
            self._request = request
            if script[:1] != (Do.HEAD_ONLY,):
                self._read_body(request)
            self.play(script)
        finally:
            self._peer.end()

    def play(self, script: Script) -> None:
        for step in script:
            self._play(step)

    def _play(self, step: Step) -> None:
        if is_silent(step) and self._peer.silent_since is None:
            self._peer.silent_since = time.monotonic()
        if isinstance(step, bytes):
            self._sock.sendall(self._peer.fill(step))
        elif isinstance(step, Drip):
            self._drip(step)
        elif isinstance(step, Raw):
            socket.socket.sendall(self._sock, step.data)
        elif step is Do.BODY:
            assert self._request is not None
            self._read_body(self._request)
        elif step is Do.BYTES:
            self._buffer += self._recv()
        elif step is Do.ANSWERED:
            assert self._peer.answered.wait(WAIT_SECONDS)
        elif step is Do.TLS:
            self.start_tls()
        elif step is Do.SHUT:
            socket.socket.shutdown(self._sock, socket.SHUT_WR)
        elif step is Do.HOLD:
            self._hold()
        elif step is Do.FREEZE:
            raise Left(drain=False)
        elif step is Do.DRAIN:
            raise Left(drain=True)
        elif step is not Do.HEAD_ONLY:
            self._break_off(step)
            raise Gone

    def _break_off(self, step: Step) -> None:
        if step is Do.RESET:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif step is Do.NOTIFY:
            assert isinstance(self._sock, ssl.SSLSocket)
            self._sock.setblocking(False)
            # Its own notice is out; that of the client is not waited for.
            with contextlib.suppress(ssl.SSLWantReadError, OSError):
                self._sock.unwrap()
        self.close()

    def _drip(self, drip: Drip) -> None:
        data = self._peer.fill(drip.data)
        for at in range(len(data)):
            self._sock.sendall(data[at : at + 1])
            if self._peer.over.wait(drip.pause):
                return

    def _hold(self) -> None:
        try:
            while True:
                self._recv()
        except OSError as gone:
            raise Gone from gone

    def drain(self) -> None:
        """Take what comes and throw it away."""
        with contextlib.suppress(Gone, OSError):
            while True:
                self._recv()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.close()

    def _recv(self) -> bytes:
        data = self._sock.recv(65536)
        if not data:
            raise Gone
        return data

    def _read_head(self) -> Received:
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._recv()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        pairs = [line.partition(":") for line in lines]
        return Received(method, target, [(name, value.strip()) for name, _, value in pairs])

    def _read_body(self, request: Received) -> None:
        length = request.header("content-length")
        if request.header("transfer-encoding") == "chunked":
            while size := int(self._read_line(), 16):
                request.body += self._read_exactly(size)
                self._read_line()
            self._read_line()
        elif length is not None:
            request.body = self._read_exactly(int(length))

    def _read_exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._buffer += self._recv()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _read_line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._buffer += self._recv()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line
