"""Blocking connections that obey the watch of the exchange under way.

Every step gets what is left of the limit and no more, so a peer that takes or gives one byte at a
time cannot outlive it.  The sockets themselves never block: what may take time is a ``poll``, which
costs one system call and no change of the socket's mode.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

from quintet.transport.readiness import IN, OUT, Ready, poller
from quintet.transport.trust import check_spoken
from quintet.transport.watch import (
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    Watch,
    WriteError,
    WriteTimeout,
)

__all__ = [
    "READ_BYTES",
    "SOCKET_OPTIONS",
    "Hold",
    "Network",
    "Stop",
    "Stream",
    "connect_error",
    "resolve_error",
    "shut",
]

SOCKET_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
)
READ_BYTES = 64 * 1024
# Of a TLS socket, whichever way it would have to wait.
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

_Size = TypeVar("_Size")
_Got = TypeVar("_Got")
Stop = Callable[[], "bool | None"]


class Hold:
    """The sockets of one connection, whatever becomes of it.

    Attributes:
        socks: Those of attempts to connect, then the one.
        since: When the exchange under way got the connection; None while it is idle.
    """

    __slots__ = ("since", "socks")

    def __init__(self) -> None:
        self.socks: list[socket.socket] = []
        self.since: float | None = None


class Network:
    """Everything that one engine has open in one process.

    Attributes:
        open: By the identity of its stream, so that it keeps none alive: a stream that nobody has
            in hand any more, after an interrupt say, closes itself and leaves no trace here.
        closed: Set when the engine is closed: what is still connecting then must not go on.
        freed: Called after a stream was closed; may be at any moment, by the garbage collector.
    """

    __slots__ = ("closed", "freed", "open")

    def __init__(self, freed: Callable[[], None]) -> None:
        self.open: dict[int, Hold] = {}
        self.closed = False
        self.freed = freed

    def check_open(self) -> None:
        """Raise if the engine was closed."""
        if self.closed:
            raise ConnectionAbortedError("the client was closed")

    def shut(self) -> None:
        """End every connection, and with it whatever blocks on one."""
        self.closed = True
        for hold in list(self.open.values()):
            for sock in list(hold.socks):
                shut(sock)

    def close(self) -> None:
        """Close every socket; only where no thread can be using one."""
        for hold in list(self.open.values()):
            for sock in hold.socks:
                with contextlib.suppress(OSError):
                    sock.close()
        self.open.clear()


class Stream:
    """One connection, plain or TLS, from before its socket exists.

    Attributes:
        hold: Its sockets and since when it is in use.
        sock: The one that is connected; None until then.
    """

    __slots__ = ("_network", "_pending", "_readable", "_receive", "_send", "hold", "sock")

    def __init__(self, network: Network) -> None:
        self._network = network
        self.sock: socket.socket | None = None
        self.hold = Hold()
        network.open[id(self)] = self.hold

    def __del__(self) -> None:
        # An interrupt may have come before there was anything in it.
        if hasattr(self, "_network"):
            self.close()

    def close(self) -> None:
        """Close the socket, and those of attempts to connect."""
        hold = self._network.open.pop(id(self), None)
        if hold is None:
            return
        for sock in hold.socks:
            with contextlib.suppress(OSError):
                sock.close()
        self._network.freed()

    def attach(self, sock: socket.socket) -> None:
        """Take the socket that is connected; it does not block."""
        self.hold.socks[:] = [sock]
        self._readable: Ready = poller(sock, IN)
        self._pending: Callable[[], int] | None = None
        self._send: Callable[[bytes | memoryview], int] = sock.send
        self._receive: Callable[[int], bytes] = sock.recv
        if isinstance(sock, ssl.SSLSocket):
            self._pending = sock.pending
            self._receive = sock.read
        self.sock = sock

    def read(self, watch: Watch, count: int = READ_BYTES) -> bytes:
        """Return what has come, at least one byte and at most ``count``; none at the end."""
        return self._read(self._receive, count, watch)

    def read_into(self, buffer: memoryview, watch: Watch) -> int:
        """Put what has come into a buffer; return how many bytes that were, 0 at the end."""
        return self._read(self._connected.recv_into, buffer, watch)

    def _read(self, receive: Callable[[_Size], _Got], size: _Size, watch: Watch) -> _Got:
        try:
            while True:
                left = watch.milliseconds(ReadTimeout)
                # What TLS has decrypted already no poll can see.
                if (self._pending is None or not self._pending()) and not self._readable(left):
                    continue  # the time is over, which the watch says
                try:
                    return receive(size)
                except ssl.SSLWantWriteError:
                    poller(self._connected, OUT)(watch.milliseconds(ReadTimeout))
                except _WOULD_BLOCK:
                    continue
        except OSError as broken:
            raise ReadError(str(broken)) from broken

    def write(self, data: bytes, watch: Watch, stop: Stop | None = None) -> bool:
        """Send all of ``data``.

        Args:
            data: What to send.
            watch: Of the exchange.
            stop: Called when the peer speaks before it has taken everything; True ends the sending,
                None the listening.

        Returns:
            Whether everything was sent.
        """
        try:
            watch.left(WriteTimeout)
            try:
                sent = self._send(data)
            except _WOULD_BLOCK:
                sent = 0
            if sent == len(data):
                return True
            return self._write_on(memoryview(data)[sent:], watch, stop)
        except OSError as broken:
            raise WriteError(str(broken)) from broken
        finally:
            del data  # it may hold credentials, and crash reports show what is in local variables

    def _write_on(self, rest: memoryview, watch: Watch, stop: Stop | None) -> bool:
        """Send the rest as the peer takes it."""
        ready = poller(self._connected, OUT if stop is None else OUT | IN)
        while rest:
            found = ready(watch.milliseconds(WriteTimeout))
            if stop is not None and found and not found[0][1] & OUT:
                verdict = stop()
                if verdict:
                    return False
                if verdict is None:
                    # What is not taken in would end every wait at once.
                    stop, ready = None, poller(self._connected, OUT)
            with contextlib.suppress(*_WOULD_BLOCK):
                rest = rest[self._send(rest) :]
        return True

    @property
    def _connected(self) -> socket.socket:
        if self.sock is None:
            raise OSError("not connected")
        return self.sock

    def start_tls(self, context: ssl.SSLContext, host: str, watch: Watch) -> None:
        """Speak TLS from here on, with a peer that must prove to be ``host``."""
        sock, hold = self._connected, self.hold
        try:
            # An end without notice is an error: a body could be cut short by it (RFC 9112 §9.8).
            secure = context.wrap_socket(
                sock,
                server_hostname=host,
                suppress_ragged_eofs=False,
                do_handshake_on_connect=False,
            )
            # It has the descriptor now.  Known before the handshake, so that closing the engine
            # ends that, and an interrupt in the midst of it leaves nothing open.
            hold.socks[:] = [secure]
            self._network.check_open()
            # The handshake as a whole gets so much, over however many reads it takes.
            secure.settimeout(watch.left(ConnectTimeout))
            secure.do_handshake()
            check_spoken(secure.selected_alpn_protocol())
            self._network.check_open()
            secure.setblocking(False)
            self.attach(secure)
        except OSError as failure:
            self.close()
            raise connect_error(failure) from failure
        except BaseException:
            self.close()
            raise

    def overhear(self) -> bytes | None:
        """Return what the peer says already, None if nothing; never waits."""
        try:
            if (self._pending is not None and self._pending()) or self._readable(0):
                return self._receive(READ_BYTES)
        except _WOULD_BLOCK:  # bytes on a TLS connection may be no part of an answer
            return None
        except OSError as broken:
            raise ReadError(str(broken)) from broken
        return None

    def spent(self) -> bool:
        """Tell of an idle connection whether the peer has closed it, or spoke out of turn."""
        if self._pending is None:
            return bool(self._readable(0))
        try:
            return self.overhear() is not None
        except ReadError:
            return True


def connect_error(failure: OSError) -> ConnectError | ConnectTimeout:
    """Return the error for a connection that could not be made."""
    return ConnectTimeout() if isinstance(failure, TimeoutError) else ConnectError(str(failure))


def resolve_error(host: str, unknown: Exception) -> ConnectError:
    """Return the error for a host name that has no address."""
    return ConnectError(f"cannot resolve {host}: {unknown}")


def shut(sock: Any) -> None:
    """End a connection at both ends, so that a thread that blocks on it goes on at once.

    The plain socket's method, also for TLS: an ``SSLSocket``'s own would first fall back to
    clear text, and another thread might just be writing.
    """
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
