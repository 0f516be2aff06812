"""Creates that share a transaction (`creation.py`)."""

from __future__ import annotations

import asyncio


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


async def test_a_known_key_among_new_ones_disturbs_nobody(api):
    first = await api.post("/jobs", {"job_type": "t"}, headers=key("known"))
    parent = await api.create("parent")
    answers = await asyncio.gather(
        *(api.post("/jobs", {"job_type": f"t{n}"}, headers=key(f"new{n}")) for n in range(15)),
        api.post("/jobs", {"job_type": "t"}, headers=key("known")),
        api.post("/jobs", {"job_type": "other"}, headers=key("known")),
        api.post("/jobs", {"job_type": "c", "parent_job_id": parent["id"]}, headers=key("child")),
        *(api.post("/jobs", {"job_type": f"u{n}"}) for n in range(5)),
    )
    assert [answer.status_code for answer in answers] == [201] * 16 + [409] + [201] * 6
    assert answers[15].content == first.content
    assert answers[15].headers["idempotent-replay"] == "true"
    jobs = (await api.get("/jobs", params={"limit": 100})).json()["jobs"]
    assert len(jobs) == 2 + 15 + 1 + 5
    assert [answer.json()["job_type"] for answer in answers[:15]] == [f"t{n}" for n in range(15)]


async def test_concurrent_creates_share_transactions(api):
    answers = await asyncio.gather(
        *(api.post("/jobs", {"job_type": "t"}, headers=key(f"s{n}")) for n in range(60))
    )
    # Not by the transactions' numbers: these count what all databases of the cluster do.
    [(transactions,)] = await api.sql(
        "SELECT count(DISTINCT xmin::text) FROM work_jobs WHERE id = ANY(%s)",
        [answer.json()["id"] for answer in answers],
    )
    assert 0 < transactions < 30


async def test_quota_headers_of_a_shared_transaction_count_one_by_one(started):
    async with started(jobs_per_day=100) as api:
        answers = await asyncio.gather(
            *(api.post("/jobs", {"job_type": "t"}, headers=key(f"q{n}")) for n in range(20))
        )
        used = sorted(int(answer.headers["x-quota-used"]) for answer in answers)
        assert used == list(range(1, 21))


async def test_two_projects_in_one_transaction_have_their_own_quota(started):
    async with started(jobs_per_day=3) as api:
        other = await api.other_project()
        async with other.http:
            answers = await asyncio.gather(
                *(client.post("/jobs", {"job_type": "t"}) for client in (api, other) * 5)
            )
        for mine in (answers[::2], answers[1::2]):
            assert sorted(answer.status_code for answer in mine) == [201] * 3 + [402] * 2


async def test_a_job_survives_the_client_that_did_not_wait(wire):
    creating = asyncio.create_task(wire.post("/jobs", {"job_type": "t"}, headers=key("gone")))
    for _ in range(5):  # far enough to be sent, not far enough to be answered
        await asyncio.sleep(0)
    creating.cancel()
    answer = await wire.post("/jobs", {"job_type": "t"}, headers=key("gone"))
    assert answer.status_code == 201
    assert len((await wire.get("/jobs")).json()["jobs"]) == 1


async def test_a_blocked_key_holds_up_no_other_create(started):
    async with started() as api:
        async with api.runtime.db.transaction() as conn:
            await conn.execute(
                "INSERT INTO idempotency (project_id, key, fingerprint) VALUES (%s, 'held', '')",
                (api.project_id,),
            )
            held = asyncio.create_task(api.post("/jobs", {"job_type": "t"}, headers=key("held")))
            await api.eventually(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND query LIKE '%%idempotency%%' AND datname = current_database()"
            )
            answer = await api.post("/jobs", {"job_type": "t"}, headers=key("free"))
            assert answer.status_code == 201
            assert not held.done()
            await conn.execute("DELETE FROM idempotency WHERE key = 'held'")
        assert (await held).status_code == 201
