"""The script of a contract check, played by a peer on a socket instead of handed over.

What a check sees is what it sees of a scripted transport: requests, bodies, open exchanges. Below
that is everything there is in production: one of the two engines, a connection, bytes. Each step of
the script is played as what it stands for:

* a `Reply` as an answer, its first piece together with the head and each further one when it is
  asked for;
* a failure in front of the request as a port on which nobody listens;
* a failure behind the request as a connection that is closed once the request was read;
* a failure behind the beginning of the answer, or within its body, as one that is closed there;
* a timeout as a peer that says nothing, while the engine's limit is cut to a moment of real time;
* a protocol failure as an answer that is not HTTP.

Clients under check have a clock that stands still, engines have the real one: a limit is handed on
as what is left of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from http import HTTPStatus
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from packages.quintet.tests.wire.peer import Connection, Peer, Received
from quintet.core.request import Request
from quintet.errors import ConnectionFailure, ProtocolFailure, TimeoutFailure
from quintet.testing.clock import FakeClock
from quintet.transport.choosing import EngineName, achoose_transport, choose_transport
from quintet.transport.scripted import Reply
from tests.support.loopback import HOST

# A longer one is for where the last has passed before the request was out.
SILENCE_SECONDS = (0.05, 0.5, 5.0, 30.0)
GONE_SECONDS = 60.0
_NO_HTTP = b"SSH-2.0-OpenSSH_9.9\r\n\r\n"
_NO_BODY = (204, 304)

Order = bytes | None
"""Bytes to send, or None: close."""


class Turn:
    """One exchange as the peer plays it: what is said next, and how much of it was heard."""

    def __init__(self, step: Reply | Exception) -> None:
        self.orders: SimpleQueue[Order] = SimpleQueue()
        self.is_silent = isinstance(step, TimeoutFailure)
        self.asked = threading.Event()
        self._pieces = deque(step.chunks if isinstance(step, Reply) else ())
        self._said = self._heard = 0
        self._is_chunked = len(self._pieces) > 1 or not all(
            isinstance(piece, bytes) for piece in self._pieces
        )
        self._is_over = False
        if isinstance(step, Reply):
            self._begin(step)
        elif isinstance(step, ProtocolFailure):
            self._say(_NO_HTTP)
            self.end()
        elif isinstance(step, ConnectionFailure):
            if step.progress == 2:
                self._say(b"HTTP/1.1 200 ")
            self.end()

    def _begin(self, answer: Reply) -> None:
        lines = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        names = {name.lower() for name, _ in answer.headers}
        if self._is_chunked:
            lines.append("Transfer-Encoding: chunked")
        elif "content-length" not in names and answer.status not in _NO_BODY:
            size = sum(len(piece) for piece in self._pieces if isinstance(piece, bytes))
            lines.append(f"Content-Length: {size}")
        head = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
        if self._pieces and isinstance(self._pieces[0], bytes):
            self._say(head + self._framed(self._pieces.popleft()))
        else:
            self._say(head)
        if not self._is_chunked:
            self._is_over = True
            self.orders.put(b"")

    def heard(self, count: int) -> None:
        """So many bytes of the body have come through."""
        self._heard += count

    def go_on(self) -> None:
        """Somebody waits for more: say the next thing, if all that was said has been heard."""
        while not self._is_over and self._heard == self._said:
            if not self._pieces:
                self._say(b"0\r\n\r\n")
                self._is_over = True
                self.orders.put(b"")
                return
            piece = self._pieces.popleft()
            if isinstance(piece, AssertionError):
                raise piece
            if isinstance(piece, Exception):
                self.end()
                return
            self._say(self._framed(piece() if callable(piece) else piece))

    def end(self) -> None:
        """Close the connection, unless the answer is complete."""
        if not self._is_over:
            self._is_over = True
            self.orders.put(None)

    def _framed(self, piece: Any) -> bytes:
        assert isinstance(piece, bytes)
        self._said += len(piece)
        return b"%x\r\n%s\r\n" % (len(piece), piece) if self._is_chunked and piece else piece

    def _say(self, data: bytes) -> None:
        if data:
            self.orders.put(data)


def _reason(status: int) -> str:
    with contextlib.suppress(ValueError):
        return HTTPStatus(status).phrase
    return "Odd"


class _Arrived:
    """A request as it came, and the URL it had before it was addressed to the peer."""

    def __init__(self, received: Received, url: str) -> None:
        self.url = url
        self._received = received

    def __getattr__(self, name: str) -> Any:
        return getattr(self._received, name)


class _Played:
    """What both kinds of transport have in common."""

    def __init__(self, script: Iterable[Any], clock: FakeClock, engine: Any) -> None:
        self.requests: list[Any] = []
        self.bodies: list[bytes] = []
        self.closed = False
        self.open_exchanges = 0
        self.engine = engine
        self.peer = Peer(self._serve)
        self._clock = clock
        self._steps = deque(script)
        self._turns: SimpleQueue[Turn] = SimpleQueue()

    def add(self, *steps: Any) -> None:
        """Append to the script."""
        self._steps.extend(steps)

    def limit(self, until: float | None) -> float | None:
        """A limit of the client, in the time of the engine."""
        return None if until is None else time.monotonic() + until - self._clock.monotonic()

    def _next(self, request: Request) -> tuple[Turn, Request]:
        """Arm the peer with the next step; returns the request for the peer's address."""
        if not self._steps:
            raise AssertionError(f"no scripted answer left for {request.method} {request.url}")
        step = self._steps.popleft()
        self.requests.append(request)
        self.bodies.append(b"")
        if callable(step) and not isinstance(step, Reply):
            step = step(request)
        turn = Turn(step)
        port = self.peer.port
        if isinstance(step, ConnectionFailure) and not step.progress:
            port = _closed_port()
        else:
            self._turns.put(turn)
        url = urlsplit(request.url)._replace(scheme="http", netloc=f"{HOST}:{port}").geturl()
        return turn, Request(request.method, url, request.headers, request.body)

    def _serve(self, connection: Connection) -> None:
        while True:
            # From the wire: what the check looks at is what arrived.
            received = connection.read_request()
            self.requests[-1] = _Arrived(received, self.requests[-1].url)
            self.bodies[-1] = received.body
            turn = self._turns.get_nowait()
            turn.asked.set()
            if turn.is_silent:
                connection.hold()
                return
            while order := turn.orders.get():
                connection.send(order)
            if order is None:
                return

    def forget(self) -> None:
        """See that every connection has been closed."""
        assert not self.peer.failures, self.peer.failures
        for connection in self.peer.connections:
            assert connection.done.wait(GONE_SECONDS), "a connection was left open"


def _was_sent(late: TimeoutFailure) -> bool:
    """Tell whether the peer has been asked; a head is written at once, all of it or nothing."""
    # Both engines name the phase in the cause's class.
    return bool(late.progress) and type(late.__cause__).__name__ != "WriteTimeout"


class _Exchange:
    def __init__(self, transport: _Played, turn: Turn, exchange: Any) -> None:
        self.status = exchange.status
        self.headers = exchange.headers
        self.http_version = exchange.http_version
        self.whole = getattr(exchange, "whole", None)
        self._transport = transport
        self._turn = turn
        self._exchange = exchange
        # What came whole has given its connection back: nobody need close it.
        self._is_open = self.whole is None
        transport.open_exchanges += self._is_open

    def _finish(self) -> None:
        if self._is_open:
            self._is_open = False
            self._transport.open_exchanges -= 1
        self._turn.end()


class _BlockingExchange(_Exchange):
    def read(self, until: float | None, seconds: float | None) -> bytes:
        self._turn.go_on()
        data: bytes = self._exchange.read(self._transport.limit(until), seconds)
        self._turn.heard(len(data))
        return data

    def close(self) -> None:
        self._exchange.close()
        self._finish()


class _AsyncExchange(_Exchange):
    async def read(self, until: float | None, seconds: float | None) -> bytes:
        self._turn.go_on()
        data: bytes = await self._exchange.read(self._transport.limit(until), seconds)
        self._turn.heard(len(data))
        return data

    async def close(self) -> None:
        await self._exchange.close()
        self._finish()


class PlayedTransport(_Played):
    """One of the blocking engines, and the peer it talks to."""

    def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> _BlockingExchange:
        if self.closed:
            return self.engine.send(request, until, seconds)  # type: ignore[no-any-return]
        turn, addressed = self._next(request)
        if turn.is_silent:
            self._wait_in_vain(turn, addressed, seconds)
        exchange = self.engine.send(addressed, self.limit(until), seconds)
        return _BlockingExchange(self, turn, exchange)

    def _wait_in_vain(self, turn: Turn, addressed: Request, seconds: float | None) -> None:
        for silence in SILENCE_SECONDS:
            try:
                self.engine.send(addressed, time.monotonic() + silence, seconds)
            except TimeoutFailure as late:
                if _was_sent(late):
                    assert turn.asked.wait(GONE_SECONDS)
                    raise
        raise AssertionError("the request was not sent")

    def close(self) -> None:
        self.closed = True
        self.engine.close()


class AsyncPlayedTransport(_Played):
    """The same for asyncio."""

    async def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> _AsyncExchange:
        if self.closed:
            return await self.engine.send(request, until, seconds)  # type: ignore[no-any-return]
        turn, addressed = self._next(request)
        if turn.is_silent:
            await self._wait_in_vain(turn, addressed, seconds)
        exchange = await self.engine.send(addressed, self.limit(until), seconds)
        return _AsyncExchange(self, turn, exchange)

    async def _wait_in_vain(self, turn: Turn, addressed: Request, seconds: float | None) -> None:
        for silence in SILENCE_SECONDS:
            try:
                await self.engine.send(addressed, time.monotonic() + silence, seconds)
            except TimeoutFailure as late:
                if _was_sent(late):
                    assert await asyncio.to_thread(turn.asked.wait, GONE_SECONDS)
                    raise
        raise AssertionError("the request was not sent")

    async def close(self) -> None:
        self.closed = True
        await self.engine.close()

    def abandon(self) -> None:
        self.closed = True
        self.engine.abandon()


Play = Callable[[Iterable[Any], FakeClock], Any]


@contextlib.asynccontextmanager
async def playing(engine: EngineName, *, blocking: bool) -> AsyncIterator[Play]:
    """A function that plays scripts behind one engine, for a check of a client.

    The engine is made anew only when a client has closed it: a check makes dozens of clients, and
    with httpx that would take most of its time. Each has a peer of its own. At the end all that was
    made is closed, and no connection may be left.
    """
    made: list[Any] = []
    chosen: Any = None

    def play(script: Iterable[Any], clock: FakeClock) -> Any:
        nonlocal chosen
        if chosen is None or made[-1].closed:
            choose = choose_transport if blocking else achoose_transport
            chosen = choose(None, engine, time.monotonic)
        kind = PlayedTransport if blocking else AsyncPlayedTransport
        made.append(kind(script, clock, chosen))
        return made[-1]

    try:
        yield play
    finally:
        for transport in made:
            transport.peer.stop_listening()
            closing = transport.close()
            if not blocking:
                await closing
    # In a thread: asyncio closes an aborted socket only on its next round.
    await asyncio.to_thread(lambda: [transport.forget() for transport in made])


_deaf: list[socket.socket] = []


def _closed_port() -> int:
    """A port on which nobody listens, and that nobody else gets."""
    if not _deaf:
        _deaf.append(socket.socket())
        _deaf[0].bind((HOST, 0))
    return int(_deaf[0].getsockname()[1])
