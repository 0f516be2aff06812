"""One LISTEN connection per process, fanned out to callbacks.

PostgreSQL delivers a notification once the transaction that sent it has committed. Delivery is best
effort: while the connection is down, notifications are lost. So after every (re)connection each
subscriber is called with ``None``, which means "something may have happened, look yourself".
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import psycopg
import structlog
from psycopg import sql

from quintet_server.store.background import end
from quintet_server.store.database import Connection, Database, connect

__all__ = ["Callback", "NotifyBus"]

Callback = Callable[[str | None], None]

_log = structlog.get_logger(__name__)
_RECONNECT_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
# A link that died without a word (a pulled cable) is found by asking.
_PROBE_SECONDS = 30.0
_PROBE_ANSWER_SECONDS = 10.0


class NotifyBus:
    """Subscriptions to notification channels of one database."""

    def __init__(self) -> None:
        self._subscribers: dict[str, list[Callback]] = {}
        self._wake = asyncio.Event()
        self._connected = asyncio.Event()
        self._lost: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self._reconnected: list[Callable[[], None]] = []

    @property
    def is_connected(self) -> bool:
        """Whether notifications arrive right now."""
        return self._connected.is_set()

    async def start(self, db: Database) -> None:
        """Connect and listen; returns once notifications would be received."""
        self._task = asyncio.create_task(self._run(db), name="notify-bus")
        waiter = asyncio.create_task(self._connected.wait())
        await asyncio.wait({self._task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Stop listening. Subscriptions stay, and hear nothing more."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)

    def subscribe(self, channel: str, callback: Callback) -> Callable[[], None]:
        """Call ``callback(payload)`` in the event loop for each notification on ``channel``.

        The callback must not block. It is called with ``None`` after a (re)connection, and once
        the channel is first listened to. Returns a function that ends the subscription.
        """
        callbacks = self._subscribers.setdefault(channel, [])
        callbacks.append(callback)
        if len(callbacks) == 1:
            self._wake.set()

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                callbacks.remove(callback)

        return unsubscribe

    def on_connection(self, callback: Callable[[], None]) -> None:
        """Call ``callback()`` after every connection but the first, before the subscribers."""
        self._reconnected.append(callback)

    async def _run(self, db: Database) -> None:
        failures = 0
        first = True
        while True:
            try:
                name = f"{db.application_name}-listen"
                async with await connect(db.url, application_name=name) as conn:
                    failures = 0
                    if not first:
                        for callback in self._reconnected:
                            _call(callback)
                    first = False
                    await self._listen(conn)
            except psycopg.Error as error:
                if failures == 0:
                    _log.warning("notify_connection_lost", error=str(error).strip())
                pause = _RECONNECT_SECONDS[min(failures, len(_RECONNECT_SECONDS) - 1)]
                failures += 1
                await asyncio.sleep(pause)
            finally:
                self._connected.clear()

    async def _listen(self, conn: Connection) -> None:
        """Receive until the connection breaks; raises psycopg.Error then."""
        conn.add_notify_handler(lambda notice: self._dispatch(notice.channel, notice.payload))
        loop = asyncio.get_running_loop()
        descriptor = conn.pgconn.socket
        listening: set[str] = set()
        broken: list[psycopg.Error] = []

        def on_readable() -> None:
            try:
                conn.pgconn.consume_input()
                while notice := conn.pgconn.notifies():
                    self._dispatch(notice.relname.decode(), notice.extra.decode())
            except psycopg.Error as error:
                broken.append(error)
                loop.remove_reader(descriptor)  # a dead socket stays readable for ever
                self._wake.set()

        while not broken:
            self._wake.clear()
            for channel in sorted(self._subscribers.keys() - listening):
                await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                listening.add(channel)
                self._dispatch(channel, None)
            self._connected.set()
            loop.add_reader(descriptor, on_readable)
            on_readable()  # what psycopg has read already would not make the socket readable again
            try:
                # Not wait_for(): up to Python 3.11 it can swallow a cancellation that arrives
                # together with what is waited for, and stop() would wait for ever.
                async with asyncio.timeout(_PROBE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                loop.remove_reader(descriptor)
                await _probe(conn)
            finally:
                loop.remove_reader(descriptor)
        raise broken[0]

    def _dispatch(self, channel: str, payload: str | None) -> None:
        for callback in tuple(self._subscribers.get(channel, ())):
            _call(callback, payload)


async def _probe(conn: Connection) -> None:
    """Ask for a sign of life; raises psycopg.Error when there is none."""
    try:
        async with asyncio.timeout(_PROBE_ANSWER_SECONDS):
            await conn.execute("SELECT 1")
    except TimeoutError:
        raise psycopg.OperationalError("the connection has gone silent") from None


def _call(callback: Callable[..., None], *args: object) -> None:
    try:
        callback(*args)
    except Exception:
        # One broken subscriber must not silence the others.
        _log.exception("notify_callback_failed")
