"""The default engine, blocking: HTTP/1.1 over pooled connections, on sockets of our own.

Owning the connections lets promises hold that a client of an HTTP library cannot keep (see the
design note on the default engine): the limit counts at every single read and write; it is known
exactly whether any byte of the request was sent and any of the answer read; ``close`` interrupts
calls that are blocked in other threads; a forked child makes connections of its own.

A connection is in one of three places: with the exchange that runs on it, among the idle ones, or
closed.  An exchange gives it back at the end of the body, not when somebody closes it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

from quintet.core.body import Body
from quintet.core.request import Request
from quintet.errors import ClientClosedError
from quintet.transport.environment import Proxies, tls_context
from quintet.transport.failures import explain
from quintet.transport.forks import renew_after_fork
from quintet.transport.http11 import Head, Http11, ProxyAnswer
from quintet.transport.sockets import Network, Stream, shut
from quintet.transport.targets import Target, Targets, header_lines
from quintet.transport.turns import MAX_CONNECTIONS, Turns
from quintet.transport.uploads import outgoing
from quintet.transport.watch import ProxyError, ReadTimeout, Watch, WriteError

__all__ = ["IDLE_SECONDS", "Engine"]

IDLE_SECONDS = 4.0
"""Below the five seconds after which common servers close an idle connection."""


class _Connection:
    __slots__ = ("http", "stream", "until")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.http = Http11()
        self.until = 0.0


class _Pool:
    """The connections of one process."""

    def __init__(self, now: Callable[[], float], verify: str | bool, cert: str | None) -> None:
        self.network = Network()
        self._now = now
        self._verify = verify
        self._cert = cert
        self._turns = Turns()
        self._idle: dict[str, list[_Connection]] = {}
        self._lock = threading.Lock()

    def take(self, target: Target, watch: Watch) -> _Connection:
        """Return a connection that is ready for an exchange; give it back by :meth:`leave`."""
        self._turns.take(watch)
        try:
            return self._idle_one(target.base) or _Connection(self._connect(target, watch))
        except BaseException:
            self._turns.give()
            raise

    def _idle_one(self, base: str) -> _Connection | None:
        while True:
            with self._lock:
                idle = self._idle.get(base)
                if not idle:
                    return None
                connection = idle.pop()  # the one used last: the others may grow old
            if self._now() < connection.until and not connection.stream.spent():
                return connection
            connection.stream.close()

    def _connect(self, target: Target, watch: Watch) -> Stream:
        host, port = target.proxy or (target.host, target.port)
        stream = self.network.connect(host, port, watch)
        if target.secure:
            if target.proxy is not None:
                _open_tunnel(stream, target, watch)
            stream.start_tls(tls_context(self._verify, self._cert), target.host, watch)
        return stream

    def leave(self, base: str, connection: _Connection, *, whole: bool) -> None:
        """Take a connection back: to be used again after a whole exchange, else to be closed."""
        try:
            if whole and connection.http.next_exchange() and not self.network.closed:
                connection.until = self._now() + IDLE_SECONDS
                stale = self._keep(base, connection)
                if stale is not None:
                    stale.stream.close()
            else:
                connection.stream.close()
        finally:
            self._turns.give()

    def _keep(self, base: str, connection: _Connection) -> _Connection | None:
        """Put a connection among the idle ones; return one that has been there for too long."""
        with self._lock:
            idle = self._idle.setdefault(base, [])
            idle.append(connection)
            oldest = idle[0]
            return (
                idle.pop(0) if oldest.until < self._now() or len(idle) > MAX_CONNECTIONS else None
            )

    def end(self) -> None:
        """End every connection, and with it whatever blocks on one."""
        self.network.closed = True
        for stream in tuple(self.network.live):
            shut(stream.sock)
        with self._lock:
            idle = [connection for kept in self._idle.values() for connection in kept]
            self._idle.clear()
        for connection in idle:
            connection.stream.close()


def _open_tunnel(stream: Stream, target: Target, watch: Watch) -> None:
    """Have the proxy connect to the origin."""
    answer = ProxyAnswer(target.authority, target.proxy_lines)
    try:
        stream.write(answer.request, watch)
        refusal = None
        while refusal is None:
            refusal = answer.feed(stream.read(watch))
        if refusal:
            raise ProxyError(refusal)
    except BaseException:
        stream.close()
        raise


def _close_all(network: Network) -> None:
    for stream in tuple(network.live):
        stream.close()


class Engine:
    """Blocking requests over pooled connections; safe to share between threads.

    Args:
        now: The monotonic clock in which time limits are given.
        verify: See :func:`quintet.transport.environment.tls_context`.
        cert: PEM file of a client certificate and its key.
        proxies: Which proxies to use; None reads the environment once, here.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        verify: str | bool = True,
        cert: str | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self._now = now
        self._trust = verify, cert
        self._targets = Targets(proxies)
        self._closed = False
        self._start()
        renew_after_fork(self)

    def _start(self) -> None:
        self._pool = _Pool(self._now, *self._trust)
        self._pool.network.closed = self._closed
        self._finalizer = weakref.finalize(self, _close_all, self._pool.network)

    def renew(self) -> None:
        """Forget the parent's connections in a forked child; the parent goes on using them."""
        self._finalizer.detach()
        # Closing the child's copies of the descriptors tells the peer nothing.
        _close_all(self._pool.network)
        self._start()

    def send(self, request: Request, until: float | None, seconds: float | None) -> _Exchange:
        """Send the request and return once the head of the answer has arrived."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        target, path = self._targets.split(request.url)
        watch = Watch(until, seconds, self._now)
        pool = self._pool
        try:
            connection = pool.take(target, watch)
            try:
                lines = header_lines(request, target)
                head = _write(connection, request, path, lines, watch)
                if head is None:
                    head = _read_head(connection, watch)
            except BaseException:
                pool.leave(target.base, connection, whole=False)
                raise
        except Exception as failure:
            raise explain(failure, watch, closed=self._closed)  # noqa: B904 - it sets the cause
        return _Exchange(self, pool, target.base, connection, head, watch)

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    def close(self) -> None:
        """Close every connection; exchanges under way in other threads fail at once."""
        self._closed = True
        self._pool.end()


def _write(
    connection: _Connection,
    request: Request,
    path: bytes,
    lines: list[tuple[bytes, bytes]],
    watch: Watch,
) -> Head | None:
    """Send the request; return the head of the answer if it came before the end of that."""
    http, stream, body = connection.http, connection.stream, request.body
    if isinstance(body, Body):
        head = http.streamed(request.method, path, lines)
        parts: Any = outgoing(body, watch)
    else:
        head, *parts = http.request(request.method, path, lines, body)
    # Before the first byte: whether the kernel took any is not known if this fails.
    watch.progress = 1
    try:
        stream.write(head, watch)
        del head  # it holds the credentials, and crash reports show what is in local variables
        if not isinstance(body, Body):
            for part in parts:
                stream.write(part, watch)
            return None
        early: Head | None = None
        for chunk in parts:
            stream.write(http.data(chunk), watch)
            if early is None and stream.answering():
                early = _look(connection, watch)
                if early is not None and early.status >= 400:
                    return early  # RFC 9112 §9.5: what is refused need not be sent to its end
        stream.write(http.end(), watch)
    except WriteError:
        # A server may refuse a request before it has read it, and say so: the answer counts.
        return None
    return early


def _look(connection: _Connection, watch: Watch) -> Head | None:
    """Take what has come; return the head of the answer if it is there."""
    data = connection.stream.read(watch)
    if data:
        watch.progress = 2
    connection.http.feed(data)
    return connection.http.head()


def _read_head(connection: _Connection, watch: Watch) -> Head:
    http, stream = connection.http, connection.stream
    while (head := http.head()) is None:
        data = stream.read(watch)
        if data:
            watch.progress = 2
        http.feed(data)
    return head


class _Exchange:
    __slots__ = (
        "_base",
        "_connection",
        "_engine",
        "_pool",
        "_watch",
        "headers",
        "http_version",
        "status",
    )

    def __init__(
        self,
        engine: Engine,
        pool: _Pool,
        base: str,
        connection: _Connection,
        head: Head,
        watch: Watch,
    ) -> None:
        self.status = head.status
        self.headers = head.headers
        self.http_version = head.http_version
        self._engine = engine
        self._pool = pool
        self._base = base
        self._connection: _Connection | None = connection
        self._watch = watch

    def read(self, until: float | None, seconds: float | None) -> bytes:
        connection = self._connection
        if connection is None:
            return b""
        watch = self._watch
        watch.until, watch.seconds = until, seconds
        try:
            watch.left(ReadTimeout)
            while (piece := connection.http.body()) is None:
                connection.http.feed(connection.stream.read(watch))
        except Exception as failure:
            self._leave(whole=False)
            raise explain(failure, watch, closed=self._engine.closed)  # noqa: B904 - it sets the cause
        if not piece:
            self._leave(whole=True)
        return piece

    def close(self) -> None:
        self._leave(whole=False)

    def _leave(self, *, whole: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.leave(self._base, connection, whole=whole)
