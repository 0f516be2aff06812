"""Conversations with an agent while two servers on one database are killed, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from flowmaestro import AsyncFlowMaestroClient, FlowMaestroError
from tests.ledger.flowmaestro.blows import Blows
from tests.ledger.flowmaestro.evidence import Event
from tests.ledger.flowmaestro.storm import clients_of
from tests.ledger.flowmaestro.turn_verdict import Asked, Message, TurnEvidence
from tests.support.model_server import NAME, ModelServer, answer_to
from tests.support.server import ServerProcess
from tests.support.waiting import until

AGENT_ID = "agent_storm"
DEFINITION = f"""
service: flowmaestro
kind: agent
name: storm
spec: {{name: Storm, model: {NAME}}}
"""
WORDS = 30
# Turns of each thread that are begun before the first blow, and that follow after each.
HEAD_START = 2
# More than one server alone is likely to have in hand.
HALF_SAID = 7
END_SECONDS = 90.0

_ENDED = "SELECT count(*) FROM runs WHERE completed_at IS NOT NULL"
_HALF_SAID = """
SELECT count(*) FROM runs r WHERE r.state = 'running'
AND EXISTS (SELECT FROM events e WHERE e.stream = r.id AND e.type = 'thread.message.token')
"""


@dataclass(frozen=True, slots=True)
class TurnSize:
    """How much of everything. After `seconds` there are no more kills, if there were five."""

    threads: int
    kills: int
    stops: int
    turns_per_blow: int
    seconds: float


@dataclass(slots=True)
class TurnStorm:
    """The run: conversations in a thread, the model beside it, killing in the calling thread."""

    servers: Sequence[ServerProcess]
    model: ModelServer
    size: TurnSize
    seed: int
    asked: dict[str, Asked] = field(default_factory=dict)
    seconds: float = 0.0
    segments: int = 0
    _released: int = HEAD_START
    _is_over: bool = False
    _threads: list[str] = field(default_factory=list)

    def run(self) -> TurnEvidence:
        """Go through it all and return the evidence."""
        begun = time.monotonic()
        chance = random.Random(self.seed)
        talking = threading.Thread(target=lambda: asyncio.run(self._talk()), daemon=True)
        talking.start()
        with (
            psycopg.connect(self.servers[0].database_url, autocommit=True) as conn,
            Blows(self.servers, chance, lambda: self._half_said(conn)) as blows,
        ):
            for kind in blows.plan(self.size.kills, self.size.stops):
                mark = self.size.threads * (self._released - chance.uniform(0.4, 1))
                self._wait_for_ends(conn, mark)
                blows.strike(kind)
                self._released += self.size.turns_per_blow
                if time.monotonic() - begun > self.size.seconds and blows.are_enough():
                    break
            self._is_over = True
            talking.join(END_SECONDS)
            assert not talking.is_alive(), "the conversations did not end"
            query = "SELECT count(*) FROM runs WHERE completed_at IS NULL"
            until(lambda: not _number(conn, query), END_SECONDS)
        self.seconds = time.monotonic() - begun
        return asyncio.run(self._evidence(blows))

    def _wait_for_ends(self, conn: psycopg.Connection[Any], mark: float) -> None:
        until(lambda: _number(conn, _ENDED) >= mark, END_SECONDS)

    @contextlib.contextmanager
    def _half_said(self, conn: psycopg.Connection[Any]) -> Iterator[None]:
        """Inside, the model has stopped in the middle of some answers."""
        self.model.go_on.clear()
        try:
            # There may not be so many at the moment: then those that there are.
            with contextlib.suppress(AssertionError):
                until(lambda: _number(conn, _HALF_SAID) >= HALF_SAID, 3.0)
            yield
        finally:
            self.model.go_on.set()

    # Talking -----------------------------------------------------------------------------------

    async def _talk(self) -> None:
        async with clients_of(self.servers, seconds=10.0) as clients:
            await asyncio.gather(
                *(self._converse(clients, place) for place in range(self.size.threads))
            )

    async def _converse(self, clients: Sequence[AsyncFlowMaestroClient], place: int) -> None:
        """Say one thing after the other in a thread, as many as are let on."""
        thread = await self._insist(
            clients,
            place,
            lambda client: client.agents.create_thread(
                AGENT_ID, idempotency_key=f"thread-{self.seed}-{place}"
            ),
        )
        thread_id: str = thread["data"]["id"]
        self._threads.append(thread_id)
        number = 0
        while True:
            while number >= self._released and not self._is_over:
                await asyncio.sleep(0.02)
            if number >= self._released:
                return
            content = " ".join(f"{place}.{number}.{word}" for word in range(WORDS))
            turn_id = await self._insist(
                clients,
                place + number,
                lambda client, number=number, content=content: self._say(
                    client, thread_id, content, f"turn-{self.seed}-{place}-{number}"
                ),
            )
            answer = answer_to([{"role": "user", "content": content}])
            self.asked[turn_id] = Asked(thread_id, content, answer)
            number += 1

    async def _say(
        self, client: AsyncFlowMaestroClient, thread_id: str, content: str, key: str
    ) -> str:
        """Send a message and read its answer to the end; returns the answer's id."""
        stream = client.threads.send_message_stream(thread_id, content, idempotency_key=key)
        end = await stream.until_end()
        assert end is not None
        return str(end["message_id"])

    async def _insist(self, clients: Sequence[AsyncFlowMaestroClient], turn: int, ask: Any) -> Any:
        """Ask until there is an answer, any server, always with the same key."""
        deadline = time.monotonic() + END_SECONDS
        while True:
            try:
                return await ask(clients[turn % len(clients)])
            except FlowMaestroError:
                if time.monotonic() > deadline:
                    raise
                turn += 1
                await asyncio.sleep(0.1)

    # Looking -----------------------------------------------------------------------------------

    async def _evidence(self, blows: Blows) -> TurnEvidence:
        async with clients_of(self.servers) as clients:
            streams = await self._read_streams(clients)
            messages, counts = [], {}
            for thread_id in self._threads:
                thread = await clients[0].threads.get(thread_id)
                counts[thread_id] = thread["data"]["message_count"]
                messages += [
                    Message(found["id"], thread_id, found["role"], found["content"])
                    async for found in clients[1].threads.iter_messages(thread_id)
                ]
        return TurnEvidence(self.asked, streams, self._logs(), messages, counts, blows.deaths)

    async def _read_streams(
        self, clients: Sequence[AsyncFlowMaestroClient]
    ) -> dict[str, list[Event]]:
        streams: dict[str, list[Event]] = {}
        waiting = iter(enumerate(self.asked.items()))

        async def one_after_the_other() -> None:
            for number, (turn_id, asked) in waiting:
                threads = clients[number % len(clients)].threads
                async with threads.stream(asked.thread_id, message_id=turn_id) as stream:
                    streams[turn_id] = [
                        Event(int(stream.last_event_id), event["type"], event)
                        async for event in stream
                        if event["type"] != "connected"
                    ]

        await asyncio.gather(*(one_after_the_other() for _ in range(8)))
        return streams

    def _logs(self) -> dict[str, list[tuple[str, bool]]]:
        query = """
            SELECT e.stream, e.type, e.terminal FROM events e JOIN runs r ON r.id = e.stream
            ORDER BY e.seq
        """
        logs: dict[str, list[tuple[str, bool]]] = {}
        with psycopg.connect(self.servers[0].database_url, autocommit=True) as conn:
            self.segments = _number(conn, "SELECT sum(epoch) FROM runs")
            for stream, type, is_terminal in conn.execute(query).fetchall():
                logs.setdefault(stream, []).append((type, is_terminal))
        return logs


def _number(conn: psycopg.Connection[Any], query: str) -> int:
    [(number,)] = conn.execute(query.encode()).fetchall()
    return int(number)
