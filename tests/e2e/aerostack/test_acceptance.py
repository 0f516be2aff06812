"""The acceptance list of the contract's section 7, a test for each line.

The line on the published 0.1.2 is in `tests/compat/test_aerostack_client.py`, the guide's examples
are in `test_guide.py` here.
"""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import os
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from aerostack import SDK, errors
from aerostack.utils import BackoffStrategy, RetryConfig
from tests.e2e.aerostack.event_text import events_of
from tests.e2e.aerostack.faces import Face
from tests.e2e.aerostack.middleman import Middleman, between
from tests.support.aerostack import AerostackServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]

SIX = {
    "AUTH_INVALID_KEY",
    "AUTH_INVALID_CREDENTIALS",
    "DB_QUERY_FAILED",
    "RATE_LIMIT_EXCEEDED",
    "VALIDATION_ERROR",
    "INTERNAL_ERROR",
}
TYPED = {"/auth/signup": {400, 409}, "/auth/signin": {401}, "/db/query": {400, 401, 500}}
HI = {"messages": [{"role": "user", "content": "Hi"}]}


# Typed statuses.


def test_typed_statuses_never_carry_a_code_outside_the_six(
    server: AerostackServer, raw: httpx.Client
) -> None:
    user = {"email": "ada@mail.example", "password": "correct horse"}
    assert raw.post("/auth/signup", json=user).status_code == 201
    wrongs: list[Any] = [{}, [], "text", {"sql": 1}, {"email": 1}]
    bodies: list[tuple[str, Any]] = [
        ("/auth/signup", user),
        ("/auth/signup", {"email": "x"}),
        ("/auth/signup", {**user, "email": "b@mail.example", "password": "short"}),
        ("/auth/signin", {**user, "password": "wrong"}),
        ("/auth/signin", {**user, "email": "nobody@mail.example"}),
        *(
            ("/db/query", {"sql": sql})
            for sql in (
                "SELEC",
                "SELECT * FROM none",
                "SELECT ?",
                "ATTACH 'x' AS y",
                "DETACH main",
                "PRAGMA journal_mode = DELETE",
                "VACUUM INTO 'x'",
                "",
            )
        ),
        *((path, wrong) for path in TYPED for wrong in wrongs),
    ]
    powerless = {"X-Aerostack-Key": server.project("cache")}
    nobody = {"X-Aerostack-Key": "ac_secret_nobody"}
    seen = set()
    for path, body in bodies:
        for headers in ({}, powerless, nobody):
            found = raw.post(path, json=body, headers=headers)
            said = found.json()
            assert said.keys() <= {"code", "message", "details"}, said
            if found.status_code in TYPED[path]:
                assert said["code"] in SIX, (path, body, said)
                seen.add((path, found.status_code))
            else:
                assert found.status_code >= 400
    assert seen == {
        ("/auth/signup", 400),
        ("/auth/signup", 409),
        ("/auth/signin", 401),
        ("/db/query", 400),
        ("/db/query", 401),
    }


# Limits.


@pytest.mark.parametrize(
    ("path", "field", "most", "item"),
    [
        ("/db/batch", "queries", 25, {"sql": "SELECT 1"}),
        ("/cache/getMany", "keys", 100, "k"),
        ("/cache/setMany", "entries", 100, {"key": "k", "value": 1}),
        ("/cache/deleteMany", "keys", 500, "k"),
    ],
)
def test_batch_limits_are_enforced_with_the_error_object(
    raw: httpx.Client, path: str, field: str, most: int, item: Any
) -> None:
    assert raw.post(path, json={field: [item] * most}).status_code == 200
    refused = raw.post(path, json={field: [item] * (most + 1)})
    assert refused.status_code == 400
    assert refused.json()["code"] == "VALIDATION_ERROR"
    assert field in refused.json()["details"]["fieldErrors"]


@pytest.mark.parametrize(
    ("path", "most"), [("/cache/list", 1000), ("/storage/list", 1000), ("/queue/jobs", 200)]
)
def test_list_caps_are_enforced_with_the_error_object(
    raw: httpx.Client, path: str, most: int
) -> None:
    assert raw.post(path, json={"limit": most}).status_code == 200
    for limit in (most + 1, 0):
        refused = raw.post(path, json={"limit": limit})
        assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
        assert "limit" in refused.json()["details"]["fieldErrors"]


def test_key_cap_of_ten_thousand_is_enforced_and_said(raw: httpx.Client) -> None:
    for start in range(0, 10_001, 100):
        numbers = range(start, min(start + 100, 10_001))
        entries = [{"key": f"k{number:05}", "value": 0} for number in numbers]
        assert raw.post("/cache/setMany", json={"entries": entries}).status_code == 200
    found = raw.post("/cache/keys", json={}).json()
    assert (len(found["keys"]), found["truncated"]) == (10_000, True)
    assert found["keys"][-1] == "k09999"
    flushed = raw.post("/cache/flush", json={}).json()
    assert (flushed["success"], flushed["deleted"]) == (True, 10_000)
    assert raw.post("/cache/keys", json={}).json() == {"keys": ["k10000"], "truncated": False}


def test_flushes_are_five_per_minute_with_the_error_object(
    server: AerostackServer, raw: httpx.Client
) -> None:
    for _ in range(5):
        assert raw.post("/cache/flush", json={}).status_code == 200
    refused = raw.post("/cache/flush", json={})
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    server.advance(60)
    assert raw.post("/cache/flush", json={}).status_code == 200


# Chat.


def test_chat_answers_both_shapes_at_once(raw: httpx.Client) -> None:
    found = raw.post("/ai/chat", json=HI).json()
    assert found["response"] == found["choices"][0]["message"]["content"] == "You said: Hi"
    assert found.keys() >= {"id", "object", "created", "model", "usage"}


def test_chat_stream_ends_with_done(raw: httpx.Client) -> None:
    request = {**HI, "stream": True, "stream_options": {"include_usage": True}}
    found = raw.post("/ai/chat", json=request)
    assert found.headers["content-type"].startswith("text/event-stream")
    *events, last = events_of(found.text)
    assert last == "[DONE]"
    chunks = [json.loads(event) for event in events]
    assert chunks[-1]["usage"]["total_tokens"] == 8
    words = [chunk["choices"][0]["delta"].get("content") for chunk in chunks if chunk["choices"]]
    assert "".join(word or "" for word in words) == "You said: Hi"


# Section 6: defects of the published client that must not come back.


@pytest.fixture
def middleman(face: Face) -> Iterator[Middleman]:
    with between(face.url) as found:
        yield found


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_defect_1_key_follows_no_redirect(
    face: Face, middleman: Middleman, status: int
) -> None:
    with between(face.url) as elsewhere:
        middleman.refuse(status, {}, Location=f"{elsewhere.url}/cache/get")
        with pytest.raises(errors.SDKBaseError) as caught:
            sdk = face.sdk(server_url=middleman.url)
            await face.do(sdk.cache.cache_get, {"key": "k"})
        assert caught.value.status_code == status
        assert elsewhere.url in str(caught.value)
        assert elsewhere.seen == []


async def test_defect_3_log_shows_no_secret(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sdk = face.sdk(debug_logger=logging.getLogger("aerostack.test"))
    user = {"email": "ada@mail.example", "password": "correct horse battery"}
    await face.do(sdk.authentication.auth_signup, user)
    signed = await face.do(sdk.authentication.auth_signin, user)
    # httpx, where that is the engine, has lines of its own.
    ours = "".join(one.getMessage() for one in caplog.records if one.name == "aerostack.test")
    assert ours.count("Request:") == ours.count("Response:") == 2
    for secret in (face.key, user["password"], signed.token):
        assert secret not in caplog.text


async def test_defect_5_every_attempt_has_a_time_limit(face: Face) -> None:
    limits: list[float | None] = []

    def hear(seconds: float | None) -> Any:
        limits.append(seconds)
        raise errors.NoResponseError("heard enough")

    class Listening:
        """A transport that only hears how long it may take."""

        def send(self, request: Any, until: float | None, seconds: float | None) -> Any:
            return hear(seconds)

        def close(self) -> None: ...

    class AsyncListening:
        async def send(self, request: Any, until: float | None, seconds: float | None) -> Any:
            return hear(seconds)

        async def close(self) -> None: ...

    transport: Any = (
        {"async_transport": AsyncListening()} if face.is_async else {"transport": Listening()}
    )
    with pytest.raises(errors.NoResponseError):
        await face.do(face.sdk(**transport).cache.cache_get, {"key": "k"})
    assert limits == [60]


async def test_defect_7_repeated_write_happens_once(
    face: Face, sdk: SDK, middleman: Middleman
) -> None:
    middleman.lose()
    retry = RetryConfig("backoff", BackoffStrategy(1, 5, 1.1, 20_000), True)
    unsure = face.sdk(server_url=middleman.url, retry_config=retry)
    job = {"type": "mail", "data": {}, "delay": 600}
    added = await face.do(unsure.queue.queue_enqueue, job)
    assert len(middleman.seen) == 2
    jobs = (await face.do(sdk.queue.queue_list_jobs)).jobs
    assert [each.id for each in jobs] == [added.job_id]


async def test_defect_9_retry_after_is_bounded(face: Face, middleman: Middleman) -> None:
    middleman.refuse(503, {"code": "INTERNAL_ERROR"}, Retry_After="3600")
    retry = RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 100), False)
    sdk = face.sdk(server_url=middleman.url, retry_config=retry)
    with pytest.raises(errors.SDKBaseError) as caught:
        await face.do(sdk.cache.cache_get, {"key": "k"})
    assert (caught.value.status_code, len(middleman.seen)) == (503, 1)


async def test_defect_16_error_object_is_typed_on_every_operation(face: Face) -> None:
    nobody = face.sdk("ac_secret_nobody")
    file = {"content": b"x", "file_name": "x"}
    for call, request in (
        (nobody.ai.ai_chat, HI),
        (nobody.authentication.auth_signup, {"email": "a@b.example", "password": "12345678"}),
        (nobody.authentication.auth_signin, {"email": "a@b.example", "password": "12345678"}),
        (nobody.cache.cache_get, {"key": "k"}),
        (nobody.cache.cache_set, {"key": "k", "value": 1}),
        (nobody.database.db_query, {"sql": "SELECT 1"}),
        (nobody.queue.queue_enqueue, {"type": "t", "data": {}}),
        (nobody.services.services_invoke, {"service_name": "s", "data": {}}),
        (nobody.storage.storage_upload, {"key": "k", "file": file}),
        (nobody.storage.storage_get, {"key": "k"}),
        (nobody.ai.query, {"text": "t"}),
    ):
        with pytest.raises(errors.ErrorResponse) as caught:
            await face.do(call, request)
        assert (caught.value.status_code, caught.value.data.code) == (401, "AUTH_INVALID_KEY")


async def test_defect_17_unknown_code_does_not_hide_the_error(
    face: Face, server: AerostackServer, middleman: Middleman
) -> None:
    powerless = face.sdk(server.project("cache"))
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(powerless.database.db_query, {"sql": "SELECT 1"})
    assert (caught.value.status_code, caught.value.data.code) == (403, "FORBIDDEN")
    middleman.refuse(400, {"code": "INVENTED_LATER"})
    sdk = face.sdk(server_url=middleman.url)
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.database.db_query, {"sql": "SELECT 1"})
    assert caught.value.data.code == "INVENTED_LATER"


async def test_defect_26_bytesio_is_uploaded(face: Face, sdk: SDK) -> None:
    request = {"key": "a", "file": {"content": io.BytesIO(b"stream"), "file_name": "a"}}
    assert (await face.do(sdk.storage.storage_upload, request)).size == 6


async def test_defect_27_pipe_is_uploaded(face: Face, sdk: SDK) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as end:
            end.write(b"through a pipe")

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as pipe:
        request = {"key": "a", "file": {"content": pipe, "file_name": "a"}}
        assert (await face.do(sdk.storage.storage_upload, request)).size == 14
    writer.join()


async def test_defect_31_sdk_is_no_reference_cycle(face: Face) -> None:
    sdk = SDK(face.key, server_url=face.url)
    await face.do(sdk.cache.cache_get, {"key": "k"})
    await sdk.aclose()
    gc.disable()
    try:
        gone = weakref.ref(sdk)
        del sdk
        assert gone() is None
    finally:
        gc.enable()


async def test_defects_32_and_33_both_kinds_are_closed_and_say_so(face: Face) -> None:
    sdk = SDK(face.key, server_url=face.url)
    sdk.cache.cache_get({"key": "k"})
    await sdk.cache.cache_get_async({"key": "k"})
    if face.is_async:
        async with sdk:
            pass
    else:
        with sdk:
            pass
    with pytest.raises(errors.ClientClosedError, match="closed"):
        sdk.cache.cache_get({"key": "k"})
    with pytest.raises(errors.ClientClosedError, match="closed"):
        await sdk.cache.cache_get_async({"key": "k"})


def test_defect_35_one_sdk_lives_through_several_event_loops(
    server: AerostackServer, key: str
) -> None:
    with SDK(key, server_url=server.api) as sdk:
        for value in range(3):
            asyncio.run(sdk.cache.cache_set_async({"key": "k", "value": value}))
        assert sdk.cache.cache_get({"key": "k"}).value == 2
