"""Striking one server after the other, at the moments that are the hardest to survive.

Each blow ends the server whose turn it is with SIGKILL and starts it again, while the other one
goes on. The moments, beside any moment at all:

* `effect`: after a step's beginning is on disk and its effect has happened, before its end is
  written down; whoever runs the storm knows how to bring that about;
* `before commit`: while a statement of the server waits inside PostgreSQL for a lock. It goes on
  when its sender is dead, as PostgreSQL does not notice;
* `after commit`: at the news of events that were committed a moment ago.

Some blows do not kill: the server is stopped, with effects in flight, for so long that it is given
up, and then goes on as if nothing had happened. What it had in hand is not its own any more.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager

import psycopg

from tests.ledger.flowmaestro.evidence import Kill
from tests.support.server import ServerProcess
from tests.support.waiting import until

EFFECT, BEFORE, AFTER, ANYWHERE = "effect", "before commit", "after commit", "anywhere"
KINDS = (EFFECT, BEFORE, AFTER, ANYWHERE)
STOP = "stop"
# However slow the machine is.
LEAST_KILLS = 5

# A server that shows no life for so long is given up. Not shorter: a busy machine has such pauses.
SILENCE_SECONDS = 4.0
SETTINGS = {
    "QUINTET_WORK_PRESENCE_PERIOD_SECONDS": "0.5",
    "QUINTET_WORK_PRESENCE_SILENCE_SECONDS": str(SILENCE_SECONDS),
}

# Statements of servers that cannot go on before we let go of the lock.
_BLOCKED = """
SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE NOT l.granted AND l.relation = 'run_steps'::regclass AND d.datname = current_database()
"""
# What was sent before an instant and is not done yet.
_LEFT = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'
  AND query_start < %s
"""
_GIVEN_UP = "presence_given_up_by_others"
_LAST = "SELECT coalesce(max(seq), 0) FROM events"
_PATIENCE_SECONDS = 2.0
_GRACE_SECONDS = 60.0

Effects = Callable[[], AbstractContextManager[None]]


class Blows:
    """Strikes the servers in turn; `with` waits for the last ones to be up again."""

    def __init__(
        self,
        servers: Sequence[ServerProcess],
        chance: random.Random,
        effects_in_flight: Effects,
    ) -> None:
        """`effects_in_flight`: inside, there are effects that have happened and are not noted."""
        self.kills: list[Kill] = []
        self._short_lives: list[Kill] = []
        self._servers = servers
        self._chance = chance
        self._effects_in_flight = effects_in_flight
        self._starting: list[Future[object] | None] = [None for _ in servers]
        self._starters = ThreadPoolExecutor(len(servers))
        self._conn = psycopg.connect(servers[0].database_url, autocommit=True)

    def __enter__(self) -> Blows:
        return self

    def __exit__(self, *_: object) -> None:
        self._starters.shutdown()
        self._conn.close()
        for starting in self._starting:
            if starting is not None:
                starting.result()

    @property
    def deaths(self) -> list[Kill]:
        """What may explain that something began again: all that ended a server or took its work.

        The blows; the ends of servers that were struck before they were up, for a server claims
        work before it says that it is ready; and the silences that were none of ours, when the
        machine stood still. Of these it is not known when they began.
        """
        others = self._given_up() - sum(kill.kind == STOP for kill in self.kills)
        silences = [Kill("silence", 0, sys.maxsize)] if others > 0 else []
        return [*self.kills, *self._short_lives, *silences]

    def _given_up(self) -> int:
        return sum(server.log.read_text().count(_GIVEN_UP) for server in self._servers)

    def plan(self, kills: int, stops: int) -> list[str]:
        """Draw the blows: four by four one of each kind to kill, in any order, stops in between."""
        rounds = [self._chance.sample(KINDS, len(KINDS)) for _ in range(0, kills, len(KINDS))]
        kinds = [kind for drawn in rounds for kind in drawn][:kills]
        for number in range(stops):
            # One early, so that there is one on a busy machine too, the others spread.
            kinds.insert(1 + number * kills // max(1, stops), STOP)
        return kinds

    def are_enough(self) -> bool:
        """Whether a storm whose time is over has killed as often as it has to."""
        return sum(kill.kind != STOP for kill in self.kills) >= LEAST_KILLS

    def strike(self, kind: str) -> None:
        """Hit the next server at such a moment; one that is killed starts again meanwhile."""
        place = len(self.kills) % len(self._servers)
        starting = self._starting[place]
        if starting is not None:
            starting.result()
        server = self._servers[place]
        moments: dict[str, Effects] = {
            EFFECT: self._effects_in_flight,
            STOP: self._effects_in_flight,
            BEFORE: self._before_commit,
            AFTER: self._after_commit,
            ANYWHERE: contextlib.nullcontext,
        }
        with moments[kind]():
            before = self._last_event()
            if kind == STOP:
                os.kill(server.pid, signal.SIGSTOP)
            else:
                server.kill()
                self._starting[place] = self._starters.submit(self._restart, server)
        if kind == STOP:
            time.sleep(SILENCE_SECONDS + 1.5)
            os.kill(server.pid, signal.SIGCONT)
        self.kills.append(Kill(kind, before, self._last_event_of_the_dead()))

    def _restart(self, server: ServerProcess) -> None:
        if self._chance.random() < 0.2:  # and once more before it is up
            server.spawn()
            time.sleep(self._chance.random())
            before = self._last_event()
            server.kill()
            again = Kill("once more", before, self._last_event_of_the_dead())
            self._short_lives.append(again)
        server.start()

    @contextlib.contextmanager
    def _before_commit(self) -> Iterator[None]:
        with psycopg.connect(self._servers[0].database_url) as holder:
            holder.execute("LOCK TABLE run_steps IN SHARE MODE")
            # One of each server, most likely.
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while self._number(_BLOCKED) < 2 and time.monotonic() < deadline:
                time.sleep(0.005)
            yield
            # So that at times somebody else has begun to go on before what was sent goes through.
            time.sleep(self._chance.random() * 0.8)

    @contextlib.contextmanager
    def _after_commit(self) -> Iterator[None]:
        with psycopg.connect(self._servers[0].database_url, autocommit=True) as listener:
            listener.execute("LISTEN events")
            for _ in listener.notifies(timeout=_PATIENCE_SECONDS, stop_after=1):
                pass
            yield

    def _last_event_of_the_dead(self) -> int:
        """The last event when everything that the dead one had sent is done."""
        [(now,)] = self._conn.execute("SELECT clock_timestamp()").fetchall()
        until(lambda: not self._number(_LEFT, now), _GRACE_SECONDS)
        return self._last_event()

    def _last_event(self) -> int:
        return self._number(_LAST)

    def _number(self, query: str, *values: object) -> int:
        [(number,)] = self._conn.execute(query, values).fetchall()
        return int(number)
