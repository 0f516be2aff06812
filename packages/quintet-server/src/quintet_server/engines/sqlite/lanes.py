"""Whose turn it is: a few threads for all databases, a few seats in each.

A database has two lanes: one seat for what writes, some for what reads. A statement runs when its
lane has a free seat and the process a free thread; lanes that wait take turns, whatever the length
of their queues. So one project can neither take all threads nor stand before another in a queue.

Writes that wait for one seat take their turn together, as many as may share a transaction: see
:mod:`~.groups`. Nobody waits for others to come.

All decisions are made on the event loop, without locks. A turn costs one hop to a thread and one
back. Seats are taken and given back on the loop as well: as long as a turn holds its seat,
interrupting the seat's connection can hit nobody else.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from quintet_server.engines.sqlite.connection import Connection
from quintet_server.engines.sqlite.groups import GROUP_MAX_COUNT, Fate, Part, run_group
from quintet_server.engines.sqlite.model import SqlBusy
from quintet_server.engines.sqlite.settings import SqliteSettings

__all__ = ["Crew", "Lane", "Seat", "Ticket", "Work"]

T = TypeVar("T")

_SWEEP_SECONDS = 0.05
_STOPPING = "The server is stopping."


class Seat:
    """A place for one turn at a time, with the connection that it runs on once it is open."""

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


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """What a call wants to be done, in a thread."""

    open: Callable[[Seat], Connection]
    """Get the seat's connection ready, before any transaction."""
    alone: Callable[[Connection, float], T]
    """Do it, until a deadline by `time.monotonic`."""
    shared: Part | None = None
    """Do it within a transaction that other calls share; None for what may not be."""


class Ticket(Generic[T]):
    """One call: what to do, until when to wait for its turn, and the answer."""

    __slots__ = ("future", "is_alone", "lane", "turn", "wait_until", "work")

    def __init__(
        self, lane: Lane, work: Work[T], wait_until: float, future: asyncio.Future[T]
    ) -> None:
        self.lane = lane
        self.work = work
        self.wait_until = wait_until
        self.future = future
        self.is_alone = work.shared is None
        self.turn: _Turn | None = None


class _Turn:
    """A ticket, or several that share a transaction, on a seat in a thread."""

    __slots__ = ("deadline", "seat", "tickets")

    def __init__(self, tickets: list[Ticket[Any]], seat: Seat, deadline: float) -> None:
        self.tickets = tickets
        self.seat = seat
        self.deadline = deadline
        """By `time.monotonic`. That of a group is set by its thread, as it goes."""

    def set_deadline(self, deadline: float) -> None:
        self.deadline = deadline

    def is_wanted(self, index: int) -> bool:
        """Tell, in any thread, whether somebody waits for the answer of a ticket."""
        return not self.tickets[index].future.done()

    def interrupt(self) -> None:
        """End the statement that runs for it; on the event loop only."""
        if self.seat.connection is not None:
            self.seat.connection.interrupt()


_Outcome = tuple[Fate, Any]
"""What became of a ticket: with an error for `FAILED`, and a result for `KEPT`."""


class Crew:
    """The threads. To be made and used on one event loop."""

    def __init__(self, settings: SqliteSettings) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._threads: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._ready: deque[Lane] = deque()
        self._running: set[_Turn] = set()
        self._waiting: set[Ticket[Any]] = set()
        self._databases: Counter[str] = Counter()
        self._sweep: asyncio.TimerHandle | None = None
        self._is_stopping = False

    def is_crowded(self) -> bool:
        """Tell, in any thread, whether more than one database has statements under way."""
        return len(self._databases) > 1

    async def run(self, lane: Lane, work: Work[T]) -> T:
        """Do `work` in a thread when it is its turn.

        Raises :class:`SqlBusy` when too many wait already or the turn does not come in time. When
        the caller is cancelled, what waits is taken out, and what runs is interrupted; in a group,
        whose turn is short, it is left out if it has not begun.
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
        self._is_stopping = True
        for ticket in list(self._waiting):
            self._refuse(ticket, _STOPPING)
        while self._running:
            for turn in self._running:
                turn.interrupt()
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
            deadline = time.monotonic() + self._settings.statement_seconds
            turn = _Turn(_next_tickets(lane), lane.free.pop(), deadline)
            for ticket in turn.tickets:
                ticket.turn = turn
                self._waiting.discard(ticket)
            self._line_up(lane)
            self._running.add(turn)
            self._databases[lane.database] += 1
            thread.inbox.put(turn)
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

    def _finished(self, thread: _Worker, turn: _Turn, outcomes: Sequence[_Outcome]) -> None:
        lane = turn.tickets[0].lane
        lane.free.append(turn.seat)
        self._running.discard(turn)
        self._databases[lane.database] -= 1
        if self._databases[lane.database] == 0:
            del self._databases[lane.database]
        self._idle.append(thread)
        # From the last to the first: those without an answer go back to where they stood.
        for ticket, outcome in zip(reversed(turn.tickets), reversed(outcomes), strict=True):
            ticket.turn = None
            self._settle(ticket, *outcome)
        self._line_up(lane)
        self._dispatch()

    def _settle(self, ticket: Ticket[Any], fate: Fate, answer: Any) -> None:
        if ticket.future.done():  # the caller has left
            return
        if fate is Fate.KEPT:
            ticket.future.set_result(answer)
        elif fate is Fate.FAILED:
            ticket.future.set_exception(answer)
        else:
            ticket.is_alone = ticket.is_alone or fate is Fate.ALONE
            ticket.lane.waiting.appendleft(ticket)
            self._waiting.add(ticket)
            if self._is_stopping:
                self._refuse(ticket, _STOPPING)

    def _abandon(self, ticket: Ticket[Any]) -> None:
        if ticket in self._waiting:
            self._waiting.discard(ticket)
            ticket.lane.waiting.remove(ticket)
        elif ticket.turn is not None and len(ticket.turn.tickets) == 1:
            ticket.turn.deadline = 0.0  # interrupted again and again until it gives the seat back
            ticket.turn.interrupt()

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
        for turn in self._running:
            if now >= turn.deadline:
                turn.interrupt()
        for ticket in [waiting for waiting in self._waiting if now >= waiting.wait_until]:
            self._refuse(ticket, "The statement waited too long for its turn; try again shortly.")
        self._sweep = None
        if self._running or self._waiting:
            self._sweep = self._loop.call_later(_SWEEP_SECONDS, self._sweep_up)


def _next_tickets(lane: Lane) -> list[Ticket[Any]]:
    """Take who is next out of the queue, and those right behind who may share its transaction."""
    tickets = [lane.waiting.popleft()]
    while (
        lane.waiting
        and len(tickets) < GROUP_MAX_COUNT
        and not (tickets[0].is_alone or lane.waiting[0].is_alone)
    ):
        tickets.append(lane.waiting.popleft())
    return tickets


def _done_alone(turn: _Turn, ticket: Ticket[Any]) -> _Outcome:
    try:
        return Fate.KEPT, ticket.work.alone(ticket.work.open(turn.seat), turn.deadline)
    except Exception as error:
        return Fate.FAILED, error


def _done_together(turn: _Turn) -> Sequence[_Outcome]:
    parts = [part for ticket in turn.tickets if (part := ticket.work.shared) is not None]
    try:
        connections = [ticket.work.open(turn.seat) for ticket in turn.tickets]
        return run_group(
            connections[0], parts, is_wanted=turn.is_wanted, set_deadline=turn.set_deadline
        )
    except Exception:  # nothing is committed; what keeps a file from opening each is told alone
        return [(Fate.ALONE, None)] * len(turn.tickets)


class _Worker(threading.Thread):
    """A thread that carries out turns, one after the other."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        finished: Callable[[_Worker, _Turn, Sequence[_Outcome]], None],
        number: int,
    ) -> None:
        super().__init__(name=f"sqlite-{number}", daemon=True)
        self.inbox: SimpleQueue[_Turn | None] = SimpleQueue()
        self._loop = loop
        self._finished = finished

    def run(self) -> None:
        """Work until told to stop."""
        while (turn := self.inbox.get()) is not None:
            is_group = len(turn.tickets) > 1
            outcomes = _done_together(turn) if is_group else [_done_alone(turn, turn.tickets[0])]
            self._loop.call_soon_threadsafe(self._finished, self, turn, outcomes)
            del turn, outcomes  # nothing of a tenant's stays alive in an idle thread
