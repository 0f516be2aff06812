"""Executions while two servers on one database are killed, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from flowmaestro import AsyncFlowMaestroClient, FlowMaestroError
from tests.ledger.flowmaestro import workflow
from tests.ledger.flowmaestro.blows import SETTINGS as PRESENCE, Blows
from tests.ledger.flowmaestro.evidence import Delivery, Effect, Event
from tests.ledger.flowmaestro.verdict import Evidence, Wanted
from tests.support.server import ServerProcess
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[3]
# What a killed server held comes back within a second, and may come back very often.
SETTINGS = {
    **PRESENCE,
    "QUINTET_WORK_REAPER_PERIOD_SECONDS": "0.25",
    "QUINTET_WORK_PRESENCE_GRACE_SECONDS": "0.3",
    "QUINTET_RUNS_ATTEMPTS_MAX_COUNT": "100",
    "QUINTET_RUNS_RETRY_DELAYS_MS": "[0, 50]",
    "QUINTET_FLOWMAESTRO_REQUESTS_PER_MINUTE": "1000000",
    "QUINTET_FLOWMAESTRO_REQUESTS_PER_DAY": "1000000",
    "QUINTET_FLOWMAESTRO_WEBHOOK_RETRY_DELAYS_SECONDS": json.dumps([0.2] * 50),
}
STARTERS = 8
READERS = 8
# As many executions are begun before the first blow; the others follow blow by blow, so that
# every one of them falls into the middle of something.
HEAD_START = 40
HELD_EFFECTS = 3
END_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything. After `seconds` there are no more kills, if there were five."""

    executions: int
    kills: int
    stops: int
    seconds: float


@contextlib.asynccontextmanager
async def clients_of(
    servers: Sequence[ServerProcess], seconds: float = 60.0
) -> AsyncIterator[list[AsyncFlowMaestroClient]]:
    """A client for each server, that does not try again by itself."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                AsyncFlowMaestroClient(
                    server.key("flowmaestro"), server.url, timeout=seconds, max_retries=0
                )
            )
            for server in servers
        ]


@dataclass(slots=True)
class Receiver:
    """The receiver's process and its ledger."""

    ledger: Path
    url: str = ""
    effects: int = 0
    _child: subprocess.Popen[str] | None = None
    _read: int = 0
    _held: int = 0

    def __enter__(self) -> Receiver:
        command = [sys.executable, "-m", "tests.ledger.flowmaestro.receiver"]
        self._child = subprocess.Popen(
            [*command, str(self.ledger), workflow.SECRET],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._child.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._child.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child is not None
        assert self._child.stdout is not None
        self._child.kill()
        self._child.wait()
        self._child.stdout.close()

    def count(self) -> int:
        """The effects so far, from what the ledger has grown by."""
        with self.ledger.open("rb") as ledger:
            ledger.seek(self._read)
            new = ledger.read()
        new = new[: new.rfind(b"\n") + 1]
        self._read += len(new)
        self.effects += new.count(b'"kind": "effect"')
        self._held += new.count(b'"held": true')
        return self.effects

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Inside, some effects have happened and those who asked for them do not know."""
        self.count()
        enough = self._held + HELD_EFFECTS
        httpx.post(f"{self.url}/hold", timeout=60)
        try:
            # There may not be so many at the moment: then those that there are.
            with contextlib.suppress(AssertionError):
                until(lambda: self.count() and self._held >= enough, 3.0)
            yield
        finally:
            httpx.post(f"{self.url}/go", timeout=60)

    def lines(self) -> list[dict[str, Any]]:
        """The whole ledger."""
        return [json.loads(line) for line in self.ledger.read_text().splitlines()]


@dataclass(slots=True)
class Storm:
    """The run: starting in a thread, the receiver in a process, killing in the calling thread."""

    servers: Sequence[ServerProcess]
    receiver: Receiver
    size: Size
    seed: int
    wanted: dict[str, Wanted] = field(default_factory=dict)
    seconds: float = 0.0
    segments: int = 0
    _released: int = 0

    def run(self) -> Evidence:
        """Go through it all and return the evidence."""
        begun = time.monotonic()
        chance = random.Random(self.seed)
        self._released = HEAD_START
        starting = threading.Thread(target=lambda: asyncio.run(self._start_all()), daemon=True)
        starting.start()
        with Blows(self.servers, chance, self.receiver.holding) as blows:
            kinds = blows.plan(self.size.kills, self.size.stops)
            for number, kind in enumerate(kinds, 1):
                share = (number - 1 + chance.random()) / len(kinds)
                self._wait_for_effects(int(share * self._later() * workflow.EFFECT_COUNT))
                blows.strike(kind)
                self._released = HEAD_START + self._later() * number // len(kinds)
                if time.monotonic() - begun > self.size.seconds and blows.are_enough():
                    break
        self._released = self.size.executions
        starting.join(END_SECONDS)
        assert not starting.is_alive(), "starting did not end"
        self._wait_for_the_end()
        self.seconds = time.monotonic() - begun
        return asyncio.run(self._evidence(blows))

    def _later(self) -> int:
        """How many executions are begun after the first blow."""
        return self.size.executions - HEAD_START

    def _wait_for_effects(self, mark: int) -> None:
        until(lambda: self.receiver.count() >= mark, END_SECONDS)

    def _wait_for_the_end(self) -> None:
        """Until no execution goes on and no webhook is still to be delivered."""
        query = """
            SELECT (SELECT count(*) FROM runs WHERE completed_at IS NULL)
                 + (SELECT count(*) FROM hook_deliveries WHERE state = 'pending')
        """
        with psycopg.connect(self.servers[0].database_url, autocommit=True) as conn:
            until(lambda: conn.execute(query).fetchall() == [(0,)], END_SECONDS, 0.1)

    # Starting ----------------------------------------------------------------------------------

    async def _start_all(self) -> None:
        waiting = iter(range(self.size.executions))
        async with clients_of(self.servers, seconds=10.0) as clients:

            async def one_after_the_other() -> None:
                for order in waiting:
                    while order >= self._released:
                        await asyncio.sleep(0.02)
                    execution_id = await self._start(clients, order)
                    self.wanted[execution_id] = workflow.wanted(order)

            await asyncio.gather(*(one_after_the_other() for _ in range(STARTERS)))

    async def _start(self, clients: list[AsyncFlowMaestroClient], order: int) -> str:
        """Ask until it is acknowledged, any server, always with the same key."""
        deadline = time.monotonic() + END_SECONDS
        turn = order
        while True:
            try:
                answer = await clients[turn % len(clients)].workflows.execute(
                    workflow.WORKFLOW_ID,
                    {"order": order},
                    idempotency_key=f"storm-{self.seed}-{order}",
                )
            except FlowMaestroError:
                if time.monotonic() > deadline:
                    raise
                turn += 1
                await asyncio.sleep(0.1)
            else:
                return answer["data"]["execution_id"]

    # Looking -----------------------------------------------------------------------------------

    async def _evidence(self, blows: Blows) -> Evidence:
        async with clients_of(self.servers) as clients:
            executions = {found["id"]: found async for found in clients[0].executions.iter()}
            streams = await self._read_streams(clients)
        lines = self.receiver.lines()
        effects = [line for line in lines if line["kind"] == "effect"]
        deliveries = [line for line in lines if line["kind"] == "webhook"]
        fields = ("id", "event", "execution_id", "is_genuine")
        return Evidence(
            shape=workflow.SHAPE,
            wanted=self.wanted,
            executions=executions,
            streams=streams,
            logs=self._logs(),
            effects=[Effect(line["order"], line["step"], line["key"]) for line in effects],
            deliveries=[Delivery(*(line[name] for name in fields)) for line in deliveries],
            kills=blows.deaths,
        )

    async def _read_streams(
        self, clients: Sequence[AsyncFlowMaestroClient]
    ) -> dict[str, list[Event]]:
        streams: dict[str, list[Event]] = {}
        waiting = iter(enumerate(self.wanted))

        async def one_after_the_other() -> None:
            for number, execution_id in waiting:
                executions = clients[number % len(clients)].executions
                async with executions.stream(execution_id) as stream:
                    streams[execution_id] = [
                        Event(int(stream.last_event_id), event["type"], event)
                        async for event in stream
                        if event["type"] != "connected"
                    ]

        await asyncio.gather(*(one_after_the_other() for _ in range(READERS)))
        return streams

    def _logs(self) -> dict[str, list[int]]:
        query = "SELECT stream, array_agg(seq ORDER BY seq) FROM events GROUP BY stream"
        with psycopg.connect(self.servers[0].database_url, autocommit=True) as conn:
            [(self.segments,)] = conn.execute("SELECT sum(epoch)::int FROM runs").fetchall()
            return dict(conn.execute(query).fetchall())
