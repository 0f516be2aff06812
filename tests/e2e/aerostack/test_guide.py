"""What the guide shows, section by section, in both kinds of calls."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import weakref
from pathlib import Path
from typing import Any

import httpx
import pytest

from aerostack import SDK, SERVERS, errors, models
from aerostack.httpclient import AsyncHttpClient, HttpClient
from aerostack.utils import BackoffStrategy, RetryConfig
from tests.e2e.aerostack.faces import Face
from tests.support.aerostack import AerostackServer
from tests.support.model_server import ModelServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]

CHAT: models.AiChatRequestBodyTypedDict = {
    "messages": [{}],
    "model": "@cf/meta/llama-3-8b-instruct",
}
ANSWER = "You said: "
"""What the scripted model says to an empty message."""
QUICK = RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 100), False)


async def test_usage_example_chats_with_an_empty_message(
    server: AerostackServer, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with SDK(api_key_auth=key, server_url=server.api) as sdk:
        res = sdk.ai.ai_chat(request=CHAT)
        print(res)
    async with SDK(api_key_auth=key, server_url=server.api) as sdk:
        again = await sdk.ai.ai_chat_async(request=CHAT)

    assert isinstance(res, models.AiChatResponseBody)
    assert res.response == again.response == ANSWER
    assert f"response={ANSWER!r}" in capsys.readouterr().out


async def test_authentication_example_takes_a_key_a_function_or_the_environment(
    face: Face, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def rotating() -> str:
        asked.append(1)
        return key

    assert (await face.do(face.sdk(rotating).ai.ai_chat, request=CHAT)).response == ANSWER
    assert asked == [1]
    monkeypatch.setenv("AEROSTACK_API_KEY", key)
    monkeypatch.setenv("AEROSTACK_SERVER_URL", face.url)
    from_environment = SDK()
    face.made.append(from_environment)
    assert (await face.do(from_environment.ai.ai_chat, request=CHAT)).response == ANSWER


async def test_key_that_is_nobodys_is_refused(face: Face) -> None:
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(face.sdk("ac_secret_nobody").ai.ai_chat, request=CHAT)
    assert caught.value.status_code == 401
    assert caught.value.data.code == "AUTH_INVALID_KEY"


async def test_upload_example_stores_the_file(
    face: Face, sdk: SDK, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("example.file").write_bytes(b"\xff\xd8 a picture")
    with Path("example.file").open("rb") as file:
        res = await face.do(
            sdk.storage.storage_upload,
            request={
                "content_type": "image/jpeg",
                "file": {"content": file, "file_name": "example.file"},
                "key": "avatars/user-123.jpg",
            },
        )
    assert (res.key, res.size, res.content_type) == ("avatars/user-123.jpg", 12, "image/jpeg")
    shown = httpx.get(res.url, trust_env=False, timeout=60)
    assert shown.content == b"\xff\xd8 a picture"
    assert shown.headers["content-type"] == "image/jpeg"


async def test_retries_for_one_call_and_for_all_calls_are_accepted(face: Face) -> None:
    sdk = face.sdk()
    assert (await face.do(sdk.ai.ai_chat, request=CHAT, retries=QUICK)).response == ANSWER
    assert (await face.do(sdk.ai.ai_chat, CHAT, QUICK)).response == ANSWER
    assert (await face.do(sdk.ai.ai_chat, CHAT, retries=None)).response == ANSWER
    configured = face.sdk(retry_config=QUICK)
    assert (await face.do(configured.ai.ai_chat, request=CHAT)).response == ANSWER


async def test_error_example_prints_everything_it_names(
    face: Face, sdk: SDK, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(errors.SDKBaseError) as caught:
        await face.do(
            sdk.authentication.auth_signin,
            request={"email": "nobody@mail.example", "password": "not-a-password"},
        )
    e = caught.value
    for shown in (e.message, e.status_code, e.body, e.headers, e.raw_response):
        print(shown)
    assert isinstance(e, errors.ErrorResponse)
    for data in (e.data.code, e.data.details, e.data.message):
        print(data)
    assert isinstance(e.headers, httpx.Headers)
    assert isinstance(e.raw_response, httpx.Response)
    assert e.data.code is errors.Code.AUTH_INVALID_CREDENTIALS

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert lines[1] == "401"
    assert json.loads(lines[2]) == {"code": "AUTH_INVALID_CREDENTIALS", "message": lines[0]}
    assert lines[3].startswith("Headers(")
    assert lines[4] == "<Response [401 Unauthorized]>"
    assert lines[5:] == ["AUTH_INVALID_CREDENTIALS", "None", lines[0]]


async def test_network_errors_are_those_of_httpx(face: Face, free_port: int) -> None:
    nobody = face.sdk(server_url=f"http://127.0.0.1:{free_port}/v1")
    with pytest.raises(httpx.ConnectError) as refused:
        await face.do(nobody.ai.ai_chat, request=CHAT)
    assert isinstance(refused.value, httpx.RequestError)
    assert isinstance(refused.value, errors.NoResponseError)


async def test_time_limit_that_is_too_short_is_a_timeout_of_httpx(
    face: Face, sdk: SDK, aerostack_model: ModelServer
) -> None:
    aerostack_model.go_on.clear()
    try:
        with pytest.raises(httpx.TimeoutException):
            await face.do(sdk.ai.ai_chat, {**CHAT, "stream": False}, timeout_ms=1)
    finally:
        aerostack_model.go_on.set()


async def test_server_is_selected_by_url_per_client_and_per_call(
    face: Face, free_port: int
) -> None:
    assert SERVERS[0] == "https://api.aerostack.ai/v1"
    assert SERVERS[1] == "http://localhost:8787/v1"
    elsewhere = face.sdk(server_url=f"http://127.0.0.1:{free_port}/v1")
    found = await face.do(elsewhere.ai.ai_chat, request=CHAT, server_url=face.url)
    assert found.response == ANSWER
    port = face.url.rpartition(":")[2].partition("/")[0]
    filled = face.sdk(server_url="http://127.0.0.1:{port}/{version}/", url_params={
        "port": port, "version": "v1",
    })  # fmt: skip
    assert (await face.do(filled.ai.ai_chat, request=CHAT)).response == ANSWER


async def test_server_is_selected_by_index(face: Face, server: AerostackServer, key: str) -> None:
    if not server.is_local_development:
        pytest.skip("port 8787 was taken when the tests' server started")
    local = SDK(server_idx=1, api_key_auth=key)
    face.made.append(local)
    assert (await face.do(local.ai.ai_chat, request=CHAT)).response == ANSWER


async def test_custom_client_sends_its_headers_with_every_request(face: Face) -> None:
    seen: list[httpx.Request] = []
    if face.is_async:

        async def note_async(request: httpx.Request) -> None:
            seen.append(request)

        client: Any = httpx.AsyncClient(
            headers={"x-custom-header": "someValue"},
            event_hooks={"request": [note_async]},
            timeout=60,
        )
    else:
        client = httpx.Client(
            headers={"x-custom-header": "someValue"},
            event_hooks={"request": [seen.append]},
            timeout=60,
        )
    sdk = face.sdk(**face.client(client))
    assert (await face.do(sdk.ai.ai_chat, request=CHAT)).response == ANSWER
    await sdk.aclose()
    assert [request.headers["x-custom-header"] for request in seen] == ["someValue"]
    assert not client.is_closed
    await face.close(client)


class Wrapper(HttpClient):
    """A client that passes on what it is given, as the guide shows for the other kind."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.sent: list[str] = []

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        request.headers["Client-Level-Header"] = "added by client"
        self.sent.append(request.url.path)
        return self.client.send(request, **options)

    def build_request(self, method: str, url: Any, **parts: Any) -> httpx.Request:
        return self.client.build_request(method, url, **parts)


class AsyncWrapper(AsyncHttpClient):
    """The same as the guide has it; `aclose` is inherited, and does nothing."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.sent: list[str] = []

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        request.headers["Client-Level-Header"] = "added by client"
        self.sent.append(request.url.path)
        return await self.client.send(request, **options)

    def build_request(self, method: str, url: Any, **parts: Any) -> httpx.Request:
        return self.client.build_request(method, url, **parts)


async def test_wrapped_client_carries_calls_uploads_downloads_and_streams(face: Face) -> None:
    inner: Any = httpx.AsyncClient(timeout=60) if face.is_async else httpx.Client(timeout=60)
    wrapper: Any = AsyncWrapper(inner) if face.is_async else Wrapper(inner)
    sdk = face.sdk(**face.client(wrapper))
    assert (await face.do(sdk.ai.ai_chat, request=CHAT)).response == ANSWER
    file = {"content": b"some bytes", "file_name": "a.bin"}
    await face.do(sdk.storage.storage_upload, {"key": "a.bin", "file": file})
    download = await face.do(sdk.storage.storage_get, {"key": "a.bin"})
    assert b"".join(await face.all(download)) == b"some bytes"
    stream = await face.do(sdk.ai.ai_chat_stream, CHAT)
    assert "".join(chunk.text for chunk in await face.all(stream)) == ANSWER
    await sdk.aclose()
    assert wrapper.sent == [
        "/v1/ai/chat",
        "/v1/storage/upload",
        "/v1/storage/get",
        "/v1/ai/chat",
    ]
    assert not inner.is_closed
    await face.close(inner)


async def test_resource_management_closes_at_the_end_of_the_block(
    server: AerostackServer, key: str
) -> None:
    with SDK(key, server_url=server.api) as sdk:
        assert sdk.cache.cache_get({"key": "k"}).exists is False
    with pytest.raises(errors.ClientClosedError):
        sdk.cache.cache_get({"key": "k"})
    async with SDK(key, server_url=server.api) as sdk:
        assert (await sdk.cache.cache_get_async({"key": "k"})).exists is False
        assert sdk.cache.cache_get({"key": "k"}).exists is False
    with pytest.raises(errors.ClientClosedError):
        await sdk.cache.cache_get_async({"key": "k"})


async def test_sdk_that_is_let_go_is_gone_at_once(server: AerostackServer, key: str) -> None:
    sdk = SDK(key, server_url=server.api)
    sdk.cache.cache_get({"key": "k"})
    gc.disable()
    try:
        gone = weakref.ref(sdk)
        with pytest.warns(ResourceWarning, match="unclosed client"):
            del sdk
        assert gone() is None
    finally:
        gc.enable()


async def test_debug_logger_hears_of_requests_and_answers_without_secrets(
    face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "aerostack")
    sdk = face.sdk(debug_logger=logging.getLogger("aerostack"))
    request = {"email": "ada@mail.example", "password": "correct horse battery"}
    signed = await face.do(sdk.authentication.auth_signup, request)
    asked, answered = [
        record.getMessage() for record in caplog.records if record.name == "aerostack"
    ]
    assert asked.startswith("Request:\nMethod: POST\n")
    assert "/v1/auth/signup" in asked
    assert "ada@mail.example" in asked
    assert answered.startswith("Response:\nStatus Code: 201\n")
    for secret in (face.key, "correct horse battery", signed.token):
        assert secret not in caplog.text


def test_one_sdk_serves_several_event_loops(server: AerostackServer, key: str) -> None:
    sdk = SDK(key, server_url=server.api)

    async def one_round(value: int) -> object:
        await sdk.cache.cache_set_async({"key": "k", "value": value})
        return (await sdk.cache.cache_get_async({"key": "k"})).value

    assert [asyncio.run(one_round(value)) for value in (1, 2)] == [1, 2]
    sdk.close()
