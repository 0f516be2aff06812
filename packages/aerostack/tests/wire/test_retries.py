"""What is sent again, when, and with which key."""

from __future__ import annotations

import logging
import time
from typing import Any

import httpx
import pytest

from aerostack import SDK, errors
from aerostack.utils import BackoffStrategy, RetryConfig
from quintet.testing import AsyncScriptedTransport, FakeClock, ScriptedTransport, reply

from .conftest import KEY, Face
from .peer import answer, error

QUICK = RetryConfig("backoff", BackoffStrategy(1, 5, 1.1, 5000), False, max_retries=2)
QUICK_ALL = RetryConfig("backoff", BackoffStrategy(1, 5, 1.1, 5000), True, max_retries=2)
JOB = {"type": "mail", "data": {}}
BUSY = error(503, "INTERNAL_ERROR")
ENQUEUED = answer(201, {"jobId": "j1", "success": True})


class Bench:
    """An SDK on a script and a clock that jumps."""

    def __init__(self, face: Face, *script: Any, random: float = 0.5, **options: Any) -> None:
        kind = AsyncScriptedTransport if face.is_async else ScriptedTransport
        self.clock = FakeClock(randoms=[random])
        self.transport: Any = kind(script)
        name = "async_transport" if face.is_async else "transport"
        self.sdk = SDK(KEY, clock=self.clock, **{name: self.transport}, **options)


def busy(status: int = 503, **headers: str) -> Any:
    return reply(
        status,
        json={"code": "INTERNAL_ERROR", "message": "busy"},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


async def test_call_without_a_configuration_is_made_once(play: Any, face: Face) -> None:
    peer = play(BUSY)
    with pytest.raises(errors.SDKError):
        await face.do(face.sdk(peer).queue.queue_enqueue, JOB)
    assert len(peer.requests) == 1


async def test_write_that_is_repeated_carries_one_idempotency_key(play: Any, face: Face) -> None:
    peer = play(BUSY, error(500, "INTERNAL_ERROR"), ENQUEUED)
    sdk = face.sdk(peer, retry_config=QUICK)
    result = await face.do(sdk.queue.queue_enqueue, JOB)
    assert result.job_id == "j1"
    keys = peer.headers("idempotency-key")
    assert len(keys) == 3 and len(set(keys)) == 1 and keys[0]
    await face.do(sdk.queue.queue_enqueue, JOB)
    assert peer.headers("idempotency-key")[3] != keys[0]


async def test_answer_that_says_not_to_come_back_is_final(play: Any, face: Face) -> None:
    peer = play(error(429, "RATE_LIMIT_EXCEEDED", headers={"X_Should_Retry": "false"}))
    sdk = face.sdk(peer, retry_config=QUICK)
    with pytest.raises(errors.ErrorResponse):
        await face.do(sdk.cache.cache_get, {"key": "k"})
    assert len(peer.requests) == 1


async def test_sql_error_is_final_whatever_its_status(play: Any, face: Face) -> None:
    peer = play(error(500, "DB_QUERY_FAILED"))
    sdk = face.sdk(peer, retry_config=QUICK)
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.database.db_query, {"sql": "SELEC"})
    assert caught.value.data.code == errors.Code.DB_QUERY_FAILED
    assert len(peer.requests) == 1


async def test_retry_after_beyond_the_time_for_retries_is_not_slept(face: Face) -> None:
    config = RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 100), False)
    bench = Bench(face, busy(Retry_After="3600"), retry_config=config)
    with pytest.raises(errors.SDKError) as caught:
        await face.do(bench.sdk.cache.cache_get, {"key": "k"})
    assert bench.clock.sleeps == []
    assert caught.value.retry_after == 3600


async def test_retry_after_within_the_time_is_slept_exactly(face: Face) -> None:
    config = RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 10_000), False)
    bench = Bench(face, busy(429, Retry_After="4"), reply(json={}), retry_config=config)
    await face.do(bench.sdk.cache.cache_get, {"key": "k"})
    assert bench.clock.sleeps == [4.0]


async def test_retry_after_zero_means_at_once(face: Face) -> None:
    config = RetryConfig("backoff", BackoffStrategy(5000, 5000, 1.5, 60_000), False)
    bench = Bench(face, busy(Retry_After="0"), reply(json={}), retry_config=config)
    await face.do(bench.sdk.cache.cache_get, {"key": "k"})
    assert bench.clock.sleeps == []


@pytest.mark.parametrize("random", [0.0, 0.25, 0.999])
async def test_jitter_is_drawn_over_the_computed_interval(face: Face, random: float) -> None:
    config = RetryConfig("backoff", BackoffStrategy(100, 250, 2.0, 60_000), False)
    script = [busy(), busy(), busy(), reply(json={})]
    bench = Bench(face, *script, random=random, retry_config=config)
    await face.do(bench.sdk.cache.cache_get, {"key": "k"})
    expected = [random * each for each in (0.1, 0.2, 0.25) if random]
    assert bench.clock.sleeps == pytest.approx(expected)


async def test_time_for_retries_covers_sleeps_and_attempts(face: Face) -> None:
    config = RetryConfig("backoff", BackoffStrategy(100, 100, 1.0, 1000), False)

    def slow(_: Any) -> Any:
        bench.clock.advance(0.45)
        return busy()

    bench = Bench(face, *[slow] * 9, random=0.999, retry_config=config)
    with pytest.raises(errors.SDKError):
        await face.do(bench.sdk.cache.cache_get, {"key": "k"})
    # 0.45 + 0.1 + 0.45 is within the second; one more sleep would end on its far side.
    assert len(bench.transport.requests) == 2
    assert bench.clock.sleeps == pytest.approx([0.0999])


async def test_attempt_under_way_is_not_cut_off_by_the_time_for_retries(
    play: Any, face: Face
) -> None:
    peer = play(lambda conn, _: (time.sleep(0.15), conn.send(answer(200, {"response": "slow"}))))
    config = RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 100), False)
    sdk = face.sdk(peer, retry_config=config)
    assert (await face.do(sdk.ai.ai_chat, {"messages": [{}]})).response == "slow"


def test_misspelt_strategy_is_refused() -> None:
    with pytest.raises(ValueError, match="strategy"):
        RetryConfig("backof", BackoffStrategy(1, 50, 1.1, 100), False)


async def test_key_function_is_asked_at_each_attempt(play: Any, face: Face) -> None:
    keys = iter(["first", "second", "third"])
    peer = play(BUSY, BUSY, answer(200, {}))
    await face.do(
        face.sdk(peer, lambda: next(keys), retry_config=QUICK).cache.cache_get, {"key": "k"}
    )
    assert peer.headers("x-aerostack-key") == ["first", "second", "third"]


async def test_key_that_changed_is_tried_once_after_a_401(play: Any, face: Face) -> None:
    current = ["old"]

    def refuse(conn: Any, _: Any) -> None:
        current[0] += "+"
        conn.send(error(401, "AUTH_INVALID_KEY"))

    peer = play(refuse, ENQUEUED)
    assert (await face.do(face.sdk(peer, lambda: current[0]).queue.queue_enqueue, JOB)).success
    assert peer.headers("x-aerostack-key") == ["old", "old+"]
    refusing = play(refuse)
    with pytest.raises(errors.ErrorResponse):
        await face.do(face.sdk(refusing, lambda: current[0]).queue.queue_enqueue, JOB)
    assert refusing.headers("x-aerostack-key") == ["old+", "old++"]


async def test_key_that_stays_is_not_tried_again_after_a_401(play: Any, face: Face) -> None:
    peer = play(error(401, "AUTH_INVALID_KEY"))
    with pytest.raises(errors.ErrorResponse):
        await face.do(face.sdk(peer, lambda: "same").cache.cache_get, {"key": "k"})
    assert len(peer.requests) == 1


async def test_hang_up_without_an_answer_is_repeated_if_asked_for(play: Any, face: Face) -> None:
    peer = play(None, None, ENQUEUED)
    result = await face.do(face.sdk(peer, retry_config=QUICK_ALL).queue.queue_enqueue, JOB)
    assert result.success
    assert len(set(peer.headers("idempotency-key"))) == 1


async def test_hang_up_without_an_answer_is_an_httpx_error_otherwise(play: Any, face: Face) -> None:
    peer = play(None)
    with pytest.raises(httpx.RemoteProtocolError) as caught:
        await face.do(face.sdk(peer, retry_config=QUICK).queue.queue_enqueue, JOB)
    assert isinstance(caught.value, errors.NoResponseError)
    assert caught.value.outcome_unknown
    assert len(peer.requests) == 1


async def test_idle_connection_that_the_server_closed_costs_no_attempt(
    play: Any, face: Face
) -> None:
    def once(conn: Any, _: Any) -> None:
        conn.send(answer(200, {"value": 1}))
        conn.receive()  # the second request comes, and meets a closed door
        raise ConnectionError

    peer = play(once, answer(200, {"value": 2}))
    sdk = face.sdk(peer)
    await face.do(sdk.cache.cache_get, {"key": "k"})
    assert (await face.do(sdk.cache.cache_get, {"key": "k"})).value == 2
    assert peer.connections == 2


@pytest.mark.parametrize("retries", [None, QUICK])
async def test_retries_of_a_call_replace_those_of_the_sdk(
    play: Any, face: Face, retries: RetryConfig | None
) -> None:
    peer = play(BUSY)
    sdk = face.sdk(peer, retry_config=QUICK if retries is None else None)
    with pytest.raises(errors.SDKError):
        await face.do(sdk.queue.queue_enqueue, JOB, retries)
    assert len(peer.requests) == (1 if retries is None else 3)


async def test_server_that_stalls_meets_a_limit(play: Any, face: Face) -> None:
    peer = play(lambda conn, _: conn.hold())
    with pytest.raises(httpx.TimeoutException) as caught:
        await face.do(face.sdk(peer, timeout_ms=150).cache.cache_get, {"key": "k"})
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.seconds == pytest.approx(0.15)


def test_limit_by_default_is_a_minute() -> None:
    transport = ScriptedTransport([reply(json={})])
    seen: list[float | None] = []
    send = transport.send

    def watch(request: Any, until: float | None, seconds: float | None) -> Any:
        seen.append(seconds)
        return send(request, until, seconds)

    transport.send = watch  # type: ignore[method-assign]
    SDK(KEY, transport=transport).cache.cache_get({"key": "k"})
    assert seen == [60.0]


@pytest.mark.parametrize(("asked", "expected"), [(None, 5.0), (700, 0.7)])
async def test_time_limit_of_a_supplied_client_stays_unless_one_is_asked_for(
    face: Face, asked: int | None, expected: float
) -> None:
    seen: list[Any] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, json={})

    kind = httpx.AsyncClient if face.is_async else httpx.Client
    native: Any = kind(timeout=5.0, transport=httpx.MockTransport(handler))
    sdk = face.sdk("http://aerostack.example/v1", timeout_ms=asked, **face.client(native))
    await face.do(sdk.cache.cache_get, {"key": "k"})
    assert seen[0]["read"] == pytest.approx(expected, abs=0.1)
    await face.close(native)


async def test_deadline_bounds_the_whole_call(face: Face) -> None:
    config = RetryConfig("backoff", BackoffStrategy(1000, 1000, 1.0, 60_000), False)
    bench = Bench(face, *[busy()] * 9, random=0.999, retry_config=config, deadline_ms=2500)
    with pytest.raises(errors.SDKError):
        await face.do(bench.sdk.cache.cache_get, {"key": "k"})
    assert len(bench.transport.requests) == 3


def test_logger_that_is_not_listening_costs_no_formatting() -> None:
    class Silent:
        def isEnabledFor(self, level: int) -> bool:
            assert level == logging.DEBUG
            return False

        def debug(self, *_: Any) -> None:
            raise AssertionError("nothing must be formatted")

    sdk = SDK(KEY, transport=ScriptedTransport([reply(json={})]), debug_logger=Silent())
    sdk.cache.cache_get({"key": "k"})
