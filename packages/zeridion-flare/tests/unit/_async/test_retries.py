"""What is sent again, when, and under which key."""

from __future__ import annotations

from typing import Any

import pytest

from quintet.errors import ConnectionFailure
from quintet.testing import AsyncScriptedTransport, FakeClock, check_secret_hygiene, reply
from zeridion_flare import (
    AsyncFlareClient,
    AuthError,
    FlareConfigurationError,
    FlareConnectionError,
    FlareError,
    FlareMisuseError,
    ServerError,
)

from .rig import JOB, KEY, body, client, error, header


async def test_c3_one_idempotency_key_per_write_is_kept_over_its_retries() -> None:
    flare, transport = client(
        reply(500),
        ConnectionFailure("gone", progress=1),
        reply(201, json=JOB),
        reply(201, json=JOB),
    )
    await flare.create_job(job_type="T")
    await flare.create_job(job_type="T")
    keys = [header(transport, "Idempotency-Key", n) for n in range(4)]
    assert keys[0]
    assert keys[0] == keys[1] == keys[2]
    assert keys[3] != keys[0]


async def test_given_idempotency_key_and_request_id_are_sent() -> None:
    flare, transport = client(reply(201, json=JOB), reply(200, json=JOB))
    await flare.create_job(job_type="T", idempotency_key="order-7", request_id="trace-1")
    assert header(transport, "Idempotency-Key") == "order-7"
    assert header(transport, "X-Request-Id") == "trace-1"
    await flare.get_job("job_1", request_id="trace-2")
    assert header(transport, "X-Request-Id") == "trace-2"
    assert header(transport, "Idempotency-Key") is None


async def test_older_idempotency_key_in_the_body_becomes_the_header() -> None:
    flare, transport = client(reply(201, json=JOB))
    await flare.create_job({"job_type": "T", "idempotency_key": "k"})
    assert header(transport, "Idempotency-Key") == "k"
    assert body(transport) == {"job_type": "T"}


@pytest.mark.parametrize("key", ["ü", "a\nb", "", "x" * 201])
async def test_c13_odd_idempotency_keys_are_refused(key: str) -> None:
    flare, transport = client()
    with pytest.raises(FlareMisuseError):
        await flare.create_job(job_type="T", idempotency_key=key)
    assert not transport.requests


async def test_c13_key_with_white_space_is_stripped_and_never_shown() -> None:
    transport = AsyncScriptedTransport(
        [reply(200, json=JOB), reply(401, json=error("unauthorized"))]
    )
    flare = AsyncFlareClient(f" {KEY}\n", transport=transport)
    await flare.get_job("job_1")
    assert header(transport, "Authorization") == f"Bearer {KEY}"
    with pytest.raises(AuthError) as caught:
        await flare.get_job("job_1")
    check_secret_hygiene(KEY, flare, caught.value, flare.last_response)
    with pytest.raises(FlareConfigurationError) as refused:
        AsyncFlareClient(f"{KEY}\nX-Evil: 1")
    check_secret_hygiene(KEY, refused.value)


@pytest.mark.parametrize("progress", [0, 1, 2])
async def test_c4_connection_failures_are_retried(progress: int) -> None:
    flare, transport = client(ConnectionFailure("gone", progress=progress), reply(201, json=JOB))
    await flare.create_job(job_type="T")
    assert len(transport.requests) == 2


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 507, 599])
async def test_c5_passing_statuses_are_retried(status: int) -> None:
    flare, transport = client(reply(status, json={}), reply(201, json=JOB))
    await flare.create_job(job_type="T")
    assert len(transport.requests) == 2


async def test_write_in_progress_elsewhere_is_retried() -> None:
    answer = reply(409, json=error("idempotency_in_progress"), headers={"Retry-After": "1"})
    flare, transport = client(answer, reply(201, json=JOB))
    await flare.create_job(job_type="T")
    assert len(transport.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 404, 409, 413])
async def test_final_statuses_are_not_retried(status: int) -> None:
    flare, transport = client(reply(status, json=error("x")))
    with pytest.raises(FlareError):
        await flare.create_job(job_type="T")
    assert len(transport.requests) == 1


async def test_backoff_doubles_up_to_its_cap() -> None:
    clock = FakeClock()
    flare, transport = client(
        *[reply(503, json={})] * 6,
        clock=clock,
        max_retries=5,
        retry_base_delay_ms=500,
        retry_max_delay_ms=3000,
    )
    with pytest.raises(ServerError) as caught:
        await flare.get_job("job_1")
    assert clock.sleeps == pytest.approx([0.5, 1, 2, 3, 3], rel=1e-3)
    assert caught.value.attempts == len(transport.requests) == 6


async def test_max_retries_zero_sends_once() -> None:
    flare, transport = client(reply(503, json={}), max_retries=0)
    with pytest.raises(ServerError):
        await flare.get_job("job_1")
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("2.5", 2.5), ("Tue, 14 Nov 2023 22:13:23 GMT", 3.0), ("9999", 30.0)],
)
async def test_c6_retry_after_is_honoured_in_every_form_up_to_the_cap(
    value: str, seconds: float
) -> None:
    clock = FakeClock(1_700_000_000.0, randoms=[0.0])
    flare, _ = client(
        reply(429, json={}, headers={"Retry-After": value}), reply(200, json=JOB), clock=clock
    )
    await flare.get_job("job_1")
    assert clock.sleeps == pytest.approx([seconds])


async def test_c15_deadline_bounds_the_whole_call() -> None:
    clock = FakeClock()
    flare, transport = client(*[reply(503, json={})] * 10, clock=clock, deadline=2.0, max_retries=9)
    with pytest.raises(ServerError):
        await flare.get_job("job_1")
    assert sum(clock.sleeps) <= 2.0
    assert len(transport.requests) < 5


async def test_c15_timeout_can_be_given_per_call() -> None:
    limits: list[float | None] = []
    flare, transport = client(*[reply(200, json=JOB)] * 4)
    original = transport.send

    async def send(request: Any, until: float | None, seconds: float | None) -> Any:
        limits.append(seconds)
        return await original(request, until, seconds)

    transport.send = send  # type: ignore[method-assign]
    await flare.get_job("job_1")
    await flare.get_job("job_1", timeout=3)
    await flare.get_job("job_1", timeout=None)
    await flare.with_options(timeout=5).get_job("job_1")
    assert limits == [30.0, 3.0, None, 5.0]


async def test_poll_is_not_repeated_after_a_lost_answer() -> None:
    flare, transport = client(ConnectionFailure("gone", progress=1))
    with pytest.raises(FlareConnectionError):
        await flare.poll_workers(worker_id="w", queues=["q"])
    assert len(transport.requests) == 1
    assert header(transport, "Idempotency-Key") is None
