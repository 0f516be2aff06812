"""Blocking sockets that obey the watch of the exchange under way.

Every step gets what is left of the limit and no more, so a peer that takes or gives one byte at a
time cannot outlive it.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from typing import Any, NoReturn

from quintet.transport.watch import (
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    Watch,
    WriteError,
    WriteTimeout,
)

__all__ = ["SOCKET_OPTIONS", "Network", "Stream", "resolve_error", "shut"]

SOCKET_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
)
_READ_BYTES = 64 * 1024


class Stream:
    """One connected socket, plain or TLS."""

    __slots__ = ("_network", "sock")

    def __init__(self, sock: socket.socket, network: Network) -> None:
        self.sock = sock
        self._network = network

    def read(self, watch: Watch) -> bytes:
        """Return what has come, at least one byte; none at the end."""
        try:
            self.sock.settimeout(watch.left(ReadTimeout))
            return self.sock.recv(_READ_BYTES)
        except TimeoutError as late:
            raise ReadTimeout from late
        except OSError as broken:
            raise ReadError(str(broken)) from broken

    def write(self, data: bytes, watch: Watch) -> None:
        """Send all of ``data``."""
        rest = memoryview(data)
        try:
            while rest:
                self.sock.settimeout(watch.left(WriteTimeout))
                rest = rest[self.sock.send(rest) :]
        except TimeoutError as late:
            raise WriteTimeout from late
        except OSError as broken:
            raise WriteError(str(broken)) from broken

    def close(self) -> None:
        """Close the socket."""
        self._network.live.discard(self)
        with contextlib.suppress(OSError):
            self.sock.close()

    def start_tls(self, context: ssl.SSLContext, host: str, watch: Watch) -> None:
        """Speak TLS from here on, with a peer that must prove to be ``host``."""
        try:
            self.sock.settimeout(watch.left(ConnectTimeout))
            self.sock = context.wrap_socket(self.sock, server_hostname=host)
        except BaseException as failure:
            self.close()
            _raise_connect(failure)

    def answering(self) -> bool:
        """Tell, while a request is sent, whether the peer speaks already; never of TLS.

        Bytes that arrive on a TLS socket may be no part of an answer, and a read would then block.
        """
        return not isinstance(self.sock, ssl.SSLSocket) and self.spent()

    def spent(self) -> bool:
        """Tell of an idle connection whether the peer has closed it, or spoke out of turn."""
        try:
            if hasattr(select, "poll"):
                poller = select.poll()
                poller.register(self.sock, select.POLLIN)
                return bool(poller.poll(0))
            return bool(select.select([self.sock], [], [], 0)[0])
        except (OSError, ValueError):
            return True


class Network:
    """Opens blocking sockets.

    Attributes:
        live: Every open stream, those still connecting included.
        closed: Set when the transport is closed: what is still connecting then must not go on.
    """

    def __init__(self) -> None:
        self.live: set[Stream] = set()
        self.closed = False

    def connect(self, host: str, port: int, watch: Watch) -> Stream:
        """Return a connection to the first address of the host that takes one."""
        watch.fresh = True
        failure: Exception = ConnectError(f"no address for {host}")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as unknown:
            raise resolve_error(host, unknown) from unknown
        for number, (family, kind, protocol, _, address) in enumerate(found):
            left = watch.left(ConnectTimeout)
            # One address that swallows packets must not use up the time of the others.
            share = None if left is None else left / (len(found) - number)
            try:
                return self._connect(socket.socket(family, kind, protocol), address, share)
            except (ConnectError, ConnectTimeout) as next_may_work:
                failure = next_may_work
        try:
            raise failure
        finally:
            # Else the error and this frame hold each other, and with them the caller's frames.
            del failure

    def _connect(self, sock: socket.socket, address: Any, seconds: float | None) -> Stream:
        stream = Stream(sock, self)
        # Known before it is connected, so that closing the client interrupts the attempt.
        self.live.add(stream)
        try:
            if self.closed:
                raise ConnectionAbortedError("the client was closed")
            for option in SOCKET_OPTIONS:
                sock.setsockopt(*option)
            sock.settimeout(seconds)
            sock.connect(address)
            if self.closed:
                raise ConnectionAbortedError("the client was closed")
        except BaseException as failure:
            stream.close()
            _raise_connect(failure)
        return stream


def _raise_connect(failure: BaseException) -> NoReturn:
    if isinstance(failure, TimeoutError):
        raise ConnectTimeout from failure
    if isinstance(failure, OSError):
        raise ConnectError(str(failure)) from failure
    raise failure


def resolve_error(host: str, unknown: Exception) -> ConnectError:
    """Return the error for a host name that has no address."""
    return ConnectError(f"cannot resolve {host}: {unknown}")


def shut(sock: socket.socket) -> None:
    """End a connection at both ends, so that a thread that blocks on it goes on at once.

    The plain socket's method, also for TLS: an ``SSLSocket``'s own would first fall back to
    clear text, and another thread might just be writing.
    """
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
