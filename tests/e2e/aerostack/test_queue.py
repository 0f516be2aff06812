"""`sdk.queue` and `sdk.services` on the server, with functions that do the work."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from aerostack import SDK, errors
from tests.e2e.aerostack.faces import Face
from tests.support.aerostack import AerostackServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]


async def ended(face: Face, sdk: SDK, job_id: str) -> Any:
    """The job when it has ended."""
    deadline = time.monotonic() + 60
    while True:
        job = (await face.do(sdk.queue.queue_get_job, {"job_id": job_id})).job
        if job.status not in ("queued", "processing"):
            return job
        assert time.monotonic() < deadline, job
        await asyncio.sleep(0.02)


async def test_job_is_enqueued_worked_on_and_read(face: Face, shared: SDK) -> None:
    request = {"type": "shout.word", "data": {"word": "hello"}}
    added = await face.do(shared.queue.queue_enqueue, request)
    assert added.success is True
    job = await ended(face, shared, added.job_id)
    assert (job.id, job.type, job.data) == (added.job_id, "shout.word", {"word": "hello"})
    assert (job.status, job.attempts, job.error) == ("completed", 1, None)
    assert job.result == {"said": "HELLO", "attempt": 1}
    assert job.project_id
    assert job.created_at <= job.completed_at


async def test_delayed_job_waits_and_is_cancelled(face: Face, sdk: SDK) -> None:
    added = await face.do(sdk.queue.queue_enqueue, {"type": "mail", "data": {}, "delay": 600})
    found = await face.do(sdk.queue.queue_get_job, {"job_id": added.job_id})
    assert (found.exists, found.job.status) == (True, "queued")
    waits = found.job.available_at - found.job.created_at
    assert abs(waits - timedelta(seconds=600)) < timedelta(seconds=1)
    cancelled = await face.do(sdk.queue.queue_cancel_job, {"job_id": added.job_id})
    assert (cancelled.success, cancelled.note) == (True, None)
    again = await face.do(sdk.queue.queue_cancel_job, {"job_id": added.job_id})
    assert again.note
    job = (await face.do(sdk.queue.queue_get_job, {"job_id": added.job_id})).job
    assert job.status == "cancelled"


async def test_job_is_forgotten_seven_days_after_its_end(
    face: Face, sdk: SDK, server: AerostackServer
) -> None:
    added = await face.do(sdk.queue.queue_enqueue, {"type": "mail", "data": {}, "delay": 600})
    await face.do(sdk.queue.queue_cancel_job, {"job_id": added.job_id})
    server.advance(7 * 86_400 - 60)
    assert (await face.do(sdk.queue.queue_get_job, {"job_id": added.job_id})).exists is True
    server.advance(120)
    found = await face.do(sdk.queue.queue_get_job, {"job_id": added.job_id})
    assert (found.exists, found.job) == (False, None)


async def test_job_that_nobody_enqueued_does_not_exist(face: Face, sdk: SDK) -> None:
    found = await face.do(sdk.queue.queue_get_job, {"job_id": "job_none"})
    assert (found.exists, found.job) == (False, None)
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.queue.queue_cancel_job, {"job_id": "job_none"})
    assert caught.value.status_code == 404
    assert caught.value.data.details == {"reason": "QUEUE_JOB_NOT_FOUND"}


async def test_jobs_are_listed_by_status_and_type_in_pages(face: Face, sdk: SDK) -> None:
    ids: list[str] = []
    for kind in ("mail", "mail", "sms", "mail"):
        request = {"type": kind, "data": {"n": len(ids)}}
        ids.append((await face.do(sdk.queue.queue_enqueue, request)).job_id)
    await face.do(sdk.queue.queue_cancel_job, {"job_id": ids[0]})
    first = await face.do(sdk.queue.queue_list_jobs, {"type": "mail", "limit": 2})
    assert [job.id for job in first.jobs] == [ids[3], ids[1]]
    assert first.list_complete is False
    rest = await face.do(
        sdk.queue.queue_list_jobs, {"type": "mail", "limit": 2, "cursor": first.cursor}
    )
    assert [(job.id, job.status) for job in rest.jobs] == [(ids[0], "cancelled")]
    assert rest.list_complete is True
    cancelled = await face.do(sdk.queue.queue_list_jobs, {"status": "cancelled"})
    assert [job.id for job in cancelled.jobs] == [ids[0]]
    assert len((await face.do(sdk.queue.queue_list_jobs)).jobs) == 4


async def test_service_is_invoked(face: Face, shared: SDK) -> None:
    data = {"word": "größe", "big": 2**70, "nothing": None}
    for name in ("service_name", "serviceName"):
        found = await face.do(shared.services.services_invoke, {name: "echo", "data": data})
        assert (found.success, found.result) == (True, data)


async def test_service_that_fails_says_so(face: Face, shared: SDK) -> None:
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(
            shared.services.services_invoke, {"service_name": "fails", "data": {"what": "this"}}
        )
    assert (caught.value.status_code, caught.value.data.code) == (502, "INTERNAL_ERROR")
    assert caught.value.data.details is not None
    assert caught.value.data.details["reason"] == "SERVICE_INVOKE_FAILED"
    assert "cannot do this" in caught.value.message


async def test_service_that_nobody_defined_is_not_found(face: Face, shared: SDK) -> None:
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(shared.services.services_invoke, {"service_name": "ecko", "data": {}})
    assert isinstance(caught.value, errors.SDKError)
    assert (caught.value.status_code, caught.value.data.code) == (404, "VALIDATION_ERROR")
    assert caught.value.data.details is not None
    assert caught.value.data.details["reason"] == "SERVICE_NOT_FOUND"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "GET"])
async def test_function_is_called_by_its_name(face: Face, shared: SDK, method: str) -> None:
    call = shared.call_async if face.is_async else shared.call
    assert await face.finish(call("echo", {"a": "1"}, method)) == {"a": "1"}


async def test_function_that_is_not_there_is_not_found(face: Face, shared: SDK) -> None:
    call = shared.call_async if face.is_async else shared.call
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.finish(call("nothing"))
    assert caught.value.status_code == 404
