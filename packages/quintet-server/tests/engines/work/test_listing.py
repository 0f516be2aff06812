"""Pages of jobs."""

from __future__ import annotations

from datetime import timedelta

from quintet_server.engines.work.model import JobFilter, State


async def pages(queue, lane, filters=None, limit=3):
    found, cursor = [], None
    while True:
        page = await queue.list(lane, filters, limit, cursor)
        found.append([job.id for job in page.jobs])
        if (cursor := page.next_cursor) is None:
            return found


async def test_pages_are_newest_first_and_end_without_a_cursor(bench, queue):
    ids = [(await bench.add()).id for _ in range(7)]
    await bench.add(lane="flare:other")
    assert await pages(queue, bench.lane) == [ids[6:3:-1], ids[3:0:-1], ids[:1]]
    assert await pages(queue, bench.lane, limit=7) == [ids[::-1]]
    assert await pages(queue, "flare:none") == [[]]


async def test_jobs_of_one_transaction_share_a_time_and_page_by_id(bench, queue):
    async with queue.db.transaction() as conn:
        jobs = await queue.enqueue(conn, [bench.spec() for _ in range(5)])
    assert len({job.created_at for job in jobs}) == 1
    found = await pages(queue, bench.lane, limit=2)
    assert [id for page in found for id in page] == sorted((job.id for job in jobs), reverse=True)


async def test_inserting_while_paging_neither_repeats_nor_skips(bench, queue):
    ids = [(await bench.add()).id for _ in range(6)]
    first = await queue.list(bench.lane, None, 3)
    await bench.add()
    second = await queue.list(bench.lane, None, 3, first.next_cursor)
    assert [job.id for job in (*first.jobs, *second.jobs)] == ids[::-1]


async def test_every_filter_selects_and_they_combine(bench, queue, advance):
    mail = await bench.add(queue="mail", job_type="send", tags={"env": "dev", "team": "a"})
    await advance(10)
    prod = await bench.add(queue="mail", tags={"env": "prod"})
    await advance(10)
    plain = await bench.add()

    async def found(**fields):
        page = await queue.list(bench.lane, JobFilter(**fields), 20)
        return {job.id for job in page.jobs}

    assert await found(queue="mail") == {mail.id, prod.id}
    assert await found(job_type="send") == {mail.id}
    assert await found(tags={"env": "dev"}) == {mail.id}
    assert await found(tags={"env": "dev", "team": "b"}) == set()
    assert await found(created_from=prod.created_at) == {prod.id, plain.id}  # inclusive
    assert await found(created_until=prod.created_at) == {mail.id}  # exclusive
    assert await found(queue="mail", tags={"env": "prod"}) == {prod.id}
    assert await found(state=State.PENDING, queue="mail") == {mail.id, prod.id}


async def test_state_filters_agree_with_what_get_says(bench, queue, advance):
    now = (await bench.add(queue="clock")).created_at
    due_soon = await bench.add(run_at=now + timedelta(seconds=5), queue="x")
    await bench.add(run_at=now + timedelta(hours=5), queue="x")
    parent = await bench.add(queue="y")
    blocked = await bench.add(parent_id=parent.id, run_at=now + timedelta(seconds=5), queue="x")
    for status, options in (
        ("succeeded", {}),
        ("failed", {"retryable": False}),
        ("cancelled", {}),
        ("failed", {}),
    ):
        await bench.ack(await bench.start(queue="z"), status, **options)
    await bench.ack(await bench.start(queue="z", max_attempts=1), "failed")
    await bench.start(queue="z")
    await advance(10)
    everything = (await queue.list(bench.lane, None, 100)).jobs
    for state in State:
        page = await queue.list(bench.lane, JobFilter(state=state), 100)
        assert {job.id for job in page.jobs} == {job.id for job in everything if job.state is state}
        assert {job.state for job in page.jobs} == {state}
        assert (await queue.counts(bench.lane))[state] == len(page.jobs)
    assert (await bench.get(due_soon)).state is State.PENDING
    assert (await bench.get(blocked)).state is State.SCHEDULED
    assert (await queue.queue_depths(bench.lane))["x"] == {State.PENDING: 1, State.SCHEDULED: 2}


async def test_children_and_ticks_can_be_listed(bench, queue):
    parent = await bench.add()
    child = await bench.add(parent_id=parent.id)
    tick = await bench.add(schedule_id="rjob_x")
    page = await queue.list(bench.lane, JobFilter(parent_id=parent.id), 9)
    assert [job.id for job in page.jobs] == [child.id]
    page = await queue.list(bench.lane, JobFilter(schedule_id="rjob_x"), 9)
    assert [job.id for job in page.jobs] == [tick.id]


async def test_payloads_are_read_on_demand_only(bench, queue):
    await bench.add(payload='{"a":1}')
    assert [job.payload for job in (await queue.list(bench.lane)).jobs] == ['{"a":1}']
    page = await queue.list(bench.lane, payloads=False)
    assert [job.payload for job in page.jobs] == [""]
