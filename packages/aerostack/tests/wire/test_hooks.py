"""Hooks, each in its place."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from aerostack import SDK, errors
from aerostack._hooks import HookContext, SDKHooks
from aerostack.utils import BackoffStrategy, RetryConfig

from .conftest import KEY, Face
from .peer import answer, error

GET = {"key": "k"}
FOUND = answer(200, {"exists": True, "value": 1})
BUSY = error(503, "INTERNAL_ERROR", "busy")
QUICK = RetryConfig("backoff", BackoffStrategy(1, 5, 1.1, 5000), True, max_retries=2)


class Recorder:
    """All hooks but that of the beginning."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.threads: set[int] = set()

    def before_request(self, hook_ctx: HookContext, request: httpx.Request) -> httpx.Request:
        self.threads.add(threading.get_ident())
        self.seen.append(("before", hook_ctx.operation_id, hook_ctx.base_url))
        assert request.headers["x-aerostack-key"] == KEY
        request.headers["X-Hook"] = str(len(self.seen))
        return request

    def after_success(self, hook_ctx: HookContext, response: httpx.Response) -> httpx.Response:
        self.seen.append(("success", hook_ctx.operation_id, response.status_code))
        return response

    def after_error(self, hook_ctx: HookContext, response: Any, error: Any) -> Any:
        self.seen.append(("error", hook_ctx.operation_id, response, error))
        return response, error


async def test_hooks_run_before_and_after_each_attempt_and_once_at_the_end(
    play: Any, face: Face
) -> None:
    peer = play(BUSY, None, FOUND)
    hook = Recorder()
    sdk = face.sdk(peer, retry_config=QUICK, hooks=[hook])
    assert (await face.do(sdk.cache.cache_get, GET)).value == 1
    kinds = [each[0] for each in hook.seen]
    assert kinds == ["before", "error", "before", "error", "before", "success"]
    assert hook.seen[0] == ("before", "cacheGet", peer.url)
    response, failure = hook.seen[1][2], hook.seen[3][3]
    assert response.status_code == 503 and response.json()["message"] == "busy"
    assert isinstance(failure, httpx.RemoteProtocolError)
    assert peer.headers("x-hook") == ["1", "3", "5"]
    assert (threading.get_ident() in hook.threads) != face.is_async


async def test_hook_may_replace_request_answer_and_error(play: Any, face: Face) -> None:
    class Changing:
        def before_request(self, hook_ctx: Any, request: httpx.Request) -> httpx.Request:
            return httpx.Request(
                "POST", request.url, headers=request.headers, json={"key": "other"}
            )

        def after_success(self, hook_ctx: Any, response: httpx.Response) -> httpx.Response:
            return httpx.Response(200, json={"value": "changed"})

        def after_error(self, hook_ctx: Any, response: Any, error: Any) -> Any:
            return httpx.Response(200, json={"value": "mended"}), None

    peer = play(FOUND, BUSY, None)
    sdk = face.sdk(peer, hooks=[Changing()])
    for _ in range(3):
        assert (await face.do(sdk.cache.cache_get, GET)).value == "changed"
    assert peer.bodies() == [{"key": "other"}] * 3


@pytest.mark.parametrize("place", ["before_request", "after_success", "after_error"])
@pytest.mark.parametrize("how", ["return", "raise"])
async def test_exception_of_a_hook_is_raised(play: Any, face: Face, place: str, how: str) -> None:
    def hook(*_: Any) -> Any:
        if how == "raise":
            raise KeyError("mine")
        return KeyError("mine")

    peer = play(BUSY if place == "after_error" else FOUND)
    sdk = face.sdk(peer, retry_config=QUICK, hooks=[type("H", (), {place: staticmethod(hook)})()])
    with pytest.raises(KeyError, match="mine"):
        await face.do(sdk.cache.cache_get, GET)
    assert len(peer.requests) == (0 if place == "before_request" else 1)


async def test_hook_may_give_another_error(play: Any, face: Face) -> None:
    class Other:
        def after_error(self, hook_ctx: Any, response: Any, error: Any) -> Any:
            return response, LookupError("instead")

    for step in (BUSY, None):
        with pytest.raises(LookupError, match="instead"):
            await face.do(face.sdk(play(step), hooks=[Other()]).cache.cache_get, GET)


async def test_error_that_a_hook_looked_at_is_what_it_was(play: Any, face: Face) -> None:
    sdk = face.sdk(play(BUSY), hooks=[Recorder()])
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.cache.cache_get, GET)
    assert (caught.value.message, caught.value.status_code) == ("busy", 503)


async def test_uploads_streams_and_downloads_pass_the_hooks(play: Any, face: Face) -> None:
    peer = play(answer(200, {"url": "u"}), answer(body=b"data", content_type="x/y"))
    hook = Recorder()
    storage = face.sdk(peer, hooks=[hook]).storage
    content = (piece for piece in [b"pie", b"ces"])
    await face.do(
        storage.storage_upload, {"key": "k", "file": {"file_name": "f", "content": content}}
    )
    file = await face.do(storage.storage_get, {"key": "k"})
    assert await face.finish(file.read()) == b"data"
    assert b"pie" in peer.requests[0].body and b"ces" in peer.requests[0].body
    assert [each[:2] for each in hook.seen if each[0] == "before"] == [
        ("before", "storageUpload"),
        ("before", "storageGet"),
    ]


def test_hook_of_the_beginning_may_change_server_and_client() -> None:
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})))

    class Beginning:
        def sdk_init(self, base_url: str, given: Any) -> Any:
            assert (base_url, given) == ("https://api.aerostack.ai/v1", None)
            return "http://changed.example/v1", client

    sdk = SDK(KEY, server_idx=0, hooks=[Beginning()])
    assert sdk.sdk_configuration.server_url == "http://changed.example/v1"
    assert sdk.sdk_configuration.client_supplied
    sdk.cache.cache_get(GET)
    client.close()


async def test_hook_that_is_registered_later_runs(play: Any, face: Face) -> None:
    sdk = face.sdk(play(FOUND))
    hook = Recorder()
    assert isinstance(sdk.hooks, SDKHooks)
    sdk.hooks.register_before_request_hook(hook)
    sdk.hooks.register_after_success_hook(hook)
    sdk.hooks.register_after_error_hook(hook)
    await face.do(sdk.cache.cache_get, GET)
    assert [each[0] for each in hook.seen] == ["before", "success"]


def test_object_without_any_hook_is_refused() -> None:
    with pytest.raises(TypeError, match="no hook"):
        SDK(KEY, hooks=[object()])


async def test_plain_function_is_told_of_each_attempt(play: Any, face: Face) -> None:
    seen: list[Any] = []
    await face.do(
        face.sdk(play(BUSY, FOUND), retry_config=QUICK, hooks=[seen.append]).cache.cache_get, GET
    )
    assert [(each.number, each.status) for each in seen] == [(1, 503), (2, 200)]


@pytest.mark.parametrize("method", ["before_request", "after_success", "after_error"])
@pytest.mark.parametrize("awaited", [False, True])
async def test_hook_that_returns_nothing_of_use_is_told_so(
    play: Any, face: Face, method: str, awaited: bool
) -> None:
    async def coroutine(*_: Any) -> None:
        raise AssertionError("hooks are not awaited")

    hook = SDKHooks()
    broken = type("Broken", (), {method: staticmethod(coroutine if awaited else lambda *_: None)})
    hook.register(broken())
    sdk = face.sdk(play(BUSY if method == "after_error" else FOUND), hooks=[broken()])
    with pytest.raises(TypeError, match=rf"{method}\(\) of Broken must return"):
        await face.do(sdk.cache.cache_get, GET)
