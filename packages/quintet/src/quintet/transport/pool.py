"""The connections of one engine in one process.

A connection is in one of three places: with the exchange that runs on it, among the idle ones, or
closed.  What is open is counted by what exists, never up and down: an interrupt between any two
steps (Ctrl-C) at worst drops a connection, and that closes it and makes room for another.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable

from quintet.transport.connecting import connect
from quintet.transport.http11 import UNASKED, Http11, RemoteProtocolError, looks_like
from quintet.transport.limits import ConnectionLimits
from quintet.transport.sockets import Network, Stream
from quintet.transport.targets import Target
from quintet.transport.trust import Trust
from quintet.transport.turns import Turns
from quintet.transport.watch import PoolTimeout, ReadError, Watch

__all__ = ["Connection", "Pool"]


class Connection:
    """A stream with the protocol spoken on it.

    Attributes:
        base: The origin it is for.
        stream: Its socket.
        http: The state of its exchanges.
        expires: When it is too old to be used again.
        until: When it has been idle for too long, or is too old.
    """

    __slots__ = ("base", "expires", "http", "stream", "until")

    def __init__(self, base: str, stream: Stream, expires: float) -> None:
        self.base = base
        self.stream = stream
        self.http = Http11()
        self.expires = expires
        self.until = 0.0

    def give_up(self) -> None:
        """Have it closed after this exchange, however well that ends."""
        self.expires = float("-inf")


class Pool:
    """Connections to be taken, used, and left again or closed.

    Args:
        now: The monotonic clock of the watches.
        limits: How many, for how long.
        trust: For origins with TLS.
    """

    def __init__(self, now: Callable[[], float], limits: ConnectionLimits, trust: Trust) -> None:
        self._now = now
        self._limits = limits
        self._idle_seconds = limits.idle_seconds
        self._trust = trust
        self._lock = threading.Lock()
        self._turns = Turns(self._lock)
        self.network = Network(self._turns.wake)
        # Of each origin, the one used last at the end.
        self._idle: dict[str, list[Connection]] = {}
        # No idle connection expires before.
        self._sweep_at = 0.0

    def take(self, target: Target, watch: Watch) -> Connection:
        """Return a connection that is ready for an exchange.

        Whoever has it must :meth:`leave` it after a whole exchange, else close its stream.

        Raises:
            PoolTimeout: None became free in time.
        """
        connection = self._take_any(target.base, watch)
        while (stream := connection.stream).sock is not None:
            if stream.hold.since < connection.until and not stream.spent():  # type: ignore[operator]
                return connection
            connection = self._instead_of(connection)
        connect(stream, self.network, target, self._trust, self._limits.connect_stagger, watch)
        _check_silence(stream)
        return connection

    def _instead_of(self, spent: Connection) -> Connection:
        """Return another connection for one that cannot be used any more, which is closed.

        Whoever had that one has had a turn, and does not line up again behind those who came later.
        """
        try:
            with self._lock:
                self.network.check_open()
                idle = self._idle.get(spent.base)
                if not idle:
                    # Before that one is closed, which makes room and tells whoever waits for it.
                    return self._new(spent.base)
                connection = idle.pop()
                connection.stream.hold.since = self._now()
                return connection
        finally:
            spent.stream.close()

    def _new(self, base: str) -> Connection:
        now, age = self._now(), self._limits.max_age
        connection = Connection(
            base, Stream(self.network), float("inf") if age is None else now + age
        )
        connection.stream.hold.since = now
        return connection

    def _take_any(self, base: str, watch: Watch) -> Connection:
        """Return an idle connection or one yet to be connected, in turn."""
        if not self._turns.waiting:
            with self._lock:
                connection = self._free(base)
            if connection is not None:
                return connection
        return self._wait(base, watch)

    def _wait(self, base: str, watch: Watch) -> Connection:
        patience = self._limits.pool_timeout
        over = None if patience is None else self._now() + patience
        return self._turns.wait(lambda: self._free(base), lambda: self._left(watch, over))

    def _free(self, base: str) -> Connection | None:
        """Return an idle connection, else a new one if there is room; the lock is held.

        Of the idle ones it is the one used last, so that the others may grow old.
        """
        network = self.network
        network.check_open()
        idle = self._idle.get(base)
        if idle:
            connection = idle.pop()
            connection.stream.hold.since = self._now()
            return connection
        if len(network.open) < self._limits.max_connections or self._make_room():
            return self._new(base)
        return None

    def _make_room(self) -> bool:
        """Close the connection that has been idle for longest, to whichever origin."""
        stacks = [stack for stack in self._idle.values() if stack]
        if not stacks:
            return False
        min(stacks, key=lambda stack: stack[0].until).pop(0).stream.close()
        return True

    def _left(self, watch: Watch, over: float | None) -> float | None:
        """Return how long may still be waited for a connection."""
        try:
            left = watch.left(PoolTimeout)
            if over is None:
                return left
            patience = over - self._now()
            if patience <= 0:
                watch.seconds = self._limits.pool_timeout  # it is this limit that passed
                raise PoolTimeout
        except PoolTimeout:
            raise PoolTimeout(self._occupancy()) from None
        return patience if left is None else min(left, patience)

    def _occupancy(self) -> str:
        size = self._limits.max_connections
        holds = list(self.network.open.values())
        # Asked once each: it may become None in another thread at any moment.
        since = [start for hold in holds if (start := hold.since) is not None]
        oldest = self._now() - min(since, default=self._now())
        used = f"all {size}" if len(since) == size else f"{len(since)} of {size}"
        return f"{used} connections are in use, the oldest for {oldest:.1f} s"

    def leave(self, connection: Connection) -> None:
        """Take a connection back after a whole exchange, to be used again if it can be."""
        now = self._now()
        if now >= connection.expires or not connection.http.next_exchange():
            connection.stream.close()
            return
        until = now + self._idle_seconds
        connection.until = until if until < connection.expires else connection.expires
        with self._lock:
            if self.network.closed:
                connection.stream.close()
                return
            connection.stream.hold.since = None
            stack = self._idle.get(connection.base)
            if stack is None:
                stack = self._idle[connection.base] = []
            stack.append(connection)
            if now >= self._sweep_at:
                self._sweep(now)
        if self._turns.waiting:
            self._turns.wake()

    def _sweep(self, now: float) -> None:
        """Close what has been idle for too long, to origins that nobody asks for any more too."""
        self._sweep_at = now + self._idle_seconds
        for base, stack in list(self._idle.items()):
            kept = [connection for connection in stack if connection.until > now]
            for connection in stack:
                if connection.until <= now:
                    connection.stream.close()
            if kept:
                self._idle[base] = kept
                self._sweep_at = min(self._sweep_at, *[one.until for one in kept])
            else:
                del self._idle[base]

    def end(self) -> None:
        """End every connection, and with it whatever blocks on one or waits for one."""
        self.network.shut()
        with self._lock:
            idle = [connection for stack in self._idle.values() for connection in stack]
            self._idle.clear()
        for connection in idle:
            connection.stream.close()
        # One after another: each that leaves the line wakes the next.
        self._turns.wake()


def _check_silence(stream: Stream) -> None:
    """Refuse a new connection whose peer has spoken before it was asked."""
    try:
        said = stream.overhear()
    except ReadError as broken:
        if isinstance(broken.__cause__, ssl.SSLError):
            # What TLS was told, that a certificate is wanted say, it tells once.
            stream.close()
            raise
        return  # it is broken, and its first use will tell
    if said:
        stream.close()
        raise RemoteProtocolError(looks_like(said, UNASKED))
