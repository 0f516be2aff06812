"""Consumers: jobs that are worked on, by functions and by URLs, and what becomes of failures."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from datetime import datetime
from email.utils import formatdate
from pathlib import Path

import pytest

from ..conftest import Api
from ..scripted_target import Told
from .conftest import Jobs

FUNCTIONS = """
import asyncio
import pathlib
import time

def echo(job):
    return job

async def later(job):
    await asyncio.sleep(0)
    return {"n": job["data"]["n"] + 1}

def nothing(job):
    print("did", job["id"])

def fail(job):
    raise ValueError("no such address")

class Refused(Exception):
    retryable = False

def refuse(job):
    raise Refused("blocked")

def hang(job):
    time.sleep(600)

def large(job):
    return "x" * 200_000

def until_told(job):
    folder = pathlib.Path(job["data"]["folder"])
    (folder / f"begun-{job['attempt']}").touch()
    while not (folder / "go").exists():
        time.sleep(0.01)
    if (folder / "fail").exists():
        raise ValueError("told to")
    return "went"
"""


@pytest.fixture
def apply(api, tmp_path: Path):
    (tmp_path / "functions.py").write_text(FUNCTIONS)

    async def go(function=None, *, api=api, name="worker", type="task", url=None, **spec):
        target = {"callable": f"functions.py:{function}"} if url is None else {"url": url}
        target.update(spec.pop("target", {}))
        document = {
            "kind": "consumer",
            "name": name,
            "spec": {"type": type, "target": target, **spec},
        }
        return (await api.apply(tmp_path, document))[0]

    return go


async def test_job_is_given_to_a_function_and_its_answer_is_kept(api, jobs, apply):
    assert await apply("echo") == "created"
    job = await jobs.until(await jobs.add(data={"a": 2**70}), "completed")
    assert job["result"] == {
        "id": job["id"],
        "type": "task",
        "data": {"a": 2**70},
        "attempt": 1,
        "projectId": api.project_id,
        "createdAt": job["createdAt"],
    }
    assert (job["attempts"], job["error"]) == (1, None)
    assert job["completedAt"] >= job["createdAt"]


async def test_async_function_and_function_without_an_answer(jobs, apply):
    await apply("later")
    await apply("nothing", name="quiet", type="quiet")
    assert (await jobs.until(await jobs.add(data={"n": 1}), "completed"))["result"] == {"n": 2}
    assert (await jobs.until(await jobs.add("quiet"), "completed"))["result"] is None


async def test_jobs_without_a_consumer_wait_for_one(jobs, apply):
    first, other = await jobs.add(data={"n": 1}), await jobs.add("other")
    await apply("later")
    await jobs.until(first, "completed")
    assert (await jobs.get(other))["status"] == "queued"


async def test_consumer_that_is_switched_off_takes_nothing_until_it_is_on_again(jobs, apply):
    await apply("later", enabled=False)
    await apply("echo", name="second", type="second")
    waiting = await jobs.add(data={"n": 1})
    await jobs.until(await jobs.add("second"), "completed")
    assert (await jobs.get(waiting))["status"] == "queued"
    assert await apply("later") == "updated"
    await jobs.until(waiting, "completed")


async def test_patterns_get_what_no_more_exact_consumer_gets(jobs, apply):
    await apply("nothing", name="all", type="*")
    await apply("later", name="mail", type="email.*")
    await apply("echo", name="send", type=["email.send", "sms"])
    exact = await jobs.until(await jobs.add("email.send"), "completed")
    beginning = await jobs.until(await jobs.add("email.other", {"n": 1}), "completed")
    anything = await jobs.until(await jobs.add("never seen before"), "completed")
    assert exact["result"]["type"] == "email.send"
    assert beginning["result"] == {"n": 2}
    assert anything["result"] is None


async def test_pattern_finds_types_that_wait_already(jobs, apply):
    ids = [await jobs.add(f"type {number}") for number in range(5)]
    await apply("echo", type="*")
    for job_id in ids:
        await jobs.until(job_id, "completed")


async def test_pattern_finds_new_types_without_waiting_for_the_next_look(started, apply):
    async with started(queue_look_seconds=3600) as api:
        jobs = Jobs(api)
        await apply("echo", api=api, type="*")
        for number in range(5):
            await jobs.until(await jobs.add(f"type {number}"), "completed")
        await jobs.until(await jobs.add("type 0"), "completed")


async def test_failure_is_tried_again_and_then_failed_with_its_error(jobs, apply):
    await apply("fail", maxRetries=2, retryDelay=0)
    job = await jobs.until(await jobs.add(), "failed")
    assert job["attempts"] == 3
    assert job["error"] == "ValueError: no such address"
    assert job["completedAt"] is not None
    assert job["result"] is None


async def test_failure_that_says_so_is_not_tried_again(jobs, apply):
    await apply("refuse", maxRetries=5, retryDelay=0)
    job = await jobs.until(await jobs.add(), "failed")
    assert (job["attempts"], job["error"]) == (1, "Refused: blocked")


async def test_waiting_for_the_next_attempt_is_queued_with_the_error_and_its_time(jobs, apply):
    await apply("fail", retryDelay=600)
    job = await jobs.until(await jobs.add(), "queued", attempts=1)
    wait = datetime.fromisoformat(job["availableAt"]) - datetime.fromisoformat(job["createdAt"])
    assert 599 < wait.total_seconds() < 760  # a tenth more at most, and what the attempt took
    assert job["error"] == "ValueError: no such address"


async def test_timeout_is_a_failed_attempt(jobs, apply):
    await apply("hang", timeout=0.3, maxRetries=0)
    job = await jobs.until(await jobs.add(), "failed")
    assert job["error"] == "hang gave no answer within 0.3 s"


async def test_large_answer_is_not_kept_and_the_job_is_completed(jobs, apply):
    await apply("large")
    assert (await jobs.until(await jobs.add(), "completed"))["result"] is None


async def test_function_that_cannot_be_loaded_fails_the_attempt(jobs, apply, tmp_path):
    await apply("echo", maxRetries=0)
    (tmp_path / "functions.py").write_text("import nothing_of_this_name\n")
    job = await jobs.until(await jobs.add(), "failed")
    assert "functions.py cannot be loaded: ModuleNotFoundError" in job["error"]


async def test_changed_definition_counts_for_the_next_job(jobs, apply):
    await apply("echo")
    await jobs.until(await jobs.add(), "completed")
    assert await apply("echo") == "unchanged"
    assert await apply("later", concurrency=2) == "updated"
    while (await jobs.until(await jobs.add(data={"n": 1}), "completed"))["result"] != {"n": 2}:
        pass


async def test_url_gets_the_job_signed_with_the_secret(api, jobs, apply, target):
    secret = "a-secret-of-mine"
    await apply(url=target.url, target={"secret": secret, "headers": {"X-Extra": "1"}})
    job_id = await jobs.add(data={"é": [1, 2.0]})
    [request] = await target.wait_for(1)
    job = await jobs.until(job_id, "completed")
    assert job["result"] == {"done": True}
    assert request.json == {
        "id": job_id,
        "type": "task",
        "attempt": 1,
        "projectId": api.project_id,
        "createdAt": job["createdAt"],
        "data": {"é": [1, 2.0]},
    }
    headers = request.headers
    assert (request.method, headers["content-type"]) == ("POST", "application/json")
    assert headers["idempotency-key"] == headers["x-aerostack-job-id"] == job_id
    assert (headers["x-aerostack-attempt"], headers["x-extra"]) == ("1", "1")
    timestamp, _, digest = headers["x-aerostack-signature"].partition(",v1=")
    signed = timestamp.removeprefix("t=").encode() + b"." + request.body
    assert digest == hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


async def test_url_without_a_secret_is_not_signed(jobs, apply, target):
    await apply(url=target.url)
    await jobs.until(await jobs.add(), "completed")
    assert "x-aerostack-signature" not in target.requests[0].headers


@pytest.mark.parametrize("status", [500, 503, 429, 408])
async def test_answer_that_may_get_better_is_asked_for_again(jobs, apply, target, status):
    target.tell(Told(status=status), Told())
    await apply(url=target.url, retryDelay=0)
    job = await jobs.until(await jobs.add(), "completed")
    assert job["attempts"] == 2
    assert [request.headers["x-aerostack-attempt"] for request in target.requests] == ["1", "2"]


@pytest.mark.parametrize("status", [400, 404, 410, 302])
async def test_answer_that_stays_the_same_fails_the_job_at_once(jobs, apply, target, status):
    target.tell(Told(status=status, body=b"go\naway", headers={"location": "/elsewhere"}))
    await apply(url=target.url, retryDelay=0)
    job = await jobs.until(await jobs.add(), "failed")
    assert job["attempts"] == 1
    assert job["error"].startswith(f"the consumer answered {status}")
    assert job["error"].endswith(": go away")
    assert len(target.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("86400", 3600), ("date", 200), ("junk", 10)]
)
async def test_retry_after_sets_the_wait_within_bounds(jobs, apply, target, header, seconds):
    clock = jobs.api.runtime.clock
    asked = clock.now()
    text = formatdate(asked + 200, usegmt=True) if header == "date" else header
    target.tell(Told(status=503, headers={"retry-after": text}))
    await apply(url=target.url, retryDelay=10)
    job = await jobs.until(await jobs.add(), "queued", attempts=1)
    # However long the answer took to come: from between the two moments.
    available = datetime.fromisoformat(job["availableAt"]).timestamp()
    assert asked + seconds - 3 < available < clock.now() + seconds * 1.1 + 3


async def test_next_attempt_comes_when_its_time_has_come(alone, apply, target, advance):
    jobs = Jobs(alone)
    target.tell(Told(status=503), Told())
    await apply(url=target.url, api=alone, retryDelay=600)
    job_id = await jobs.add()
    await jobs.until(job_id, "queued", attempts=1)
    await advance(700)
    assert (await jobs.until(job_id, "completed"))["attempts"] == 2


async def test_delayed_job_is_worked_on_when_its_time_has_come(alone, apply, advance):
    jobs = Jobs(alone)
    await apply("echo", api=alone)
    job_id = await jobs.add(delay=3600)
    await jobs.until(await jobs.add(), "completed")
    assert (await jobs.get(job_id))["status"] == "queued"
    await advance(3601)
    await jobs.until(job_id, "completed")


async def test_concurrency_bounds_the_jobs_at_a_time(jobs, apply, tmp_path):
    await apply("until_told", concurrency=1)
    data = {"folder": str(tmp_path)}
    first, second = await jobs.add(data=data), await jobs.add(data=data)
    await jobs.until(first, "processing")
    assert (await jobs.get(second))["status"] == "queued"
    (tmp_path / "go").touch()
    await jobs.until(second, "completed")


async def test_slow_type_does_not_hold_up_another(jobs, apply, tmp_path):
    await apply("until_told", name="slow", type="slow", concurrency=1)
    await apply("echo", name="fast", type="*")
    data = {"folder": str(tmp_path)}
    slow = [await jobs.add("slow", data) for _ in range(5)]
    await jobs.until(await jobs.add("fast"), "completed")
    (tmp_path / "go").touch()
    for job_id in slow:
        await jobs.until(job_id, "completed")


async def test_cancelled_job_in_hand_runs_to_its_end(api, jobs, apply, tmp_path):
    await apply("until_told")
    job_id = await jobs.add(data={"folder": str(tmp_path)})
    await jobs.until(job_id, "processing")
    answer = await api.ask("/queue/cancel", {"jobId": job_id})
    assert answer["success"] is False
    assert "runs to its end" in answer["note"]
    assert (await jobs.get(job_id))["status"] == "processing"
    (tmp_path / "go").touch()
    assert (await jobs.until(job_id, "completed"))["result"] == "went"
    assert await api.ask("/queue/cancel", {"jobId": job_id}) == {
        "success": False,
        "note": "The job has ended already: it is completed.",
    }


async def test_cancelled_job_in_hand_is_not_tried_again(api, jobs, apply, tmp_path):
    await apply("until_told", retryDelay=0)
    job_id = await jobs.add(data={"folder": str(tmp_path)})
    await jobs.until(job_id, "processing")
    await api.ask("/queue/cancel", {"jobId": job_id})
    (tmp_path / "fail").touch()
    (tmp_path / "go").touch()
    job = await jobs.until(job_id, "cancelled", "failed", "completed")
    assert (job["status"], job["attempts"]) == ("cancelled", 1)
    assert job["error"] == "ValueError: told to"


async def test_listing_shows_the_results(api, jobs, apply):
    await apply("later")
    await jobs.until(await jobs.add(data={"n": 4}), "completed")
    page = await api.ask("/queue/jobs", {"status": "completed"})
    assert [job["result"] for job in page["jobs"]] == [{"n": 5}]


async def test_consumer_that_cannot_be_read_does_not_hold_up_the_others(api, jobs, apply):
    await api.sql(
        "INSERT INTO aerostack_consumers (project_id, name, spec, enabled)"
        " VALUES (%s, 'a', '{}', true)",
        api.project_id,
    )
    await apply("echo")
    await jobs.until(await jobs.add(), "completed")


async def test_consumer_works_for_its_own_project_only(api, apply, jobs):
    other = await api.other_project()
    await apply("echo", api=other, type="*")
    mine = await jobs.add()
    theirs = Jobs(other)
    await theirs.until(await theirs.add(), "completed")
    assert (await jobs.get(mine))["status"] == "queued"


async def test_server_that_stops_gives_back_what_it_has_in_hand(
    started, apply, tmp_path, monkeypatch
):
    monkeypatch.setenv("QUINTET_WORK_WORKER_DRAIN_SECONDS", "0")
    async with started() as api:
        jobs = Jobs(api)
        await apply("until_told", api=api)
        job_id = await jobs.add(data={"folder": str(tmp_path)})
        async with asyncio.timeout(60):
            while not (tmp_path / "begun-1").exists():
                await asyncio.sleep(0.01)
        await api.ask("/queue/cancel", {"jobId": await jobs.add("other")})
    (tmp_path / "go").touch()
    async with started() as api:
        assert (await Jobs(api).until(job_id, "completed"))["attempts"] == 1


async def test_private_address_fails_the_job_unless_allowed(database_url, tmp_path, target, apply):
    from ..conftest import _running

    async with (
        _running(database_url, tmp_path, allow_private_targets=False) as runtime,
        Api.of(runtime) as api,
    ):
        jobs = Jobs(api)
        await apply(url=target.url, api=api)
        job = await jobs.until(await jobs.add(), "failed")
    assert "not a public address" in job["error"]
    assert (job["attempts"], target.requests) == (1, [])
