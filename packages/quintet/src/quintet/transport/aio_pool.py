"""The connections of one event loop: which may be used again, and who gets one.

A connection is in one of three places: with the exchange that runs on it, among the idle ones of
its origin, or closed.  The idle ones are a stack, so the others may grow old; one that its peer
closes, or that speaks out of turn, leaves by itself.  Nothing that gives a connection back awaits,
so a task can be cancelled at any moment without one being lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from quintet.transport.aio_connecting import AsyncNetwork
from quintet.transport.aio_sockets import AsyncConnection
from quintet.transport.aio_turns import AsyncTurns
from quintet.transport.limits import ConnectionLimits
from quintet.transport.targets import Target
from quintet.transport.trust import Trust
from quintet.transport.watch import PoolTimeout, Watch

__all__ = ["AsyncPool"]


class AsyncPool:
    """The connections of one event loop.

    Args:
        now: The clock in which time limits are given.
        limits: How many, and for how long.
        trust: The TLS configuration.

    Attributes:
        network: Opens them, and knows all that are open.
    """

    def __init__(self, now: Callable[[], float], limits: ConnectionLimits, trust: Trust) -> None:
        self._loop = asyncio.get_running_loop()
        self.network = AsyncNetwork(self._loop, now, self, limits, trust)
        self._now = now
        self._limits = limits
        self._max_age = float("inf") if limits.max_age is None else limits.max_age
        self._turns = AsyncTurns(limits.max_connections)
        self._idle: dict[str, list[AsyncConnection]] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._guard: AsyncGenerator[None, None] | None = None

    async def start(self) -> None:
        """Tie the connections to the loop's end: loops close their async generators last."""
        self._guard = _guard(self.network)
        await self._guard.__anext__()

    # Taking one; every one taken is given back by ``leave``.

    def ready(self, base: str, now: float) -> AsyncConnection | None:
        """Return an idle connection to an origin; None if there is none, or others wait."""
        if self._turns.free:
            connection = self._idle_one(base, now)
            if connection is not None:
                self._turns.free -= 1
                return connection
        return None

    def _idle_one(self, base: str, now: float) -> AsyncConnection | None:
        idle = self._idle.get(base)
        while idle:
            connection = idle.pop()
            if now < connection.idle_until and not connection.unseen():
                connection.since = now
                return connection
            connection.close()
        return None

    async def take(self, target: Target, watch: Watch) -> AsyncConnection:
        """Wait for a turn, and return an idle connection or a new one.

        Raises:
            PoolTimeout: No turn came in time.
            Exception: What :meth:`AsyncNetwork.connect` raises.
        """
        await self._turn(watch)
        try:
            connection = self._idle_one(target.base, self._now())
            if connection is None:
                self._make_room()
                connection = await self.network.connect(target, watch)
                connection.since = self._now()
        except BaseException:
            self._turns.give()
            raise
        return connection

    async def _turn(self, watch: Watch) -> None:
        left, own = None, self._limits.pool_timeout
        if not self._turns.free:
            left = watch.left(PoolTimeout)
            if own is not None and (left is None or own < left):
                left = own
            else:
                own = None
        if not await self._turns.take(left):
            if own is not None:
                watch.seconds = own
            raise PoolTimeout(self._shortage())

    def _shortage(self) -> str:
        count = self._limits.max_connections
        busy = [one.since for one in self.network.live if one.since is not None]
        oldest = f", the oldest for {self._now() - min(busy):.1f} s" if busy else ""
        return f"all {count} connections are in use{oldest}"

    def _make_room(self) -> None:
        """Close the idle connection that would end first, if there is no room beside it.

        Every turn that is taken has a connection or is about to make one, so what may lie idle is
        as many as there are turns left.
        """
        oldest = [idle[0] for idle in self._idle.values() if idle]
        if oldest and sum(map(len, self._idle.values())) > self._turns.free:
            one = min(oldest, key=lambda connection: connection.idle_until)
            self._idle[one.base].remove(one)
            one.close()

    # Giving it back.

    def leave(self, connection: AsyncConnection, *, whole: bool) -> None:
        """Take a connection back: to be used again after a whole exchange, else to be closed."""
        try:
            if not (whole and connection.rest() and self._keep(connection)):
                connection.close()
        finally:
            self._turns.give()

    def leave_from_elsewhere(self, connection: AsyncConnection) -> bool:
        """Take a connection that must be closed from any thread, as finalizers run in.

        Returns:
            Whether it was open; it is not if its loop is closed, and all it had with it.
        """
        was_open = not connection.lost
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(lambda: self.leave(connection, whole=False))
            return was_open
        return False

    def _keep(self, connection: AsyncConnection) -> bool:
        """Put a connection among the idle ones, unless it has become too old."""
        now = self._now()
        until = now + self._limits.idle_seconds
        end = connection.born + self._max_age
        until = min(until, end)
        if until <= now or self.network.closed:
            return False
        connection.idle_until = until
        connection.since = None
        idle = self._idle.get(connection.base)
        if idle is None:
            idle = self._idle[connection.base] = []
        idle.append(connection)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(self._limits.idle_seconds, self._sweep)
        return True

    def _sweep(self) -> None:
        """Close what has lain idle for too long, so that nothing stays open when nobody calls."""
        self._sweeper = None
        now = self._now()
        for base, idle in tuple(self._idle.items()):
            for connection in tuple(idle):
                if now >= connection.idle_until:
                    idle.remove(connection)
                    connection.close()
            if not idle:
                del self._idle[base]
        if self._idle:
            self._sweeper = self._loop.call_later(self._limits.idle_seconds, self._sweep)

    # What connections tell.

    def spoilt(self, connection: AsyncConnection) -> None:
        """Close a connection whose peer closed it, or spoke out of turn, while it was idle."""
        if connection.since is None:
            idle = self._idle.get(connection.base, [])
            if connection in idle:
                idle.remove(connection)
            connection.close()

    def gone(self, connection: AsyncConnection) -> None:
        """Forget a connection that is closed."""
        self.network.live.discard(connection)

    # The end.

    def end(self) -> None:
        """End every connection, and with it whatever waits for one."""
        self.rest()
        self._idle.clear()
        self.network.end()

    def rest(self) -> None:
        """Do nothing more by itself."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    async def finish(self) -> None:
        """End every connection and wait until their sockets are closed."""
        self.end()
        if self._guard is not None:
            await self._guard.aclose()
        # asyncio closes an aborted socket on its next round.
        await asyncio.sleep(0)


async def _guard(network: AsyncNetwork) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        network.end()
