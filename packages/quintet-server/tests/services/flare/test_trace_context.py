"""`traceparent`, from a create to the workers and webhooks of its job."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from quintet_server.services.flare.trace_context import traceparent_of

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT_ID = "00f067aa0ba902b7"
TRACE = f"00-{TRACE_ID}-{PARENT_ID}-01"
INVALID = [
    "",
    "00-nonsense",
    f"01-{TRACE_ID}-{PARENT_ID}-01",
    f"ff-{TRACE_ID}-{PARENT_ID}-01",
    f"00-{'0' * 32}-{PARENT_ID}-01",
    f"00-{TRACE_ID}-{'0' * 16}-01",
    f"00-{TRACE_ID.upper()}-{PARENT_ID}-01",
    f"00-{TRACE_ID[1:]}-{PARENT_ID}-01",
    f"00-{TRACE_ID}-{PARENT_ID}-01-more",
    f"00-{TRACE_ID}-{PARENT_ID}",
    f"00-{TRACE_ID}-{PARENT_ID}-0g",
]


def request(*values: str) -> Request:
    headers = [(b"traceparent", value.encode()) for value in values]
    return Request({"type": "http", "headers": headers})


async def create(api, trace: str, **fields) -> dict:
    answer = await api.post("/jobs", {"job_type": "t", **fields}, headers={"traceparent": trace})
    assert answer.status_code == 201, answer.text
    assert "traceparent" not in answer.headers
    return answer.json()


def test_one_valid_header_is_taken_as_it_is():
    assert traceparent_of(request(TRACE)) == TRACE
    assert traceparent_of(request(f"00-{TRACE_ID}-{PARENT_ID}-00")) is not None
    assert traceparent_of(request()) is None


@pytest.mark.parametrize("value", [*INVALID, TRACE + "\n"])
def test_an_invalid_header_is_as_good_as_none(value):
    assert traceparent_of(request(value)) is None


def test_two_headers_are_as_good_as_none():
    assert traceparent_of(request(TRACE, TRACE)) is None


async def test_the_worker_gets_the_trace_context_of_the_create(api):
    job = await create(api, TRACE)
    assert "traceparent" not in job
    [item] = await api.poll()
    assert (item["id"], item["traceparent"]) == (job["id"], TRACE)


@pytest.mark.parametrize("value", [INVALID[1], INVALID[2], INVALID[4]])
async def test_a_create_with_an_invalid_trace_context_goes_without(api, value):
    await create(api, value)
    [item] = await api.poll()
    assert "traceparent" not in item


async def test_a_create_without_trace_context_leaves_the_key_out(api):
    await api.create()
    [item] = await api.poll()
    assert "traceparent" not in item


async def test_jobs_created_together_keep_each_their_own(api):
    traces = [f"00-{TRACE_ID}-{number:016x}-01" for number in range(1, 9)]
    jobs = await asyncio.gather(*(create(api, trace) for trace in traces))
    items = await api.poll(capacity=len(jobs))
    sent = {job["id"]: trace for job, trace in zip(jobs, traces, strict=True)}
    assert {item["id"]: item["traceparent"] for item in items} == sent


async def test_parent_and_child_keep_each_their_own(api):
    others = [TRACE, f"00-{TRACE_ID}-{'1' * 16}-00"]
    answer = await api.post(
        "/jobs", {"job_type": "t"}, headers={"traceparent": others[0], "Idempotency-Key": "k"}
    )
    parent = answer.json()["id"]
    child = await create(api, others[1], parent_job_id=parent)
    [item] = await api.poll()
    assert (item["id"], item["traceparent"]) == (parent, others[0])
    await api.ack(parent)
    [item] = await api.poll()
    assert (item["id"], item["traceparent"]) == (child["id"], others[1])


async def test_a_repeat_under_a_key_is_the_same_request_whatever_its_trace_context(api):
    first, again = [
        await api.post(
            "/jobs", {"job_type": "t"}, headers={"traceparent": trace, "Idempotency-Key": "k"}
        )
        for trace in (TRACE, f"00-{TRACE_ID}-{'1' * 16}-01")
    ]
    assert (again.status_code, again.content) == (201, first.content)
    [item] = await api.poll()
    assert item["traceparent"] == TRACE


async def test_further_attempts_keep_the_trace_context(alone, advance):
    job_id = (await create(alone, TRACE, max_attempts=2))["id"]
    for _ in range(2):
        [item] = await alone.poll()
        assert (item["id"], item["traceparent"]) == (job_id, TRACE)
        await alone.ack(job_id, "failed", error={"message": "no"})
        await advance(86_400)
    assert (await alone.job(job_id))["state"] == "dead_letter"
    await alone.post(f"/jobs/{job_id}/retry")
    [item] = await alone.poll()
    assert (item["attempt"], item["traceparent"]) == (1, TRACE)


async def test_a_triggered_run_carries_the_trace_context_of_its_trigger(api):
    body = {"job_type": "report", "cron_expression": "0 3 1 1 *"}
    await api.put(
        "/recurring/rjob_a", body, headers={"traceparent": f"00-{TRACE_ID}-{'1' * 16}-01"}
    )
    await api.post("/recurring/rjob_a/trigger", headers={"traceparent": TRACE})
    [item] = await api.poll()
    assert item["traceparent"] == TRACE
    await api.post("/recurring/rjob_a/trigger")
    [item] = await api.poll()
    assert "traceparent" not in item


async def test_the_job_as_callers_see_it_is_what_it_was(api):
    job = await create(api, TRACE)
    for shown in (
        await api.job(job["id"]),
        *(await api.get("/jobs")).json()["jobs"],
        (await api.post(f"/jobs/{job['id']}/cancel")).json(),
    ):
        assert "traceparent" not in shown
