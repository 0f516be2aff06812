"""The native engine, blocking: HTTP/1.1 over pooled connections, on sockets of our own.

Owning the connections lets promises hold that a client of an HTTP library cannot keep (see the
design note on the native engine): the limit counts at every single read and write; it is known
exactly whether any byte of the request was sent and any of the answer read; ``close`` interrupts
calls that are blocked in other threads; a forked child makes connections of its own.

An exchange gives its connection back at the end of the body, not when somebody closes it; if the
whole answer came at once, before ``send`` returns.
"""

from __future__ import annotations

import ssl
import sys
import weakref
from collections.abc import Callable

from quintet.core.request import Request
from quintet.errors import ClientClosedError
from quintet.transport.environment import GivenProxies
from quintet.transport.exchanges import ConnectedExchange, WholeExchange
from quintet.transport.failures import explain
from quintet.transport.forks import renew_after_fork
from quintet.transport.limits import ConnectionLimits
from quintet.transport.pool import Pool
from quintet.transport.sending import read_head, write_request
from quintet.transport.sites import creation_site, warn_unclosed
from quintet.transport.sockets import Network
from quintet.transport.targets import Targets, header_lines
from quintet.transport.trust import Cert, Trust, Verify
from quintet.transport.watch import Watch

__all__ = ["Engine"]


class Engine:
    """Blocking requests over pooled connections; safe to share between threads.

    Args:
        now: The monotonic clock in which time limits are given.
        verify: See :class:`quintet.transport.trust.Trust`, as for the next one and ``ssl_context``.
        cert: A client certificate with its key.
        proxies: Which proxies to use; None reads the environment once, here.
        unix_socket: Path of a socket to which every request goes, whatever the host of its URL.
        limits: Of the connections.
        ssl_context: In place of ``verify`` and ``cert``.
        site: Where the client was made, for the warning if it is not closed; None: here.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        verify: Verify = True,
        cert: Cert | None = None,
        proxies: GivenProxies = None,
        unix_socket: str | None = None,
        limits: ConnectionLimits = ConnectionLimits(),  # noqa: B008 - it is frozen
        ssl_context: ssl.SSLContext | None = None,
        site: str | None = None,
    ) -> None:
        self._now = now
        self._limits = limits
        self._trust = Trust(verify, cert, ssl_context)
        self._targets = Targets(proxies, unix_socket)
        self._closed = False
        self._site = creation_site() if site is None else site
        self._start()
        renew_after_fork(self)

    def _start(self) -> None:
        self._pool = Pool(self._now, self._limits, self._trust)
        self._pool.network.closed = self._closed
        self._finalizer = weakref.finalize(
            self, _forgotten, weakref.ref(self), self._pool.network, self._site
        )

    def renew(self) -> None:
        """Forget the parent's connections in a forked child; the parent goes on using them."""
        self._finalizer.detach()
        # Closing the child's copies of the descriptors tells the peer nothing.
        self._pool.network.close()
        self._start()

    def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> ConnectedExchange | WholeExchange:
        """Send the request and return once the head of the answer has arrived."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        target, path = self._targets.split(request.url)
        watch = Watch(until, seconds, self._now)
        pool = self._pool
        connection = None
        try:
            connection = pool.take(target, watch)
            lines = header_lines(request, target)
            head = write_request(connection, request, path, lines, watch)
            if head is None:
                head = read_head(connection, watch)
            whole = connection.http.whole()
            if whole is not None:
                # Out of hand first: once it was left, it may be another thread's.
                left, connection = connection, None
                pool.leave(left)
                return WholeExchange(head, whole)
            return ConnectedExchange(self, pool, connection, head, watch, creation_site())
        except Exception as failure:
            if connection is not None:
                connection.stream.close()
            raise explain(  # noqa: B904 - it sets the cause
                failure,
                watch,
                closed=self._closed,
                where=target.place,
                anonymous=target.secure and self._trust.anonymous,
            )
        except BaseException:
            if connection is not None:
                connection.stream.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    def close(self) -> None:
        """Close every connection; exchanges under way in other threads fail at once."""
        self._closed = True
        self._pool.end()
        self._finalizer.detach()


def _forgotten(engine: weakref.ref[Engine], network: Network, site: str) -> None:
    """Close what an engine has open that nobody closed; at the exit of the program, say nothing."""
    count = len(network.open)
    network.close()
    if count and engine() is None and not sys.is_finalizing():
        warn_unclosed(f"client with {count} open connection{'s' * (count > 1)}", site)
