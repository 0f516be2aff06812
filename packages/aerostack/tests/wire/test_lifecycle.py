"""From the building of an SDK to its end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import aerostack
from aerostack import SDK, SERVERS, errors

from .conftest import KEY, Face
from .peer import answer

FOUND = answer(200, {"exists": True, "value": 1})
GET = {"key": "k"}


def test_sdk_that_nobody_holds_is_freed_at_once_with_its_sockets(play: Any) -> None:
    def held(conn: Any, _: Any) -> None:
        conn.send(FOUND)
        conn.hold()

    peer = play(held)
    gc.collect()
    gc.disable()
    try:
        sdk = SDK(KEY, server_url=peer.url)
        sdk.cache.cache_get(GET)
        asyncio.run(sdk.cache.cache_get_async(GET))
        known = weakref.ref(sdk)
        with pytest.warns(ResourceWarning, match="unclosed client with 1 open connection, made at"):
            del sdk
        assert known() is None
        assert peer.gone.wait(60)
    finally:
        gc.enable()


@pytest.mark.parametrize("leave", ["with", "async with", "close", "aclose"])
async def test_every_way_of_closing_closes_both_kinds(play: Any, leave: str) -> None:
    gone: list[threading.Event] = []

    def held(conn: Any, _: Any) -> None:
        event = threading.Event()
        gone.append(event)
        conn.send(FOUND)
        conn.hold()
        event.set()

    sdk = SDK(KEY, server_url=play(held).url)
    sdk.cache.cache_get(GET)
    await sdk.cache.cache_get_async(GET)
    if leave == "with":
        with sdk:
            pass
    elif leave == "async with":
        async with sdk:
            pass
    elif leave == "close":
        sdk.close()
    else:
        await sdk.aclose()
    await asyncio.sleep(0)
    for event in gone:
        assert await asyncio.to_thread(event.wait, 60)
    assert len(gone) == 2


async def test_use_after_the_end_says_that_the_sdk_is_closed(play: Any, face: Face) -> None:
    sdk = face.sdk(play(FOUND))
    cache = sdk.cache
    await face.do(cache.cache_get, GET)
    await face.close(sdk)
    await face.close(sdk)
    for method in (cache.cache_get, sdk.storage.storage_get):
        with pytest.raises(errors.ClientClosedError, match="the SDK is closed"):
            await face.do(method, GET)


def test_building_an_sdk_makes_neither_client() -> None:
    sdk = SDK(KEY)
    assert sdk._faces._blocking is None and sdk._faces._asyncio is None
    sdk.close()


def test_one_sdk_serves_one_event_loop_after_another(play: Any) -> None:
    with SDK(KEY, server_url=play(FOUND).url) as sdk:
        for _ in range(3):
            assert asyncio.run(sdk.cache.cache_get_async(GET)).value == 1


def test_one_sdk_serves_many_threads(play: Any) -> None:
    with SDK(KEY, server_url=play(FOUND).url) as sdk, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: sdk.cache.cache_get(GET).value, range(40)))
    assert found == [1] * 40


@pytest.mark.parametrize("index", [-1, 2, 7, True, "0", 1.0])
def test_server_index_that_is_none_is_refused_at_once(index: Any) -> None:
    with pytest.raises(ValueError, match="server_idx"):
        SDK(KEY, server_idx=index)


def test_server_is_found_by_url_index_environment_in_this_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def url(**options: Any) -> str:
        return SDK(KEY, **options).sdk_configuration.get_server_details()[0]

    assert url() == SERVERS[0] == "https://api.aerostack.ai/v1"
    assert url(server_idx=1) == SERVERS[1] == "http://localhost:8787/v1"
    assert url(server_idx=1, server_url="http://x.example/v1/") == "http://x.example/v1"
    params = {"tenant": "t1", "v": "v2"}
    assert (
        url(server_url="http://{tenant}.example/{v}", url_params=params) == "http://t1.example/v2"
    )
    monkeypatch.setenv("AEROSTACK_SERVER_URL", "http://127.0.0.1:9999/v1")
    assert url() == "http://127.0.0.1:9999/v1"
    assert url(server_idx=0) == SERVERS[0]
    with pytest.raises(errors.ConfigurationError, match="url_params"):
        SDK(KEY, server_url="http://{tenant}.example")
    for wrong in ("", "not a url", "ftp://x.example", "127.0.0.1:8787/v1"):
        with pytest.raises(errors.ConfigurationError, match="server_url must be"):
            SDK(KEY, server_url=wrong)
    monkeypatch.setenv("AEROSTACK_SERVER_URL", "127.0.0.1:9999/v1")
    with pytest.raises(errors.ConfigurationError, match="AEROSTACK_SERVER_URL must begin"):
        SDK(KEY)


async def test_server_of_a_call_replaces_that_of_the_sdk(play: Any, face: Face) -> None:
    home, other = play(FOUND), play(FOUND)
    sdk = face.sdk(home)
    await face.do(sdk.cache.cache_get, GET, server_url=other.url + "/")
    await face.do(sdk.cache.cache_get, GET)
    assert [len(home.requests), len(other.requests)] == [1, 1]
    assert other.requests[0].path == "/v1/cache/get"


async def test_key_comes_from_the_environment_at_construction(
    play: Any, face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEROSTACK_API_KEY", "ac_secret_env")
    peer = play(FOUND)
    sdk = face.sdk(peer, None)
    monkeypatch.delenv("AEROSTACK_API_KEY")
    await face.do(sdk.cache.cache_get, GET)
    assert peer.headers("x-aerostack-key") == ["ac_secret_env"]


@pytest.mark.parametrize("wrong", ["", "  ", "a\nb", "ключ", 7])
def test_key_that_cannot_be_one_is_refused_without_showing_it(wrong: Any) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        SDK(wrong)
    assert "ключ" not in str(caught.value) and "a\nb" not in str(caught.value)


async def test_headers_of_a_call_replace_any_other(play: Any, face: Face) -> None:
    peer = play(FOUND)
    headers = {"X-AEROSTACK-KEY": "other", "user-agent": "mine/1", "X-New": "1"}
    await face.do(face.sdk(peer).cache.cache_get, GET, http_headers=headers)
    sent = peer.requests[0].headers
    assert (sent["x-aerostack-key"], sent["user-agent"], sent["x-new"]) == ("other", "mine/1", "1")


async def test_request_says_who_it_is_from(play: Any, face: Face) -> None:
    peer = play(FOUND)
    await face.do(face.sdk(peer).cache.cache_get, GET)
    sent = peer.requests[0].headers
    assert sent["user-agent"] == aerostack.USER_AGENT and aerostack.VERSION in aerostack.USER_AGENT
    assert (sent["accept"], sent["content-type"]) == ("application/json", "application/json")
    assert sent["x-aerostack-key"] == KEY


@pytest.mark.parametrize("option", ["client", "async_client"])
def test_client_of_the_wrong_kind_is_refused(option: str) -> None:
    wrong = httpx.AsyncClient() if option == "client" else httpx.Client()
    for each in (wrong, object(), 7):
        with pytest.raises(errors.ConfigurationError, match=option):
            SDK(KEY, **{option: each})  # type: ignore[arg-type]


async def test_client_of_the_callers_stays_open(face: Face) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"value": 1}))
    native: Any = (httpx.AsyncClient if face.is_async else httpx.Client)(transport=transport)
    sdk = face.sdk("http://aerostack.example/v1", **face.client(native))
    assert (await face.do(sdk.cache.cache_get, GET)).value == 1
    await face.close(sdk)
    assert not native.is_closed
    await face.close(native)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_sdk_works_in_a_forked_child(play: Any) -> None:
    with SDK(KEY, server_url=play(FOUND).url) as sdk:
        sdk.cache.cache_get(GET)
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if sdk.cache.cache_get(GET).value == 1 else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert sdk.cache.cache_get(GET).value == 1


@pytest.mark.parametrize(
    "options",
    [
        {"timeout_ms": 0},
        {"timeout_ms": -1},
        {"timeout_ms": "1"},
        {"deadline_ms": 0},
        {"max_response_bytes": -1},
        {"retry_config": "backoff"},
        {"debug_logger": object()},
        {"url_params": ["a"], "server_url": "http://{a}/v1"},
        {"client": httpx.Client},
        {"async_client": httpx.AsyncClient},
        {"timeout_ms": 10**400},
    ],
)
def test_option_that_is_not_acceptable_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(errors.ConfigurationError):
        SDK(KEY, **options)


async def test_time_limit_of_a_call_must_be_one(play: Any, face: Face) -> None:
    with pytest.raises(errors.ConfigurationError, match="timeout_ms"):
        await face.do(face.sdk(play(FOUND)).cache.cache_get, GET, timeout_ms=0)


@pytest.mark.parametrize(
    "choice",
    [
        {"retries": 3},
        {"retries": {}},
        {"server_url": 3},
        {"server_url": ""},
        {"http_headers": [("a", "b")]},
        {"http_headers": {1: "a"}},
        {"http_headers": {"a": 1}},
        {"http_headers": {"a": "b\r\nc: d"}},
        {"timeout_ms": 10**400},
    ],
)
async def test_choice_of_a_call_that_is_not_acceptable_is_refused(
    play: Any, face: Face, choice: dict[str, Any]
) -> None:
    peer = play(FOUND)
    sdk = face.sdk(peer)
    upload = {"key": "k", "file": {"file_name": "a", "content": b"x"}}
    for method, request in [(sdk.cache.cache_get, GET), (sdk.storage.storage_upload, upload)]:
        with pytest.raises(errors.ConfigurationError):
            await face.do(method, request, **choice)
    with pytest.raises(errors.ConfigurationError):
        await face.all(await face.do(sdk.ai.ai_chat_stream, {"messages": []}, **choice))
    with pytest.raises(errors.ConfigurationError):
        await face.do(sdk.storage.storage_get, GET, **choice)
    assert peer.requests == []


def test_sdk_is_freed_at_once_after_a_failed_connection() -> None:
    def fail() -> weakref.ref[SDK]:
        sdk = SDK(KEY, server_url="http://127.0.0.1:1/v1")
        with contextlib.suppress(httpx.ConnectError):
            sdk.cache.cache_get(GET)
        return weakref.ref(sdk)

    gc.collect()
    gc.disable()
    try:
        assert fail()() is None
    finally:
        gc.enable()
