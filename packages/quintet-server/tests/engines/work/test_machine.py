"""The whole life of jobs, at random, against a model that fits on two pages.

Time in the model is counted in steps of a thousand seconds, and every delay, timeout and lease is a
multiple of that: the milliseconds that really pass decide nothing but the order of equals.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings as hypothesis_settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from quintet_server.engines.work import reaper
from quintet_server.engines.work.model import (
    InvalidState,
    JobFilter,
    JobSpec,
    ParentTerminal,
    State,
    WorkerMismatch,
)
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus

STEP = 1000
SETTINGS = WorkSettings(
    lease_floor_seconds=STEP,
    lease_first_cap_seconds=2 * STEP,
    lease_grace_seconds=STEP,
    retry_base_ms=STEP * 1000,
    retry_cap_ms=4 * STEP * 1000,
    retry_jitter_ms=0,
)
QUEUES = ["a", "b"]
WORKERS = ["w1", "w2"]
UNHAPPY = {State.FAILED, State.CANCELLED, State.DEAD_LETTER}


@dataclass
class Model:
    id: str
    queue: str
    max_attempts: int
    timeout: int  # in steps, like everything below
    due: tuple[int, int]
    run_at: tuple[int, int] | None
    parent: Model | None
    state: State = State.PENDING
    blocked: bool = False
    attempt: int = 0
    worker: str | None = None
    started: int = 0
    lease: int = 0
    cancel_asked: bool = False
    last_ack: tuple[str, int, str] | None = None
    children: list[Model] = field(default_factory=list)
    events: list[str] = field(default_factory=lambda: ["job.created"])


class Life(RuleBasedStateMachine):
    world: World

    def pick(self, data, *states: State) -> Model:
        """Any job, or more often than not one in these states."""
        everyone = list(self.models.values())
        wanted = [job for job in everyone if job.state in states]
        if wanted and data.draw(st.integers(0, 3)):
            return data.draw(st.sampled_from(wanted))
        return data.draw(st.sampled_from(everyone))

    def worker_for(self, data, job: Model) -> str:
        """Mostly the worker that holds the job."""
        if job.worker is not None and data.draw(st.integers(0, 3)):
            return job.worker
        return data.draw(st.sampled_from(WORKERS))

    @initialize()
    def begin(self) -> None:
        self.world.number += 1
        self.lane = f"lane:{self.world.number}"
        self.now = 0
        self.order = 0
        self.models: dict[str, Model] = {}

    def do(self, awaitable):
        self.order += 1
        return self.world.runner.run(awaitable)

    def refused(self, awaitable):
        """The name of the refusal, or the result."""
        try:
            return self.do(awaitable)
        except (InvalidState, WorkerMismatch, ParentTerminal) as error:
            return type(error).__name__

    @property
    def queue(self) -> Queue:
        return self.world.queue

    def seen(self, model: Model) -> State:
        """The state as readers see it."""
        if model.state is State.SCHEDULED and not model.blocked and model.due[0] <= self.now:
            return State.PENDING
        return model.state

    # Rules -------------------------------------------------------------------------------------

    @rule(
        data=st.data(),
        queue=st.sampled_from(QUEUES),
        delay=st.sampled_from([None, None, None, -1, 1, 3]),
        max_attempts=st.integers(1, 3),
        timeout=st.sampled_from([1, 3]),
        has_parent=st.booleans(),
    )
    def enqueue(self, data, queue, delay, max_attempts, timeout, has_parent):
        parent = self.pick(data, *set(State) - UNHAPPY) if has_parent and self.models else None
        run_at = None
        if delay is not None:
            run_at = self.do(self.world.db_now()) + timedelta(seconds=delay * STEP)
        spec = JobSpec(
            lane=self.lane,
            project_id="p",
            job_type="t",
            queue=queue,
            run_at=run_at,
            max_attempts=max_attempts,
            timeout_seconds=timeout * STEP,
            parent_id=parent and parent.id,
        )
        result = self.refused(self.queue.enqueue_one(spec))
        if parent is not None and parent.state in UNHAPPY:
            assert result == "ParentTerminal"
            return
        wanted = None if delay is None else (self.now + delay, self.order)
        model = Model(
            result.id,
            queue,
            max_attempts,
            timeout,
            wanted or (self.now, self.order),
            wanted,
            parent,
        )
        model.blocked = parent is not None and parent.state is not State.SUCCEEDED
        if model.blocked or model.due[0] > self.now:
            model.state = State.SCHEDULED
        if parent is not None:
            parent.children.append(model)
        self.models[model.id] = model

    @rule(
        worker=st.sampled_from(WORKERS),
        queues=st.sampled_from([QUEUES, QUEUES, ["a"]]),
        capacity=st.integers(1, 3),
    )
    def claim(self, worker, queues, capacity):
        claimed = self.do(
            self.queue.claim(self.lane, sorted(queues), worker_id=worker, capacity=capacity)
        )
        ready = sorted(
            (model.due, model.id)
            for model in self.models.values()
            if self.seen(model) is State.PENDING
            and model.queue in queues
            and model.due[0] <= self.now
        )
        assert [job.id for job in claimed] == [id for _, id in ready[:capacity]]
        for job in claimed:
            model = self.models[job.id]
            model.state, model.worker, model.attempt = State.PROCESSING, worker, model.attempt + 1
            model.started, model.last_ack = self.now, None
            model.lease = self.now + min(model.timeout + 1, max(1, min(model.timeout, 2)))
            model.events.append("job.started")

    @precondition(lambda self: self.models)
    @rule(data=st.data())
    def heartbeat(self, data):
        job = self.pick(data, State.PROCESSING)
        worker = self.worker_for(data, job)
        result = self.refused(self.queue.heartbeat(self.lane, job.id, worker))
        if job.state is not State.PROCESSING:
            assert result == "InvalidState"
        elif job.worker != worker:
            assert result == "WorkerMismatch"
        else:
            late = job.started + job.timeout <= self.now
            assert result == ("cancel" if job.cancel_asked or late else "ok")
            job.lease = min(self.now + max(1, job.timeout), job.started + job.timeout + 1)

    @precondition(lambda self: self.models)
    @rule(
        data=st.data(),
        status=st.sampled_from(["succeeded", "failed", "failed", "cancelled"]),
        attempt=st.sampled_from([None, 0, 0, -1]),
        retryable=st.sampled_from([True, True, False]),
    )
    def ack(self, data, status, attempt, retryable):
        job = self.pick(data, State.PROCESSING)
        worker = self.worker_for(data, job)
        sent = None if attempt is None else job.attempt + attempt
        result = self.refused(
            self.queue.ack(self.lane, job.id, worker, status, attempt=sent, retryable=retryable)
        )
        if job.last_ack in [(worker, number, status) for number in self.numbers_meant(job, sent)]:
            assert result.repeated
            return
        if job.state is not State.PROCESSING:
            assert result == "InvalidState"
        elif job.worker != worker:
            assert result == "WorkerMismatch"
        elif sent is not None and sent != job.attempt:
            assert result == "InvalidState"
        else:
            waiting = sum(1 for child in job.children if child.blocked)
            self.settle(job, status, retryable)
            job.last_ack = (worker, job.attempt, status)
            assert result.state is job.state
            assert result.action == ("retry" if job.state is State.PENDING else "done")
            assert result.children_activated == (waiting if status == "succeeded" else 0)

    @staticmethod
    def numbers_meant(job: Model, sent: int | None) -> list[int]:
        """The attempts an ack may be about: without a number, whichever was accepted."""
        return [sent] if sent is not None else list(range(job.max_attempts + 1))

    def settle(self, job: Model, status: str, retryable: bool) -> None:
        if status == "succeeded":
            self.end(job, State.SUCCEEDED, "job.succeeded")
            for child in job.children:
                if child.blocked:
                    self.activate(child)
        elif status == "cancelled" or job.cancel_asked:
            self.end(job, State.CANCELLED, "job.cancelled")
        elif not retryable:
            self.end(job, State.FAILED, "job.failed")
        elif job.attempt < job.max_attempts:
            job.state, job.worker = State.PENDING, None
            job.due = (self.now + min(4, 2 ** (job.attempt - 1)), self.order)
            job.run_at = job.due
            job.events.append("job.failed")
        else:
            job.events.append("job.failed")
            self.end(job, State.DEAD_LETTER, "job.dead_letter")

    def activate(self, child: Model) -> None:
        child.blocked = False
        if child.run_at is not None and child.run_at[0] > self.now:
            child.due = child.run_at
        else:
            child.state, child.due = State.PENDING, (self.now, self.order)
        child.events.append("job.activated")

    def end(self, job: Model, state: State, event: str) -> None:
        job.state, job.blocked = state, False
        job.events.append(event)
        if state in UNHAPPY:
            for child in job.children:
                if child.blocked:
                    self.end(child, State.CANCELLED, "job.cancelled")

    @precondition(lambda self: self.models)
    @rule(data=st.data())
    def cancel(self, data):
        job = self.pick(data, State.PROCESSING)
        result = self.refused(self.queue.cancel(self.lane, job.id))
        if job.state is State.PROCESSING:
            assert result[1]
            job.cancel_asked = True
        elif job.state in (State.PENDING, State.SCHEDULED):
            assert not result[1]
            self.end(job, State.CANCELLED, "job.cancelled")
        else:
            assert result == "InvalidState"

    @precondition(lambda self: self.models)
    @rule(data=st.data())
    def retry(self, data):
        job = self.pick(data, State.FAILED, State.DEAD_LETTER)
        result = self.refused(self.queue.retry(self.lane, job.id))
        if job.state not in (State.FAILED, State.DEAD_LETTER):
            assert result == "InvalidState"
            return
        job.state, job.attempt, job.cancel_asked = State.PENDING, 0, False
        job.due, job.run_at, job.worker = (self.now, self.order), None, None
        job.events.append("job.retry")

    @precondition(lambda self: self.models)
    @rule(data=st.data(), delay=st.sampled_from([0, 0, 2]))
    def release(self, data, delay):
        job = self.pick(data, State.PROCESSING)
        worker = self.worker_for(data, job)
        held = job.state is State.PROCESSING and job.worker == worker
        result = self.do(
            self.queue.release(self.lane, job.id, worker, job.attempt, delay_seconds=delay * STEP)
        )
        assert result == held
        if not held:
            return
        job.attempt, job.worker = job.attempt - 1, None
        if delay:
            job.due = (self.now + delay, self.order)
        if job.cancel_asked:
            self.end(job, State.CANCELLED, "job.cancelled")
        else:
            job.state = State.PENDING
            job.events.append("job.released")

    @rule(steps=st.integers(1, 3))
    def time_passes(self, steps):
        self.do(self.world.advance(steps * STEP))
        self.now += steps

    @rule()
    def reap(self):
        self.do(reaper.reap(self.world.db, SETTINGS))
        for job in sorted(self.models.values(), key=lambda one: one.id):
            if job.state is State.PROCESSING and job.lease <= self.now:
                self.settle(job, "failed", True)
                job.last_ack = None

    @rule()
    def promote(self):
        self.do(reaper.promote(self.world.db, SETTINGS))
        for job in self.models.values():
            if job.state is State.SCHEDULED and self.seen(job) is State.PENDING:
                job.state = State.PENDING
                job.events.append("job.activated")

    # What must always hold ---------------------------------------------------------------------

    @invariant()
    def database_says_what_the_model_says(self):
        if not getattr(self, "models", None):
            return
        page = self.world.runner.run(self.queue.list(self.lane, JobFilter(), 1000))
        found = {job.id: job for job in page.jobs}
        assert found.keys() == self.models.keys()
        for id, model in self.models.items():
            job = found[id]
            assert (job.state, job.attempt, job.blocked) == (
                self.seen(model),
                model.attempt,
                model.blocked,
            )
            assert (job.completed_at is not None) == job.state.is_terminal
            if job.state in (State.PENDING, State.SCHEDULED):
                assert job.started_at is None
            if job.state is State.PROCESSING:
                assert (job.worker_id, job.started_at is not None) == (model.worker, True)
            assert (job.lease_expires_at is not None) == (job.state is State.PROCESSING)
            assert 0 <= job.attempt <= job.max_attempts

    def teardown(self):
        events = self.world.runner.run(self.world.events())
        for id, model in getattr(self, "models", {}).items():
            assert [type for type, _ in events.get(id, [])] == model.events
            assert events[id][-1][1] == model.state.is_terminal


class World:
    """One database, two engines on it; operations alternate between them."""

    def __init__(self, runner: asyncio.Runner, url: str) -> None:
        self.runner, self.number, self._turn = runner, 0, 0
        runner.run(self.open(url))

    async def open(self, url: str) -> None:
        self.db = await Database.open(url, application_name="machine")
        self.bus = NotifyBus()
        await self.bus.start(self.db)
        self.queues = [Queue(self.db, self.bus, SETTINGS) for _ in range(2)]

    @property
    def queue(self) -> Queue:
        self._turn += 1
        return self.queues[self._turn % 2]

    async def close(self) -> None:
        for queue in self.queues:
            await queue.close()
        await self.bus.stop()
        await self.db.close()

    async def advance(self, seconds: int) -> None:
        async with self.db.connection() as conn:
            await conn.execute(
                "UPDATE clock SET shift = shift + make_interval(secs => %s)", (seconds,)
            )

    async def db_now(self):
        async with self.db.connection() as conn:
            return (await (await conn.execute("SELECT quintet_now()")).fetchone())[0]

    async def events(self) -> dict[str, list[tuple[str, bool]]]:
        found: dict[str, list[tuple[str, bool]]] = {}
        async with self.db.connection() as conn:
            cursor = await conn.execute("SELECT stream, type, terminal FROM events ORDER BY seq")
            for stream, type, terminal in await cursor.fetchall():
                found.setdefault(stream, []).append((type, terminal))
        return found


@pytest.mark.timeout(400)  # two thousand operations on a database that others use too
def test_life_of_jobs_follows_the_model(database_url):
    with asyncio.Runner() as runner:
        Life.world = World(runner, database_url)
        try:
            run_state_machine_as_test(
                Life,
                settings=hypothesis_settings(
                    max_examples=hypothesis_settings.default.max_examples // 2,
                    stateful_step_count=50,
                    deadline=None,
                    # Shrinking replays against a database: minutes, for a shorter story.
                    phases=[Phase.explicit, Phase.reuse, Phase.generate],
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(Life.world.close())
