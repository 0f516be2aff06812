"""What is sent twice and done once, with the real server behind somebody unreliable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from aerostack import SDK, errors
from aerostack.utils import BackoffStrategy, RetryConfig
from tests.e2e.aerostack.faces import Face
from tests.e2e.aerostack.middleman import Middleman, between
from tests.support.aerostack import AerostackServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]

PATIENT = RetryConfig("backoff", BackoffStrategy(1, 5, 1.1, 20_000), True)
SHORT = RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 100), True)
JOB = {"type": "mail", "data": {"to": "ada"}, "delay": 600}


@pytest.fixture
def middleman(face: Face) -> Iterator[Middleman]:
    with between(face.url) as found:
        yield found


@pytest.fixture
def unsure(face: Face, middleman: Middleman) -> SDK:
    """An SDK that repeats, with the middleman for a server."""
    return face.sdk(server_url=middleman.url, retry_config=PATIENT)


async def test_job_whose_answer_was_lost_is_enqueued_once(
    face: Face, sdk: SDK, unsure: SDK, middleman: Middleman
) -> None:
    middleman.lose()
    middleman.hang_up()
    added = await face.do(unsure.queue.queue_enqueue, JOB)
    assert len(middleman.seen) == 3
    assert len({headers["idempotency-key"] for headers in middleman.seen}) == 1
    jobs = (await face.do(sdk.queue.queue_list_jobs)).jobs
    assert [job.id for job in jobs] == [added.job_id]


async def test_row_whose_answer_was_lost_is_inserted_once(
    face: Face, sdk: SDK, unsure: SDK, middleman: Middleman
) -> None:
    await face.do(sdk.database.db_query, {"sql": "CREATE TABLE t (id INTEGER PRIMARY KEY, x)"})
    middleman.lose(500)
    added = await face.do(
        unsure.database.db_query, {"sql": "INSERT INTO t (x) VALUES (1) RETURNING id"}
    )
    assert added.results == [{"id": 1}]
    counted = await face.do(sdk.database.db_query, {"sql": "SELECT count(*) AS n FROM t"})
    assert counted.results == [{"n": 1}]


async def test_counter_user_and_batch_happen_once(
    face: Face, sdk: SDK, unsure: SDK, middleman: Middleman
) -> None:
    middleman.lose()
    assert (await face.do(unsure.cache.cache_increment, {"key": "n"})).value == 1
    middleman.lose()
    user = {"email": "ada@mail.example", "password": "correct horse"}
    assert (await face.do(unsure.authentication.auth_signup, user)).user.email == user["email"]
    middleman.lose()
    queries = [{"sql": "CREATE TABLE t (x)"}, {"sql": "INSERT INTO t VALUES (1)"}]
    assert (await face.do(unsure.database.db_batch, {"queries": queries})).success is True
    counted = await face.do(sdk.database.db_query, {"sql": "SELECT count(*) AS n FROM t"})
    assert counted.results == [{"n": 1}]
    assert (await face.do(sdk.cache.cache_get, {"key": "n"})).value == 1


async def test_service_whose_answer_was_lost_runs_once(
    face: Face, server: AerostackServer, middleman: Middleman
) -> None:
    unsure = face.sdk(server.key("aerostack"), server_url=middleman.url, retry_config=PATIENT)
    middleman.lose()
    request = {"service_name": "random", "data": {}}
    found = await face.do(unsure.services.services_invoke, request)
    assert [answer.json()["result"] for answer in middleman.answers] == [found.result] * 2


async def test_object_whose_move_was_not_confirmed_is_moved_once(
    face: Face, sdk: SDK, unsure: SDK, middleman: Middleman
) -> None:
    file = {"content": b"x", "file_name": "x"}
    await face.do(sdk.storage.storage_upload, {"key": "a", "file": file})
    middleman.lose()
    moved = await face.do(unsure.storage.storage_move, {"source_key": "a", "dest_key": "b"})
    assert moved.success is True
    listed = await face.do(sdk.storage.storage_list)
    assert [each.key for each in listed.objects] == ["b"]


async def test_text_whose_id_was_lost_is_ingested_once(
    face: Face, sdk: SDK, unsure: SDK, middleman: Middleman
) -> None:
    middleman.lose()
    made = await face.do(unsure.ai.ingest, {"content": "one text", "type": "t"})
    assert (await face.do(sdk.ai.search_get, {"id": made.id})).exists is True
    assert (await face.do(sdk.ai.search_count)).count == 1


async def test_units_whose_bill_was_lost_are_charged_once(
    face: Face, shared: SDK, server: AerostackServer, middleman: Middleman, consumer: str
) -> None:

    async def consumed() -> float:
        found = await face.do(shared.gateway.gateway_get_wallet, "support", token=consumer)
        return float(found.wallet.total_consumed)

    before = await consumed()
    middleman.lose()
    unsure = face.sdk(server.key("aerostack"), server_url=middleman.url, retry_config=PATIENT)
    log = {"consumer_id": "ann", "api_id": "support", "units": 3}
    await face.do(unsure.gateway.gateway_billing_log, log)
    assert await consumed() == before + 3


async def test_upload_is_sent_again_from_its_beginning(
    face: Face, sdk: SDK, unsure: SDK, middleman: Middleman
) -> None:
    middleman.refuse(503, {"code": "INTERNAL_ERROR"})
    stored = await face.do(
        unsure.storage.storage_upload,
        {"key": "a", "file": {"content": b"0123456789", "file_name": "a"}},
    )
    assert stored.size == 10
    download = await face.do(sdk.storage.storage_get, {"key": "a"})
    assert await face.finish(download.read()) == b"0123456789"


async def test_nothing_is_repeated_unless_it_is_asked_for(face: Face, middleman: Middleman) -> None:
    plain = face.sdk(server_url=middleman.url)
    configured = face.sdk(server_url=middleman.url, retry_config=PATIENT)
    for sdk, options in ((plain, {}), (configured, {"retries": None})):
        middleman.seen.clear()
        middleman.refuse(503, {"code": "INTERNAL_ERROR"})
        with pytest.raises(errors.SDKError) as caught:
            await face.do(sdk.cache.cache_get, {"key": "k"}, **options)
        assert caught.value.status_code == 503
        assert len(middleman.seen) == 1


async def test_sql_error_is_final(face: Face, unsure: SDK, middleman: Middleman) -> None:
    middleman.refuse(500, {"code": "DB_QUERY_FAILED"})
    with pytest.raises(errors.ErrorResponse):
        await face.do(unsure.database.db_query, {"sql": "SELECT 1"})
    with pytest.raises(errors.ErrorResponse):
        await face.do(unsure.database.db_query, {"sql": "SELEC"})
    assert len(middleman.seen) == 2


async def test_wait_beyond_the_time_for_retries_is_not_begun(
    face: Face, middleman: Middleman
) -> None:
    middleman.refuse(503, {"code": "INTERNAL_ERROR"}, Retry_After="3600")
    sdk = face.sdk(server_url=middleman.url, retry_config=SHORT)
    with pytest.raises(errors.SDKBaseError) as caught:
        await face.do(sdk.cache.cache_get, {"key": "k"})
    assert caught.value.retry_after == 3600
    assert len(middleman.seen) == 1


async def test_wait_of_nothing_is_taken_at_its_word(
    face: Face, unsure: SDK, middleman: Middleman
) -> None:
    middleman.refuse(429, {"code": "RATE_LIMIT_EXCEEDED"}, Retry_After="0")
    assert (await face.do(unsure.cache.cache_get, {"key": "k"})).exists is False
    assert len(middleman.seen) == 2


async def test_connection_that_is_refused_is_given_up_in_time(face: Face, free_port: int) -> None:
    nobody = face.sdk(server_url=f"http://127.0.0.1:{free_port}/v1", retry_config=SHORT)
    with pytest.raises(httpx.ConnectError) as caught:
        await face.do(nobody.cache.cache_get, {"key": "k"})
    error: Any = caught.value
    assert error.attempts > 1


async def test_empty_wallet_is_not_asked_twice(
    face: Face, middleman: Middleman, broke: str
) -> None:
    unsure = face.sdk(server_url=middleman.url, retry_config=PATIENT)
    chat = {"messages": [{"role": "user", "content": "Hi"}]}
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(
            unsure.gateway.gateway_chat_completions,
            "support",
            chat,
            token=broke,
        )
    assert (caught.value.status_code, len(middleman.seen)) == (429, 1)


async def test_key_is_asked_for_again_when_it_is_refused(face: Face) -> None:
    keys = ["ac_secret_rotated_out", face.key]

    def next_key() -> str:
        return keys.pop(0) if len(keys) > 1 else keys[0]

    sdk = face.sdk(next_key)
    assert (await face.do(sdk.cache.cache_get, {"key": "k"})).exists is False


async def test_key_is_changed_while_in_use(face: Face) -> None:
    sdk = face.sdk("ac_secret_nobody")
    with pytest.raises(errors.ErrorResponse):
        await face.do(sdk.cache.cache_get, {"key": "k"})
    sdk.set_api_key(face.key)
    assert (await face.do(sdk.cache.cache_get, {"key": "k"})).exists is False
