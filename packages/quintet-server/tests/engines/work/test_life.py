"""The life of a job, step by step: states, times, events, refusals."""

from __future__ import annotations

from datetime import timedelta

import pytest

from quintet_server.engines.work.model import (
    InvalidState,
    JobNotFound,
    ParentNotFound,
    ParentTerminal,
    State,
    WorkerMismatch,
)

SECOND = timedelta(seconds=1)


async def test_enqueue_without_time_or_parent_is_pending_and_due_now(bench):
    job = await bench.add(payload='{"a":"\\u0000 \\ud83d\\ude00"}', tags={"env": "dev"})
    again = await bench.get(job)
    assert job == again
    assert (again.state, again.attempt, again.run_at) == (State.PENDING, 0, None)
    assert again.due_at == again.created_at
    assert again.payload == '{"a":"\\u0000 \\ud83d\\ude00"}'
    assert await bench.events(job) == [("job.created", False)]


async def test_enqueue_in_a_transaction_that_rolls_back_leaves_nothing(bench, queue):
    with pytest.raises(RuntimeError):
        async with queue.db.transaction() as conn:
            jobs = await queue.enqueue(conn, [bench.spec(), bench.spec()])
            raise RuntimeError
    for job in jobs:
        with pytest.raises(JobNotFound):
            await bench.get(job)
        assert await bench.events(job) == []


async def test_enqueue_many_keeps_order_and_claims_follow_it(bench, queue):
    async with queue.db.transaction() as conn:
        jobs = await queue.enqueue(conn, [bench.spec(job_type=f"t{n}") for n in range(50)])
    claimed = await queue.claim(bench.lane, ["default"], worker_id="w", capacity=50)
    assert [job.id for job in claimed] == [job.id for job in jobs]


async def test_success_sets_times_clears_error_and_ends_the_stream(bench):
    job = await bench.start()
    assert (job.state, job.attempt, job.worker_id) == (State.PROCESSING, 1, "w1")
    assert job.started_at is not None
    reply = await bench.ack(job, duration_ms=12)
    assert (reply.action, reply.retry_at, reply.children_activated) == ("done", None, 0)
    done = await bench.get(job)
    assert (done.state, done.duration_ms, done.error) == (State.SUCCEEDED, 12, None)
    assert done.completed_at is not None
    assert done.started_at == job.started_at
    assert await bench.events(job) == [
        ("job.created", False),
        ("job.started", False),
        ("job.succeeded", True),
    ]


async def test_failure_with_attempts_left_waits_pending_with_backoff(bench, advance):
    job = await bench.start()
    error = {"type": "E", "message": "no", "stack_trace": None}
    reply = await bench.ack(job, "failed", error=error)
    waiting = await bench.get(job)
    assert reply.action == "retry"
    assert reply.retry_at == waiting.run_at == waiting.due_at
    assert waiting.state is State.PENDING  # a retry wait is never `scheduled`
    assert (waiting.started_at, waiting.completed_at) == (None, None)
    assert (waiting.error, waiting.attempt) == (error, 1)
    assert await bench.take() is None
    await advance(30)
    assert await bench.take() is None
    await advance(31)
    again = await bench.take()
    assert again is not None
    assert (again.attempt, again.error) == (2, error)
    reply = await bench.ack(again, "failed")
    assert reply.action == "retry"
    assert (await bench.get(job)).error is None


async def test_last_failure_is_dead_letter_and_logs_both_events(bench):
    job = await bench.start(max_attempts=1)
    reply = await bench.ack(job, "failed", error={"message": "x"})
    assert (reply.action, reply.state) == ("done", State.DEAD_LETTER)
    dead = await bench.get(job)
    assert dead.state is State.DEAD_LETTER
    assert dead.completed_at is not None
    assert dead.started_at is not None
    assert (await bench.events(job))[2:] == [("job.failed", False), ("job.dead_letter", True)]


async def test_failure_that_is_not_retryable_is_failed_for_good(bench):
    job = await bench.start()
    reply = await bench.ack(job, "failed", retryable=False)
    assert (reply.action, reply.state) == ("done", State.FAILED)
    assert (await bench.events(job))[2:] == [("job.failed", True)]


async def test_ack_cancelled_ends_the_job_cancelled(bench):
    job = await bench.start()
    await bench.ack(job, "cancelled")
    done = await bench.get(job)
    assert (done.state, done.started_at) == (State.CANCELLED, job.started_at)
    assert (await bench.events(job))[2:] == [("job.cancelled", True)]


async def test_ack_repeated_gets_the_same_reply_until_the_job_is_claimed_again(bench, advance):
    job = await bench.start()
    first = await bench.ack(job, "failed")
    second = await bench.ack(job, "failed", attempt=1)
    assert (second.action, second.retry_at) == (first.action, first.retry_at)
    assert (first.repeated, second.repeated) == (False, True)
    with pytest.raises(InvalidState):
        await bench.ack(job, "succeeded")  # not the ack that was accepted
    with pytest.raises(InvalidState):
        await bench.ack(job, "failed", worker="w2")
    await advance(61)
    assert (await bench.take("w2")) is not None
    with pytest.raises(WorkerMismatch):
        await bench.ack(job, "failed")
    assert len(await bench.events(job)) == 4  # nothing was written by the repeats


async def test_ack_of_a_success_with_children_repeats_their_number(bench):
    job = await bench.start()
    for _ in range(3):
        await bench.add(parent_id=job.id)
    assert (await bench.ack(job)).children_activated == 3
    assert (await bench.ack(job)).children_activated == 3


async def test_ack_with_another_attempt_is_refused(bench, advance):
    job = await bench.start()
    await bench.ack(job, "failed")
    await advance(61)
    again = await bench.take("w1")
    assert again.attempt == 2
    with pytest.raises(InvalidState):
        await bench.ack(again, "succeeded", attempt=1)
    await bench.ack(again, "succeeded", attempt=2)


async def test_refusals_name_what_is_wrong(bench, queue):
    job = await bench.start()
    with pytest.raises(JobNotFound):
        await queue.ack(bench.lane, "job_none", "w1", "succeeded")
    with pytest.raises(JobNotFound):
        await queue.ack("flare:other", job.id, "w1", "succeeded")  # foreign is unknown
    with pytest.raises(JobNotFound):
        await queue.get("flare:other", job.id)
    with pytest.raises(WorkerMismatch):
        await queue.heartbeat(bench.lane, job.id, "w2")
    with pytest.raises(JobNotFound):
        await queue.heartbeat("flare:other", job.id, "w1")
    await bench.ack(job)
    with pytest.raises(InvalidState) as refusal:
        await queue.heartbeat(bench.lane, job.id, "w1")
    assert refusal.value.state is State.SUCCEEDED
    for lane in ("flare:other", "flare"):
        with pytest.raises(JobNotFound):
            await queue.cancel(lane, job.id)
        with pytest.raises(JobNotFound):
            await queue.retry(lane, job.id)


async def test_scheduled_job_reads_pending_once_due_without_any_sweeper(bench, queue, advance):
    now = (await bench.add(queue="clock")).created_at
    job = await bench.add(run_at=now + 60 * SECOND)
    assert job.state is State.SCHEDULED
    assert await bench.take() is None
    await advance(61)
    assert (await bench.get(job)).state is State.PENDING
    claimed = await bench.take()
    assert claimed is not None
    assert claimed.id == job.id


async def test_run_at_in_the_past_is_pending_and_goes_first(bench):
    late = await bench.add()
    early = await bench.add(run_at=late.created_at - 60 * SECOND)
    assert early.state is State.PENDING
    assert (await bench.take()).id == early.id
    assert (await bench.take()).id == late.id


async def test_heartbeat_progress_only_grows_and_is_reset_by_the_next_claim(bench, queue):
    job = await bench.start()
    for sent, kept in ((0.5, 0.5), (0.2, 0.5), (0, 0.5), (float("nan"), 0.5), (7, 1.0)):
        assert await queue.heartbeat(bench.lane, job.id, "w1", progress=sent) == "ok"
        assert (await bench.get(job)).progress == kept
    assert (await bench.get(job)).heartbeat_at is not None
    assert [name for name, _ in await bench.events(job)].count("job.progress") == 2
    await queue.unclaim([job])
    again = await bench.take()
    assert (again.progress, again.attempt, again.heartbeat_at) == (None, 1, None)


async def test_heartbeat_answers_cancel_from_the_timeout_on(bench, queue, advance):
    job = await bench.start(timeout_seconds=100)
    await advance(50)
    assert await queue.heartbeat(bench.lane, job.id, "w1") == "ok"
    await advance(51)
    assert await queue.heartbeat(bench.lane, job.id, "w1") == "cancel"


async def test_cancel_of_a_waiting_job_ends_it_and_its_descendants(bench, queue):
    root = await bench.add()
    child = await bench.add(parent_id=root.id)
    grandchild = await bench.add(parent_id=child.id)
    job, requested = await queue.cancel(bench.lane, root.id)
    assert (job.state, requested) == (State.CANCELLED, False)
    for one in (root, child, grandchild):
        ended = await bench.get(one)
        assert ended.state is State.CANCELLED
        assert ended.completed_at is not None
        assert ended.started_at is None
        assert (await bench.events(one))[-1] == ("job.cancelled", True)
    with pytest.raises(InvalidState):
        await queue.cancel(bench.lane, root.id)


@pytest.mark.parametrize(
    ("status", "ends"),
    [("failed", State.CANCELLED), ("cancelled", State.CANCELLED), ("succeeded", State.SUCCEEDED)],
)
async def test_cancel_of_a_running_job_is_a_request_to_its_worker(bench, queue, status, ends):
    job = await bench.start()
    for _ in range(2):  # asking again changes nothing
        asked, requested = await queue.cancel(bench.lane, job.id)
        assert (asked.state, requested) == (State.PROCESSING, True)
        assert asked.cancel_requested_at is not None
    assert await queue.heartbeat(bench.lane, job.id, "w1") == "cancel"
    reply = await bench.ack(job, status)
    assert (reply.action, reply.state) == ("done", ends)


async def test_retry_by_hand_starts_over_and_leaves_children_cancelled(bench, queue):
    job = await bench.start(max_attempts=1)
    child = await bench.add(parent_id=job.id)
    await bench.ack(job, "failed", error={"message": "x"})
    assert (await bench.get(child)).state is State.CANCELLED
    back = await queue.retry(bench.lane, job.id)
    assert (back.state, back.attempt, back.run_at, back.completed_at) == (
        State.PENDING,
        0,
        None,
        None,
    )
    assert back.error == {"message": "x"}  # until the next outcome
    assert (await bench.events(job))[-1] == ("job.retry", False)
    assert (await bench.get(child)).state is State.CANCELLED
    again = await bench.take()
    assert (again.id, again.attempt) == (job.id, 1)
    await bench.ack(again)
    for state in (State.SUCCEEDED,):
        with pytest.raises(InvalidState) as refusal:
            await queue.retry(bench.lane, job.id)
        assert refusal.value.state is state


async def test_child_waits_for_its_parent_and_then_for_its_own_time(bench, queue, advance):
    parent = await bench.start()
    now = parent.started_at
    soon = await bench.add(parent_id=parent.id)
    later = await bench.add(parent_id=parent.id, run_at=now + 600 * SECOND)
    overdue = await bench.add(parent_id=parent.id, run_at=now + 5 * SECOND)
    assert {soon.state, later.state, overdue.state} == {State.SCHEDULED}
    await advance(10)
    assert await bench.take() is None
    assert (await bench.get(overdue)).state is State.SCHEDULED  # its parent is not done
    assert (await bench.ack(parent)).children_activated == 3
    assert (await bench.get(soon)).state is State.PENDING
    assert (await bench.get(overdue)).state is State.PENDING
    assert (await bench.get(later)).state is State.SCHEDULED
    claimed = await queue.claim(bench.lane, ["default"], worker_id="w", capacity=9)
    assert {job.id for job in claimed} == {soon.id, overdue.id}
    await advance(600)
    assert (await bench.take()).id == later.id


async def test_child_of_a_parent_that_fails_but_retries_keeps_waiting(bench):
    parent = await bench.start()
    child = await bench.add(parent_id=parent.id)
    await bench.ack(parent, "failed")
    assert (await bench.get(child)).state is State.SCHEDULED


async def test_parent_rules_at_creation(bench, queue):
    done = await bench.start()
    await bench.ack(done)
    late = await bench.add(parent_id=done.id)
    assert (late.state, late.blocked) == (State.PENDING, False)
    for status, options in (("failed", {"retryable": False}), ("cancelled", {})):
        ended = await bench.start(queue="other")
        await bench.ack(ended, status, **options)
        with pytest.raises(ParentTerminal) as refusal:
            await bench.add(parent_id=ended.id)
        assert refusal.value.state.is_terminal
    with pytest.raises(ParentNotFound):
        await bench.add(parent_id="job_none")
    foreign = await bench.add(lane="flare:other")
    with pytest.raises(ParentNotFound):
        await bench.add(parent_id=foreign.id)
    with pytest.raises(ParentNotFound):
        await queue.enqueue_one(bench.spec(parent_id="job_none"))


async def test_unclaim_restores_the_job_as_if_never_claimed(bench, queue):
    before = await bench.add()
    claimed = await bench.take()
    await queue.unclaim([claimed])
    assert await bench.get(before) == before
    await queue.unclaim([claimed])  # no longer held: nothing happens
    assert (await bench.get(before)).attempt == 0
    assert (await bench.take()).attempt == 1


async def test_unclaim_is_fenced_by_attempt(bench, queue, advance):
    first = await bench.start()
    await bench.ack(first, "failed")
    await advance(61)
    second = await bench.take()
    await queue.unclaim([first])
    assert (await bench.get(second)).state is State.PROCESSING


async def test_unclaim_after_a_cancel_request_ends_the_job(bench, queue):
    job = await bench.start()
    child = await bench.add(parent_id=job.id)
    await queue.cancel(bench.lane, job.id)
    await queue.unclaim([job])
    assert (await bench.get(job)).state is State.CANCELLED
    assert (await bench.get(child)).state is State.CANCELLED


async def test_release_with_delay_keeps_the_attempt_and_waits(bench, queue, advance):
    job = await bench.start()
    assert await queue.release(bench.lane, job.id, "w1", 1, delay_seconds=30)
    assert not await queue.release(bench.lane, job.id, "w1", 1)
    assert await bench.take() is None
    await advance(31)
    assert (await bench.take()).attempt == 1


async def test_job_that_is_not_logged_writes_no_event(bench, queue):
    job = await bench.start(logged=False)
    await queue.heartbeat(bench.lane, job.id, "w1", progress=0.5)
    await bench.ack(job)
    assert await bench.events(job) == []


async def test_event_data_is_the_row_without_its_payload(bench, queue):
    job = await bench.start(payload='"' + "x" * 100_000 + '"', tags={"a": "b"})
    async with queue.db.connection() as conn:
        cursor = await conn.execute(
            "SELECT data FROM events WHERE stream = %s AND type = 'job.started'", (job.id,)
        )
        ((data,),) = await cursor.fetchall()
    assert "payload" not in data
    assert data["id"] == job.id
    assert data["state"] == "processing"
    assert data["tags"] == {"a": "b"}
    assert data["started_at"].endswith("+00:00")


async def test_explicit_delays_replace_the_policy(bench, advance):
    policy = {"delays_ms": [1_000_000, 5_000_000]}
    job = await bench.start(max_attempts=4, retry_policy=policy)
    for delay in (1_000, 5_000, 5_000):
        await bench.ack(job, "failed")
        waiting = await bench.get(job)
        await advance(delay - 300)
        assert await bench.take() is None
        await advance(301)
        job = await bench.take()
        assert job.id == waiting.id
    assert (await bench.ack(job, "failed")).state is State.DEAD_LETTER
