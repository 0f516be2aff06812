"""One server process: a bound socket, uvicorn around the application, signals.

SIGTERM and SIGINT drain: the socket closes, long-polls and streams are answered, running requests
finish within ``drain_seconds``, then everything stops and the process exits with 0. A second SIGINT
does not wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import select
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from quintet_server.app import create_app
from quintet_server.http.one_write import OneWriteProtocol
from quintet_server.runtime import Runtime
from quintet_server.settings import ServerSettings

__all__ = ["CannotListen", "QuintetServer", "bind", "make_server", "url_of"]


_ADVICE = "stop what uses it, or choose another port with --port (0 takes any)"
# Of the event loop, each time something has arrived; and what a new connection takes at least.
_TURNS_MAX_COUNT = 100
_TURNS_MIN_COUNT = 5


class CannotListen(Exception):
    """The address is taken or not ours; the text says what to do."""


def bind(settings: ServerSettings) -> socket.socket:
    """Return a bound TCP socket. Done before anything slow, so that a taken port fails at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        advice = (
            _ADVICE
            if error.errno == errno.EADDRINUSE
            else "choose another address with --host, or another port with --port"
        )
        raise CannotListen(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}): {advice}"
        ) from error
    return listener


def _is_listening(listener: socket.socket) -> bool:
    """Tell whether connections arrive at a socket.

    Two processes that start at once can both bind a port, as neither listens yet. Only the first
    then gets to listen, and the other's event loop closes its socket without a word.
    """
    try:
        return bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:  # closed
        return False


def url_of(listener: socket.socket) -> str:
    """Return the URL under which a bound socket is reached from this machine."""
    bound, port = listener.getsockname()[:2]
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound
    host = anywhere.get(bound, str(bound))
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class QuintetServer(uvicorn.Server):
    """uvicorn that tells the runtime when draining begins, and when it is ready."""

    def __init__(self, config: uvicorn.Config, runtime: Runtime, ready: Callable[[], None]):
        super().__init__(config)
        self._runtime = runtime
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, listen, then say so."""
        addresses = [listener.getsockname()[:2] for listener in sockets or ()]
        await super().startup(sockets=sockets)
        for listener, (host, port) in zip(sockets or (), addresses, strict=True):
            if not _is_listening(listener):
                reason = "another process began to meanwhile"
                raise CannotListen(f"cannot listen on {host}:{port} ({reason}): {_ADVICE}")
        if self.started and not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take in what has arrived, and let waiting requests end before uvicorn waits for them.

        A connection that nobody has accepted, or a request that nobody has read, would be answered
        by a reset when its socket closes.
        """
        await _take_in(lambda: [one for server in self.servers for one in server.sockets])
        for server in self.servers:
            server.close()
        await self._runtime.begin_stop()
        await _take_in(self._idle_sockets)
        await super().shutdown(sockets=sockets)

    def _idle_sockets(self) -> list[Any]:
        """Those of the connections that uvicorn is about to close."""
        connections: Iterable[Any] = self.server_state.connections
        return [
            one.transport.get_extra_info("socket")
            for one in connections
            if one.cycle is None or one.cycle.response_complete
        ]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals in the loop, and do not raise them again: a drained exit is a good one."""
        loop = asyncio.get_running_loop()
        handled = (signal.SIGINT, signal.SIGTERM)
        try:
            for number in handled:
                loop.add_signal_handler(number, self.handle_exit, number, None)
        except (ValueError, RuntimeError):  # not the main thread: whoever runs us stops us
            yield
            return
        try:
            yield
        finally:
            for number in handled:
                loop.remove_signal_handler(number)


async def _take_in(sockets: Callable[[], Iterable[Any]]) -> None:
    """Give the event loop its turn until nothing that it has not read is left in these sockets."""
    for turn in range(_TURNS_MAX_COUNT):
        if turn >= _TURNS_MIN_COUNT and not _has_news(sockets()):
            return
        await asyncio.sleep(0)


def _has_news(sockets: Iterable[Any]) -> bool:
    poller = select.poll()
    for one in sockets:
        if one is not None and one.fileno() >= 0:
            poller.register(one.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def make_server(runtime: Runtime, ready: Callable[[], None] = lambda: None) -> QuintetServer:
    """Return a server for a started runtime; ``await server.serve(sockets=[listener])`` runs it."""
    app: ASGIApp = create_app(runtime)
    config = uvicorn.Config(
        app,
        http=OneWriteProtocol,
        # What a proxy says of the client is used nowhere, so it is not read either.
        proxy_headers=False,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(runtime.settings.server.drain_seconds)),
        h11_max_incomplete_event_size=64 * 1024,
    )
    return QuintetServer(config, runtime, ready)
