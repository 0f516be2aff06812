"""Whose turn it is: a few threads for all databases, a few seats in each.

A database has two lanes: one seat for what writes, some for what reads. A statement runs when its
lane has a free seat and the process a free thread; lanes that wait take turns, whatever the length
of their queues. So one project can neither take all threads nor stand before another in a queue.

All decisions are made on the event loop, without locks. A call costs one hop to a thread and one
back. Seats are taken and given back on the loop as well: as long as a ticket holds its seat,
interrupting the seat's connection can hit nobody else.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from quintet_server.engines.sqlite.connection import Connection
from quintet_server.engines.sqlite.model import SqlBusy
from quintet_server.engines.sqlite.settings import SqliteSettings

__all__ = ["Crew", "Lane", "Seat", "Ticket"]

T = TypeVar("T")

_SWEEP_SECONDS = 0.05


class Seat:
    """A place for one statement at a time, with the connection that it runs on once it is open."""

    __slots__ = ("connection",)

    def __init__(self) -> None:
        self.connection: Connection | None = None


class Lane:
    """The seats of a database for one kind of statement, and what waits for them."""

    __slots__ = ("database", "free", "is_ready", "waiting")

    def __init__(self, database: str, seats: list[Seat]) -> None:
        self.database = database
        self.free = list(seats)
        self.waiting: deque[Ticket[Any]] = deque()
        self.is_ready = False
        """Whether it stands in the crew's queue."""


class Ticket(Generic[T]):
    """One call: what to do, on which seat, until when, and the answer."""

    __slots__ = ("deadline", "future", "lane", "seat", "wait_until", "work")

    def __init__(
        self,
        lane: Lane,
        work: Callable[[Seat, float], T],
        wait_until: float,
        future: asyncio.Future[T],
    ) -> None:
        self.lane = lane
        self.work = work
        self.wait_until = wait_until
        self.future = future
        self.seat: Seat | None = None
        self.deadline = 0.0
        """By `time.monotonic`, once it runs."""

    def interrupt(self) -> None:
        """End the statement that runs for it; on the event loop only."""
        if self.seat is not None and (connection := self.seat.connection) is not None:
            connection.interrupt()


class Crew:
    """The threads. To be made and used on one event loop."""

    def __init__(self, settings: SqliteSettings) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._threads: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._ready: deque[Lane] = deque()
        self._running: set[Ticket[Any]] = set()
        self._waiting: set[Ticket[Any]] = set()
        self._databases: Counter[str] = Counter()
        self._sweep: asyncio.TimerHandle | None = None

    def is_crowded(self) -> bool:
        """Tell, in any thread, whether more than one database has statements under way."""
        return len(self._databases) > 1

    async def run(self, lane: Lane, work: Callable[[Seat, float], T]) -> T:
        """Run `work` in a thread when it is its turn, with a seat and its deadline.

        Raises :class:`SqlBusy` when too many wait already or the turn does not come in time. When
        the caller is cancelled, what runs is interrupted, what waits is taken out.
        """
        wait_until = time.monotonic() + self._settings.wait_seconds
        future: asyncio.Future[T] = self._loop.create_future()
        ticket = Ticket(lane, work, wait_until, future)
        lane.waiting.append(ticket)
        self._waiting.add(ticket)
        self._line_up(lane)
        self._dispatch()
        if ticket in self._waiting and len(lane.waiting) > self._settings.waiting_count:
            self._refuse(ticket, "Too many statements of this project wait; try again shortly.")
        try:
            return await future
        except asyncio.CancelledError:
            self._abandon(ticket)
            raise

    def is_busy(self, lane: Lane) -> bool:
        """Tell whether anything waits or runs there."""
        return bool(lane.waiting) or self._databases[lane.database] > 0

    async def stop(self) -> None:
        """Refuse what waits, interrupt what runs, and end the threads."""
        for ticket in list(self._waiting):
            self._refuse(ticket, "The server is stopping.")
        while self._running:
            for ticket in self._running:
                ticket.interrupt()
            await asyncio.sleep(0.005)
        if self._sweep is not None:
            self._sweep.cancel()
        for thread in self._threads:
            thread.inbox.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _line_up(self, lane: Lane) -> None:
        if lane.waiting and lane.free and not lane.is_ready:
            lane.is_ready = True
            self._ready.append(lane)

    def _dispatch(self) -> None:
        while self._ready and (thread := self._free_thread()) is not None:
            lane = self._ready.popleft()
            lane.is_ready = False
            if not lane.waiting:  # given up in the meantime
                self._idle.append(thread)
                continue
            ticket = lane.waiting.popleft()
            ticket.seat = lane.free.pop()
            self._line_up(lane)
            self._waiting.discard(ticket)
            self._running.add(ticket)
            self._databases[lane.database] += 1
            ticket.deadline = time.monotonic() + self._settings.statement_seconds
            thread.inbox.put(ticket)
        if self._sweep is None and (self._running or self._waiting):
            self._sweep = self._loop.call_later(_SWEEP_SECONDS, self._sweep_up)

    def _free_thread(self) -> _Worker | None:
        if self._idle:
            return self._idle.pop()
        if len(self._threads) >= self._settings.threads_count:
            return None
        thread = _Worker(self._loop, self._finished, len(self._threads))
        self._threads.append(thread)
        thread.start()
        return thread

    def _finished(
        self, thread: _Worker, ticket: Ticket[Any], result: Any, error: Exception | None
    ) -> None:
        lane, seat = ticket.lane, ticket.seat
        assert seat is not None
        ticket.seat = None
        lane.free.append(seat)
        self._running.discard(ticket)
        self._databases[lane.database] -= 1
        if self._databases[lane.database] == 0:
            del self._databases[lane.database]
        self._idle.append(thread)
        self._line_up(lane)
        if not ticket.future.done():
            if error is None:
                ticket.future.set_result(result)
            else:
                ticket.future.set_exception(error)
        self._dispatch()

    def _abandon(self, ticket: Ticket[Any]) -> None:
        if ticket in self._waiting:
            self._waiting.discard(ticket)
            ticket.lane.waiting.remove(ticket)
        else:
            ticket.deadline = 0.0  # interrupted again and again until it gives the seat back
            ticket.interrupt()

    def _refuse(self, ticket: Ticket[Any], message: str) -> None:
        self._waiting.discard(ticket)
        ticket.lane.waiting.remove(ticket)
        if not ticket.future.done():
            ticket.future.set_exception(SqlBusy(message))

    def _sweep_up(self) -> None:
        """End what is over its time. SQLite calls back for that too, but between two rows only
        after some thousand instructions, which can be slow ones; an interruption counts at once.
        """
        now = time.monotonic()
        for ticket in self._running:
            if now >= ticket.deadline:
                ticket.interrupt()
        for ticket in [waiting for waiting in self._waiting if now >= waiting.wait_until]:
            self._refuse(ticket, "The statement waited too long for its turn; try again shortly.")
        self._sweep = None
        if self._running or self._waiting:
            self._sweep = self._loop.call_later(_SWEEP_SECONDS, self._sweep_up)


class _Worker(threading.Thread):
    """A thread that carries out tickets, one after the other."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        finished: Callable[[_Worker, Ticket[Any], Any, Exception | None], None],
        number: int,
    ) -> None:
        super().__init__(name=f"sqlite-{number}", daemon=True)
        self.inbox: SimpleQueue[Ticket[Any] | None] = SimpleQueue()
        self._loop = loop
        self._finished = finished

    def run(self) -> None:
        """Work until told to stop."""
        while (ticket := self.inbox.get()) is not None:
            result, error = None, None
            assert ticket.seat is not None
            try:
                result = ticket.work(ticket.seat, ticket.deadline)
            except Exception as raised:
                error = raised
            self._loop.call_soon_threadsafe(self._finished, self, ticket, result, error)
            del ticket, result, error  # nothing of a tenant's stays alive in an idle thread
